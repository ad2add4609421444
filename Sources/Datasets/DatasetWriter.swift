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
  ///   - spelling: how the table of text was written that the samples come from, stored as attribute `spelling` of `inputs`
  ///     where it is not as most are; nil where they come from none.
  ///   - path: the file.
  ///   - inputs: the files that the samples come from, which it cannot replace.
  /// - Throws: `TrainerError`, with exit code `data` if the samples are no dataset, otherwise `usage`.
  public func write(
    groups: [Group], classes: [String]? = nil, features: [String]? = nil, unusedColumns: [String] = [],
    targetName: String? = nil, spelling: TableSpelling? = nil, to path: String, from inputs: [String] = []
  ) throws {
    for group in groups where group.inputs.rowCount != group.targets.rowCount {
      throw TrainerError(
        .data,
        "group '\(group.name)' has \(group.inputs.rowCount) inputs and \(group.targets.rowCount) targets; "
          + "each sample needs one of both")
    }
    try write(
      layouts: groups.map(\.layout), classes: classes, features: features, unusedColumns: unusedColumns,
      targetName: targetName, spelling: spelling, to: path, from: inputs
    ) { datasets in
      for (group, datasets) in zip(groups.filter { $0.inputs.rowCount > 0 }, datasets) { try datasets.write(group) }
    }
  }

  /// Writes a file that is complete or absent of groups of which the elements come later; see the other method.
  ///
  /// - Parameter fill: Writes all elements of the groups that have samples.
  func write(
    layouts: [GroupLayout], classes: [String]?, features: [String]?, unusedColumns: [String], targetName: String?,
    spelling: TableSpelling?, to path: String, from inputs: [String], fill: ([GroupDatasets]) throws -> Void
  ) throws {
    guard layouts.first(where: { $0.name == "train" }).map({ $0.rowCount > 0 }) ?? false else {
      throw TrainerError(.data, "the dataset has no sample in its group 'train'")
    }
    try checkOutput(path, inputs: inputs)
    let layouts = layouts.filter { $0.rowCount > 0 }
    do {
      try OutputFile(path, mayReplace: overwrite, inputs: inputs).write { temporary in
        let file = try File.create(
          at: temporary, alignment: 64,
          largeAttributes: max(features?.count ?? 0, unusedColumns.count) > Self.mostNamesOfSmallAttributes)
        try fill(
          layouts.map {
            try create(
              $0, in: file, names: ("inputs", "targets"), classes: classes, features: features,
              unusedColumns: unusedColumns, targetName: targetName, spelling: spelling)
          })
        try file.close()
      } verify: { temporary in
        let file = try File.open(at: temporary, isTrusted: true)
        for layout in layouts { _ = try file.root.dataset("\(layout.name)/targets") }
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
    features: [String]?
  ) throws {
    for group in groups {
      try create(group.layout, in: file, names: names, classes: classes, features: features).write(group)
    }
  }

  /// Makes a group and the datasets in it, without elements.
  private func create(
    _ layout: GroupLayout, in file: HDF5.File, names: (inputs: String, targets: String), classes: [String]?,
    features: [String]?, unusedColumns: [String] = [], targetName: String? = nil, spelling: TableSpelling? = nil
  ) throws -> GroupDatasets {
    let spelling = spelling?.json.map { JSONValue.object($0).compactText }
    let node = try file.root.createGroup(layout.name)
    let inputs: [(kind: FeatureKind?, dataset: Dataset)]
    switch layout.inputs {
    case .array(let array):
      let dataset = try create(array, layout.rowCount, names.inputs, in: node)
      if let features { try dataset.setAttribute("features", to: features) }
      if !unusedColumns.isEmpty { try dataset.setAttribute(Self.unusedName, to: unusedColumns) }
      if let spelling { try dataset.setAttribute(TableSpelling.attribute, to: spelling) }
      inputs = [(nil, dataset)]
    case .table(let features, let blocks):
      let group = try node.createGroup(names.inputs)
      if !unusedColumns.isEmpty { try group.setAttribute(Self.unusedName, to: unusedColumns) }
      if let spelling { try group.setAttribute(TableSpelling.attribute, to: spelling) }
      try group.createDataset(StoredTable.schemaName, text: StoredTable.schema(of: features))
      inputs = try blocks.sorted(by: { $0.key.rawValue < $1.key.rawValue }).map { kind, block in
        (kind, try create(block, layout.rowCount, kind.datasetName, in: group))
      }
    }
    let targets = try create(layout.targets, layout.rowCount, names.targets, in: node)
    if let classes { try targets.setAttribute("classes", to: classes) }
    if let targetName { try targets.setAttribute("name", to: targetName) }
    return GroupDatasets(inputs: inputs, targets: targets)
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

  private func create(
    _ layout: ArrayLayout, _ rowCount: Int, _ name: String, in group: HDF5.Group
  ) throws -> Dataset {
    var chunk: [Int]?
    if chunkRows != nil || deflate != nil {
      let rows = chunkRows ?? max(1, (1 << 18) / max(1, layout.rowByteCount))
      chunk = [min(rows, rowCount)] + layout.rowShape
    }
    return try group.createDataset(
      name, shape: [rowCount] + layout.rowShape, type: .number(layout.type),
      properties: .datasetCreation(chunk: chunk, deflate: deflate, shuffle: deflate != nil))
  }
}
