import CHDF5
import Foundations

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

/// What tells an object in a file from all others that are open, by whatever path it was reached.
public struct ObjectIdentity: Hashable, Sendable {
  let words: [UInt64]
}

extension Object {
  var handle: Handle { reference.handle }

  /// The number of attributes.
  public func attributeCount() throws -> Int {
    let id = try handle.id
    try file.attempt(.attributeNames, path, limit: 0)
    return Int(try Library.call("count the attributes of \(handle.label)") { H5Aget_num_attrs(id) })
  }

  /// The names of the attributes in alphabetical order, all of them or the first so many.
  public func attributeNames(atMost limit: Int = .max) throws -> [String] {
    let id = try handle.id
    try file.attempt(.attributeNames, path, limit: limit)
    return try collectingNames(atMost: limit, of: handle.label) { visitor, context in
      try Library.call("list the attributes of \(handle.label)") { chdf5_each_attribute(id, visitor, context) }
    }
  }

  /// What tells the object from all others, by whatever path it was reached.
  public func identity() throws -> ObjectIdentity {
    let id = try handle.id
    var words: [UInt64] = [0, 0, 0]
    try Library.call("identify \(handle.label)") { chdf5_object_identity(id, &words) }
    return ObjectIdentity(words: words)
  }

  /// Whether there is an attribute of that name.
  public func hasAttribute(_ name: String) throws -> Bool {
    let id = try handle.id
    try file.attempt(.attributeNames, path, limit: 0)
    return try Library.call("look for attribute '\(name)' of \(handle.label)") { H5Aexists(id, name) } > 0
  }

  /// Opens an attribute.
  ///
  /// - Throws: `HDF5Error` that lists the attributes present if there is none of that name.
  public func attribute(_ name: String) throws -> Attribute {
    guard try hasAttribute(name) else {
      let names = try attributeNames(atMost: 20)
      let present = try names.isEmpty ? "none" : listed(names, of: attributeCount())
      throw HDF5Error(.notFound, "\(handle.label) has no attribute '\(name)'; it has \(present)")
    }
    let id = try handle.id
    try file.attempt(.attribute, path, name: name)
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
