import Foundations

/// The header of an array in NumPy's format (NEP 1, versions 1 to 3): a mark, a version, a length, and a Python dictionary
/// of type, order and shape as text.
package struct NPYHeader: Sendable, Equatable {
  /// What the elements are.
  package let type: NPYType
  /// Whether the first axis runs fastest, as in Fortran.
  package let isColumnMajor: Bool
  /// The extents; empty for a single number.
  package let shape: [Int]
  /// The bytes in front of the first element.
  package let length: Int

  /// The first bytes of a file.
  package static let mark: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// No dictionary is longer, but for records of very many fields.
  private static let longest = 1 << 16

  /// The rows: the extent of the first axis.
  package var rowCount: Int { shape.first ?? 1 }
  /// The extents of one row.
  package var rowShape: [Int] { Array(shape.dropFirst()) }
  /// The elements of one row.
  package var rowElementCount: Int { rowShape.reduce(1, *) }
  /// The bytes of all elements.
  package var byteCount: Int { rowCount * rowElementCount * type.byteCount }

  /// Reads a header.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it is none, or the array is not read.
  init(_ source: some ByteSource) throws {
    let start = try source.bytes(8)
    guard start.starts(with: Self.mark), start.count == 8 else {
      throw TrainerError(.data, "\(source.name) is no array of NumPy: it does not begin as an NPY file does")
    }
    guard (1...3).contains(start[6]) else {
      throw TrainerError(
        .data, "\(source.name) is an NPY file of version \(start[6]).\(start[7]), and versions 1 to 3 are read")
    }
    let size = try source.bytes(start[6] == 1 ? 2 : 4)
    let count = size.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard count <= Self.longest else {
      throw TrainerError(
        .data, "\(source.name) has a header of \(count) bytes; it holds records of very many fields, or is damaged")
    }
    let bytes = try source.bytes(count)
    guard size.count == (start[6] == 1 ? 2 : 4), bytes.count == count else {
      throw TrainerError(.data, "\(source.name) ends inside its header; get the file again")
    }
    var reader = PythonLiteral(bytes)
    let fault = "\(source.name) is damaged: its header is no dictionary of 'descr', 'fortran_order' and 'shape'"
    guard case .dictionary(let members)? = reader.read(), reader.isAtEnd,
      case .boolean(let isColumnMajor)? = members["fortran_order"], case .tuple(let extents)? = members["shape"],
      let descr = members["descr"], members.count == 3
    else { throw TrainerError(.data, fault) }
    let shape = extents.compactMap { if case .number(let extent) = $0 { extent } else { nil } }
    guard shape.count == extents.count else { throw TrainerError(.data, fault) }
    do {
      switch descr {
      case .text(let text): type = try NPYType(descr: text)
      case .list, .tuple: throw NPYType.Refusal.records
      default: throw TrainerError(.data, fault)
      }
    } catch let refusal as NPYType.Refusal {
      throw TrainerError(.data, "\(source.name) \(refusal.description)")
    }
    var elements = 1
    for extent in shape {
      let product = elements.multipliedReportingOverflow(by: extent)
      // 2^40 bytes are more than any machine that this runs on has.
      guard !product.overflow, product.partialValue <= (1 << 40) / type.byteCount, extent <= 1 << 40 else {
        throw TrainerError(.data, "\(source.name) is damaged: its header says \(Self.text(shape)) elements")
      }
      elements = product.partialValue
    }
    self.isColumnMajor = isColumnMajor
    self.shape = shape
    length = 8 + size.count + count
  }

  /// For messages: `150 x 4`.
  static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "no" : shape.map(String.init).joined(separator: " x ")
  }
}

/// The few literals of Python that such a header has.
private struct PythonLiteral {
  enum Value {
    case text(String)
    case number(Int)
    case boolean(Bool)
    case none
    case tuple([Value])
    case list([Value])
    case dictionary([String: Value])
  }

  /// A record inside a record is as deep as it gets.
  private static let deepest = 16
  private let bytes: [UInt8]
  private var at = 0
  private var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { bytes[at...].allSatisfy(Self.isSpace) }

  /// The value that comes next; `nil` if it is none.
  mutating func read() -> Value? {
    depth += 1
    defer { depth -= 1 }
    skipSpace()
    guard depth <= Self.deepest, at < bytes.count else { return nil }
    switch bytes[at] {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return text().map(Value.text)
    case UInt8(ascii: "{"): return dictionary()
    case UInt8(ascii: "("): return elements(until: UInt8(ascii: ")")).map(Value.tuple)
    case UInt8(ascii: "["): return elements(until: UInt8(ascii: "]")).map(Value.list)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return number().map(Value.number)
    default:
      let word = bytes[at...].prefix { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) }
      at += word.count
      switch String(decoding: word, as: UTF8.self) {
      case "True": return .boolean(true)
      case "False": return .boolean(false)
      case "None": return Value.none
      default: return nil
      }
    }
  }

  /// Type strings have no escapes; a field's name that has one belongs to a record, which is not read anyway.
  private mutating func text() -> String? {
    let quote = bytes[at]
    guard let end = bytes[(at + 1)...].firstIndex(of: quote) else { return nil }
    defer { at = end + 1 }
    return String(decoding: bytes[at + 1..<end], as: UTF8.self)
  }

  private mutating func number() -> Int? {
    let digits = bytes[at...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    at += digits.count
    // Python 2 wrote long numbers so.
    if at < bytes.count, bytes[at] == UInt8(ascii: "L") { at += 1 }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private mutating func elements(until end: UInt8) -> [Value]? {
    var values: [Value] = []
    at += 1
    while true {
      skipSpace()
      guard at < bytes.count else { return nil }
      if bytes[at] == end { break }
      guard let value = read() else { return nil }
      values.append(value)
      guard skipComma(before: end) else { return nil }
    }
    at += 1
    return values
  }

  private mutating func dictionary() -> Value? {
    var members: [String: Value] = [:]
    at += 1
    while true {
      skipSpace()
      guard at < bytes.count else { return nil }
      if bytes[at] == UInt8(ascii: "}") { break }
      guard case .text(let key)? = read() else { return nil }
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return nil }
      at += 1
      guard members[key] == nil, let value = read() else { return nil }
      members[key] = value
      guard skipComma(before: UInt8(ascii: "}")) else { return nil }
    }
    at += 1
    return .dictionary(members)
  }

  /// Skips a comma; false if there is neither one nor the end.
  private mutating func skipComma(before end: UInt8) -> Bool {
    skipSpace()
    guard at < bytes.count else { return false }
    if bytes[at] == UInt8(ascii: ",") {
      at += 1
      return true
    }
    return bytes[at] == end
  }

  private mutating func skipSpace() { while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 } }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
