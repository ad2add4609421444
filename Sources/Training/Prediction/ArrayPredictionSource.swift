import Datasets
import Foundations
import HDF5

/// Rows of arrays in NumPy's format, one after the other, from a file, an archive or standard input.
struct ArrayPredictionSource: PredictionSource {
  /// Begins to read each of the arrays.
  private let arrays: [() throws -> NPYFile]
  private let wanted: WantedColumns
  private let isArray: Bool
  /// The columns that are taken of each array; `nil` for all.
  private let places: [[Int]?]
  /// The rows of all arrays.
  private let rowCount: Int

  /// Looks at the arrays' headers.
  ///
  /// - Parameters:
  ///   - arrays: Begins to read each.
  ///   - inputShape: The extents of a row that the model takes.
  ///   - places: Which columns the model takes of an array such as it was trained on; `nil` if it takes all.
  ///   - isArray: Whether the model takes plain numbers.
  /// - Throws: `TrainerError` with code `.data` if one is none, or its rows do not fit the model.
  init(
    _ arrays: [() throws -> NPYFile], inputShape: [Int], places: FittedFeatures.ArrayPlaces?, wanted: WantedColumns,
    isArray: Bool
  ) throws {
    self.arrays = arrays
    self.wanted = wanted
    self.isArray = isArray
    var rowCount = 0
    self.places = try arrays.map { open in
      let array = try open()
      let rowShape = array.header.rowShape
      let isWhole = places.map { $0.width == rowShape.reduce(1, *) } ?? false
      guard
        isWhole || rowShape == inputShape || rowShape.reduce(1, *) == wanted.features.count && inputShape.count <= 1
      else {
        throw TrainerError(
          .data,
          "\(array.name): a row of the array has the shape \(rowShape), but the model was made for \(inputShape), whose "
            + "columns go by their places, since an array has no names")
      }
      guard array.header.rowCount > 0 else { throw TrainerError(.data, "\(array.name) holds no samples") }
      try Self.requireNumbers(wanted, source: array.name)
      rowCount += array.header.rowCount
      return isWhole ? places?.places : nil
    }
    self.rowCount = rowCount
  }

  func share(ofRows count: Int) -> Double? { Double(count) / Double(max(1, rowCount)) }

  /// Refuses a model that needs categories.
  ///
  /// - Throws: `TrainerError` with code `.data`.
  static func requireNumbers(_ wanted: WantedColumns, source: String) throws {
    guard let feature = wanted.features.first(where: { $0.kind == .category }) else { return }
    throw TrainerError(
      .data,
      "\(source): the model was trained with categories ('\(feature.name.onOneLine)'), which numbers alone cannot name; "
        + "give a table of text")
  }

  func forEachBlock(
    begin: ([String]) throws -> Void, _ body: (PredictionRows, Int) throws -> Void
  ) throws {
    try begin([])
    var first = 0
    for (open, places) in zip(arrays, places) {
      let array = try open()
      try forEachBlock(of: array, places) { rows, row in try body(rows, first + row) }
      first += array.header.rowCount
    }
  }

  private func forEachBlock(
    of array: NPYFile, _ places: [Int]?, _ body: (PredictionRows, Int) throws -> Void
  ) throws {
    let width = array.header.rowShape.reduce(1, *)
    let isByte = array.header.type.stored == .uint8
    try array.forEachBlock(of: PredictionBlocks.rows(of: width)) { values, firstRow in
      let count = values.count / max(1, width)
      let inputs: PredictionRows.Inputs
      if !isArray {
        let columns = (places ?? Array(0..<width)).map { column in
          TableBlock.Column.numbers((0..<count).map { values[$0 * width + column] })
        }
        inputs = .table(TableBlock(rowCount: count, columns: columns))
      } else if isByte {
        inputs = .array(values.map { UInt8($0) }, .uint8)
      } else {
        inputs = .array(values.withUnsafeBytes { Array($0) }, .float64)
      }
      try body(PredictionRows(count: count, inputs: inputs), firstRow)
    }
  }
}
