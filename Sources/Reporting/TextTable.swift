import Foundations

/// Lines of cells in columns, for people to read.
public struct TextTable: Sendable {
  private let isLeft: [Bool]
  private var rows: [[String]]

  /// A table of one line.
  ///
  /// - Parameter left: Which columns stand flush left, as names do; numbers stand flush right.
  public init(header: [String], left: Set<Int> = []) {
    rows = [header.map(\.onOneLine)]
    isLeft = header.indices.map { left.contains($0) }
  }

  /// Adds a line.
  ///
  /// - Precondition: it has as many cells as the header.
  public mutating func append(_ row: [String]) {
    precondition(row.count == isLeft.count, "a row has a cell for each column")
    rows.append(row.map(\.onOneLine))
  }

  /// The lines, without spaces at their ends.
  public var text: String {
    let widths = isLeft.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let line = row.indices.map { row[$0].padded(to: widths[$0], atEnd: isLeft[$0]) }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}
