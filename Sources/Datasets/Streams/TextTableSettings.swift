import Foundations

/// How a table of text is to be read, for what its contents do not tell.
public struct TextTableSettings: Sendable, Equatable {
  /// Whether the first line holds the columns' names.
  public var hasHeader: Bool
  /// Whether a first line of numbers alone can hold the columns' names. Without this it is refused, unless they are
  /// names that the model knows.
  public var namesMayBeNumbers: Bool
  /// What stands between fields; `nil` to find out.
  public var delimiter: Character?
  /// What lines begin with that are no data; `nil` if there are none.
  public var comment: Character?
  /// What stands between the whole part of a number and its fraction.
  public var decimalMark: CSVImport.DecimalMark
  /// Spellings of a missing value beside the usual ones.
  public var missing: [String]

  /// Creates settings; without arguments those of most tables.
  public init(
    hasHeader: Bool = true, delimiter: Character? = nil, comment: Character? = nil,
    decimalMark: CSVImport.DecimalMark = .point, missing: [String] = [], namesMayBeNumbers: Bool = false
  ) {
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
    if let delimiter, delimiter == comment {
      throw TrainerError(.usage, "'\(delimiter)' cannot be the delimiter, since it begins comments")
    }
  }
}
