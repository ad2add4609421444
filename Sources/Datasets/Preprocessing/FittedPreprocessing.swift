import Foundations

/// Preprocessing with everything that it took from the training group: what a checkpoint keeps, and what `evaluate` and
/// `predict` apply to other data.
package struct FittedPreprocessing: InputTransform, Equatable {
  /// The categories of each one-hot column, ascending, by column.
  package private(set) var categories: [Int: [Double]] = [:]
  /// The map of each column that one-hot encoding leaves.
  package private(set) var affine: AffineColumns
  /// The extents of one row of the data.
  package let inputShape: [Int]
  /// The columns of a row by name; `nil` where they have none.
  package let features: [Feature]?

  /// The extents of one row after preprocessing: one-hot encoding flattens it.
  package var outputShape: [Int] { categories.isEmpty ? inputShape : [affine.scale.count] }
  package var expandedColumnCount: Int? { categories.isEmpty ? nil : affine.scale.count }

  /// Preprocessing that changes nothing.
  package init(inputShape: [Int], features: [Feature]? = nil) {
    self.inputShape = inputShape
    self.features = features
    affine = .identity(columns: inputShape.reduce(1, *))
  }

  /// Preprocessing as a checkpoint kept it.
  package init(
    inputShape: [Int], features: [Feature]? = nil, categories: [Int: [Double]], affine: AffineColumns
  ) {
    self.inputShape = inputShape
    self.features = features
    self.categories = categories
    self.affine = affine
  }

  /// Fits steps to the training group.
  ///
  /// - Throws: `TrainerError` if a step does not fit the data.
  package init(_ steps: [PreprocessingStep], reader: DatasetReader, inputs: String) throws {
    self.init(
      inputShape: try reader.shape(of: inputs, in: "train").rowShape,
      features: try reader.arrayFeatures(of: inputs, in: "train"))
    let columns = affine.scale.count
    for (index, step) in steps.enumerated() {
      switch step {
      case .scale(let factor, let offset):
        affine = affine.followed(
          by: Array(repeating: factor, count: affine.scale.count),
          Array(repeating: offset, count: affine.scale.count))
      case .standardize:
        affine = try standardized(reader, inputs)
      case .oneHot(let chosen):
        guard index == 0 else {
          throw TrainerError(
            .usage, "data.preprocessing[\(index)]: oneHot must be the first step, since it needs the raw categories")
        }
        let chosen = chosen ?? Array(0..<columns)
        guard chosen.allSatisfy({ $0 < columns }) else {
          throw TrainerError(
            .usage,
            "data.preprocessing[0].columns: column \(chosen.max() ?? 0) is out of range: "
              + "the inputs have \(columns) columns, counted from 0")
        }
        try fitCategories(of: Set(chosen), reader, inputs)
      }
    }
  }

  /// Categories beyond this number in one column are a sign that it holds measurements.
  private static let mostCategories = 10_000

  private mutating func fitCategories(of chosen: Set<Int>, _ reader: DatasetReader, _ inputs: String) throws {
    let columns = inputShape.reduce(1, *)
    var found: [Int: Set<Double>] = [:]
    try reader.forEachBlock(of: inputs, in: "train") { block, _ in
      for column in chosen {
        for index in stride(from: column, to: block.count, by: columns) {
          found[column, default: []].insert(block[index])
        }
      }
    }
    for column in chosen.sorted() {
      let values = found[column, default: []].sorted()
      guard values.count <= Self.mostCategories else {
        throw TrainerError(
          .usage,
          "data.preprocessing[0]: column \(column) of '\(inputs)' has \(values.count) different values, more "
            + "than the \(Self.mostCategories) that oneHot takes; name the columns to encode in \"columns\"")
      }
      categories[column] = values
    }
    affine = .identity(columns: columns - chosen.count + categories.values.reduce(0) { $0 + $1.count })
  }

  /// The map so far and then the one that takes each column of the training group to mean 0 and population standard
  /// deviation 1, in one pass, shifted by the first row so that large means cost no digits. A constant column is only
  /// centred.
  private func standardized(_ reader: DatasetReader, _ inputs: String) throws -> AffineColumns {
    let columns = affine.scale.count
    var moments = ColumnMoments(columns: columns)
    if categories.isEmpty, let matrix = try reader.sparse(inputs, in: "train") {
      try reader.forEachBlock(of: matrix, named: inputs, in: "train") { block, _ in moments.add(block) }
      moments.addLastZeros()
    } else {
      let expansion = expansion
      try reader.forEachBlock(of: inputs, in: "train") { block, firstRow in
        moments.add(try expand(block, firstRow: firstRow, expansion))
      }
    }
    let count = Double(moments.count)
    let means = (0..<columns).map { moments.shift[$0] + moments.sums[$0] / count }
    let deviations = (0..<columns).map { column in
      let mean = moments.sums[column] / count
      let deviation = max(0, moments.squares[column] / count - mean * mean).squareRoot() * abs(affine.scale[column])
      return deviation > 0 ? deviation : 1
    }
    return affine.standardized(means: means, deviations: deviations)
  }

  package func transform(_ block: TableBlock, firstRow: Int) throws -> [Double] {
    var rows = [Double](repeating: 0, count: block.rowCount * block.columns.count)
    for (column, values) in block.columns.enumerated() {
      guard case .numbers(let numbers) = values else { preconditionFailure("preprocessing takes columns of numbers") }
      for (row, number) in numbers.enumerated() {
        guard number.isFinite else { throw notFinite(number, row: firstRow + row, column: column) }
        rows[row * block.columns.count + column] = number
      }
    }
    return mapped(try expand(rows, firstRow: firstRow, expansion))
  }

  private func notFinite(_ number: Double, row: Int, column: Int) -> TrainerError {
    let what = number.isNaN ? "no number" : "an infinity"
    return TrainerError(
      .data,
      "row \(row), \(features.map { "'\($0[column].name)'" } ?? "column \(column)") (counted from 0) has \(what), and the model "
        + "was trained without missing values; fill them in, or train on a table with \"features\"")
  }

  /// Expanded rows behind the map of each column.
  func mapped(_ expanded: [Double]) -> [Double] {
    guard !affine.isIdentity else { return expanded }
    var rows = expanded
    let columns = affine.scale.count
    for start in stride(from: 0, to: rows.count, by: columns) {
      for column in 0..<columns { rows[start + column] = affine(rows[start + column], column: column) }
    }
    return rows
  }

  /// Rows with the one-hot columns expanded, before the affine map.
  ///
  /// - Throws: `TrainerError` for a category that the training group does not have.
  func expand(_ rows: [Double], firstRow: Int, _ expansion: RowExpansion) throws -> [Double] {
    guard !categories.isEmpty else { return rows }
    var result: [Double] = []
    result.reserveCapacity(rows.count / expansion.columns * expansion.expandedColumns)
    for start in stride(from: 0, to: rows.count, by: expansion.columns) {
      do {
        try expansion.forEach(of: { rows[start + $0] }, { result.append($1) })
      } catch {
        throw error.error(inRow: firstRow + start / expansion.columns)
      }
    }
    return result
  }

  /// How one-hot encoding expands a row.
  var expansion: RowExpansion { RowExpansion(columns: inputShape.reduce(1, *), categories: categories) }
}
