import Foundation

/// One step from a JSON value to a value inside it.
public enum JSONPathComponent: Hashable, Sendable {
  /// To the value of an object's key.
  case key(String)
  /// To an array's element, counted from 0.
  case index(Int)
}

/// A way from a document's root to a value in it; its text is `model.layers[1].units`.
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
  /// The steps from the root.
  public var components: [JSONPathComponent]

  /// Creates a path; without components it is the root's.
  public init(_ components: [JSONPathComponent] = []) { self.components = components }

  /// The path of an object's member.
  public func appending(_ key: String) -> JSONPath { JSONPath(components + [.key(key)]) }
  /// The path of an array's element.
  public func appending(_ index: Int) -> JSONPath { JSONPath(components + [.index(index)]) }
  /// The path of the value that holds this one; the root's is itself.
  public var parent: JSONPath { JSONPath(components.dropLast()) }
  /// Whether this is the path of `other` or of a value that holds it.
  public func contains(_ other: JSONPath) -> Bool { other.components.starts(with: components) }

  /// The path as users write it: `model.layers[1].units`; empty for the root.
  public var description: String {
    components.reduce(into: "") { text, component in
      switch component {
      case .key(let key): text += text.isEmpty ? key : "." + key
      case .index(let index): text += "[\(index)]"
      }
    }
  }
}

/// JSON text that has been read, with the place of every value, for messages that point at it.
public struct JSONDocument: Sendable {
  /// A place in a text, counted from 1. Columns count characters.
  public struct Position: Sendable, Equatable, CustomStringConvertible {
    /// The line.
    public let line: Int
    /// The column.
    public let column: Int

    /// Creates a place.
    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }

    /// `line:column`.
    public var description: String { "\(line):\(column)" }
  }

  /// The name of the file that the text is from, as messages show it.
  public let source: String
  /// The value.
  public let root: JSONValue
  private let bytes: [UInt8]
  /// Byte offsets of members' keys and of elements.
  private let offsets: [JSONPath: Int]
  /// Places of members' keys and of elements, of a text that is no JSON.
  private let places: [JSONPath: Position]

  /// Reads JSON text. Its syntax is judged by Foundation's parser, made stricter: a trailing comma and a key that
  /// comes twice in one object are errors too.
  ///
  /// - Parameters:
  ///   - bytes: the text in UTF-8.
  ///   - source: the file's name for messages.
  ///   - code: the exit code of the error.
  /// - Throws: `TrainerError` with line and column of the first fault.
  public init(_ bytes: [UInt8], source: String, code: ExitCode = .usage) throws {
    func failure(at offset: Int, _ message: String) -> TrainerError {
      TrainerError(code, "\(source):\(Self.position(of: offset, in: bytes)): \(message)")
    }
    if let offset = Self.firstInvalidUTF8(in: bytes) {
      throw failure(at: offset, "a byte here is not UTF-8 text, save the file as UTF-8")
    }
    do {
      _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    } catch {
      let fault = Self.fault(
        described: (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String ?? "\(error)")
      let offset = fault.offset.map { Self.startOfWord(at: min($0, bytes.count), in: bytes) } ?? bytes.count
      throw failure(at: offset, "JSON syntax error: \(fault.reason)\(Self.excerpt(of: bytes, at: offset))")
    }
    var walker = JSONWalker(bytes)
    do {
      root = try walker.walk()
    } catch let fault as JSONWalker.Fault {
      throw failure(at: fault.offset, fault.reason)
    }
    self.source = source
    self.bytes = bytes
    offsets = walker.offsets
    places = [:]
  }

  /// A value that was read from text of another kind.
  ///
  /// - Parameter places: Where members' keys and elements stand.
  package init(_ root: JSONValue, source: String, places: [JSONPath: Position]) {
    (self.root, self.source, self.places) = (root, source, places)
    (bytes, offsets) = ([], [:])
  }

  /// Reads JSON text; see ``init(_:source:code:)-([UInt8],_,_)``.
  public init(text: String, source: String, code: ExitCode = .usage) throws {
    try self.init(Array(text.utf8), source: source, code: code)
  }

  /// Where a value stands: a member's key or an element's first character; of a path that the text lacks, where the
  /// nearest value stands that would hold it.
  public func position(of path: JSONPath) -> Position {
    var path = path
    while !path.components.isEmpty {
      if let position = position(exactlyOf: path) { return position }
      path = path.parent
    }
    return Position(line: 1, column: 1)
  }

  /// Where a value stands that the text holds; `nil` for any other.
  func position(exactlyOf path: JSONPath) -> Position? {
    offsets[path].map { Self.position(of: $0, in: bytes) } ?? places[path]
  }

  private static func position(of offset: Int, in bytes: [UInt8]) -> Position {
    let before = bytes[..<offset]
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    return Position(line: line, column: String(decoding: before[start...], as: UTF8.self).count + 1)
  }

  private static func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    var offset = 0
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  /// Foundation tells a fault's place only inside its text: "Invalid value around character 22." counts bytes from 0.
  private static func fault(described text: String) -> (reason: String, offset: Int?) {
    var reason = text.hasSuffix(".") ? String(text.dropLast()) : text
    var offset: Int?
    if let range = reason.range(of: " around character ") {
      offset = Int(reason[range.upperBound...].prefix(while: \.isNumber))
      reason = String(reason[..<range.lowerBound])
    }
    if reason == "Unexpected end of file during JSON parse" { reason = "unexpected end of the text" }
    return (reason.prefix(1).lowercased() + reason.dropFirst(), offset)
  }

  /// Where the bare word or number begins that ends at or goes on at an offset: the parser may point behind it.
  private static func startOfWord(at offset: Int, in bytes: [UInt8]) -> Int {
    let word = bytes[..<offset].reversed().prefix { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber || "+-.".contains(character))
    }
    return offset - word.count
  }

  private static func excerpt(of bytes: [UInt8], at offset: Int) -> String {
    let rest = String(decoding: bytes[offset...].prefix { $0 != UInt8(ascii: "\n") }.prefix(80), as: UTF8.self)
    return rest.isEmpty ? "" : " at '\(rest.prefix(20))'"
  }
}

/// Walks text that is known to be valid JSON and notes where everything stands.
private struct JSONWalker {
  struct Fault: Error {
    let offset: Int
    let reason: String
  }

  private let bytes: [UInt8]
  private var offset = 0
  private var path = JSONPath()
  private(set) var offsets: [JSONPath: Int] = [:]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  mutating func walk() throws -> JSONValue {
    skipSpace()
    switch bytes[offset] {
    case UInt8(ascii: "{"): return try .object(object())
    case UInt8(ascii: "["): return try .array(array())
    case UInt8(ascii: "\""): return try .string(string())
    default: return try scalar()
    }
  }

  private mutating func object() throws -> JSONObject {
    var object = JSONObject()
    try members(until: UInt8(ascii: "}")) { walker, _ in
      let start = walker.offset
      let key = try walker.string()
      if object[key] != nil {
        throw Fault(offset: start, reason: "the key \"\(key)\" comes twice in one object, remove one")
      }
      walker.skipSpace()
      walker.offset += 1  // the colon
      object[key] = try walker.enter(.key(key), at: start)
    }
    return object
  }

  private mutating func array() throws -> [JSONValue] {
    var elements: [JSONValue] = []
    try members(until: UInt8(ascii: "]")) { walker, index in
      try elements.append(walker.enter(.index(index), at: walker.offset))
    }
    return elements
  }

  private mutating func members(
    until end: UInt8, _ body: (inout JSONWalker, _ index: Int) throws -> Void
  ) throws {
    offset += 1
    var index = 0
    while true {
      skipSpace()
      if bytes[offset] == end { break }
      try body(&self, index)
      index += 1
      skipSpace()
      if bytes[offset] == UInt8(ascii: ",") {
        let comma = offset
        offset += 1
        skipSpace()
        if bytes[offset] == end {
          throw Fault(offset: comma, reason: "JSON syntax error: a comma after the last member")
        }
      }
    }
    offset += 1
  }

  private mutating func enter(_ component: JSONPathComponent, at start: Int) throws -> JSONValue {
    path.components.append(component)
    defer { path.components.removeLast() }
    offsets[path] = start
    return try walk()
  }

  private mutating func string() throws -> String {
    let start = offset
    var isEscaped = false
    offset += 1
    while bytes[offset] != UInt8(ascii: "\"") {
      if bytes[offset] == UInt8(ascii: "\\") {
        isEscaped = true
        offset += 1
      }
      offset += 1
    }
    offset += 1
    let token = bytes[start..<offset]
    if isEscaped { return try JSONDecoder().decode(String.self, from: Data(token)) }
    return String(decoding: token.dropFirst().dropLast(), as: UTF8.self)
  }

  private mutating func scalar() throws -> JSONValue {
    let start = offset
    while offset < bytes.count, !Self.ends.contains(bytes[offset]) { offset += 1 }
    let token = String(decoding: bytes[start..<offset], as: UTF8.self)
    switch token {
    case "null": return .null
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    // An integer has no negative zero.
    case "-0": return .number(-0.0)
    default:
      if let integer = Int(token) { return .integer(integer) }
      guard let number = Double(token), number.isFinite else {
        throw Fault(offset: start, reason: "the number \(token) is out of range")
      }
      return .number(number)
    }
  }

  private mutating func skipSpace() {
    while offset < bytes.count, Self.space.contains(bytes[offset]) { offset += 1 }
  }

  private static let space = Set(" \t\r\n".utf8)
  private static let ends = Set(" \t\r\n,]}".utf8)
}
