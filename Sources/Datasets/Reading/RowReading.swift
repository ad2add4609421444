import Foundations
import HDF5
import Kernels

extension DatasetReader {
  /// Reads a dataset whole: bytes as bytes, every other number type converted to `Scalar`, rounded once.
  ///
  /// - Throws: `TrainerError` if it is not numeric or holds NaN or infinity.
  package func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, as type: Scalar.Type = Scalar.self
  ) throws -> RowSource<Scalar> {
    let (rows, rowShape) = try shape(of: name, in: group)
    if let matrix = try sparse(name, in: group) {
      return try self.rows(of: matrix, named: name, in: group, rowShape: rowShape)
    }
    let part = WorkProgress.begin("reading \(group)/\(name)")
    defer { part?.end() }
    switch try numberType(of: name, in: group) {
    case .uint8:
      let bytes: [UInt8] = try Self.translating(path) { try read(of: name, in: group) }
      return RowSource(rows: rows, rowShape: rowShape, storage: .bytes(bytes))
    case let type? where type.isExact(in: Scalar.elementType):
      let values = try Self.translating(path) { try read(Scalar.self, of: name, in: group) }
      try requireFinite(values, of: name, in: group, firstRow: 0, columns: rowShape.reduce(1, *))
      return RowSource(rows: rows, rowShape: rowShape, storage: .scalars(values))
    default:
      return try self.rows(of: name, in: group, rowShape: rowShape) { block, _ in block }
    }
  }

  /// Reads a dataset in double precision, maps blocks of whole rows, and rounds what comes of them once.
  ///
  /// - Parameters:
  ///   - rowShape: The extents of a row behind the map.
  ///   - map: Takes rows and the number of the first of them.
  /// - Throws: What `map` throws; `TrainerError` if the dataset is not numeric, holds NaN or infinity, or `Scalar` cannot
  ///   hold a result.
  func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, rowShape: [Int], _ map: ([Double], _ firstRow: Int) throws -> [Double]
  ) throws -> RowSource<Scalar> {
    let rows = try shape(of: name, in: group).rows
    try RowCollector<Scalar>.requireMemory(rows: rows, rowShape: rowShape, of: "\(path): \(place(name, group))")
    var collector = RowCollector<Scalar>(
      rows: rows, rowShape: rowShape,
      areLongIntegers: try numberType(of: name, in: group)?.isLongInteger ?? false)
    try forEachBlock(of: name, in: group) { block, firstRow in
      guard let fault = collector.append(try map(block, firstRow)) else { return }
      throw try cannotHold(
        fault.value, of: name, in: group, row: fault.row, column: fault.column, Scalar.elementType)
    }
    return collector.source
  }

  /// The error about a number that the run's element type cannot hold.
  func cannotHold(
    _ value: Double, of name: String, in group: String, row: Int, column: Int, _ element: ElementType
  ) throws -> TrainerError {
    let whole = try Self.translating(path) { try datasetRow(row, of: name, in: group) }
    let (path, fileRow) = try fileAndRow(whole, of: name, in: group)
    return TrainerError(
      .data,
      "\(path): \(place(name, group)) has \(value) \(Self.position(fileRow, column)), which "
        + "\(element.rawValue) cannot hold; scale the data or set \"precision\" to \"float64\"")
  }

  /// Reads a dataset in blocks of whole rows, in double precision.
  ///
  /// - Throws: What `body` throws; `TrainerError` if the dataset is not numeric or holds NaN or infinity.
  func forEachBlock(of name: String, in group: String, _ body: ([Double], _ firstRow: Int) throws -> Void) throws {
    let (rows, rowShape) = try shape(of: name, in: group)
    _ = try numberType(of: name, in: group)
    let columns = rowShape.reduce(1, *)
    let rowsPerBlock = max(1, (1 << 20) / max(1, columns))
    let part = WorkProgress.begin("reading \(group)/\(name)", of: rows, "rows")
    defer { part?.end() }
    for start in stride(from: 0, to: rows, by: rowsPerBlock) {
      let block = try Self.translating(path) {
        try read(Double.self, of: name, in: group, rows: start..<min(rows, start + rowsPerBlock))
      }
      try requireFinite(block, of: name, in: group, firstRow: start, columns: columns)
      try body(block, start)
      part?.add(block.count / max(1, columns))
    }
  }

  /// The type of a dataset's elements; `nil` for numbers of a width that this package has no type for.
  ///
  /// - Throws: `TrainerError` if they are no numbers.
  func numberType(of name: String, in group: String) throws -> NumberType? {
    try Self.translating(path) {
      let rows = try stored(name, in: group)
      guard rows.isNumeric else { throw refusal(of: rows, name, group) }
      return rows.numberType
    }
  }

  /// The error about elements that are no numbers.
  func refusal(of rows: any StoredRows, _ name: String, _ group: String) -> TrainerError {
    TrainerError(
      .data, "\(path): \(place(name, group)) holds \(rows.typeName), expected numbers\(rows.typeAdvice)")
  }

  private static func position(_ row: Int, _ column: Int) -> String {
    "in row \(row), column \(column) (both counted from 0)"
  }

  func requireFinite<Scalar: KernelElement>(
    _ values: [Scalar], of name: String, in group: String, firstRow: Int, columns: Int
  ) throws {
    let isFinite = values.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { Kernels<Scalar>.best.allFinite($0, count: buffer.count) } ?? true
    }
    guard !isFinite, let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    let (row, column) = index.quotientAndRemainder(dividingBy: columns)
    throw try notFinite(Double(values[index]), of: name, in: group, row: firstRow + row, column: column)
  }

  func notFinite(_ value: Double, of name: String, in group: String, row: Int, column: Int) throws -> TrainerError {
    let whole = try Self.translating(path) { try datasetRow(row, of: name, in: group) }
    let (path, fileRow) = try fileAndRow(whole, of: name, in: group)
    let what =
      if value.isNaN, let unpacked = try unpacked(name, in: group), !unpacked.missing.isEmpty {
        "no value (_FillValue or missing_value)"
      } else {
        value.isNaN ? "NaN" : "an infinity"
      }
    let filling =
      value.isNaN && name == roles.inputs
      ? #", or write "features": [{"kind": "number", "transform": ["impute", "standardize"]}] in place of "preprocessing", "#
        + "which fills them in"
      : ""
    return TrainerError(
      .data,
      "\(path): \(place(name, group)) has \(what) \(Self.position(fileRow, column)); "
        + "remove or replace such values before training\(filling)")
  }

  /// The rows of a dataset with attributes of missing or packed numbers; `nil` for all others.
  private func unpacked(_ name: String, in group: String) throws -> UnpackedRows? {
    let rows = try Self.translating(path) { try plainRows(name, in: group) }
    return rows as? UnpackedRows ?? (rows as? PickedRows)?.base as? UnpackedRows
  }
}

/// Collects rows in double precision, rounded once, and takes note of what is lost.
struct RowCollector<Scalar: KernelElement> {
  private let rows: Int
  private let rowShape: [Int]
  private let columns: Int
  private var values: [Scalar] = []
  private var precision: ColumnPrecision<Scalar>

  /// - Parameters:
  ///   - rows: How many rows there will be.
  ///   - rowShape: The extents of each.
  ///   - areLongIntegers: Whether they come from whole numbers of 64 bits, which a double may have rounded.
  init(rows: Int, rowShape: [Int], areLongIntegers: Bool) {
    self.rows = rows
    self.rowShape = rowShape
    columns = rowShape.reduce(1, *)
    values.reserveCapacity(rows * columns)
    precision = ColumnPrecision(columns: columns, areLongIntegers: areLongIntegers)
  }

  /// Refuses rows that do not fit into memory, before room is made for them.
  ///
  /// - Parameter place: How messages call them.
  static func requireMemory(rows: Int, rowShape: [Int], of place: String) throws {
    try MemoryLimit.require(
      rowShape.reduce(Double(rows * MemoryLayout<Scalar>.stride)) { $0 * Double($1) },
      for: "\(place), with \(rowShape.reduce(1, *)) columns in each of \(rows) rows,", code: .data,
      advice: "take fewer rows or columns")
  }

  /// Takes whole rows.
  ///
  /// - Returns: The first number that `Scalar` cannot hold, with its row and column; `nil` if it holds all.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  mutating func append(_ block: [Double]) -> (value: Double, row: Int, column: Int)? {
    let first = values.count
    values.append(contentsOf: block.lazy.map { Scalar($0) })
    precision.note(block, values[first...])
    guard let index = values[first...].firstIndex(where: { !$0.isFinite }) else { return nil }
    let (row, column) = index.quotientAndRemainder(dividingBy: columns)
    return (block[index - first], row, column)
  }

  /// The rows that were taken.
  var source: RowSource<Scalar> {
    RowSource(rows: rows, rowShape: rowShape, storage: .scalars(values), lostPrecision: precision.loss)
  }
}

extension NumberType {
  /// Whether every number of the type is one of an element type.
  func isExact(in element: ElementType) -> Bool {
    switch (self, element) {
    case (.int8, _), (.int16, _), (.uint8, _), (.uint16, _), (.float32, _): true
    case (.int32, .float64), (.uint32, .float64), (.float64, .float64): true
    case (.int32, .float32), (.uint32, .float32), (.float64, .float32), (.int64, _), (.uint64, _): false
    }
  }

  var isLongInteger: Bool { self == .int64 || self == .uint64 }
}
