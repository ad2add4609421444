import HDF5

/// The inputs of a group of samples, one row a sample.
public enum DatasetInputs: Sendable, Equatable {
  /// Numbers of one type, with any number of axes.
  case array(NumberTable)
  /// Named columns of several kinds, or with values that are missing.
  case table(StoredTable)

  /// The number of samples.
  public var rowCount: Int {
    switch self {
    case .array(let table): table.rowCount
    case .table(let table): table.rowCount
    }
  }

  /// The extents of one sample.
  public var rowShape: [Int] {
    switch self {
    case .array(let table): Array(table.shape.dropFirst())
    case .table(let table): [table.features.count]
    }
  }

  /// The bytes of all samples.
  var byteCount: Int {
    switch self {
    case .array(let table): table.bytes.count
    case .table(let table): table.blocks.values.reduce(0) { $0 + $1.bytes.count }
    }
  }
}
