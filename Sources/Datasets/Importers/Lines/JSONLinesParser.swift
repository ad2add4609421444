import Foundations

/// A value in a table of JSON lines. Bytes are there only while it is handed on.
package enum JSONLinesValue {
  /// `null`, or Python's `NaN`.
  case missing
  /// `true` or `false`.
  case boolean(Bool)
  /// A number as JSON writes it.
  case number(UnsafeRawBufferPointer)
  /// A text in UTF-8 without a NUL, its escapes resolved.
  case text(UnsafeRawBufferPointer)
}

/// Takes the values of a table of JSON lines.
package protocol JSONLinesConsumer {
  /// Learns of a column that no line before has had. Columns are numbered from 0 as they come.
  mutating func addColumn(_ name: String, line: Int) throws
  /// Takes a value; of each column at most one comes in a record.
  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) throws
  /// Ends a record. A column without a value has a missing one.
  mutating func endRecord(line: Int) throws
}

/// What is wrong with a line, as the end of a sentence.
package struct JSONLinesError: Error, Equatable {
  package let line: Int
  package let fault: String

  package init(line: Int, fault: String) {
    self.line = line
    self.fault = fault
  }
}

/// Divides a text into lines, each a JSON object (RFC 8259) of plain values. Blank lines are skipped.
package struct JSONLinesParser {
  /// More columns than tables have; keys that are no names but data would make any number of them.
  private static let mostColumns = 1 << 17

  private var line = 0
  private var columns: [String: Int] = [:]
  private var names: [[UInt8]] = []
  /// For each column, the last line with a value of it.
  private var lastLines: [Int] = []
  private var isAtStart = true

  /// Creates a parser at the start of a text.
  package init() {}

  /// Hands on the values of lines that are complete; returns how many bytes they have.
  ///
  /// - Parameter isLast: Whether the text ends with these bytes.
  /// - Throws: ``JSONLinesError``, and what the consumer throws.
  package mutating func read<Consumer: JSONLinesConsumer>(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool, into consumer: inout Consumer
  ) throws -> Int {
    var start = 0
    if isAtStart {
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      if !isLast, bytes.count < mark.count { return 0 }
      if bytes.starts(with: mark) { start = mark.count }
      isAtStart = false
    }
    while start < bytes.count {
      let rest = bytes[start...]
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      guard end != nil || isLast else { break }
      line += 1
      try record(UnsafeRawBufferPointer(rebasing: rest[..<(end ?? bytes.count)]), into: &consumer)
      start = end.map { $0 + 1 } ?? bytes.count
    }
    return start
  }

  private mutating func record<Consumer: JSONLinesConsumer>(
    _ bytes: UnsafeRawBufferPointer, into consumer: inout Consumer
  ) throws {
    var scanner = JSONLineScanner(bytes, line: line)
    guard !scanner.isAtEnd else { return }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw scanner.fault("it is not text in UTF-8") }
    guard scanner.skip("{") else {
      throw scanner.fault("it begins with '\(scanner.excerpt())', expected an object in braces")
    }
    var place = 0
    if !scanner.skip("}") {
      repeat {
        let column = try column(scanner.key(), place, scanner, &consumer)
        try value(&scanner, column, into: &consumer)
        place += 1
      } while try scanner.hasNextMember()
    }
    guard scanner.isAtEnd else { throw scanner.fault("'\(scanner.excerpt())' follows the object") }
    try consumer.endRecord(line: line)
  }

  /// The column of a key.
  ///
  /// - Parameter place: Its place in the object: most objects have the same keys in the same order.
  private mutating func column<Consumer: JSONLinesConsumer>(
    _ key: ArraySlice<UInt8>, _ place: Int, _ scanner: JSONLineScanner, _ consumer: inout Consumer
  ) throws -> Int {
    var column = place
    if place >= names.count || !names[place].elementsEqual(key) {
      let name = String(decoding: key, as: UTF8.self)
      if let known = columns[name] {
        column = known
      } else {
        guard names.count < Self.mostColumns else {
          throw scanner.fault(
            "it has the key '\(name.prefix(40))', and there are \(Self.mostColumns) others; are keys data?")
        }
        column = names.count
        columns[name] = column
        names.append(Array(key))
        lastLines.append(0)
        try consumer.addColumn(name, line: line)
      }
    }
    guard lastLines[column] < line else {
      throw scanner.fault("the key '\(String(decoding: key.prefix(80), as: UTF8.self))' comes twice")
    }
    lastLines[column] = line
    return column
  }

  private func value<Consumer: JSONLinesConsumer>(
    _ scanner: inout JSONLineScanner, _ column: Int, into consumer: inout Consumer
  ) throws {
    switch scanner.next {
    case UInt8(ascii: "\""):
      try scanner.string().withUnsafeBytes { try consumer.take(.text($0), column: column, line: line) }
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let kind = scanner.next == UInt8(ascii: "{") ? "an object" : "an array"
      throw scanner.fault(
        "the value of '\(String(decoding: names[column], as: UTF8.self))' is \(kind), and a column holds numbers, texts, "
          + "true, false or null; make columns of what is in it, with pandas.json_normalize for example")
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try consumer.take(.number(scanner.number()), column: column, line: line)
    default:
      switch scanner.word() {
      case "null", "NaN": try consumer.take(.missing, column: column, line: line)
      case "true": try consumer.take(.boolean(true), column: column, line: line)
      case "false": try consumer.take(.boolean(false), column: column, line: line)
      default: throw scanner.unexpected("a value")
      }
    }
  }
}
