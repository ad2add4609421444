import Foundations
import HDF5

/// What the elements of a NumPy array are, as its header's `descr` says.
package struct NPYType: Sendable, Equatable {
  /// The kinds that are read.
  package enum Kind: Sendable, Equatable {
    /// No or yes, in a byte.
    case boolean
    /// Numbers that are stored as numbers of this type.
    case number(NumberType)
    /// IEEE 754 binary16, which is stored as binary32.
    case half
    /// Text in UTF-32, filled up with zeros.
    case unicode
    /// Text in bytes, filled up with zeros.
    case bytes
  }

  /// The kind.
  package let kind: Kind
  /// The bytes of one element in the file.
  package let byteCount: Int
  /// Whether the first byte of a number is the highest.
  package let isBigEndian: Bool

  /// The type in which elements are stored here; `nil` for text.
  package var stored: NumberType? {
    switch kind {
    case .boolean: .uint8
    case .number(let type): type
    case .half: .float32
    case .unicode, .bytes: nil
    }
  }

  /// Reads a `descr`, such as `<f8`.
  ///
  /// - Throws: ``Refusal`` for what is not read here.
  init(descr: String) throws {
    var text = Substring(descr)
    let order = text.first
    if let order, "<>=|".contains(order) { text = text.dropFirst() }
    isBigEndian = order == ">"
    let letter = text.first ?? " "
    // An object has no size, and a time has a unit behind it.
    if letter == "O" { throw Refusal.objects }
    if letter == "M" || letter == "m" { throw Refusal.times }
    let digits = text.dropFirst()
    guard let size = Int(digits), digits.allSatisfy({ "0"..."9" ~= $0 }), size <= 1 << 20 else {
      throw Refusal.unknown(descr)
    }
    let numbers: [Substring: NumberType] = [
      "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
      "f4": .float32, "f8": .float64,
    ]
    if let type = numbers[text] {
      (kind, byteCount) = (.number(type), size)
      return
    }
    switch (letter, size) {
    case ("b", 1): (kind, byteCount) = (.boolean, 1)
    case ("f", 2): (kind, byteCount) = (.half, 2)
    case ("U", 1...): (kind, byteCount) = (.unicode, 4 * size)
    case ("S", 1...): (kind, byteCount) = (.bytes, size)
    case ("U", _), ("S", _): throw Refusal.empty
    case ("c", _): throw Refusal.complex
    case ("f", _): throw Refusal.long(descr)
    case ("V", _): throw Refusal.records
    default: throw Refusal.unknown(descr)
    }
  }

  /// Why elements are not read, as the end of a sentence about an array.
  enum Refusal: Error, Equatable {
    case objects, records, complex, times, empty
    case long(String), unknown(String)

    var description: String {
      switch self {
      case .objects:
        "holds Python objects (dtype object), which are not read: loading them can run any program; save it with "
          + "astype(float), or astype(str) for names"
      case .records:
        "has records of several fields as elements; save one array of numbers, with "
          + "numpy.lib.recfunctions.structured_to_unstructured for example"
      case .complex: "holds complex numbers; save their real and imaginary parts as columns"
      case .times: "holds times; save them as numbers, with astype('int64') for example"
      case .empty: "holds texts without characters; is it the right array?"
      case .long(let descr):
        "holds numbers of type \(descr), which only some machines have; save it with astype('float64')"
      case .unknown(let descr): "has elements of type '\(descr.prefix(40))', expected numbers, booleans or texts"
      }
    }
  }

  /// The elements in this machine's byte order, in the type ``stored``.
  ///
  /// - Precondition: they are no texts.
  func native(_ bytes: [UInt8]) -> [UInt8] {
    switch kind {
    case .boolean: return bytes.map { $0 == 0 ? 0 : 1 }
    case .half:
      let values = stride(from: 0, to: bytes.count - 1, by: 2).map { at in
        let (low, high) = isBigEndian ? (bytes[at + 1], bytes[at]) : (bytes[at], bytes[at + 1])
        return Self.single(ofHalf: UInt16(high) << 8 | UInt16(low))
      }
      return values.withUnsafeBytes(Array.init)
    default:
      guard byteCount > 1, isBigEndian == (1.littleEndian == 1) else { return bytes }
      var bytes = bytes
      bytes.withUnsafeMutableBytes { swapBytes($0) }
      return bytes
    }
  }

  private func swapBytes(_ bytes: UnsafeMutableRawBufferPointer) {
    func swap<Word: FixedWidthInteger>(_ type: Word.Type) {
      for at in stride(from: 0, to: bytes.count, by: MemoryLayout<Word>.size) {
        bytes.storeBytes(
          of: bytes.loadUnaligned(fromByteOffset: at, as: Word.self).byteSwapped, toByteOffset: at, as: Word.self)
      }
    }
    switch byteCount {
    case 2: swap(UInt16.self)
    case 4: swap(UInt32.self)
    default: swap(UInt64.self)
    }
  }

  /// Every binary16 number is a binary32 number. `Float16` is not there on every machine that Swift runs on.
  package static func single(ofHalf bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Float(bits & 0x3FF))
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 0x1F: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
  }

  /// The text of one element, without the zeros behind it; `nil` if the bytes are none.
  func text(_ bytes: ArraySlice<UInt8>) -> String? {
    guard kind == .unicode else {
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex
      let text = String(validating: bytes[bytes.startIndex..<end], as: UTF8.self)
      return text.flatMap { $0.utf8.contains(0) ? nil : $0 }
    }
    var scalars = String.UnicodeScalarView()
    var zeros = false
    for at in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4) {
      let word = bytes[at..<at + 4]
      let code = (isBigEndian ? Array(word) : word.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      if code == 0 {
        zeros = true
        continue
      }
      guard !zeros, let scalar = Unicode.Scalar(code) else { return nil }
      scalars.append(scalar)
    }
    return String(scalars)
  }
}

extension NumberType {
  /// The elements of bytes in this machine's order as doubles.
  package func doubles(_ bytes: [UInt8]) -> [Double] {
    bytes.withUnsafeBytes { bytes in
      func read<Value: NativeScalar>(_ convert: (Value) -> Double) -> [Double] {
        stride(from: 0, to: bytes.count, by: MemoryLayout<Value>.size).map {
          convert(bytes.loadUnaligned(fromByteOffset: $0, as: Value.self))
        }
      }
      return switch self {
      case .int8: read { (value: Int8) in Double(value) }
      case .int16: read { (value: Int16) in Double(value) }
      case .int32: read { (value: Int32) in Double(value) }
      case .int64: read { (value: Int64) in Double(value) }
      case .uint8: read { (value: UInt8) in Double(value) }
      case .uint16: read { (value: UInt16) in Double(value) }
      case .uint32: read { (value: UInt32) in Double(value) }
      case .uint64: read { (value: UInt64) in Double(value) }
      case .float32: read { (value: Float) in Double(value) }
      case .float64: read { (value: Double) in value }
      }
    }
  }
}
