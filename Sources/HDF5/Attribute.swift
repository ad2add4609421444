import CHDF5
import Foundations

/// A small named value on a group or dataset: numbers or texts.
public final class Attribute: Sendable {
  /// The attribute's name.
  public let name: String
  /// The type of its elements.
  public let datatype: Datatype
  /// Its extents.
  public let dataspace: Dataspace
  let handle: Handle
  private let file: File
  private let objectPath: String

  init(name: String, of object: some Object, _ open: () -> hid_t) throws {
    let label = "attribute '\(name)' of \(object.handle.label)"
    let id = try object.file.tellingVersions { try Library.call("open \(label)", open) }
    self.name = name
    file = object.file
    objectPath = object.path
    handle = Handle(id, label: label, owner: object.file.handle)
    datatype = try Datatype(label: label) { H5Aget_type(id) }
    dataspace = try Dataspace(label: label) { H5Aget_space(id) }
  }

  /// Its extents; empty for a single value.
  public var shape: [Int] { dataspace.shape }

  /// Reads all elements in row-major order, converting to `T`.
  ///
  /// - Throws: `HDF5Error` if the elements are no numbers, or a value has no equal in the integer type `T`.
  public func read<T: NativeScalar>(as type: T.Type = T.self) throws -> [T] {
    guard datatype.isNumeric else {
      throw HDF5Error(.datatype, "\(handle.label) holds \(datatype), not numbers")
    }
    if T.numberType.isFloatingPoint { return try readNative() }
    // Attributes have no transfer properties that could refuse a lossy conversion, so it is checked here.
    switch datatype.kind {
    case .integer(signed: true): return try exact(readNative(Int64.self)) { T(exactly: $0) }
    case .integer(signed: false): return try exact(readNative(UInt64.self)) { T(exactly: $0) }
    default: return try exact(readNative(Double.self)) { T(exactly: $0) }
    }
  }

  /// Reads the single element, converting to `T`.
  public func readScalar<T: NativeScalar>(as type: T.Type = T.self) throws -> T {
    try single(read(as: T.self))
  }

  /// Reads the single text.
  public func readString() throws -> String {
    try single(readStrings())
  }

  /// Attributes up to this many bytes are read. They are for names and units, and cannot be read in parts.
  private static let mostBytes = 32 << 20

  func requireModestSize() throws {
    let (bytes, overflow) = dataspace.count.multipliedReportingOverflow(by: max(1, datatype.byteCount))
    guard overflow || bytes > Self.mostBytes else { return }
    throw HDF5Error(
      .memory,
      "\(handle.label) has \(dataspace.count) elements of \(datatype), and attributes of up to "
        + "\(ByteText.text(Self.mostBytes)) are read; store it as a dataset")
  }

  /// Reads all texts in row-major order.
  public func readStrings() throws -> [String] {
    try requireModestSize()
    return try StringTransfer(type: datatype, space: dataspace, label: handle.label).read(count: dataspace.count) {
      memoryType, buffer in try read(as: memoryType, into: buffer)
    }
  }

  /// Reads the bytes of all texts in row-major order, for those that are in another encoding than UTF-8.
  ///
  /// - Throws: `HDF5Error` if the elements are no texts.
  public func readTextBytes() throws -> [[UInt8]] {
    try requireModestSize()
    return try StringTransfer(type: datatype, space: dataspace, label: handle.label).readBytes(count: dataspace.count) {
      memoryType, buffer in try read(as: memoryType, into: buffer)
    }
  }

  /// Writes all elements in row-major order.
  ///
  /// - Throws: `HDF5Error` unless the attribute's type is `T`'s, in either byte order.
  public func write<T: NativeScalar>(_ values: [T]) throws {
    try checkCount(values.count)
    guard datatype.numberType == T.numberType else {
      throw HDF5Error(.datatype, "cannot write \(T.numberType) to \(handle.label), which holds \(datatype)")
    }
    guard !values.isEmpty else { return }
    let id = try handle.id
    try values.withUnsafeBytes { bytes in
      let base = bytes.baseAddress
      try Library.call("write \(handle.label)") { H5Awrite(id, T.numberType.nativeIdentifier, base) }
    }
  }

  /// Writes all texts in row-major order.
  public func writeStrings(_ texts: [String]) throws {
    try checkCount(texts.count)
    try StringTransfer(type: datatype, space: dataspace, label: handle.label).write(texts) { memoryType, buffer in
      let id = try handle.id
      try Library.call("write \(handle.label)") { H5Awrite(id, memoryType, buffer) }
    }
  }

  /// Reads all elements as the file has them, of any type. What they refer to is the caller's to release.
  func readStored(into buffer: UnsafeMutableRawPointer) throws {
    try file.attempt(.storedAttribute, objectPath, name: name)
    let (id, type) = (try handle.id, try datatype.handle.id)
    try Library.call("read \(handle.label)") { H5Aread(id, type, buffer) }
  }

  /// The attribute as messages name it.
  var label: String { handle.label }

  /// Reads all elements as a type of the caller's.
  func read(as memoryType: hid_t, into buffer: UnsafeMutableRawPointer) throws {
    let id = try handle.id
    try file.attempt(.attributeElements, objectPath, name: name)
    try Library.call("read \(handle.label)") { H5Aread(id, memoryType, buffer) }
  }

  /// Reads so many elements as a type that has one `T` for each.
  func readElements<T: NativeScalar>(count: Int, of type: T.Type, as memoryType: MemberType) throws -> [T] {
    try requireModestSize()
    try Dataspace.checkMemory(count: count, byteCount: MemoryLayout<T>.stride, label: handle.label)
    var values = [T](repeating: .zero, count: count)
    guard !values.isEmpty else { return values }
    try values.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      try memoryType.handle.use { try read(as: $0, into: base) }
    }
    return values
  }

  /// The path of the object that a reference leads to.
  func path(of reference: UInt64) throws -> String {
    let id = try handle.id
    func length(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws -> Int {
      try Library.call("follow a reference in \(handle.label)") {
        withUnsafePointer(to: reference) { chdf5_reference_name(id, $0, buffer, size) }
      }
    }
    var text = [CChar](repeating: 0, count: try length(nil, 0) + 1)
    let count = try text.withUnsafeMutableBufferPointer { try length($0.baseAddress, $0.count) }
    guard count > 0 else { throw HDF5Error(.notFound, "a reference in \(handle.label) leads to nothing with a name") }
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func checkCount(_ count: Int) throws {
    guard count == dataspace.count else {
      throw HDF5Error(.shape, "\(handle.label) holds \(dataspace.count) elements, and \(count) were given")
    }
  }

  private func readNative<T: NativeScalar>(_ type: T.Type = T.self) throws -> [T] {
    try requireModestSize()
    let id = try handle.id
    try Dataspace.checkMemory(count: dataspace.count, byteCount: MemoryLayout<T>.stride, label: handle.label)
    var values = [T](repeating: .zero, count: dataspace.count)
    guard !values.isEmpty else { return values }
    try file.attempt(.attributeElements, objectPath, name: name)
    try values.withUnsafeMutableBytes { bytes in
      let base = bytes.baseAddress
      try Library.call("read \(handle.label)") { H5Aread(id, T.numberType.nativeIdentifier, base) }
    }
    return values
  }

  private func exact<Wide: CustomStringConvertible, T>(_ values: [Wide], _ narrow: (Wide) -> T?) throws -> [T] {
    try values.map { value in
      guard let result = narrow(value) else {
        throw HDF5Error(.datatype, "cannot read \(handle.label): \(value) does not fit \(T.self)")
      }
      return result
    }
  }

  private func single<T>(_ values: [T]) throws -> T {
    guard values.count == 1, let value = values.first else {
      throw HDF5Error(.shape, "\(handle.label) holds \(values.count) elements, not one")
    }
    return value
  }
}
