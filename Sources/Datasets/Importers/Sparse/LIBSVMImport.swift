import Foundations
import HDF5

/// Imports a sparse table of text in the format of SVMlight and LIBSVM: a line for each sample, its label and then its
/// inputs that are not zero, each as `index:value`; what follows a `#` is a comment.
///
/// Inputs are stored dense. Indices count from 1, or from 0 if a file has an index 0.
public struct LIBSVMImport: Importer {
  /// `libsvm`.
  public static let name = "libsvm"

  /// The file.
  public var path: String
  /// A file for the test group; without it `split` applies. Its samples have as many inputs as the others.
  public var testPath: String?
  /// What labels are. Automatic takes whole numbers of at most 50 kinds for classes, such as -1 and 1.
  public var task: CSVImport.LearningTask
  /// How inputs are stored.
  public var inputType: CSVImport.InputType
  /// How samples are divided where there is no test file.
  public var split: Split

  /// Creates an import of a file with the format's defaults.
  public init(path: String) { self.init(path: path, testPath: nil) }

  /// Creates an import.
  public init(
    path: String, testPath: String?, task: CSVImport.LearningTask = .automatic,
    inputType: CSVImport.InputType = .automatic, split: Split = .fifth
  ) {
    self.path = path
    self.testPath = testPath
    self.task = task
    self.inputType = inputType
    self.split = split
  }

  /// Whether its first lines are such samples, one of which has an input at least.
  public static func recognizes(_ source: ImportSource) -> Bool {
    SparseReader.recognizes(source.start, isCut: source.start.count == ImportSource.startSize)
  }

  /// The file, and that of the test group.
  public var sources: [String] { [path] + (testPath.map { [$0] } ?? []) }

  /// Reads the file twice: once to learn how many inputs there are and to check everything, once to store them.
  ///
  /// - Throws: `TrainerError` that names file and line and what is wrong there.
  public func read() throws -> ImportedSamples {
    let surveys = try sources.map { try SparseReader.survey($0) }
    let first = surveys.contains { $0.smallestIndex == 0 } ? 0 : 1
    let width = (surveys.map(\.largestIndex).max() ?? 0) + 1 - first
    guard width > 0 else { throw TrainerError(.data, "'\(path)' holds no inputs: no line has an index with a value") }
    let type = try storedType(surveys)
    let rowCount = surveys.reduce(0) { $0 + $1.labels.count }
    // The rows, their copies as they are divided, and a row as it is read.
    try MemoryLimit.require(
      Double(rowCount) * (2 * Double(width) * Double(type.byteCount) + 16) + 12 * Double(width),
      for: "'\(path)': \(rowCount) samples of \(width) inputs, stored dense,", code: .data,
      advice: "keep fewer of the inputs, or store less with the type float32")
    var rows: [NumberRows] = []
    for source in sources {
      rows.append(try SparseReader.rows(source, firstIndex: first, width: width, type: type.inputType))
    }
    let targets = try TargetArrays(
      surveys.map {
        .init(
          name: "the label column of '\($0.path)'",
          values: .numbers(NumberTable(shape: [$0.labels.count], values: $0.labels)))
      }, task: task)
    guard testPath == nil else {
      return ImportedSamples(
        groups: rows.indices.map { place in
          let inputs = rows[place].divide(into: [Array(0..<rows[place].count)])
          return .init(name: ["train", "test"][place], inputs: inputs[0], targets: targets.tables[place])
        }, classes: targets.classes)
    }
    let indices = split.indices(count: rows[0].count, labels: targets.labels)
    let divided = [indices.train, indices.test]
    return ImportedSamples(
      groups: zip(["train", "test"], zip(divided, rows[0].divide(into: divided))).map { name, group in
        .init(name: name, inputs: group.1, targets: targets.tables[0].selecting(rows: group.0))
      }, classes: targets.classes)
  }

  /// The type that holds the inputs of all files.
  private func storedType(_ surveys: [SparseSurvey]) throws -> NumberType {
    switch inputType {
    case .float64: return .float64
    case .automatic: return surveys.allSatisfy { $0.firstNoByte == nil } ? .uint8 : .float64
    case .uint8:
      for survey in surveys {
        guard let line = survey.firstNoByte else { continue }
        throw TrainerError(.data, "'\(survey.path)', line \(line): an input is no whole number from 0 to 255")
      }
      return .uint8
    case .float32:
      for survey in surveys {
        guard let line = survey.firstTooLarge else { continue }
        throw TrainerError(
          .data, "'\(survey.path)', line \(line): an input is larger than any number of float32; store float64")
      }
      return .float32
    }
  }
}

extension NumberType {
  fileprivate var inputType: CSVImport.InputType {
    switch self {
    case .uint8: .uint8
    case .float32: .float32
    default: .float64
    }
  }
}
