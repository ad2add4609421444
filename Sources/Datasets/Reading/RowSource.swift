import Foundations
import Kernels

/// The rows of one dataset, in memory or mapped, and how they are converted as they are gathered.
///
/// Bytes stay bytes: a quarter of the memory and of the traffic, converted on the way into a shard's buffer. A sparse
/// matrix stays sparse. Mapped rows stay in their file.
package final class RowSource<Scalar: KernelElement>: Sendable {
  enum Storage: Sendable {
    case bytes([UInt8])
    case scalars([Scalar])
    /// As gathering gives them.
    case sparse(SparseElements<Scalar>)
    /// Rows that are loaded for now, found by the slots that they lie in.
    case ring(RowRing<Scalar>)
    /// Where they lie in a file.
    case mapped(MappedElements<Scalar>)
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
  /// The storage once more, so that gathering takes nothing out of an enumeration: that counts references, in a line of the
  /// cache that all workers would write.
  private let bytes: [UInt8]
  private let scalars: [Scalar]
  private let mapped: Unmanaged<MappedElements<Scalar>>?

  /// Elements of one row.
  package let columns: Int

  init(rows: Int, rowShape: [Int], storage: Storage, affine: AffineColumns? = nil, lostPrecision: LostPrecision? = nil)
  {
    let columns = rowShape.reduce(1, *)
    self.columns = columns
    self.rows = rows
    self.rowShape = rowShape
    self.lostPrecision = lostPrecision
    bytes = if case .bytes(let bytes) = storage { bytes } else { [] }
    scalars = if case .scalars(let scalars) = storage { scalars } else { [] }
    mapped = if case .mapped(let elements) = storage { Unmanaged.passUnretained(elements) } else { nil }
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

  /// A source of the rows that a ring holds, with a map applied to each column as they are gathered.
  package convenience init(_ ring: RowRing<Scalar>, rowShape: [Int], affine: AffineColumns?) {
    self.init(rows: ring.capacity, rowShape: rowShape, storage: .ring(ring), affine: affine)
  }

  /// The same rows with a map applied to each column as they are gathered. It takes the place of such a map, but for
  /// sparse rows, which it is applied to.
  package func mapped(by affine: AffineColumns) -> RowSource {
    RowSource(rows: rows, rowShape: rowShape, storage: storage, affine: affine, lostPrecision: lostPrecision)
  }

  /// The map that gathering applies.
  var affine: AffineColumns { AffineColumns(scale: scale.map { Double($0) }, offset: offset.map { Double($0) }) }

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
      case .ring: preconditionFailure("columns are chosen where rows are loaded")
      case .mapped: .scalars((0..<rows).flatMap { row in chosen.map { column in Scalar(self.row(row)[column]) } })
      }
    let lost = lostPrecision.flatMap { loss in
      chosen.firstIndex(of: loss.column).map {
        LostPrecision(column: $0, largest: loss.largest, deviation: loss.deviation, spacing: loss.spacing)
      }
    }
    return RowSource(rows: rows, rowShape: rowShape, storage: storage, lostPrecision: lost)
  }

  /// The same rows, in which some columns are those of other rows: all of the same other row, in an order that depends on the
  /// number of rows alone.
  ///
  /// - Returns: `nil` for rows that are no arrays in memory.
  package func permutingRows(ofColumns chosen: Range<Int>) -> RowSource? {
    let order = SplitRows.permutation(rows, 0)
    func permuted<Element>(_ elements: [Element]) -> [Element] {
      var result = elements
      for row in 0..<rows {
        for column in chosen { result[row * columns + column] = elements[Int(order[row]) * columns + column] }
      }
      return result
    }
    let storage: Storage
    switch self.storage {
    case .bytes(let bytes): storage = .bytes(permuted(bytes))
    case .scalars(let scalars): storage = .scalars(permuted(scalars))
    case .sparse, .ring, .mapped: return nil
    }
    return RowSource(rows: rows, rowShape: rowShape, storage: storage, affine: affine)
  }

  /// A row as it is stored; a sparse one as it is gathered.
  package func row(_ index: Int) -> [Double] {
    let range = index * columns..<(index + 1) * columns
    return switch storage {
    case .bytes(let bytes): bytes[range].map { Double($0) }
    case .scalars(let scalars): scalars[range].map { Double($0) }
    case .sparse(let elements): elements.row(index).map { Double($0) }
    case .ring(let ring) where ring.holdsBytes: range.map { Double(ring.bytes[$0]) }
    case .ring(let ring): range.map { Double(ring.scalars[$0]) }
    case .mapped(let elements): elements.values(index)
    }
  }

  /// Whether the rows are elements that differ from their columns' backgrounds, with all maps applied.
  var isSparse: Bool { if case .sparse = storage { true } else { false } }

  /// Whether the rows stay in their file.
  package var isMapped: Bool { if case .mapped = storage { true } else { false } }

  /// Makes sure that mapped rows are all still in their file, which must be done before some are gathered: touching what
  /// was cut off ends the program (``LostMapping``). A file that is cut between this and the gathering does so still. Behind
  /// the gathering it tells of numbers that are not finite; rows in memory were checked as they were read.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file was cut or written to, or a gathered number is not finite.
  package func check() throws {
    if case .mapped(let elements) = storage { try elements.check() }
  }

  /// The sentence about the first element that is not finite among some mapped rows, for a loss that is not; `nil` if there
  /// is none. Rows in memory were checked as they were read.
  package func firstNotFinite(in rows: [Int64]) -> TrainerError? {
    if case .mapped(let elements) = storage { elements.firstNotFinite(in: rows) } else { nil }
  }

  /// Bytes of one row as it is stored, of sparse ones on average.
  package var rowByteCount: Int {
    switch storage {
    case .bytes: columns
    case .ring(let ring) where ring.holdsBytes: columns
    case .scalars, .ring: columns * MemoryLayout<Scalar>.stride
    case .sparse(let elements): elements.rowByteCount
    case .mapped(let elements): elements.rowByteCount
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
    case .ring: preconditionFailure("rows that come and go have no range")
    case .mapped:
      (0..<rows).lazy.map { range(self.row($0)) { $0 } }
        .reduce(nil) { all, row in
          all.map { min($0.lowerBound, row.lowerBound)...max($0.upperBound, row.upperBound) } ?? row
        } ?? 0...0
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
        case .bytes:
          bytes.withUnsafeBufferPointer {
            guard let bytes = $0.baseAddress else { return }
            kernels.gatherRows(
              bytes: bytes + from, width: width, indices: first, rows: rows, following: following,
              columns: range.count, scale: scales, offset: offsets, into: out)
          }
        case .scalars:
          scalars.withUnsafeBufferPointer {
            guard let scalars = $0.baseAddress else { return }
            kernels.gatherRows(
              scalars + from, width: width, indices: first, rows: rows, following: following,
              columns: range.count, scale: scales, offset: offsets, into: out)
          }
        case .ring(let ring) where ring.holdsBytes:
          kernels.gatherRows(
            bytes: ring.bytes + from, width: width, indices: first, rows: rows, following: following,
            columns: range.count, scale: scales, offset: offsets, into: out)
        case .ring(let ring):
          kernels.gatherRows(
            ring.scalars + from, width: width, indices: first, rows: rows, following: following,
            columns: range.count, scale: scales, offset: offsets, into: out)
        case .mapped:
          mapped?._withUnsafeGuaranteedRef {
            $0.gather(
              first, rows: rows, following: following, columns: range, scale: scales, offset: offsets, into: out,
              kernels: kernels)
          }
        case .sparse: return
        }
      }
    }
  }
}
