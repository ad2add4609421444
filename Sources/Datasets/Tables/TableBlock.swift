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

  /// Where in a table of text rows stand, for messages.
  package struct TextPlaces: Sendable, Equatable {
    /// The table.
    package let path: String
    /// The line on which each row ends.
    package let lines: [Int]
    /// For each column what messages call it, such as `column 5 ('age')`.
    package let columns: [String]

    package init(path: String, lines: [Int], columns: [String]) {
      (self.path, self.lines, self.columns) = (path, lines, columns)
    }

    /// The place of a value, such as `'new.csv', line 3, column 5 ('age')`.
    func text(row: Int, column: Int) -> String? {
      guard let line = lines[safe: row], let column = columns[safe: column] else { return nil }
      return "'\(path)', line \(line), \(column)"
    }
  }

  /// The number of rows.
  public let rowCount: Int
  /// The columns in the order of the features.
  public let columns: [Column]
  /// For columns of categories, by their places, the names that are not among the feature's: the code -2 stands for the
  /// first of them, -3 for the second, and so on.
  public let unknown: [Int: [String]]
  /// Where the rows stand; `nil` for what is no table of text.
  package let textPlaces: TextPlaces?

  /// Creates a block.
  ///
  /// - Precondition: each column has that many rows.
  public init(rowCount: Int, columns: [Column], unknown: [Int: [String]] = [:]) {
    self.init(rowCount: rowCount, columns: columns, unknown: unknown, textPlaces: nil)
  }

  /// Creates a block of a table of text.
  ///
  /// - Precondition: each column has that many rows.
  package init(rowCount: Int, columns: [Column], unknown: [Int: [String]], textPlaces: TextPlaces?) {
    precondition(columns.allSatisfy { $0.count == rowCount }, "a column has another number of rows")
    self.rowCount = rowCount
    self.columns = columns
    self.unknown = unknown
    self.textPlaces = textPlaces
  }

  /// Some of the rows.
  package func rows(_ range: Range<Int>) -> TableBlock {
    guard range.count < rowCount else { return self }
    let parts = columns.map { column -> Column in
      switch column {
      case .numbers(let values): .numbers(Array(values[range]))
      case .codes(let codes): .codes(Array(codes[range]))
      }
    }
    let places = textPlaces.map { TextPlaces(path: $0.path, lines: Array($0.lines[range]), columns: $0.columns) }
    return TableBlock(rowCount: range.count, columns: parts, unknown: unknown, textPlaces: places)
  }

  /// The code of the name at a place of ``unknown``.
  package static func unknownCode(_ index: Int) -> Int32 { Int32(-2 - index) }

  /// The name of a category of which a column has a code below -1; `nil` if it is not known.
  package func unknownName(_ code: Int32, column: Int) -> String? {
    guard let names = unknown[column], code <= -2, names.indices.contains(Int(-2 - code)) else { return nil }
    return names[Int(-2 - code)]
  }
}
