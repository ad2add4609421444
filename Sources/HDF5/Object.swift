import CHDF5

/// What groups and datasets share: a place in a file, and attributes.
public protocol Object: Sendable {
  /// The file that holds it.
  var file: File { get }
  /// The path from the root, such as `/train/inputs`.
  var path: String { get }
  /// The open identifier with its label; for this module only.
  var reference: ObjectReference { get }
}

/// The open identifier behind a group or dataset.
public struct ObjectReference: Sendable {
  let handle: Handle
}

extension Object {
  var handle: Handle { reference.handle }

  /// The names of all attributes in alphabetical order.
  public func attributeNames() throws -> [String] {
    let id = try handle.id
    let label = handle.label
    let count = try Library.call("count the attributes of \(label)") { H5Aget_num_attrs(id) }
    return try (0..<Int(count)).map { index in
      func name(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
        H5Aget_name_by_idx(
          id, ".", H5_INDEX_NAME, H5_ITER_INC, hsize_t(index), buffer, size, chdf5_property_default())
      }
      let length = try Library.call("list the attributes of \(label)") { name(nil, 0) }
      return String(decoding: Library.value { readingText(length: length, name) }, as: UTF8.self)
    }
  }

  /// Whether there is an attribute of that name.
  public func hasAttribute(_ name: String) throws -> Bool {
    let id = try handle.id
    return try Library.call("look for attribute '\(name)' of \(handle.label)") { H5Aexists(id, name) } > 0
  }

  /// Opens an attribute.
  ///
  /// - Throws: `HDF5Error` that lists the attributes present if there is none of that name.
  public func attribute(_ name: String) throws -> Attribute {
    guard try hasAttribute(name) else {
      let names = try attributeNames()
      let present = names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")
      throw HDF5Error(.notFound, "\(handle.label) has no attribute '\(name)'; it has \(present)")
    }
    let id = try handle.id
    return try Attribute(name: name, of: self) { H5Aopen(id, name, chdf5_property_default()) }
  }

  /// Stores one number, in place of an attribute of that name if there is one.
  public func setAttribute<T: NativeScalar>(_ name: String, to value: T) throws {
    try makeAttribute(name, type: .number(T.numberType), space: Dataspace([])).write([value])
  }

  /// Stores numbers along one axis, in place of an attribute of that name if there is one.
  public func setAttribute<T: NativeScalar>(_ name: String, to values: [T]) throws {
    try makeAttribute(name, type: .number(T.numberType), space: Dataspace([values.count])).write(values)
  }

  /// Stores a text of variable length in UTF-8, in place of an attribute of that name if there is one.
  public func setAttribute(_ name: String, to text: String) throws {
    try makeAttribute(name, type: .variableLengthString(), space: Dataspace([])).writeStrings([text])
  }

  /// Stores texts along one axis, in place of an attribute of that name if there is one.
  public func setAttribute(_ name: String, to texts: [String]) throws {
    try makeAttribute(name, type: .variableLengthString(), space: Dataspace([texts.count])).writeStrings(texts)
  }

  /// Removes an attribute.
  public func removeAttribute(_ name: String) throws {
    let id = try handle.id
    try Library.call("remove attribute '\(name)' of \(handle.label)") { H5Adelete(id, name) }
  }

  /// Creates an attribute of any type and extents, in place of one of that name if there is one.
  public func makeAttribute(_ name: String, type: Datatype, space: Dataspace) throws -> Attribute {
    if try hasAttribute(name) { try removeAttribute(name) }
    let (id, typeID, spaceID) = (try handle.id, try type.handle.id, try space.handle.id)
    return try Attribute(name: name, of: self) {
      H5Acreate2(id, name, typeID, spaceID, chdf5_property_default(), chdf5_property_default())
    }
  }
}
