import Foundations

/// Imports arrays from NumPy's archive of arrays, by their names.
///
/// Element types stay as they are, as in ``NPYImport``.
public struct NPZImport: Importer {
  /// `npz`.
  public static let name = "npz"

  /// The file.
  public var path: String
  /// The array of inputs; nil for the one of a usual name: `x_train`, `x`, `inputs`, `data` and such, with small or large
  /// letters. Then the groups `test` and `validation` have the arrays of such names, too.
  public var inputs: String?
  /// The array of targets; given exactly if `inputs` is.
  public var targets: String?
  /// The array of the test group's inputs; nil for none, or for the usual name if `inputs` is nil.
  public var testInputs: String?
  /// The array of the test group's targets; given exactly if `testInputs` is.
  public var testTargets: String?
  /// What the targets are. Automatic takes texts, booleans, and whole numbers of at most 50 kinds for classes.
  public var task: CSVImport.LearningTask
  /// How samples are divided where there is no other group.
  public var split: Split

  /// Creates an import of the arrays with usual names.
  public init(path: String) { self.init(path: path, inputs: nil) }

  /// Creates an import of these arrays.
  public init(
    path: String, inputs: String?, targets: String? = nil, testInputs: String? = nil, testTargets: String? = nil,
    task: CSVImport.LearningTask = .automatic, split: Split = .fifth
  ) {
    self.path = path
    self.inputs = inputs
    self.targets = targets
    self.testInputs = testInputs
    self.testTargets = testTargets
    self.task = task
    self.split = split
  }

  /// Whether it is a ZIP archive whose first member is an array.
  public static func recognizes(_ source: ImportSource) -> Bool { isBeginning(source.start) }

  static func isBeginning(_ start: [UInt8]) -> Bool {
    guard ZIPArchive.isBeginning(start), start.count >= 30 else { return false }
    let length = Int(start[26]) | Int(start[27]) << 8
    return start.dropFirst(30).prefix(length).suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }

  private static let suffix = ".npy"

  /// The file.
  public var sources: [String] { [path] }

  /// The names of inputs and targets that people use. `train` in one stands for the other groups, too.
  static let usualNames = [
    ("x_train", "y_train"), ("train_x", "train_y"), ("train_images", "train_labels"), ("train_inputs", "train_targets"),
    ("train_data", "train_labels"), ("inputs_train", "targets_train"), ("x", "y"), ("inputs", "targets"),
    ("data", "labels"), ("data", "target"), ("data", "targets"), ("images", "labels"), ("features", "labels"),
    ("features", "targets"), ("features", "target"),
  ]
  /// What stands in place of `train` in the names of other groups.
  static let otherGroups = [("validation", ["val", "valid", "validation"]), ("test", ["test"])]

  private struct Pair {
    let group: String
    let inputs: String
    let targets: String
  }

  /// Reads the arrays.
  ///
  /// - Throws: `TrainerError` that names file and array and what is wrong with it.
  public func read() throws -> ImportedSamples {
    let archive = try ZIPArchive(StreamedBytes(path: path))
    let groups = try pairs(among: Self.arrays(of: archive)).map { pair in
      let inputs = try array(pair.inputs, in: archive)
      let values = try inputs.values()
      let targets = try array(pair.targets, in: archive)
      return try ArraySamples(
        group: pair.group, inputs: values, named: inputs.name,
        targets: .init(name: targets.name, values: targets.values(), areBooleans: targets.areBooleans))
    }
    return try ArraySamples.imported(groups, task: task, split: split)
  }

  private func array(_ name: String, in archive: ZIPArchive) throws -> NPYFile {
    try Self.array(name, in: archive, path)
  }

  /// The names of an archive's arrays.
  static func arrays(of archive: ZIPArchive) -> [String] {
    archive.members.filter { $0.name.hasSuffix(suffix) }.map { String($0.name.dropLast(suffix.count)) }
  }

  static func array(_ name: String, in archive: ZIPArchive, _ path: String) throws -> NPYFile {
    guard let member = archive.members.first(where: { $0.name == name + Self.suffix }) else {
      let names = arrays(of: archive)
      let near = suggestion(for: name, among: names).map { "; did you mean \($0)?" } ?? ""
      throw TrainerError(.data, "'\(path)' has no array '\(name)', but \(Self.list(names))\(near)")
    }
    return try NPYFile(archive.open(member, name: "'\(path)': the array '\(name)'"))
  }

  /// The arrays of the groups: those that were named, or those with usual names.
  private func pairs(among arrays: [String]) throws -> [Pair] {
    guard (inputs == nil) == (targets == nil), (testInputs == nil) == (testTargets == nil),
      testInputs == nil || inputs != nil
    else {
      throw TrainerError(
        .usage, "arrays of inputs and of targets are named together, and those of a test group beside others",
        remedy: .init("arrays", "name both arrays of each group"))
    }
    guard let inputs, let targets else { return try usualPairs(among: arrays) }
    var pairs = [Pair(group: "train", inputs: inputs, targets: targets)]
    if let testInputs, let testTargets { pairs.append(Pair(group: "test", inputs: testInputs, targets: testTargets)) }
    return pairs
  }

  private func usualPairs(among arrays: [String]) throws -> [Pair] {
    func find(_ name: String) throws -> String? {
      try Self.find(name, among: arrays, path, remedy: .init("arrays", "name the arrays that are meant"))
    }
    for names in Self.usualNames {
      guard let inputs = try find(names.0), let targets = try find(names.1) else { continue }
      var pairs = [Pair(group: "train", inputs: inputs, targets: targets)]
      for (group, words) in Self.otherGroups where names.0.contains("train") {
        for word in words {
          let others = [names.0, names.1].map { $0.replacing("train", with: word) }
          switch (try find(others[0]), try find(others[1])) {
          case (let inputs?, let targets?): pairs.append(Pair(group: group, inputs: inputs, targets: targets))
          case (nil, nil): continue
          case (let one, let other):
            throw TrainerError(
              .data, "'\(path)' has the array '\(one ?? other ?? "")' without '\(one == nil ? others[0] : others[1])'",
              remedy: .init("arrays", "name the arrays that are meant"))
          }
        }
      }
      guard Set(pairs.map(\.group)).count == pairs.count else {
        throw TrainerError(
          .data, "'\(path)' has several arrays for one group: \(Self.list(pairs.map(\.inputs)))",
          remedy: .init("arrays", "name the arrays that are meant"))
      }
      return pairs
    }
    throw TrainerError(
      .data, "'\(path)' has \(Self.list(arrays)), and no inputs and targets of usual names, such as x and y",
      remedy: .init("arrays", "name the arrays of inputs and of targets"))
  }

  /// The array of a name in letters of any size.
  static func find(
    _ name: String, among arrays: [String], _ path: String, remedy: TrainerError.Remedy
  ) throws -> String? {
    let found = arrays.filter { $0.lowercased() == name }
    guard found.count < 2 else {
      throw TrainerError(.data, "'\(path)' has the arrays \(list(found))", remedy: remedy)
    }
    return found.first
  }

  static func list(_ names: [String]) -> String {
    guard !names.isEmpty else { return "no arrays" }
    let most = 8
    let rest = names.count > most ? " and \(names.count - most) more" : ""
    return names.prefix(most).map { "'\($0)'" }.joined(separator: ", ") + rest
  }
}
