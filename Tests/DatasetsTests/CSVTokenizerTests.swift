import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

/// The tokenizer against Python's csv module, and against itself with blocks of other sizes.
@Suite struct CSVTokenizerTests {
  /// What a text is read as.
  private enum Reading: Equatable {
    case records([[String]], lines: [Int], fieldLines: [Int])
    case error(CSVSyntaxError)
  }

  private struct Collector: CSVConsumer {
    var records: [[String]] = []
    var lines: [Int] = []
    var fieldLines: [Int] = []
    private var record: [String] = []

    mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
      #expect(column == record.count)
      record.append(String(decoding: field, as: UTF8.self))
      fieldLines.append(line)
    }

    mutating func endRecord(fieldCount: Int, line: Int) {
      #expect(fieldCount == record.count)
      records.append(record)
      lines.append(line)
      record = []
    }
  }

  private static func read(_ bytes: [UInt8], _ dialect: CSVDialect = .init(), blockSize: Int) throws -> Reading {
    try withScratchDirectory { directory in
      let path = directory + "/x.csv"
      try Data(bytes).write(to: URL(filePath: path))
      let file = try TextFile(path: path)
      var tokenizer = CSVTokenizer(dialect)
      var collector = Collector()
      do {
        try file.forEachBlock(of: blockSize) { try tokenizer.read($0, isLast: $1, into: &collector) }
      } catch let error as CSVSyntaxError {
        return .error(error)
      }
      return .records(collector.records, lines: collector.lines, fieldLines: collector.fieldLines)
    }
  }

  private static func read(_ text: String, _ dialect: CSVDialect = .init(), blockSize: Int = 1 << 18) throws -> Reading
  {
    try read(Array(text.utf8), dialect, blockSize: blockSize)
  }

  private static func records(_ text: String, _ dialect: CSVDialect = .init()) throws -> [[String]]? {
    guard case .records(let records, _, _) = try read(text, dialect) else { return nil }
    return records
  }

  @Test func tablesAreReadAsPythonReadsThem() throws {
    let cases = try Fixture.read("tables").member("tables").elements
    #expect(cases.count > 200)
    for item in cases {
      guard let text = try item.member("text").text, let delimiter = try item.member("delimiter").text?.first else {
        throw TrainerError(.data, "the fixture is damaged")
      }
      let expected = try item.member("records").records
      let found = try Self.records(text, CSVDialect(delimiter: delimiter))
      #expect(found == expected, "\(item["name"]?.text ?? "") \(text.debugDescription)")
    }
  }

  // 1, 2, 3 and 7 cut every mark somewhere: the byte order mark, CRLF, doubled quotes, characters, delimiters.
  @Test func sizesOfBlocksChangeNothing() throws {
    var texts = try Fixture.read("tables").member("tables").elements.compactMap { $0["text"]?.text }
    texts += [
      "\u{feff}a,b\r\n1,\"2\"\"3\"\r\n\r\n", "#c\r\na,b\n#\n", "#c", "a,\"b\r\nc\"\rd, \"e\" \n", "é→ß→\"→\"\nü→→",
      "a,b\0", "\"a\"b",
      "a,\n\"x\ny\",\"z", ",", "\n", "", " \t\n", "\"\"", "a,b\r",
    ]
    for text in texts {
      for delimiter in [",", "→"] as [Character] where delimiter == "," || text.contains("→") {
        let dialect = CSVDialect(delimiter: delimiter, comment: "#")
        let whole = try Self.read(text, dialect)
        for size in [1, 2, 3, 7, 64] {
          #expect(try Self.read(text, dialect, blockSize: size) == whole, "\(size): \(text.debugDescription)")
        }
      }
    }
  }

  @Test func whatIsWrongIsToldWithItsPlace() throws {
    func error(_ text: String) throws -> CSVSyntaxError? {
      guard case .error(let error) = try Self.read(text) else { return nil }
      return error
    }
    #expect(try error("a,b\n1,\"2\n3") == CSVSyntaxError(fault: .unclosedQuote, line: 2, column: 2))
    #expect(try error("\"a\nb\",\"c\"d\n") == CSVSyntaxError(fault: .textBehindQuote, line: 2, column: 2))
    #expect(try error("a\r\nb\r\n\r\nc,d\0e") == CSVSyntaxError(fault: .nul, line: 4, column: 2))
    #expect(try error("a,\"d\0e\"") == CSVSyntaxError(fault: .nul, line: 1, column: 2))
    let bytes = Array("a\rä,".utf8) + [0xE4, 0x0A]
    #expect(try Self.read(bytes, blockSize: 3) == .error(CSVSyntaxError(fault: .notUTF8, line: 2, column: 2)))
  }

  @Test func linesAndBlanks() throws {
    #expect(try Self.records(" a , \"b\" ,\t\" c \"\n\n   \n\"\"\nd,,\n") == [["a", "b", "c"], ["d", "", ""]])
    // Where tabs divide, they are no blanks.
    #expect(try Self.records("a\t\tb\n\t\t\n", CSVDialect(delimiter: "\t")) == [["a", "", "b"], ["", "", ""]])
    #expect(try Self.records("5\" pipe,a\"\"b\n") == [["5\" pipe", "a\"\"b"]])
    #expect(try Self.records("# x, \"\n a,#b\n#\n", CSVDialect(comment: "#")) == [["a", "#b"]])
    guard case .records(_, let lines, let fieldLines) = try Self.read("a,b\r\n\r\n\"1\n2\r3\r\n4\",5\rc,d") else {
      Issue.record("it is a table")
      return
    }
    #expect(lines == [1, 3, 7] && fieldLines == [1, 1, 3, 6, 7, 7])
  }

  @Test func aFieldMayBeLongerThanBlocks() throws {
    let long = String(repeating: "x\"\"\n", count: 50_000)
    #expect(
      try Self.read("a,\"\(long)\"\n", blockSize: 64)
        == .records(
          [["a", long.replacing("\"\"", with: "\"").trimmingCharacters(in: [" "])]], lines: [1], fieldLines: [1, 1]))
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
  fileprivate var records: [[String]]? {
    if case .array(let records) = self { records.map { $0.elements.compactMap(\.text) } } else { nil }
  }
}
