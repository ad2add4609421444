/// Rows of a table as they are stored: raw, a column for each feature. Transforms take them a block at a time, from a
/// dataset file as from a table of text, so that a row becomes the same numbers wherever it comes from.
public struct TableBlock: Sendable, Equatable {
  /// The values of one column, one for each row.
  public enum Column: Sendable, Equatable {
    /// Numbers; of booleans 0 and 1; of dates the seconds since 1970-01-01T00:00:00Z. NaN where the value is missing.
    case numbers([Double])
    /// The places of the values among the feature's categories; -1 where the value is missing.
    case codes([Int32])

    /// The number of rows.
    public var count: Int {
      switch self {
      case .numbers(let values): values.count
      case .codes(let codes): codes.count
      }
    }
  }

  /// The number of rows.
  public let rowCount: Int
  /// The columns in the order of the features.
  public let columns: [Column]

  /// Creates a block.
  ///
  /// - Precondition: each column has that many rows.
  public init(rowCount: Int, columns: [Column]) {
    precondition(columns.allSatisfy { $0.count == rowCount }, "a column has another number of rows")
    self.rowCount = rowCount
    self.columns = columns
  }
}
