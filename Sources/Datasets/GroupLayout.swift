import HDF5

/// What the elements of a dataset are, one row a sample.
struct ArrayLayout: Sendable {
  /// The extents of one sample.
  let rowShape: [Int]
  let type: NumberType

  /// The bytes of one row.
  var rowByteCount: Int { rowShape.reduce(type.byteCount, *) }
}

/// What the datasets of a group are, before their elements are there.
struct GroupLayout: Sendable {
  /// What the inputs are.
  enum Inputs: Sendable {
    case array(ArrayLayout)
    case table([Feature], [FeatureKind: ArrayLayout])
  }

  /// `train`, `validation` or `test`.
  let name: String
  let rowCount: Int
  let inputs: Inputs
  let targets: ArrayLayout

  /// The extents of one sample's inputs.
  var inputShape: [Int] {
    switch inputs {
    case .array(let array): array.rowShape
    case .table(let features, _): [features.count]
    }
  }
}

/// The datasets of a group that is being written.
struct GroupDatasets {
  /// That of an array, or those of a table by kind.
  let inputs: [(kind: FeatureKind?, dataset: Dataset)]
  let targets: Dataset

  /// Writes all elements.
  func write(_ group: DatasetWriter.Group) throws {
    for (kind, dataset) in inputs {
      switch group.inputs {
      case .array(let table): try Self.write(table, to: dataset)
      case .table(let table): if let block = kind.flatMap({ table.blocks[$0] }) { try Self.write(block, to: dataset) }
      }
    }
    try Self.write(group.targets, to: targets)
  }

  private static func write(_ table: NumberTable, to dataset: Dataset) throws {
    try table.bytes.withUnsafeBytes { try dataset.write(bytes: $0, of: table.type) }
  }
}

extension NumberTable {
  var layout: ArrayLayout { ArrayLayout(rowShape: Array(shape.dropFirst()), type: type) }
}

extension DatasetWriter.Group {
  var layout: GroupLayout {
    let inputs: GroupLayout.Inputs =
      switch self.inputs {
      case .array(let table): .array(table.layout)
      case .table(let table): .table(table.features, table.blocks.mapValues(\.layout))
      }
    return GroupLayout(name: name, rowCount: self.inputs.rowCount, inputs: inputs, targets: targets.layout)
  }
}
