import CHDF5
import Foundation
import Foundations

extension Dataset {
  /// A dataset that a virtual dataset takes elements from.
  public struct Source: Sendable, Hashable {
    /// The file's name as it is stored; `.` for the same file.
    public let file: String
    /// The dataset's path there.
    public let path: String
  }

  /// The datasets that a virtual dataset is put together from; empty for any other.
  public var sources: [Source] {
    get throws {
      guard try layout == .virtual else { return [] }
      return try creation("sources") { id in
        var count = 0
        guard H5Pget_virtual_count(id, &count) >= 0 else { return [Source]() }
        return (0..<count).map { Self.source(id, $0) }
      }
    }
  }

  private static func source(_ id: hid_t, _ index: Int) -> Source {
    let file = readingText(length: Int(PATH_MAX)) { H5Pget_virtual_filename(id, index, $0, $1) }
    let path = readingText(length: Int(PATH_MAX)) { H5Pget_virtual_dsetname(id, index, $0, $1) }
    return Source(file: String(decoding: file, as: UTF8.self), path: String(decoding: path, as: UTF8.self))
  }

  /// Checks that every source is there and holds what is taken from it.
  ///
  /// - Parameter depth: How many virtual datasets lie between this one and the one that is read.
  func requireSources(depth: Int) throws {
    guard try layout == .virtual else { return }
    guard depth < 8 else {
      throw HDF5Error(.externalFile, "\(handle.label) is put together from datasets that are put together, and so on")
    }
    let id = try handle.id
    let extents = try Dataspace(label: handle.label) { H5Dget_space(id) }.shape
    let mappings = try creation("sources") { id in
      var count = 0
      guard H5Pget_virtual_count(id, &count) >= 0 else { return [SourceMapping]() }
      return (0..<count).map { SourceMapping(source: Self.source(id, $0), properties: id, index: $0) }
    }
    var files: [String: File] = [:]
    for mapping in mappings {
      // A name with a place for a number stands for a file for each block of rows; the first must be there.
      for block in 0..<max(1, mapping.isNumbered ? mapping.target.blocks(upTo: extents) : 1) {
        try require(mapping, block: block, extents: extents, depth: depth, &files)
      }
    }
  }

  private func require(
    _ mapping: SourceMapping, block: Int, extents: [Int], depth: Int, _ files: inout [String: File]
  ) throws {
    let source = mapping.source(block: block)
    let what = "is put together from '\(source.path)'" + (source.file == "." ? "" : " in the file '\(source.file)'")
    let holder = try source.file == "." ? file : open(source.file, what, &files)
    guard try holder.root.exists(source.path), try holder.root.kind(of: source.path) == .dataset else {
      throw HDF5Error(.externalFile, "\(handle.label) \(what), which has no such dataset")
    }
    let dataset = try holder.root.dataset(source.path)
    guard dataset.datatype.isNumeric == datatype.isNumeric else {
      throw HDF5Error(
        .externalFile, "\(handle.label) holds \(datatype), and \(what), which holds \(dataset.datatype)")
    }
    try dataset.requireReachableElements(depth: depth + 1)
    let id = try dataset.handle.id
    let shape = try Dataspace(label: dataset.handle.label) { H5Dget_space(id) }.shape
    if let fault = mapping.fault(source: shape, target: extents) {
      throw HDF5Error(.externalFile, "\(handle.label) \(what), which \(fault): its shape is \(shape)")
    }
  }

  private func requireReachableElements(depth: Int) throws {
    if try layout == .virtual {
      let foreign = try sources.contains { $0.file != "." }
      if foreign, file.externalFiles == .refused { return try requireReachableElements() }
      try requireSources(depth: depth)
    } else {
      try requireReachableElements()
    }
  }

  private func open(_ name: String, _ what: String, _ files: inout [String: File]) throws -> File {
    let path = try find(name, .virtual, what)
    if let file = files[path] { return file }
    do {
      let file = try File.open(path, asSourceOf: self.file)
      // Not all are kept open: there may be more of them than files that a process may have open.
      if files.count >= 64 { files = [:] }
      files[path] = file
      return file
    } catch let error as HDF5Error {
      throw HDF5Error(.externalFile, "\(handle.label) \(what), which cannot be read: \(error.message)")
    }
  }
}

/// What a virtual dataset takes from one source, or from one of a numbered row of them, and where it puts it.
private struct SourceMapping: Sendable {
  /// A selection of elements, as far as it can be taken apart.
  struct Region: Sendable {
    let rank: Int
    /// Whether it is all of a space, whose extents are then not stored.
    let isAll: Bool
    /// The elements that are selected; `nil` if that has no end.
    let count: Int?
    /// The last element along each axis; `nil` if the selection has no end.
    let end: [Int]?
    /// The axis along which it has no end, and the selection along it: first element, distance and length of blocks, with
    /// `nil` for a block without end.
    let endless: (axis: Int, start: Int, stride: Int, block: Int?)?

    /// Takes over a space; part of a locked call.
    init(_ space: hid_t) {
      let rank = max(0, Int(H5Sget_simple_extent_ndims(space)))
      self.rank = rank
      isAll = H5Sget_select_type(space) == H5S_SEL_ALL
      let numbers = [hsize_t](repeating: 0, count: rank)
      var (first, last) = (numbers, numbers)
      var (start, stride, count, block) = (numbers, numbers, numbers, numbers)
      let unlimited = chdf5_unlimited()
      var endless: (axis: Int, start: Int, stride: Int, block: Int?)?
      if H5Sget_select_type(space) == H5S_SEL_HYPERSLABS, H5Sis_regular_hyperslab(space) > 0,
        H5Sget_regular_hyperslab(space, &start, &stride, &count, &block) >= 0,
        let axis = (0..<rank).first(where: { count[$0] == unlimited || block[$0] == unlimited })
      {
        endless = (
          axis, Int(clamping: start[axis]), max(1, Int(clamping: stride[axis])),
          block[axis] == unlimited ? nil : Int(clamping: block[axis])
        )
      }
      self.endless = endless
      self.count = endless == nil && !isAll ? Int(clamping: H5Sget_select_npoints(space)) : nil
      end = endless == nil && H5Sget_select_bounds(space, &first, &last) >= 0 ? last.map(Int.init(clamping:)) : nil
      H5Sclose(space)
    }

    /// The blocks that begin within these extents.
    func blocks(upTo extents: [Int]) -> Int {
      guard let endless, extents.indices.contains(endless.axis) else { return 1 }
      let rest = extents[endless.axis] - endless.start
      return rest <= 0 ? 0 : min(1_000_000, (rest - 1) / endless.stride + 1)
    }

    /// The elements along the endless axis within these extents; `nil` if there is no such axis.
    func length(upTo extents: [Int]) -> Int? {
      guard let endless, extents.indices.contains(endless.axis) else { return nil }
      let rest = max(0, extents[endless.axis] - endless.start)
      guard let block = endless.block else { return rest }
      return rest / endless.stride * block + min(rest % endless.stride, block)
    }
  }

  let source: Dataset.Source
  let origin: Region
  let target: Region

  /// Part of a locked call.
  init(source: Dataset.Source, properties: hid_t, index: Int) {
    self.source = source
    origin = Region(H5Pget_virtual_srcspace(properties, index))
    target = Region(H5Pget_virtual_vspace(properties, index))
  }

  /// Whether the names stand for a row of sources.
  var isNumbered: Bool { [source.file, source.path].contains { Self.expanding($0, block: 0).isNumbered } }

  /// The names of the source for a block.
  func source(block: Int) -> Dataset.Source {
    .init(
      file: Self.expanding(source.file, block: block).name, path: Self.expanding(source.path, block: block).name)
  }

  /// `%b` is the block's number, and `%%` a per cent sign.
  private static func expanding(_ name: String, block: Int) -> (name: String, isNumbered: Bool) {
    var (result, isNumbered) = ("", false)
    var rest = name[...]
    while let mark = rest.firstIndex(of: "%") {
      result += rest[..<mark]
      rest = rest[rest.index(after: mark)...]
      switch rest.first {
      case "b":
        result += "\(block)"
        isNumbered = true
        rest = rest.dropFirst()
      case "%":
        result += "%"
        rest = rest.dropFirst()
      default: result += "%"
      }
    }
    return (result + rest, isNumbered)
  }

  /// Why a source of that shape does not hold what is taken from it; `nil` if it does.
  func fault(source shape: [Int], target extents: [Int]) -> String? {
    guard !origin.isAll else {
      // Extents of sources were checked when they were read, so their product can be taken.
      guard !isNumbered, let count = target.count, count != shape.reduce(1, *) else { return nil }
      return "should have \(count) elements"
    }
    guard shape.count == origin.rank else {
      return "has \(shape.count) \(shape.count == 1 ? "axis" : "axes") and not \(origin.rank)"
    }
    if let end = origin.end, zip(end, shape).contains(where: { $0 >= $1 }) {
      return "does not reach to \(end), the last element that is taken"
    }
    if !isNumbered, let given = origin.length(upTo: shape), let taken = target.length(upTo: extents), given < taken {
      return "gives \(given) of \(taken) rows"
    }
    return nil
  }
}
