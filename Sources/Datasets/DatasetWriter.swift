import Foundations
import HDF5

/// Writes files in the dataset format: groups `train`, `validation`, `test` of row-aligned `inputs` and `targets`.
public struct DatasetWriter: Sendable {
  /// The samples of one group.
  public struct Group: Sendable {
    /// `train`, `validation` or `test`.
    public var name: String
    /// One row a sample.
    public var inputs: DatasetInputs
    /// One row a sample: class labels or numbers.
    public var targets: NumberTable

    /// Creates a group of inputs in one array.
    public init(name: String, inputs: NumberTable, targets: NumberTable) {
      self.init(name: name, inputs: .array(inputs), targets: targets)
    }

    /// Creates a group.
    public init(name: String, inputs: DatasetInputs, targets: NumberTable) {
      self.name = name
      self.inputs = inputs
      self.targets = targets
    }
  }

  /// Rows of one chunk; nil stores contiguously, aligned to 64 bytes.
  public var chunkRows: Int?
  /// The level of compression, 0 to 9, with shuffled bytes; nil for none. Without `chunkRows`, chunks have about 256 KiB.
  public var deflate: Int?
  /// Whether a file of that name is replaced; otherwise its presence is an error.
  public var overwrite: Bool

  /// An attribute of more texts takes more than 64 KiB, 16 bytes for each, which only a newer format of files holds.
  private static let mostNamesOfSmallAttributes = 4000

  /// The attribute of inputs that names columns of their source which were left out.
  static let unusedName = "unused"

  /// Creates a writer; without arguments for contiguous storage that replaces nothing.
  public init(chunkRows: Int? = nil, deflate: Int? = nil, overwrite: Bool = false) {
    self.chunkRows = chunkRows
    self.deflate = deflate
    self.overwrite = overwrite
  }

  /// Writes a file that is complete or absent; groups without samples are left out.
  ///
  /// - Parameters:
  ///   - groups: the samples.
  ///   - classes: the classes' names, stored as attribute `classes` of `targets`; nil for regression.
  ///   - features: the names of the columns of inputs in one array, stored as attribute `features` of `inputs`; nil if they
  ///     have none.
  ///   - unusedColumns: the names of the columns of their source that are neither inputs nor the target, stored as attribute
  ///     `unused` of `inputs` if there are any.
  ///   - targetName: the name that the target had where it comes from, stored as attribute `name` of `targets`; nil if it
  ///     had none.
  ///   - path: the file.
  ///   - inputs: the files that the samples come from, which it cannot replace.
  /// - Throws: `TrainerError`, with exit code `data` if the samples are no dataset, otherwise `usage`.
  public func write(
    groups: [Group], classes: [String]? = nil, features: [String]? = nil, unusedColumns: [String] = [],
    targetName: String? = nil, to path: String, from inputs: [String] = []
  ) throws {
    try check(groups)
    try checkOutput(path, inputs: inputs)
    do {
      try OutputFile(path, mayReplace: overwrite, inputs: inputs).write { temporary in
        let file = try File.create(
          at: temporary, alignment: 64,
          largeAttributes: max(features?.count ?? 0, unusedColumns.count) > Self.mostNamesOfSmallAttributes)
        try fill(
          file, groups.filter { $0.inputs.rowCount > 0 }, names: ("inputs", "targets"), classes: classes,
          features: features, unusedColumns: unusedColumns, targetName: targetName)
        try file.close()
      } verify: { temporary in
        let file = try File.open(at: temporary, isTrusted: true)
        for group in groups where group.inputs.rowCount > 0 {
          _ = try file.root.dataset("\(group.name)/targets")
        }
        try file.close()
      }
    } catch let refusal as OutputFile.Refusal {
      throw TrainerError(.usage, refusal.description)
    } catch let error as HDF5Error {
      throw TrainerError(.usage, "\(path) cannot be written: \(error.cause.lowercased())")
    }
  }

  /// Writes the groups and the datasets in them.
  package func fill(
    _ file: HDF5.File, _ groups: [Group], names: (inputs: String, targets: String), classes: [String]?,
    features: [String]?, unusedColumns: [String] = [], targetName: String? = nil
  ) throws {
    for group in groups {
      let node = try file.root.createGroup(group.name)
      switch group.inputs {
      case .array(let array):
        let inputs = try write(array, names.inputs, in: node)
        if let features { try inputs.setAttribute("features", to: features) }
        if !unusedColumns.isEmpty { try inputs.setAttribute(Self.unusedName, to: unusedColumns) }
      case .table(let table):
        let inputs = try node.createGroup(names.inputs)
        if !unusedColumns.isEmpty { try inputs.setAttribute(Self.unusedName, to: unusedColumns) }
        try inputs.createDataset(StoredTable.schemaName, text: StoredTable.schema(of: table.features))
        for (kind, block) in table.blocks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
          _ = try write(block, kind.datasetName, in: inputs)
        }
      }
      let targets = try write(group.targets, names.targets, in: node)
      if let classes { try targets.setAttribute("classes", to: classes) }
      if let targetName { try targets.setAttribute("name", to: targetName) }
    }
  }

  /// Checks, before a long import, that the output may be written.
  ///
  /// - Parameter inputs: The files that the samples come from, which the output cannot replace.
  /// - Throws: `TrainerError` with exit code `usage`.
  public func checkOutput(_ path: String, inputs: [String] = []) throws {
    try OutputFile.explaining { try OutputFile(path, mayReplace: overwrite, inputs: inputs).check() }
    guard deflate.map((0...9).contains) ?? true else {
      throw TrainerError(.usage, "the level of compression is between 0 and 9, not \(deflate ?? 0)")
    }
    guard chunkRows.map({ $0 > 0 }) ?? true else {
      throw TrainerError(.usage, "a chunk has at least one row, not \(chunkRows ?? 0)")
    }
  }

  private func check(_ groups: [Group]) throws {
    guard groups.first(where: { $0.name == "train" }).map({ $0.inputs.rowCount > 0 }) ?? false else {
      throw TrainerError(.data, "the dataset has no sample in its group 'train'")
    }
    for group in groups where group.inputs.rowCount != group.targets.rowCount {
      throw TrainerError(
        .data,
        "group '\(group.name)' has \(group.inputs.rowCount) inputs and \(group.targets.rowCount) targets; "
          + "each sample needs one of both")
    }
  }

  private func write(_ table: NumberTable, _ name: String, in group: HDF5.Group) throws -> Dataset {
    var chunk: [Int]?
    if chunkRows != nil || deflate != nil {
      let rows = chunkRows ?? max(1, (1 << 18) / max(1, table.rowByteCount))
      chunk = [min(rows, table.rowCount)] + table.shape.dropFirst()
    }
    let dataset = try group.createDataset(
      name, shape: table.shape, type: .number(table.type),
      properties: .datasetCreation(chunk: chunk, deflate: deflate, shuffle: deflate != nil))
    try table.bytes.withUnsafeBytes { try dataset.write(bytes: $0, of: table.type) }
    return dataset
  }
}
