/// Rows of a table as they are stored: raw, a column for each feature. Transforms take them a block at a time, from a
/// dataset file as from a table of text, so that a row becomes the same numbers wherever it comes from.
public struct TableBlock: Sendable, Equatable {
  /// The values of one column, one for each row.
  public enum Column: Sendable, Equatable {
    /// Numbers; of booleans 0 and 1; of dates the seconds since 1970-01-01T00:00:00Z. NaN where the value is missing.
    case numbers([Double])
    /// The places of the values among the feature's categories; -1 where the value is missing; below that one that is not
    /// among them.
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
  /// For columns of categories, by their places, the names that are not among the feature's: the code -2 stands for the
  /// first of them, -3 for the second, and so on.
  public let unknown: [Int: [String]]

  /// Creates a block.
  ///
  /// - Precondition: each column has that many rows.
  public init(rowCount: Int, columns: [Column], unknown: [Int: [String]] = [:]) {
    precondition(columns.allSatisfy { $0.count == rowCount }, "a column has another number of rows")
    self.rowCount = rowCount
    self.columns = columns
    self.unknown = unknown
  }

  /// The code of the name at a place of ``unknown``.
  package static func unknownCode(_ index: Int) -> Int32 { Int32(-2 - index) }

  /// The name of a category of which a column has a code below -1; `nil` if it is not known.
  package func unknownName(_ code: Int32, column: Int) -> String? {
    guard let names = unknown[column], code <= -2, names.indices.contains(Int(-2 - code)) else { return nil }
    return names[Int(-2 - code)]
  }
}
