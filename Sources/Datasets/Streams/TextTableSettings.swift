import Foundations

/// How a table of text with new rows is to be read, where it is not as the table was that the model was trained on, or, where
/// that was no table of text, as most are.
public struct TextTableSettings: Sendable, Equatable {
  /// Whether the first line holds the columns' names; `nil` for as in training.
  public var hasHeader: Bool?
  /// Whether a first line of numbers alone can hold the columns' names. Without this it is refused, unless they are
  /// names that the model knows.
  public var namesMayBeNumbers: Bool
  /// What stands between fields; `nil` to find out.
  public var delimiter: Character?
  /// What lines begin with that are no data; `nil` for as in training.
  public var comment: Character?
  /// What stands between the whole part of a number and its fraction; `nil` for as in training.
  public var decimalMark: CSVImport.DecimalMark?
  /// What may stand between thousands; `nil` for as in training.
  public var thousandsMark: Character?
  /// In which order the parts of dates stand; `nil` for as in training.
  public var dateOrder: CSVImport.DateOrder?
  /// Spellings of a missing value beside those of training.
  public var missing: [String]

  /// Creates settings; without arguments for tables as in training.
  public init(
    hasHeader: Bool? = nil, delimiter: Character? = nil, comment: Character? = nil,
    decimalMark: CSVImport.DecimalMark? = nil, missing: [String] = [], namesMayBeNumbers: Bool = false,
    thousandsMark: Character? = nil, dateOrder: CSVImport.DateOrder? = nil
  ) {
    self.thousandsMark = thousandsMark
    self.dateOrder = dateOrder
    self.hasHeader = hasHeader
    self.namesMayBeNumbers = namesMayBeNumbers
    self.delimiter = delimiter
    self.comment = comment
    self.decimalMark = decimalMark
    self.missing = missing
  }

  /// Finds that the characters can be what they are meant for.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  func check() throws {
    for (name, character) in [("delimiter", delimiter), ("comment", comment)] {
      guard let character, !CSVDialect.isAllowed(character) else { continue }
      throw TrainerError(.usage, "the \(name) is one character and no quote, line end or NUL, not '\(character)'")
    }
    if let decimalMark { try CSVImport.check(thousandsMark: thousandsMark, decimalMark: decimalMark) }
    if let delimiter, delimiter == comment {
      throw TrainerError(.usage, "'\(delimiter)' cannot be the delimiter, since it begins comments")
    }
  }
}
