import Foundations
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
    let part = WorkProgress.begin("storing \(dataset.path.drop { $0 == "/" })", of: table.rowCount, "rows")
    defer { part?.end() }
    let size = table.rowByteCount
    // Whole chunks, so that none is packed twice.
    let chunk = try dataset.chunkShape?.first ?? 1
    let step = max(chunk, (4 << 20) / max(1, size) / chunk * chunk)
    try table.bytes.withUnsafeBytes { bytes in
      guard table.rowCount > step else {
        try dataset.write(bytes: bytes, of: table.type)
        part?.add(table.rowCount)
        return
      }
      for rows in RowStretches(0..<table.rowCount, of: step) {
        try dataset.write(
          bytes: UnsafeRawBufferPointer(rebasing: bytes[rows.lowerBound * size..<rows.upperBound * size]),
          of: table.type, selecting: .range(rows))
        part?.add(rows.count)
      }
    }
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
