/// Reads the values of one line of JSON (RFC 8259), whose bytes are UTF-8 without a line feed.
struct JSONLineScanner {
  private let bytes: UnsafeRawBufferPointer
  private let line: Int
  private var at = 0
  /// What was read last began here.
  private var start = 0
  private var text: [UInt8] = []

  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")

  /// Begins at a line's first character that is no blank.
  init(_ bytes: UnsafeRawBufferPointer, line: Int) {
    (self.bytes, self.line) = (bytes, line)
    skipSpace()
  }

  /// Whether nothing is left.
  var isAtEnd: Bool { at == bytes.count }
  /// The next character; 0 at the end.
  var next: UInt8 { at < bytes.count ? bytes[at] : 0 }

  /// An error about the line.
  func fault(_ what: String) -> JSONLinesError { JSONLinesError(line: line, fault: what) }

  /// An error about what comes next, or came last.
  func unexpected(_ wanted: String) -> JSONLinesError {
    guard start < bytes.count else {
      return fault("the object ends too early, expected \(wanted); each line is one whole object")
    }
    return fault("'\(excerpt(at: start))' is not what JSON has there, expected \(wanted)")
  }

  /// What comes next, for messages.
  func excerpt() -> String { excerpt(at: at) }

  private func excerpt(at place: Int) -> String {
    String(String(decoding: bytes[place...].prefix(80), as: UTF8.self).prefix(20))
  }

  /// Skips a character and blanks behind it; false if another one comes.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard take(character) else { return false }
    skipSpace()
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    start = at
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// The key of a member, of which the value comes next.
  mutating func key() throws -> ArraySlice<UInt8> {
    start = at
    guard next == Self.quote else { throw unexpected("a key in quotes") }
    let key = try string()
    guard skip(":") else { throw unexpected("a colon") }
    return key[...]
  }

  /// Skips what follows a member's value: a comma, or the object's end.
  mutating func hasNextMember() throws -> Bool {
    if skip(",") { return true }
    guard skip("}") else { throw unexpected("a comma or a closing brace") }
    return false
  }

  /// A word of letters.
  mutating func word() -> String {
    start = at
    let word = bytes[at...].prefix { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) }
    at += word.count
    skipSpace()
    return String(decoding: word, as: UTF8.self)
  }

  /// A number's text.
  mutating func number() throws -> UnsafeRawBufferPointer {
    let first = at
    func fault() -> JSONLinesError {
      self.fault("'\(excerpt(at: first))' is not what JSON has there, expected a number")
    }
    _ = take("-")
    if !take("0") { guard digits() else { throw fault() } }
    if take(".") { guard digits() else { throw fault() } }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits() else { throw fault() }
    }
    let number = UnsafeRawBufferPointer(rebasing: bytes[first..<at])
    skipSpace()
    return number
  }

  private mutating func digits() -> Bool {
    let first = at
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { at += 1 }
    return at > first
  }

  /// A string without its quotes, its escapes resolved.
  mutating func string() throws -> [UInt8] {
    text.removeAll(keepingCapacity: true)
    at += 1
    while true {
      let plain = bytes[at...].prefix { $0 != Self.quote && $0 != Self.backslash && $0 >= 0x20 }
      text.append(contentsOf: plain)
      at += plain.count
      guard at < bytes.count else { throw fault("a quote is opened and never closed in it") }
      switch bytes[at] {
      case Self.quote:
        at += 1
        skipSpace()
        return text
      case Self.backslash: try escape()
      default: throw fault("a text has the control character \(bytes[at]), which JSON writes with an escape")
      }
    }
  }

  private mutating func escape() throws {
    let first = at
    let letter = at + 1 < bytes.count ? bytes[at + 1] : 0
    at += 2
    switch letter {
    case Self.quote, Self.backslash, UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard var code = codeUnit() else { throw fault("'\(excerpt(at: first))' is no escape") }
      if (0xD800..<0xDC00).contains(code), take("\\"), take("u"), let low = codeUnit(), (0xDC00..<0xE000).contains(low)
      {
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code), let units = UTF8.encode(scalar) else {
        throw fault("'\(excerpt(at: first))' is half a character")
      }
      guard code != 0 else { throw fault("a text has a NUL, which no text of a table has") }
      text.append(contentsOf: units)
    default: throw fault("'\(excerpt(at: first))' is no escape")
    }
  }

  /// Four hexadecimal digits.
  private mutating func codeUnit() -> UInt32? {
    guard at + 4 <= bytes.count else { return nil }
    var code: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      code = code << 4 | UInt32(digit)
    }
    at += 4
    return code
  }

  private mutating func skipSpace() {
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 || bytes[at] == 0x0D { at += 1 }
  }
}
