import Foundations
import HDF5

/// A group that stands for rows of another.
package struct RowSelection: Sendable, Equatable {
  /// The group of the file that has the rows.
  package let source: String
  /// How many rows that has.
  package let sourceRows: Int
  /// The rows, ascending.
  package let rows: [Int]

  /// - Parameters:
  ///   - source: The group of the file that has the rows.
  ///   - sourceRows: How many rows that has.
  ///   - rows: Those that are selected, ascending.
  package init(source: String, sourceRows: Int, rows: [Int]) {
    self.source = source
    self.sourceRows = sourceRows
    self.rows = rows
  }
}

extension DatasetReader {
  /// A row of a group as the file counts it, in the group that ``place(_:_:)`` names.
  package func fileRow(_ row: Int, in group: String) -> Int {
    guard let rows = selections[group]?.rows, rows.indices.contains(row) else { return row }
    return rows[row]
  }

  /// Rows between two selected ones that are cheaper to read and leave out than to begin anew behind them, in bytes.
  private static let mostSkipped = 1 << 14
  /// Elements that are read at once where some of them are left out.
  private static let mostAtOnce = 1 << 20

  /// Elements of a group's rows in row-major order, converted.
  ///
  /// - Parameter range: Which of its rows; `nil` for all.
  /// - Throws: `HDF5Error`; `TrainerError` if the group has no such dataset.
  func read<Value: NativeScalar>(
    _ type: Value.Type = Value.self, of name: String, in group: String, rows range: Range<Int>? = nil
  ) throws -> [Value] {
    try read(type, from: stored(name, in: group), in: group, rows: range)
  }

  /// Elements of a group's rows of what the file has.
  func read<Value: NativeScalar>(
    _ type: Value.Type, from stored: any StoredRows, in group: String, rows range: Range<Int>? = nil
  ) throws -> [Value] {
    let shape = try stored.shape
    guard let selection = selections[group] else {
      return try stored.read(type, rows: range ?? 0..<(shape.first ?? 0))
    }
    let rows = range.map { selection.rows[$0] } ?? selection.rows[...]
    let width = shape.dropFirst().reduce(1, *)
    let gap = max(1, Self.mostSkipped / max(1, width * MemoryLayout<Value>.stride))
    let stretch = max(1, Self.mostAtOnce / max(1, width))
    var values: [Value] = []
    values.reserveCapacity(rows.count * width)
    var first = rows.startIndex
    while first < rows.endIndex {
      var last = first
      while last + 1 < rows.endIndex, rows[last + 1] - rows[last] <= gap, rows[last + 1] - rows[first] < stretch {
        last += 1
      }
      let read = try stored.read(type, rows: rows[first]..<rows[last] + 1)
      if rows[last] - rows[first] == last - first {
        values += read
      } else {
        for index in first...last {
          let start = (rows[index] - rows[first]) * width
          values += read[start..<start + width]
        }
      }
      first = last + 1
    }
    return values
  }
}
