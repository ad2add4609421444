import Foundations

/// Imports arrays in NumPy's format: an array of inputs with one of targets, or a table one of whose columns is the target.
///
/// Element types stay as they are, but for booleans, which become bytes, and half-precision numbers, which become float32.
public struct NPYImport: Importer {
  /// `npy`.
  public static let name = "npy"

  /// The file of inputs, one row a sample; without a file of targets, the table.
  public var path: String
  /// The file of targets; nil if they are a column of the table.
  public var targets: String?
  /// The target column of a table, by its place.
  public var target: CSVImport.Column
  /// The file of the test group's inputs; without it `split` applies.
  public var testInputs: String?
  /// The file of the test group's targets; given exactly if both `testInputs` and `targets` are.
  public var testTargets: String?
  /// What the targets are. Automatic takes texts, booleans, and whole numbers of at most 50 kinds for classes.
  public var task: CSVImport.LearningTask
  /// How samples are divided where there is no test file.
  public var split: Split

  /// Creates an import of a file whose last column is the target.
  public init(path: String) { self.init(path: path, targets: nil) }

  /// Creates an import of these files.
  public init(
    path: String, targets: String?, target: CSVImport.Column = .number(-1), testInputs: String? = nil,
    testTargets: String? = nil, task: CSVImport.LearningTask = .automatic, split: Split = .fifth
  ) {
    self.path = path
    self.targets = targets
    self.target = target
    self.testInputs = testInputs
    self.testTargets = testTargets
    self.task = task
    self.split = split
  }

  /// Whether it begins as such a file does.
  public static func recognizes(_ source: ImportSource) -> Bool { source.start.starts(with: NPYHeader.mark) }

  /// The files.
  public var sources: [String] { [path, targets, testInputs, testTargets].compactMap(\.self) }

  /// Reads the files.
  ///
  /// - Throws: `TrainerError` that names the file and what is wrong with it.
  public func read() throws -> ImportedSamples {
    guard testTargets == nil || testInputs != nil, testInputs == nil || (testTargets == nil) == (targets == nil) else {
      throw TrainerError(
        .usage, "the test group's targets come from a file exactly if the others do",
        remedy: .init("testInputs", "name files of inputs and of targets for both groups"))
    }
    var groups = [try samples("train", path, targets)]
    if let testInputs { groups.append(try samples("test", testInputs, testTargets)) }
    return try ArraySamples.imported(groups, task: task, split: split)
  }

  private func samples(_ group: String, _ path: String, _ targets: String?) throws -> ArraySamples {
    let inputs = try NPYFile(path: path)
    guard let targets else {
      return try ArraySamples(
        group: group, table: inputs.values(), named: inputs.name, target: target, areBooleans: inputs.areBooleans)
    }
    let file = try NPYFile(path: targets)
    return try ArraySamples(
      group: group, inputs: inputs.values(), named: inputs.name,
      targets: .init(name: file.name, values: file.values(), areBooleans: file.areBooleans))
  }
}
