import Kernels

/// The rows of one dataset, in memory, and how they are converted as they are gathered.
///
/// Bytes stay bytes: a quarter of the memory and of the traffic, converted on the way into a shard's buffer. A sparse
/// matrix stays sparse.
package final class RowSource<Scalar: KernelElement>: Sendable {
  enum Storage: Sendable {
    case bytes([UInt8])
    case scalars([Scalar])
    /// As gathering gives them.
    case sparse(SparseElements<Scalar>)
  }

  /// The number of rows.
  package let rows: Int
  /// The extents of one row; empty if a row is one number.
  package let rowShape: [Int]
  let storage: Storage
  /// A column of which the rounding to `Scalar` has left too little; `nil` if there is none.
  package let lostPrecision: LostPrecision?
  private let scale: [Scalar]
  private let offset: [Scalar]

  /// Elements of one row.
  package let columns: Int

  init(rows: Int, rowShape: [Int], storage: Storage, affine: AffineColumns? = nil, lostPrecision: LostPrecision? = nil)
  {
    let columns = rowShape.reduce(1, *)
    self.columns = columns
    self.rows = rows
    self.rowShape = rowShape
    self.lostPrecision = lostPrecision
    if case .sparse(let elements) = storage {
      self.storage = .sparse(
        elements.mapped(
          scale: affine?.scale.map { Scalar($0) }, offset: affine?.offset.map { Scalar($0) }))
      (scale, offset) = ([], [])
      return
    }
    self.storage = storage
    scale = affine?.scale.map { Scalar($0) } ?? [Scalar](repeating: 1, count: columns)
    offset = affine?.offset.map { Scalar($0) } ?? [Scalar](repeating: 0, count: columns)
    precondition(scale.count == columns && offset.count == columns, "the affine map has another number of columns")
  }

  /// A source of numbers in memory, row by row.
  package convenience init(_ values: [Scalar], rows: Int, rowShape: [Int]) {
    self.init(rows: rows, rowShape: rowShape, storage: .scalars(values))
  }

  /// The same rows with a map applied to each column as they are gathered. It takes the place of such a map, but for
  /// sparse rows, which it is applied to.
  package func mapped(by affine: AffineColumns) -> RowSource {
    RowSource(rows: rows, rowShape: rowShape, storage: storage, affine: affine, lostPrecision: lostPrecision)
  }

  /// Some columns of the same rows, in the order asked for.
  ///
  /// - Parameters:
  ///   - chosen: The columns, counted from 0.
  ///   - rowShape: The extents of a row of them.
  func selecting(columns chosen: [Int], rowShape: [Int]) -> RowSource {
    func select<Element>(_ elements: [Element]) -> [Element] {
      var result: [Element] = []
      result.reserveCapacity(rows * chosen.count)
      for row in 0..<rows {
        for column in chosen { result.append(elements[row * columns + column]) }
      }
      return result
    }
    let storage: Storage =
      switch storage {
      case .bytes(let bytes): .bytes(select(bytes))
      case .scalars(let scalars): .scalars(select(scalars))
      case .sparse(let elements): .sparse(elements.selecting(columns: chosen))
      }
    let lost = lostPrecision.flatMap { loss in
      chosen.firstIndex(of: loss.column).map {
        LostPrecision(column: $0, largest: loss.largest, deviation: loss.deviation, spacing: loss.spacing)
      }
    }
    return RowSource(rows: rows, rowShape: rowShape, storage: storage, lostPrecision: lost)
  }

  /// A row as it is stored; a sparse one as it is gathered.
  package func row(_ index: Int) -> [Double] {
    let range = index * columns..<(index + 1) * columns
    return switch storage {
    case .bytes(let bytes): bytes[range].map { Double($0) }
    case .scalars(let scalars): scalars[range].map { Double($0) }
    case .sparse(let elements): elements.row(index).map { Double($0) }
    }
  }

  /// Bytes of one row as it is stored, of sparse ones on average.
  package var rowByteCount: Int {
    switch storage {
    case .bytes: columns
    case .scalars: columns * MemoryLayout<Scalar>.stride
    case .sparse(let elements): elements.rowByteCount
    }
  }

  /// From the least to the greatest element as it is stored.
  package var range: ClosedRange<Double> {
    func range<Element: Comparable>(_ elements: [Element], _ convert: (Element) -> Double) -> ClosedRange<Double> {
      guard var least = elements.first, var greatest = elements.first else { return 0...0 }
      for element in elements {
        least = min(least, element)
        greatest = max(greatest, element)
      }
      return convert(least)...convert(greatest)
    }
    return switch storage {
    case .bytes(let bytes): range(bytes) { Double($0) }
    case .scalars(let scalars): range(scalars) { Double($0) }
    case .sparse(let elements): Double(elements.range.lowerBound)...Double(elements.range.upperBound)
    }
  }

  /// The first row as it is stored.
  package var firstRow: [Double] { row(0) }

  /// Copies rows, or some columns of them, into `out` [rows, columns.count], converted.
  ///
  /// - Parameters:
  ///   - indices: The rows, and then, if asked, some that will be wanted next.
  ///   - following: How many of the indices are the latter.
  ///   - columns: All of them if `nil`.
  /// - Precondition: each index is in 0 ..< rows.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func gather(
    _ indices: UnsafeBufferPointer<Int64>, following: Int = 0, columns range: Range<Int>? = nil,
    into out: UnsafeMutablePointer<Scalar>, kernels: Kernels<Scalar>
  ) {
    let (width, rows) = (columns, indices.count - following)
    let range = range ?? 0..<width
    guard let first = indices.baseAddress, !indices.isEmpty, !range.isEmpty else { return }
    if case .sparse(let elements) = storage { return elements.gather(first, rows: rows, columns: range, into: out) }
    scale.withUnsafeBufferPointer { scale in
      offset.withUnsafeBufferPointer { offset in
        guard let scale = scale.baseAddress, let offset = offset.baseAddress else { return }
        let (from, scales, offsets) = (range.lowerBound, scale + range.lowerBound, offset + range.lowerBound)
        switch storage {
        case .bytes(let bytes):
          bytes.withUnsafeBufferPointer {
            guard let bytes = $0.baseAddress else { return }
            kernels.gatherRows(
              bytes: bytes + from, width: width, indices: first, rows: rows, following: following,
              columns: range.count, scale: scales, offset: offsets, into: out)
          }
        case .scalars(let scalars):
          scalars.withUnsafeBufferPointer {
            guard let scalars = $0.baseAddress else { return }
            kernels.gatherRows(
              scalars + from, width: width, indices: first, rows: rows, following: following,
              columns: range.count, scale: scales, offset: offsets, into: out)
          }
        case .sparse: return
        }
      }
    }
  }
}
