import Foundation
import Foundations
import HDF5

/// Imports a table of text: one sample a line, one column the target, the others inputs.
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

  /// How inputs are stored.
  public enum InputType: String, Sendable, CaseIterable {
    /// `uint8` if all are whole numbers from 0 to 255, else `float64`, which loses nothing.
    case automatic
    /// Unsigned bytes; anything else is an error.
    case uint8
    /// The nearest binary32 numbers.
    case float32
    /// The nearest binary64 numbers.
    case float64
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
  /// The character between fields; nil: a tab in `.tsv` and `.tab` files, else the first comma, semicolon or tab there is.
  public var delimiter: Character?
  /// What the target column holds.
  public var task: LearningTask
  /// How inputs are stored.
  public var inputType: InputType
  /// How samples are divided where there is no test file.
  public var split: Split

  /// Creates an import of a file whose last column is the target.
  public init(
    path: String, target: Column = .number(-1), drop: [Column] = [], testPath: String? = nil, hasHeader: Bool = true,
    delimiter: Character? = nil, task: LearningTask = .automatic, inputType: InputType = .automatic,
    split: Split = .fifth
  ) {
    self.path = path
    self.target = target
    self.drop = drop
    self.testPath = testPath
    self.hasHeader = hasHeader
    self.delimiter = delimiter
    self.task = task
    self.inputType = inputType
    self.split = split
  }

  /// Creates an import of a file whose last column is the target.
  public init(path: String) { self.init(path: path, target: .number(-1)) }

  /// Whether it begins with a line of text in UTF-8.
  public static func recognizes(_ source: ImportSource) -> Bool {
    let isBreak = { (byte: UInt8) in byte == 0x0a || byte == 0x0d }
    // Whole lines: a character may be cut where the bytes end.
    guard let end = source.start.lastIndex(where: isBreak) else { return false }
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
    let train = try read(path)
    let test = try testPath.map(read)
    if let test, let testPath, test.features != train.features {
      throw TrainerError(.data, "the input columns of '\(testPath)' are not those of '\(path)'")
    }
    let all = [train] + (test.map { [$0] } ?? [])
    let targets = try CSVTargets(all, task: task)
    let type = try storedType(all)

    func group(_ name: String, _ table: CSVTable, _ targets: NumberTable, rows: [Int]) -> DatasetWriter.Group {
      let inputs = table.inputs(as: type).selecting(rows: rows)
      return DatasetWriter.Group(name: name, inputs: inputs, targets: targets.selecting(rows: rows))
    }
    var groups: [DatasetWriter.Group]
    if let test {
      groups = [
        group("train", train, targets.tables[0], rows: Array(0..<train.rowCount)),
        group("test", test, targets.tables[1], rows: Array(0..<test.rowCount)),
      ]
    } else {
      let indices = split.indices(count: train.rowCount, labels: targets.labels)
      groups = [
        group("train", train, targets.tables[0], rows: indices.train),
        group("test", train, targets.tables[0], rows: indices.test),
      ]
    }
    // Names beyond what an attribute holds would fail the whole file; inputs are known by their place, too.
    let features = hasHeader && train.features.count <= maximumNamedClassCount ? train.features : nil
    return ImportedSamples(groups: groups, classes: targets.classes, features: features)
  }

  private func read(_ path: String) throws -> CSVTable {
    try CSVTable.read(path: path, hasHeader: hasHeader, delimiter: delimiter, target: target, drop: drop)
  }

  private func storedType(_ tables: [CSVTable]) throws -> NumberType {
    switch inputType {
    case .float32:
      for table in tables {
        guard let place = table.values.firstIndex(where: { !Float($0).isFinite }) else { continue }
        throw table.error(at: place, "'\(table.values[place])' is larger than any number of float32; store float64")
      }
      return .float32
    case .float64: return .float64
    case .uint8, .automatic:
      for table in tables {
        guard let place = table.values.firstIndex(where: { UInt8(exactly: $0) == nil }) else { continue }
        if inputType == .automatic { return .float64 }
        throw table.error(at: place, "'\(table.values[place])' is no whole number from 0 to 255")
      }
      return .uint8
    }
  }
}
