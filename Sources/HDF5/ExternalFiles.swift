import CHDF5
import Foundation
import Foundations

/// What becomes of contents that an HDF5 file keeps in other files: by external links, external storage, or as sources
/// of a virtual dataset. A file that was got from somewhere could name any file of this machine so.
public enum ExternalFiles: Sendable {
  /// They are named, and reading them is an error.
  case refused
  /// They are read where they are regular files.
  case allowed

  /// How links are followed when an object is opened.
  ///
  /// - Parameter isDataset: Whether for a dataset, else for a group or anything.
  func linkAccess(isDataset: Bool) throws -> Handle {
    let follows: Int32 = self == .allowed ? 1 : 0
    let id = try Library.call("make link properties") {
      let id = H5Pcreate(isDataset ? chdf5_property_dataset_access() : chdf5_property_group_access())
      return id >= 0 && chdf5_treat_external_links(id, follows) < 0 ? -1 : id
    }
    return Handle(id, label: "link properties")
  }
}

extension Dataset {
  /// A dataset that a virtual dataset takes elements from.
  public struct Source: Sendable, Hashable {
    /// The file's name as it is stored; `.` for the same file.
    public let file: String
    /// The dataset's path there.
    public let path: String
  }

  /// The files that the elements lie in by themselves, in order; empty unless the dataset was made so.
  public var externalFileNames: [String] {
    get throws {
      try creation("external files") { id in
        (0..<max(0, H5Pget_external_count(id))).map { index in
          let name = readingText(length: Int(PATH_MAX)) { buffer, size in
            var (offset, length) = (off_t(), hsize_t())
            return H5Pget_external(id, UInt32(index), size, buffer, &offset, &length) < 0 ? 0 : strnlen(buffer, size)
          }
          return String(decoding: name, as: UTF8.self)
        }
      }
    }
  }

  /// The datasets that a virtual dataset is put together from; empty for any other.
  public var sources: [Source] {
    get throws {
      guard try layout == .virtual else { return [] }
      let sources = try creation("sources") { id in
        var count = 0
        guard H5Pget_virtual_count(id, &count) >= 0 else { return [Source]() }
        return (0..<count).map { index in
          let file = readingText(length: Int(PATH_MAX)) { H5Pget_virtual_filename(id, index, $0, $1) }
          let path = readingText(length: Int(PATH_MAX)) { H5Pget_virtual_dsetname(id, index, $0, $1) }
          return Source(file: String(decoding: file, as: UTF8.self), path: String(decoding: path, as: UTF8.self))
        }
      }
      return sources
    }
  }

  /// Checks that every element can be read from where it lies: in this file or, if that was asked for, in regular files.
  func requireReachableElements(depth: Int = 0) throws {
    let external = try externalFileNames
    if !external.isEmpty {
      try requireAllowed("has its elements in \(external.count == 1 ? "another file" : "other files")", external)
      // Names are relative to the working directory: so does libhdf5 read them.
      for name in external { try requireRegularFile(name, at: [name]) }
    }
    guard try layout == .virtual else { return }
    guard depth < 8 else {
      throw HDF5Error(.externalFile, "\(handle.label) is put together from datasets that are put together, and so on")
    }
    let sources = Set(try sources)
    let foreign = Set(sources.map(\.file).filter { $0 != "." }).sorted()
    if !foreign.isEmpty { try requireAllowed("is put together from datasets in other files", foreign) }
    for source in sources where !source.file.contains("%") && !source.path.contains("%") {
      if source.file == "." {
        guard try file.root.exists(source.path) else {
          throw HDF5Error(
            .externalFile, "\(handle.label) is put together from '\(source.path)', which the file does not have")
        }
        try file.root.dataset(source.path).requireReachableElements(depth: depth + 1)
      } else {
        let beside = directory(of: file.name) + "/"
        try requireRegularFile(
          source.file, at: [source.file, beside + source.file, beside + fileName(of: source.file)])
      }
    }
  }

  private func requireAllowed(_ what: String, _ names: [String]) throws {
    guard file.externalFiles == .allowed else {
      throw HDF5Error(
        .externalFile, "\(handle.label) \(what), \(listed(names)), and external files are not allowed here")
    }
  }

  /// - Parameter places: Where libhdf5 looks for it, in order.
  private func requireRegularFile(_ name: String, at places: [String]) throws {
    var isFound = false
    for place in places {
      var status = stat()
      guard stat(place, &status) == 0 else { continue }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw HDF5Error(.externalFile, "\(handle.label) has elements in '\(name)', which is no regular file")
      }
      isFound = true
    }
    guard isFound else { throw HDF5Error(.externalFile, "\(handle.label) has elements in '\(name)', which is missing") }
  }
}
