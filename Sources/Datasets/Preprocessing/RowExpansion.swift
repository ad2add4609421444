import Foundations

/// The columns of a row behind one-hot encoding: each category of an encoded column becomes a column of its own.
struct RowExpansion: Sendable {
  /// Columns of a row as it is stored.
  let columns: Int
  /// Columns behind the encoding.
  let expandedColumns: Int
  /// The categories of each column; `nil` for one that stays as it is.
  private let codes: [CategoryCodes?]

  /// A category that the training group does not have.
  struct UnknownCategory: Error {
    let column: Int
    let value: Double

    /// The error that names the row.
    func error(inRow row: Int) -> TrainerError {
      TrainerError(
        .data,
        "row \(row), column \(column) of the inputs has the category \(value), which the training group does not have")
    }
  }

  /// - Parameter categories: The categories of each encoded column, ascending, by column.
  init(columns: Int, categories: [Int: [Double]]) {
    self.columns = columns
    codes = (0..<columns).map { categories[$0].map(CategoryCodes.init) }
    expandedColumns = columns - categories.count + categories.values.reduce(0) { $0 + $1.count }
  }

  /// Expands one row.
  ///
  /// - Parameters:
  ///   - value: A number of the row by its column.
  ///   - body: Takes each number of the expanded row in order, with its column there.
  /// - Throws: `UnknownCategory`.
  @inline(__always)
  func forEach(
    of value: (_ column: Int) -> Double, _ body: (_ column: Int, _ value: Double) -> Void
  ) throws(UnknownCategory) {
    var expanded = 0
    for column in 0..<columns {
      let value = value(column)
      guard let codes = codes[column] else {
        body(expanded, value)
        expanded += 1
        continue
      }
      guard let position = codes[value] else { throw UnknownCategory(column: column, value: value) }
      for index in 0..<codes.count { body(expanded + index, index == position ? 1 : 0) }
      expanded += codes.count
    }
  }
}

/// The categories of a column by their values.
struct CategoryCodes: Sendable {
  let count: Int
  private let exact: [Double: Int]
  /// By their values in binary32, but for those that it cannot tell apart: another file may have stored them so.
  private let rounded: [Float: Int]

  init(_ values: [Double]) {
    count = values.count
    exact = Dictionary(values.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let groups = Dictionary(grouping: values.indices) { Float(values[$0]) }
    rounded = groups.compactMapValues { $0.count == 1 ? $0[0] : nil }
  }

  subscript(value: Double) -> Int? {
    exact[value] ?? (Double(Float(value)) == value ? rounded[Float(value)] : nil)
  }
}
