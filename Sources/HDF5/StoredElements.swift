import CHDF5
import Foundation
import Foundations

/// Elements of any type as a file has them, moved from one file to another without being converted.
extension Dataset {
  /// Reads elements as they are stored, in row-major order. Of those that refer to memory of the library's, the caller lets
  /// go with ``releaseStored(_:)``.
  ///
  /// - Parameters:
  ///   - buffer: `datatype.byteCount` bytes for each element.
  ///   - rows: Indices along the first axis; `nil` for everything, also of a scalar.
  /// - Throws: `HDF5Error`.
  package func readStored(into buffer: UnsafeMutableRawBufferPointer, rows: Range<Int>?) throws {
    let plan = try transfer(rows.map(Selection.range) ?? .all)
    try requireRoom(buffer.count, plan)
    guard plan.count > 0, let base = buffer.baseAddress else { return }
    let (type, width) = (try datatype.handle.id, datatype.byteCount)
    try reading(plan, inTrial: datatype.isNumeric ? .elements : .storedElements) {
      try run("read", plan, refusingLossyConversions: false) { id, memory, file, properties, first in
        H5Dread(id, type, memory, file, properties, base.advanced(by: first * width))
      }
    }
  }

  /// Writes elements as they are stored; see ``readStored(into:rows:)``.
  package func writeStored(_ buffer: UnsafeRawBufferPointer, rows: Range<Int>?) throws {
    let plan = try transfer(rows.map(Selection.range) ?? .all)
    try requireRoom(buffer.count, plan)
    guard plan.count > 0, let base = buffer.baseAddress else { return }
    let (type, width) = (try datatype.handle.id, datatype.byteCount)
    try run("write", plan, refusingLossyConversions: false) { id, memory, file, properties, first in
      H5Dwrite(id, type, memory, file, properties, base.advanced(by: first * width))
    }
  }

  /// Lets go of what elements refer to that ``readStored(into:rows:)`` has read; does nothing for elements of fixed size.
  package func releaseStored(_ buffer: UnsafeMutableRawBufferPointer) throws {
    guard try !datatype.isOfFixedSize, let base = buffer.baseAddress, datatype.byteCount > 0 else { return }
    let space = try Dataspace([buffer.count / datatype.byteCount])
    try datatype.release(base, space, label: handle.label)
  }

  private func requireRoom(_ byteCount: Int, _ plan: Transfer) throws {
    guard byteCount == plan.count * datatype.byteCount else {
      throw HDF5Error(
        .shape, "\(handle.label): \(plan.count) elements are selected, and there are \(byteCount) bytes in memory")
    }
  }

  /// Whether the extents are none at all, not even zero.
  package var isNull: Bool { get throws { try dataspace.isNull } }
}

extension Datatype {
  /// Whether an element is all in its bytes, and no reference to others elsewhere in the file.
  package var isOfFixedSize: Bool {
    get throws {
      let id = try handle.id
      return Library.value { !Self.leadsElsewhere(id) }
    }
  }

  /// Whether elements name objects of their file, by places that they have in no other.
  package var holdsReferences: Bool {
    get throws {
      let id = try handle.id
      return Library.value { H5Tget_class(id) == H5T_REFERENCE || H5Tdetect_class(id, H5T_REFERENCE) > 0 }
    }
  }

  /// Whether elements have the same bytes and meaning, fields, names and all.
  package func isSame(as other: Datatype) throws -> Bool {
    let (id, otherID) = (try handle.id, try other.handle.id)
    return Library.value { H5Tequal(id, otherID) > 0 }
  }

  /// Part of a locked call.
  private static func leadsElsewhere(_ id: hid_t) -> Bool {
    switch H5Tget_class(id) {
    case H5T_STRING: return H5Tis_variable_str(id) > 0
    case H5T_VLEN: return true
    case H5T_ARRAY:
      let base = H5Tget_super(id)
      defer { if base >= 0 { H5Tclose(base) } }
      return base < 0 || leadsElsewhere(base)
    case H5T_COMPOUND:
      return (0..<max(0, H5Tget_nmembers(id))).contains { index in
        let member = H5Tget_member_type(id, UInt32(index))
        defer { if member >= 0 { H5Tclose(member) } }
        return member < 0 || leadsElsewhere(member)
      }
    default: return false
    }
  }

  /// The same type without a name in a file, so that another file can have it.
  func copied() throws -> Datatype {
    let id = try handle.id
    return try Datatype(label: handle.label) { H5Tcopy(id) }
  }

  func release(_ elements: UnsafeMutableRawPointer, _ space: Dataspace, label: String) throws {
    let (type, spaceID) = (try handle.id, try space.handle.id)
    try Library.call("let go of elements of \(label)") {
      H5Dvlen_reclaim(type, spaceID, chdf5_property_default(), elements)
    }
  }
}

extension Attribute {
  /// Puts the same attribute on another object, of this or another file.
  ///
  /// - Returns: Whether it could; not where it refers to objects of its file.
  package func copy(to object: some Object) throws -> Bool {
    guard try !datatype.holdsReferences else { return false }
    try requireModestSize()
    let type = try datatype.copied()
    let space = dataspace
    var bytes = [UInt8](repeating: 0, count: max(1, space.count * datatype.byteCount))
    try bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      if space.count > 0 { try readStored(into: base) }
      let copy = try object.makeAttribute(name, type: type, space: space)
      guard space.count > 0 else { return }
      let (id, typeID) = (try copy.handle.id, try type.handle.id)
      let written = Result { try Library.call("write \(copy.handle.label)") { H5Awrite(id, typeID, base) } }
      if try !type.isOfFixedSize { try type.release(base, space, label: handle.label) }
      _ = try written.get()
    }
    return true
  }

  /// Bytes of all elements, without what they refer to.
  package var byteCount: Int { dataspace.count.multipliedReportingOverflow(by: datatype.byteCount).partialValue }
}

extension Group {
  /// Gives an object of the same file one more name.
  package func link(_ name: String, to object: some Object) throws {
    let (id, other) = (try handle.id, try object.handle.id)
    try Library.call("link '\(absolute(name))' of '\(file.name)'") {
      H5Olink(other, id, name, chdf5_property_default(), chdf5_property_default())
    }
  }

  /// Creates a dataset of another's type, which may be of any kind and of another file.
  ///
  /// - Parameters:
  ///   - shape: The extents; `nil` for those of the other, also where it has none at all.
  ///   - isExtendable: Whether it may grow along its first axis.
  package func createDataset(
    _ name: String, like other: Dataset, shape: [Int]? = nil, isExtendable: Bool = false, properties: PropertyList
  ) throws -> Dataset {
    let type = try other.datatype.copied()
    guard try other.isNull else {
      let shape = try shape ?? other.shape
      let maximum: [Int?]? = isExtendable && !shape.isEmpty ? [nil] + shape.dropFirst().map(Optional.some) : nil
      return try createDataset(name, shape: shape, type: type, maximumShape: maximum, properties: properties)
    }
    let space = try other.dataspace
    let (id, typeID) = (try handle.id, try type.handle.id)
    return try space.handle.use { spaceID in
      try properties.handle.use { creationID in
        try Dataset(path: absolute(name), of: file, "create") {
          H5Dcreate2(id, name, typeID, spaceID, chdf5_property_default(), creationID, chdf5_property_default())
        }
      }
    }
  }
}

extension File {
  /// Whether its objects may be in a format that came with HDF5 1.8, as attributes of more than 64 KiB are.
  package var isOfNewFormat: Bool { (superblock?.version ?? 0) >= 2 }
}
