import Foundation
import Foundations
import HDF5

/// Imports a table of text: one sample a line, one column the target, the others inputs.
///
/// Inputs that all are numbers without gaps become one array. Otherwise they become a ``StoredTable``, raw, each column of
/// a kind that is inferred from all of its values, in the test file too, or set by ``kinds``:
///
/// - number: all values that are not missing are decimal numbers;
/// - boolean: all are `true`, `false`, `yes`, `no`, `t`, `f`, `y` or `n` in letters of any case; where all are one letter,
///   both must occur;
/// - date: all are dates, or points in time, of ISO 8601;
/// - ignored: no row has a value; or the column is text of more than 50 different values of which there are more than half
///   as many as rows with a value, or of more than 10 000, such as names and free text;
/// - category: any other text. Its categories are the texts as they stand there: `01` and `1` are two.
///
/// A column all but less than 2 % of which are numbers, or dates, is refused: what is none is a slip or stands for a
/// missing value.
public struct CSVImport: Importer {
  /// `csv`; files of tab-separated values are such tables too.
  public static let name = "csv"

  /// What the target column holds.
  public enum LearningTask: String, Sendable, CaseIterable {
    /// Classes if the column holds text, or whole numbers of at most 50 kinds; numbers otherwise. A column of which more
    /// than half, but not all, are numbers is refused.
    case automatic
    /// Classes, named by the texts in the column. Their order is that of the numbers if all are, else the texts' own. 1 and
    /// 1.0 are one class if all are numbers, unless one is a code with a zero in front, such as 01: then none are joined.
    case classification
    /// Numbers.
    case regression
  }

  /// A column, by its name or its place.
  public enum Column: Sendable, Equatable, CustomStringConvertible {
    /// By its name in the header.
    case name(String)
    /// By its place, counted from 1; from the last, which is -1, if negative.
    case number(Int)

    /// For people: `'species'` or `column 3`.
    public var description: String {
      switch self {
      case .name(let name): "column '\(name)'"
      case .number(let number): "column \(number)"
      }
    }
  }

  /// What stands between the whole part of a number and its fraction.
  public enum DecimalMark: String, Sendable, CaseIterable {
    /// As in 0.5.
    case point = "."
    /// As in 0,5.
    case comma = ","

    var character: Character { self == .point ? "." : "," }
    var byte: UInt8 { self == .point ? UInt8(ascii: ".") : UInt8(ascii: ",") }
  }

  /// In which order the parts of a date stand.
  public enum DateOrder: String, Sendable, CaseIterable {
    /// As ISO 8601 has it: 2024-12-03.
    case yearFirst = "year-first"
    /// The day, the month and the year, with a point, a slash or a hyphen between them: 3.12.2024. ISO 8601 is read as well.
    case dayFirst = "day-first"
    /// The month, the day and the year: 12/3/2024. ISO 8601 is read as well.
    case monthFirst = "month-first"
  }

  /// How numbers are stored.
  public enum InputType: String, Sendable, CaseIterable {
    /// `uint8` if all are whole numbers from 0 to 255, else `float64`, the nearest binary64 numbers; a whole number that
    /// they would round is an error, since such a number is a name more often than an amount.
    case automatic
    /// Unsigned bytes; anything else is an error.
    case uint8
    /// The nearest binary32 numbers.
    case float32
    /// The nearest binary64 numbers.
    case float64

    /// Whether whole numbers may be rounded, since the type was chosen.
    var allowsRounding: Bool { self == .float32 || self == .float64 }
  }

  /// The file.
  public var path: String
  /// The target column.
  public var target: Column
  /// Columns that are neither input nor target, such as row numbers.
  public var drop: [Column]
  /// A file of the same columns for the test group; without it `split` applies.
  public var testPath: String?
  /// Whether the first line names the columns.
  public var hasHeader: Bool
  /// The character between fields; nil: a tab in `.tsv` and `.tab` files, else the one of tab, semicolon, vertical bar and
  /// comma that divides the first lines evenly.
  public var delimiter: Character?
  /// What lines begin with that are no data, such as `#`; nil if there are none.
  public var comment: Character?
  /// What stands between the whole part of a number and its fraction.
  public var decimalMark: DecimalMark
  /// What the target column holds.
  public var task: LearningTask
  /// How inputs that are numbers are stored.
  public var inputType: InputType
  /// Whether a first line in which all inputs' names are numbers is taken for names. Without this it is refused, unless they
  /// count up from 0, as pandas writes them, or the target was found by its name.
  public var namesMayBeNumbers = false
  /// What columns of inputs are set to be; the kinds of the others are inferred.
  public var kinds: [(column: Column, kind: ColumnKind)] = []
  /// How a missing value is spelt, without blanks around it; ``usualMissing`` if nothing is set. A spelling that is a number,
  /// such as -999, also stands for the other ways to write that number.
  public var missing: [String] = CSVImport.usualMissing
  /// What may stand between thousands: a comma, a point, a blank or another ASCII character that is no digit, sign or letter and not
  /// ``decimalMark``. Digits behind it come by three. `nil` for nothing.
  public var thousandsMark: Character?
  /// In which order the parts of dates stand.
  public var dateOrder: DateOrder = .yearFirst
  /// Whether rows without a target are left out; otherwise they are an error.
  public var dropMissingTargets = false
  /// How samples are divided where there is no test file.
  public var split: Split
  /// The bytes that a thread reads at a time, which changes no result; nil for as many as the lines' length suggests.
  package var blockSize: Int?
  /// The bytes of rows that are kept in memory until all are known, where they can be kept in a file; it changes no result.
  package var mostRowBytesInMemory = 16 << 20
  /// Whether the file holds JSON lines: records all the same, of which only the text is another.
  var isJSONLines = false
  /// How many threads read; nil for as many as there are cores. It changes no result.
  package var threads: Int?

  /// How a missing value is spelt where nothing else is set: an empty field, and the spellings of pandas' `read_csv`, such
  /// as `NA`, `NaN` and `null`.
  public static let usualMissing = FieldValues.usualMissing

  /// Creates an import of a file whose last column is the target.
  public init(
    path: String, target: Column = .number(-1), drop: [Column] = [], testPath: String? = nil, hasHeader: Bool = true,
    delimiter: Character? = nil, comment: Character? = nil, decimalMark: DecimalMark = .point,
    task: LearningTask = .automatic, inputType: InputType = .automatic, split: Split = .fifth
  ) {
    self.path = path
    self.target = target
    self.drop = drop
    self.testPath = testPath
    self.hasHeader = hasHeader
    self.delimiter = delimiter
    self.comment = comment
    self.decimalMark = decimalMark
    self.task = task
    self.inputType = inputType
    self.split = split
  }

  /// Creates an import of a file whose last column is the target.
  public init(path: String) { self.init(path: path, target: .number(-1)) }

  /// Whether it begins with text in UTF-8.
  public static func recognizes(_ source: ImportSource) -> Bool {
    let isBreak = { (byte: UInt8) in byte == 0x0a || byte == 0x0d }
    // Whole lines, or, of one that does not end here, whole characters: the last may be cut.
    let end = source.start.lastIndex(where: isBreak) ?? source.start.lastIndex { $0 < 0x80 }
    guard let end else { return false }
    let lines = source.start[..<end]
    return lines.allSatisfy { $0 >= 0x20 || $0 == 0x09 || isBreak($0) }
      && String(validating: lines, as: UTF8.self) != nil
  }

  /// The file, and that of the test group.
  public var sources: [String] { [path] + (testPath.map { [$0] } ?? []) }

  /// Reads the file.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there.
  public func read() throws -> ImportedSamples {
    try checkCharacters()
    return try CSVReading(settings: self).samples(spool: RowSpool(directory: nil)).inMemory()
  }

  /// Reads the file and writes the dataset file, in memory that does not grow with the rows: those are kept in a nameless
  /// file in the output's directory until all are known, which has room for them then.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there, or that the output cannot be
  ///   written.
  @discardableResult
  public func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary {
    try writer.checkOutput(output, inputs: sources)
    try checkCharacters()
    return try CSVReading(settings: self).write(to: output, with: writer)
  }

  /// What its fields stand for.
  var fields: FieldValues {
    FieldValues(decimalMark: decimalMark, missing: missing, thousandsMark: thousandsMark, dateOrder: dateOrder)
  }

  /// Finds that a character can stand between thousands.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  static func check(thousandsMark mark: Character?, decimalMark: DecimalMark) throws {
    guard let mark,
      mark == decimalMark.character || mark.asciiValue == nil || mark.isNumber || mark.isLetter
        || ["+", "-", "\"", "\0", "\n", "\r"].contains(mark)
    else { return }
    throw TrainerError(
      .usage,
      "'\(mark)' cannot stand between thousands; expected another character of ASCII than the decimal mark, a digit, a sign, "
        + "a letter or a quote")
  }

  private func checkCharacters() throws {
    for (name, character) in [("delimiter", delimiter), ("comment", comment)] {
      guard let character, !CSVDialect.isAllowed(character) else { continue }
      throw TrainerError(.usage, "the \(name) is one character and no quote, line end or NUL, not '\(character)'")
    }
    try Self.check(thousandsMark: thousandsMark, decimalMark: decimalMark)
    if let delimiter, delimiter == comment {
      throw TrainerError(.usage, "'\(delimiter)' cannot be the delimiter, since it begins comments")
    }
  }
}
