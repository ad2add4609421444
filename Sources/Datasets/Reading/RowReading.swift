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
    switch try numberType(of: name, in: group) {
    case .uint8:
      let bytes: [UInt8] = try Self.translating(path) { try dataset(name, in: group).read() }
      return RowSource(rows: rows, rowShape: rowShape, storage: .bytes(bytes))
    case let type? where type.isExact(in: Scalar.elementType):
      let values = try Self.translating(path) { try dataset(name, in: group).read(as: Scalar.self) }
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
    let columns = rowShape.reduce(1, *)
    var values: [Scalar] = []
    values.reserveCapacity(rows * columns)
    var precision = ColumnPrecision<Scalar>(
      columns: columns, areLongIntegers: try numberType(of: name, in: group)?.isLongInteger ?? false)
    try forEachBlock(of: name, in: group) { block, firstRow in
      let mapped = try map(block, firstRow)
      values.append(contentsOf: mapped.lazy.map { Scalar($0) })
      precision.note(mapped, values.suffix(mapped.count))
      if let index = values.suffix(mapped.count).firstIndex(where: { !$0.isFinite }) {
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        throw TrainerError(
          .data,
          "\(path): \(Self.place(name, group)) has \(mapped[index - firstRow * columns]) "
            + "\(Self.position(row, column)), which \(Scalar.elementType.rawValue) cannot hold; scale the data or set "
            + "\"precision\" to \"float64\"")
      }
    }
    return RowSource(rows: rows, rowShape: rowShape, storage: .scalars(values), lostPrecision: precision.loss)
  }

  /// Reads a dataset in blocks of whole rows, in double precision.
  ///
  /// - Throws: What `body` throws; `TrainerError` if the dataset is not numeric or holds NaN or infinity.
  func forEachBlock(of name: String, in group: String, _ body: ([Double], _ firstRow: Int) throws -> Void) throws {
    let (rows, rowShape) = try shape(of: name, in: group)
    _ = try numberType(of: name, in: group)
    let columns = rowShape.reduce(1, *)
    let rowsPerBlock = max(1, (1 << 20) / max(1, columns))
    for start in stride(from: 0, to: rows, by: rowsPerBlock) {
      let block = try Self.translating(path) {
        try dataset(name, in: group).read(as: Double.self, selecting: .range(start..<min(rows, start + rowsPerBlock)))
      }
      try requireFinite(block, of: name, in: group, firstRow: start, columns: columns)
      try body(block, start)
    }
  }

  /// The type of a dataset's elements; `nil` for numbers of a width that this package has no type for.
  ///
  /// - Throws: `TrainerError` if they are no numbers.
  func numberType(of name: String, in group: String) throws -> NumberType? {
    try Self.translating(path) {
      let type = try dataset(name, in: group).datatype
      guard type.isNumeric else {
        throw TrainerError(.data, "\(path): \(Self.place(name, group)) holds \(type), expected numbers")
      }
      return type.numberType
    }
  }

  private static func position(_ row: Int, _ column: Int) -> String {
    "in row \(row), column \(column) (both counted from 0)"
  }

  private func requireFinite<Scalar: KernelElement>(
    _ values: [Scalar], of name: String, in group: String, firstRow: Int, columns: Int
  ) throws {
    let isFinite = values.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { Kernels<Scalar>.best.allFinite($0, count: buffer.count) } ?? true
    }
    guard !isFinite, let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    let (row, column) = index.quotientAndRemainder(dividingBy: columns)
    throw TrainerError(
      .data,
      "\(path): \(Self.place(name, group)) has \(values[index].isNaN ? "NaN" : "an infinity") "
        + "\(Self.position(firstRow + row, column)); remove or replace such values before training")
  }
}

extension NumberType {
  /// Whether every number of the type is one of an element type.
  fileprivate func isExact(in element: ElementType) -> Bool {
    switch (self, element) {
    case (.int8, _), (.int16, _), (.uint8, _), (.uint16, _), (.float32, _): true
    case (.int32, .float64), (.uint32, .float64), (.float64, .float64): true
    case (.int32, .float32), (.uint32, .float32), (.float64, .float32), (.int64, _), (.uint64, _): false
    }
  }

  fileprivate var isLongInteger: Bool { self == .int64 || self == .uint64 }
}
