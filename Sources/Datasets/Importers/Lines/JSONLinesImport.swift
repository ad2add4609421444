import Foundations

/// Imports JSON lines: an object a line, whose keys are columns. A column's values are numbers, texts, `true` and `false`;
/// `null`, Python's `NaN`, a text without characters and a key that a line lacks are missing values.
///
/// Kinds of columns are those of a table of text (``CSVImport``), and so is what is stored: a text that is a number counts
/// as one. Columns come in the order in which their keys do.
public struct JSONLinesImport: Importer {
  /// `jsonl`.
  public static let name = "jsonl"

  /// The file.
  public var path: String
  /// The target column.
  public var target: CSVImport.Column
  /// Columns that are neither input nor target, such as row numbers.
  public var drop: [CSVImport.Column]
  /// A file of the same columns for the test group; without it `split` applies.
  public var testPath: String?
  /// What the target column holds.
  public var task: CSVImport.LearningTask
  /// How inputs that are numbers are stored.
  public var inputType: CSVImport.InputType
  /// What columns of inputs are set to be; the kinds of the others are inferred.
  public var kinds: [(column: CSVImport.Column, kind: ColumnKind)] = []
  /// Texts and numbers that stand for a missing value, too.
  public var missing: [String] = []
  /// Whether rows without a target are left out; otherwise they are an error.
  public var dropMissingTargets = false
  /// How samples are divided where there is no test file.
  public var split: Split

  /// Creates an import of a file whose last column is the target.
  public init(path: String) { self.init(path: path, target: .number(-1)) }

  /// Creates an import.
  public init(
    path: String, target: CSVImport.Column, drop: [CSVImport.Column] = [], testPath: String? = nil,
    task: CSVImport.LearningTask = .automatic, inputType: CSVImport.InputType = .automatic, split: Split = .fifth
  ) {
    self.path = path
    self.target = target
    self.drop = drop
    self.testPath = testPath
    self.task = task
    self.inputType = inputType
    self.split = split
  }

  /// Whether its first line that is not blank begins an object.
  public static func recognizes(_ source: ImportSource) -> Bool { isBeginning(text: source.start) }

  /// Whether the first line of a text that is not blank begins an object.
  static func isBeginning(text: [UInt8]) -> Bool {
    var text = text[...]
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
    return isBeginning(text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) })
  }

  /// Whether a line begins an object with a key in quotes, or an empty one.
  static func isBeginning(_ line: ArraySlice<UInt8>) -> Bool {
    guard line.first == UInt8(ascii: "{") else { return false }
    let next = line.dropFirst().first { $0 != 0x20 && $0 != 0x09 }
    return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
  }

  /// The file, and that of the test group.
  public var sources: [String] { [path] + (testPath.map { [$0] } ?? []) }

  /// Reads the file.
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there.
  public func read() throws -> ImportedSamples {
    try CSVReading(settings: settings).samples(spool: RowSpool(directory: nil)).inMemory()
  }

  /// Reads the file and writes the dataset file, in memory that does not grow with the rows (``CSVImport``).
  ///
  /// - Throws: `TrainerError` that names file, line and column and what is wrong there, or that the output cannot be
  ///   written.
  @discardableResult
  public func write(to output: String, with writer: DatasetWriter) throws -> ImportSummary {
    try writer.checkOutput(output, inputs: sources)
    return try CSVReading(settings: settings).write(to: output, with: writer)
  }

  /// The same import of a table of text.
  private var settings: CSVImport {
    var settings = CSVImport(
      path: path, target: target, drop: drop, testPath: testPath, task: task, inputType: inputType, split: split)
    settings.isJSONLines = true
    settings.kinds = kinds
    settings.missing = [""] + missing
    settings.dropMissingTargets = dropMissingTargets
    return settings
  }
}
