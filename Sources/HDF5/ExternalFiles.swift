import CHDF5
import Foundation
import Foundations

/// What becomes of contents that an HDF5 file keeps in other files: by external links, external storage, or as sources
/// of a virtual dataset. A file that was got from somewhere could name any file of this machine so.
public enum ExternalFiles: Sendable {
  /// They are named, and reading them is an error.
  case refused
  /// They are read where they are regular files, beside the file that names them.
  case allowed

  /// What is opened with the properties of links.
  enum Target {
    case group, dataset
    /// A dataset as libhdf5 opens the sources of a virtual one, which it may have open.
    case source
  }

  /// How links are followed when an object is opened, and where a dataset's elements in other files are looked for.
  ///
  /// - Parameters:
  ///   - target: What is opened.
  ///   - places: Where the file's own folder is.
  func linkAccess(for target: Target, _ places: ExternalPlaces) throws -> Handle {
    let follows: Int32 = self == .allowed ? 1 : 0
    let id = try Library.call("make link properties") { () -> hid_t in
      let id = H5Pcreate(target == .group ? chdf5_property_group_access() : chdf5_property_dataset_access())
      guard id >= 0, chdf5_treat_external_links(id, follows) >= 0 else { return -1 }
      guard target == .dataset else { return id }
      return H5Pset_efile_prefix(id, "${ORIGIN}") < 0 || H5Pset_virtual_prefix(id, places.realFolder) < 0 ? -1 : id
    }
    return Handle(id, label: "link properties")
  }
}

extension Dataset {
  /// The files that the elements lie in by themselves, in order; empty unless the dataset was made so.
  public var externalFileNames: [String] {
    get throws { try creationFacts.externalFileNames }
  }

  /// Checks that every element can be read from where it lies: in this file or, if that was asked for, in regular files
  /// that are there and hold what is taken from them. The library would put zeros in place of what is missing.
  func requireReachableElements() throws {
    guard !isReachable else { return }
    let external = try externalFileNames
    if !external.isEmpty {
      // libhdf5 looks for these in the working directory.
      if file.isSource, let name = external.first(where: { !$0.hasPrefix("/") }) {
        throw HDF5Error(
          .externalFile,
          "\(handle.label) has elements in '\(name)', which cannot be read through a virtual dataset; write it into the file"
        )
      }
      for name in external { _ = try find(name, .storage, "has elements in '\(name)'") }
      try requireAllowed("has its elements in \(external.count == 1 ? "another file" : "other files")", external)
    }
    if try layout == .virtual {
      let foreign = Set(try sources.map(\.file).filter { $0 != "." }).sorted()
      // Of names with a number the sources are not known yet.
      for name in foreign where !name.contains("%") {
        _ = try find(name, .virtual, "is put together from datasets in '\(name)'")
      }
      if !foreign.isEmpty { try requireAllowed("is put together from datasets in other files", foreign) }
      // Files from outside are opened in the trial's process only.
      if try !file.attempt(.sources, path) { try requireSources(depth: 0) }
    }
    noteReachable()
  }

  /// - Throws: `HDF5Error` unless files beside this one may be read.
  private func requireAllowed(_ what: String, _ names: [String]) throws {
    guard file.externalFiles == .allowed else {
      throw HDF5Error(
        .externalFile, "\(handle.label) \(what), \(listed(names)), and external files are not allowed here")
    }
  }

  /// The path of a regular file.
  func find(_ name: String, _ way: ExternalPlaces.Way, _ what: String) throws -> String {
    switch file.places.find(name, way) {
    case .regular(let path): return path
    case .irregular:
      throw HDF5Error(.externalFile, "\(handle.label) \(what), which is no regular file")
    case .missing:
      throw HDF5Error(
        .externalFile,
        "\(handle.label) \(what), which is missing; put it there: \(file.places.candidates(name, way).last ?? name)")
    }
  }
}
