/// Lines of cells in columns, for people to read: the one place that aligns them.
package struct TextTable: Sendable {
  private let isLeft: [Bool]
  private let indentation: String
  private var rows: [[String]] = []

  /// A table without lines.
  ///
  /// - Parameters:
  ///   - columns: How many columns it has.
  ///   - left: Which of them stand flush left, as names do; numbers stand flush right.
  ///   - indentation: Spaces before each line.
  package init(columns: Int, left: Set<Int> = [], indentation: Int = 0) {
    isLeft = (0..<columns).map { left.contains($0) }
    self.indentation = String(repeating: " ", count: indentation)
  }

  /// A table whose first line names the columns.
  package init(header: [String], left: Set<Int> = [], indentation: Int = 0) {
    self.init(columns: header.count, left: left, indentation: indentation)
    append(header)
  }

  /// Names and values in two columns, both flush left.
  package init(_ rows: [(name: String, value: String)], indentation: Int = 0) {
    self.init(columns: 2, left: [0, 1], indentation: indentation)
    for (name, value) in rows { append([name, value]) }
  }

  /// Adds a line; what a cell holds is written on one line.
  ///
  /// - Precondition: it has a cell for each column.
  package mutating func append(_ row: [String]) {
    precondition(row.count == isLeft.count, "a row has a cell for each column")
    rows.append(row.map(\.onOneLine))
  }

  /// The lines, without spaces at their ends.
  package var text: String {
    let widths = isLeft.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { row[$0].padded(to: widths[$0], atEnd: isLeft[$0]) }
      let line = indentation + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}

extension String {
  /// The text with spaces after or before it, at least `width` characters in all.
  package func padded(to width: Int, atEnd: Bool = true) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return atEnd ? self + padding : padding + self
  }
}
