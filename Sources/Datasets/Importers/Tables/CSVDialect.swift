import Foundations

/// How a table of text is written.
package struct CSVDialect: Sendable, Equatable {
  /// What stands between fields.
  package var delimiter: Character
  /// What lines begin with that are no data; `nil` if there are none.
  package var comment: Character?

  /// Creates a dialect.
  package init(delimiter: Character = ",", comment: Character? = nil) {
    self.delimiter = delimiter
    self.comment = comment
  }

  /// Whether a character can stand between fields or in front of comments: line ends and quotes have a meaning already.
  static func isAllowed(_ character: Character) -> Bool {
    character.unicodeScalars.count == 1 && !character.isNewline && character != "\"" && character != "\0"
  }

  /// The delimiter for people: `comma`, or `'x'`.
  var delimiterName: String {
    switch delimiter {
    case ",": "comma"
    case ";": "semicolon"
    case "\t": "tab"
    case "|": "vertical bar"
    case " ": "space"
    default: "'\(delimiter)'"
    }
  }

  /// What to do about a line that begins with # and is no record; `nil` where comments are set.
  var commentRemedy: TrainerError.Remedy? {
    comment == nil ? .init("commentLines", "if lines that begin with # are comments, set comment") : nil
  }

  /// What the first line of a table says of its delimiter: Excel reads a line `sep=;`, in quotes or not, as no data.
  ///
  /// - Returns: The delimiter and how many bytes the line takes with its end; `nil` if there is no such line.
  static func separatorLine(_ start: [UInt8]) -> (delimiter: Character, byteCount: Int)? {
    let isBreak = { (byte: UInt8) in byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
    // A mark of UTF-8, the quotes, the word and a character.
    guard let end = start.prefix(16).firstIndex(where: isBreak) else { return nil }
    var line = start[..<end]
    if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
    if line.count > 6, line.first == UInt8(ascii: "\""), line.last == UInt8(ascii: "\"") {
      line = line.dropFirst().dropLast()
    }
    guard let text = String(validating: line, as: UTF8.self), text.lowercased().hasPrefix("sep="),
      case let rest = text.dropFirst(4), rest.count == 1, let delimiter = rest.first, isAllowed(delimiter)
    else { return nil }
    let isPair = start[end] == UInt8(ascii: "\r") && end + 1 < start.count && start[end + 1] == UInt8(ascii: "\n")
    return (delimiter, end + (isPair ? 2 : 1))
  }

  /// The delimiter of a file where none is set: a tab by the file's name, else as ``guessedDelimiter(_:isWhole:comment:decimalMark:)``
  /// finds it in its first bytes.
  static func delimiter(
    ofFile path: String, _ start: [UInt8], isWhole: Bool, comment: Character?, decimalMark: CSVImport.DecimalMark
  ) -> Character {
    let name = path.lowercased()
    let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if stem.hasSuffix(".tsv") || stem.hasSuffix(".tab") { return "\t" }
    return guessedDelimiter(start, isWhole: isWhole, comment: comment, decimalMark: decimalMark)
  }

  /// The delimiter of a table that begins like this: of tab, semicolon, vertical bar and comma the one with which most of
  /// the first lines have as many fields as the first, if that has more than one. The comma comes last, because it also
  /// stands in numbers; and it is the answer where none fits.
  ///
  /// - Parameters:
  ///   - start: The first bytes of the file.
  ///   - isWhole: Whether these are all.
  ///   - decimalMark: What is no delimiter, because it stands in numbers.
  static func guessedDelimiter(
    _ start: [UInt8], isWhole: Bool, comment: Character?, decimalMark: CSVImport.DecimalMark
  ) -> Character {
    var best: (delimiter: Character, score: Int)?
    for delimiter in ["\t", ";", "|", ","] as [Character] where delimiter != decimalMark.character {
      var counter = FieldCounter()
      var tokenizer = CSVTokenizer(CSVDialect(delimiter: delimiter, comment: comment))
      // What is wrong with the file is said when it is read.
      do {
        _ = try start.withUnsafeBytes { try tokenizer.read($0, isLast: isWhole, into: &counter) }
      } catch _ {}
      // Of a first line that goes on behind these bytes, what has most fields.
      guard let first = counter.counts.first ?? counter.fieldCount, first > 1 else { continue }
      let score = counter.counts.isEmpty ? first : counter.counts.count { $0 == first }
      if score > best?.score ?? 0 { best = (delimiter, score) }
    }
    return best?.delimiter ?? (decimalMark == .comma ? ";" : ",")
  }
}

/// The numbers of fields of a table's first lines.
private struct FieldCounter: CSVConsumer {
  private struct Enough: Error {}
  private static let mostLines = 50

  private(set) var counts: [Int] = []
  /// The fields of the record that is not complete.
  private(set) var fieldCount: Int?

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) { fieldCount = column + 1 }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    counts.append(fieldCount)
    if counts.count == Self.mostLines { throw Enough() }
  }
}
