/// The bytes of a protocol buffers message, written field by field in the order of their numbers.
///
/// TensorBoard's events need five kinds of fields, which are these methods. As in proto3, a field that has its default
/// (0, an empty text) is left out; those of a `oneof` are written in any case.
package struct ProtobufMessage: Sendable {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  /// An empty message.
  package init() {}

  /// How a field's value is written, the low bits of its tag.
  enum WireType: UInt8 {
    case variableLength = 0
    case eightBytes = 1
    case lengthDelimited = 2
    case fourBytes = 5
  }

  private mutating func append(tag field: Int, _ type: WireType) {
    append(UInt64(field) << 3 | UInt64(type.rawValue))
  }

  /// Seven bits a byte, the lowest first; the high bit says that more follow.
  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Adds an integer, an enumeration's case or a boolean.
  package mutating func add(_ field: Int, integer value: Int, evenIfZero: Bool = false) {
    guard value != 0 || evenIfZero else { return }
    append(tag: field, .variableLength)
    append(UInt64(bitPattern: Int64(value)))
  }

  /// Adds a number of double precision.
  package mutating func add(_ field: Int, double value: Double, evenIfZero: Bool = false) {
    guard value.bitPattern != 0 || evenIfZero else { return }
    append(tag: field, .eightBytes)
    bytes += littleEndianBytes(value.bitPattern)
  }

  /// Adds a number of single precision.
  package mutating func add(_ field: Int, float value: Float, evenIfZero: Bool = false) {
    guard value.bitPattern != 0 || evenIfZero else { return }
    append(tag: field, .fourBytes)
    bytes += littleEndianBytes(value.bitPattern)
  }

  /// Adds numbers of double precision, packed.
  package mutating func add(_ field: Int, packed values: [Double]) {
    guard !values.isEmpty else { return }
    append(tag: field, .lengthDelimited)
    append(UInt64(8 * values.count))
    for value in values { bytes += littleEndianBytes(value.bitPattern) }
  }

  /// Adds bytes.
  package mutating func add(_ field: Int, bytes value: [UInt8], evenIfEmpty: Bool = false) {
    guard !value.isEmpty || evenIfEmpty else { return }
    append(tag: field, .lengthDelimited)
    append(UInt64(value.count))
    bytes += value
  }

  /// Adds text.
  package mutating func add(_ field: Int, text: String, evenIfEmpty: Bool = false) {
    add(field, bytes: Array(text.utf8), evenIfEmpty: evenIfEmpty)
  }

  /// Adds a message within the message, which may be empty.
  package mutating func add(_ field: Int, _ write: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    write(&message)
    add(field, bytes: message.bytes, evenIfEmpty: true)
  }
}

/// The bytes of an integer, the lowest first.
func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

extension ProtobufMessage {
  /// The integer in a field of a message that was read, 0 if it has none; `nil` if the bytes are no message.
  static func integer(_ field: Int, in bytes: ArraySlice<UInt8>) -> Int? {
    var rest = bytes
    func variableLength() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = rest.popFirst() else { return nil }
        value |= UInt64(byte & 0x7f) << shift
        if byte & 0x80 == 0 { return value }
      }
      return nil
    }
    var found = 0
    while !rest.isEmpty {
      guard let tag = variableLength(), let type = WireType(rawValue: UInt8(tag & 7)) else { return nil }
      switch type {
      case .variableLength:
        guard let value = variableLength() else { return nil }
        if tag >> 3 == UInt64(field) { found = Int(Int64(bitPattern: value)) }
      case .eightBytes, .fourBytes:
        let size = type == .eightBytes ? 8 : 4
        guard rest.count >= size else { return nil }
        rest = rest.dropFirst(size)
      case .lengthDelimited:
        guard let size = variableLength(), size <= UInt64(rest.count) else { return nil }
        rest = rest.dropFirst(Int(size))
      }
    }
    return found
  }
}
