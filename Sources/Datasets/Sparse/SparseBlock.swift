/// The stored elements of some rows of a sparse matrix; in each row the columns ascend.
struct SparseBlock<Value> {
  /// Where each row begins in ``columns`` and ``values``, and where the last one ends.
  var starts: [Int]
  /// The column of each element.
  var columns: [Int32] = []
  /// The elements.
  var values: [Value] = []

  var rowCount: Int { starts.count - 1 }

  /// Some of its rows.
  ///
  /// - Parameter rows: Ascending.
  func selecting(_ rows: [Int]) -> SparseBlock {
    guard rows.count < rowCount else { return self }
    var block = SparseBlock(starts: [0])
    block.starts.reserveCapacity(rows.count + 1)
    for row in rows {
      let range = starts[row]..<starts[row + 1]
      block.columns += columns[range]
      block.values += values[range]
      block.starts.append(block.columns.count)
    }
    return block
  }

  /// Brings each row's columns into order, and adds up the elements of one that comes more than once, in the order in
  /// which they are stored.
  ///
  /// - Parameter sum: The sum of two elements; its value is `nil` if the type cannot hold it.
  /// - Returns: Such a sum, and its row; `nil` if there is none.
  mutating func order(sum: (Value, Value) -> (value: Value?, exact: Double)) -> (row: Int, sum: Double)? {
    var ordered = SparseBlock(starts: [0])
    ordered.columns.reserveCapacity(columns.count)
    ordered.values.reserveCapacity(values.count)
    for row in 0..<rowCount {
      let begin = ordered.columns.count
      // The position breaks ties: sorting alone promises nothing of equal ones.
      for index in (starts[row]..<starts[row + 1]).sorted(by: { (columns[$0], $0) < (columns[$1], $1) }) {
        let last = ordered.columns.count - 1
        guard last >= begin, ordered.columns[last] == columns[index] else {
          ordered.columns.append(columns[index])
          ordered.values.append(values[index])
          continue
        }
        let (value, exact) = sum(ordered.values[last], values[index])
        guard let value else { return (row, exact) }
        ordered.values[last] = value
      }
      ordered.starts.append(ordered.columns.count)
    }
    self = ordered
    return nil
  }
}
