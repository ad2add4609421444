import Foundation
import Foundations
import HDF5
import Kernels
import Synchronization

/// Rows of a contiguous dataset where they lie in the file, in memory that the system fills as it is read.
///
/// Bytes and numbers of type `Scalar` in this machine's order are gathered from there by the same kernels as from memory;
/// all others are converted on the way, a few columns at a time, to the numbers that rows in memory have, and go through the
/// same kernel then. Numbers that are not finite are looked for as rows are gathered, since looking before would read the file
/// once more; ``check()`` tells of them.
final class MappedElements<Scalar: KernelElement>: Sendable {
  let columns: Int
  let holdsBytes: Bool
  let source: StoredPlace
  private let file: MappedFile
  /// The first byte of row 0 of the dataset.
  private let offset: Int
  private let width: Int
  private let rowPlaces: RowPlaces
  private let conversion: ElementConversion<Scalar>
  /// Whether the kernels can read the numbers where they lie.
  private let isDirect: Bool
  /// The first row so far in which a number was found that is not finite.
  private let firstFault = Atomic<Int>(Int.max)

  /// Columns that are converted at once, and rows whose numbers are translated at once.
  private static var stretch: Int { 128 }
  private static var rowsAtOnce: Int { 64 }

  /// - Returns: `nil` for a dataset that is not stored in one place in a file on disk, or whose rows are more than
  ///   converted.
  /// - Throws: `HDF5Error`; `TrainerError` if the system does not map the file.
  init?(_ dataset: HDF5.Dataset, rows rowPlaces: RowPlaces, form: RowForm, source: StoredPlace) throws {
    let datatype = dataset.datatype
    guard !form.isRearranged, try datatype.hasUsualFields, let type = datatype.numberType,
      let start = try dataset.offset, let readable = try dataset.readableFile()
    else { return nil }
    let byteCount = try dataset.dataspace.count * type.byteCount
    columns = form.columns
    holdsBytes = form.holdsBytes
    width = type.byteCount
    self.source = source
    self.rowPlaces = rowPlaces
    conversion = ElementConversion(type, isSwapped: !datatype.isNative, affine: form.map)
    (file, offset) = try MappedFile.map(
      readable, start..<start + byteCount, rowByteCount: form.columns * type.byteCount, source: source)
    isDirect =
      holdsBytes || conversion.isCopy && (file.address + offset) % MemoryLayout<Scalar>.alignment == 0
  }

  /// Bytes of a row as it is stored.
  var rowByteCount: Int { columns * width }

  private func row(_ row: Int) -> UnsafeRawPointer? {
    UnsafeRawPointer(bitPattern: file.address + offset + rowPlaces[row] * columns * width)
  }

  /// Copies rows, or some columns of them, into `out`, as ``RowSource/gather(_:following:columns:into:kernels:)``.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func gather(
    _ indices: UnsafePointer<Int64>, rows: Int, following: Int, columns range: Range<Int>,
    scale: UnsafePointer<Scalar>, offset: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>,
    kernels: Kernels<Scalar>
  ) {
    guard isDirect else {
      for index in 0..<rows {
        guard let from = row(Int(indices[index])) else { return }
        convert(
          from, row: Int(indices[index]), columns: range, scale: scale, offset: offset, into: out + index * range.count,
          kernels: kernels)
      }
      return
    }
    defer { look(indices, rows, range, out, kernels) }
    guard case .list(let list) = rowPlaces else {
      guard let base = row(0) else { return }
      return gather(base, indices, rows, following, range, scale, offset, out, kernels)
    }
    guard let base = UnsafeRawPointer(bitPattern: file.address + self.offset) else { return }
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: Self.rowsAtOnce) { places in
      guard let numbers = places.baseAddress else { return }
      for first in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
        let count = min(Self.rowsAtOnce, rows - first)
        for index in 0..<count { numbers[index] = Int64(list[Int(indices[first + index])]) }
        gather(base, numbers, count, 0, range, scale, offset, out + first * range.count, kernels)
      }
    }
  }

  private func gather(
    _ base: UnsafeRawPointer, _ indices: UnsafePointer<Int64>, _ rows: Int, _ following: Int, _ range: Range<Int>,
    _ scale: UnsafePointer<Scalar>, _ offset: UnsafePointer<Scalar>, _ out: UnsafeMutablePointer<Scalar>,
    _ kernels: Kernels<Scalar>
  ) {
    if holdsBytes {
      kernels.gatherRows(
        bytes: base.assumingMemoryBound(to: UInt8.self) + range.lowerBound, width: columns, indices: indices,
        rows: rows, following: following, columns: range.count, scale: scale, offset: offset, into: out)
    } else {
      kernels.gatherRows(
        base.assumingMemoryBound(to: Scalar.self) + range.lowerBound, width: columns, indices: indices, rows: rows,
        following: following, columns: range.count, scale: scale, offset: offset, into: out)
    }
  }

  /// Looks in what was gathered, which lies in a cache, for numbers that are not finite as they are stored: a column's map
  /// alone may make some.
  private func look(
    _ indices: UnsafePointer<Int64>, _ rows: Int, _ range: Range<Int>, _ out: UnsafePointer<Scalar>,
    _ kernels: Kernels<Scalar>
  ) {
    guard !holdsBytes, !kernels.allFinite(out, count: rows * range.count) else { return }
    for index in 0..<rows {
      guard let from = row(Int(indices[index])) else { return }
      let stored = from.assumingMemoryBound(to: Scalar.self)
      if !kernels.allFinite(stored + range.lowerBound, count: range.count) { note(Int(indices[index])) }
    }
  }

  /// Notes a row that has a number which is not finite.
  private func note(_ row: Int) { _ = firstFault.min(row, ordering: .relaxed) }

  /// Converts columns of one row, a stretch at a time: memory for a whole row would have to be allocated.
  private func convert(
    _ from: UnsafeRawPointer, row: Int, columns range: Range<Int>, scale: UnsafePointer<Scalar>,
    offset: UnsafePointer<Scalar>,
    into out: UnsafeMutablePointer<Scalar>, kernels: Kernels<Scalar>
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: Self.stretch) { numbers in
      guard let numbers = numbers.baseAddress else { return }
      var zero = Int64(0)
      for first in stride(from: 0, to: range.count, by: Self.stretch) {
        let count = min(Self.stretch, range.count - first)
        let column = range.lowerBound + first
        // In a region subnormal numbers are zeros, and a map in double precision would not give the bits of rows in memory.
        withSubnormals {
          if conversion.convert(from + column * width, count: count, column: column, into: numbers) != nil, !holdsBytes
          {
            note(row)
          }
        }
        kernels.gatherRows(
          numbers, width: count, indices: &zero, rows: 1, columns: count, scale: scale + first, offset: offset + first,
          into: out + first)
      }
    }
  }

  /// A row as rows in memory are kept.
  func values(_ index: Int) -> [Double] {
    guard let from = row(index) else { return [] }
    if holdsBytes { return (0..<columns).map { conversion.double(from, at: $0) } }
    return withUnsafeTemporaryAllocation(of: Scalar.self, capacity: columns) { numbers in
      guard let base = numbers.baseAddress else { return [] }
      conversion.fill(base, from: from, count: columns, column: 0)
      return numbers.map { Double($0) }
    }
  }

  /// The first element of some rows that is not finite, as a sentence; `nil` if all are: for an engine whose loss is not.
  func firstNotFinite(in rows: [Int64]) -> TrainerError? {
    guard !holdsBytes else { return nil }
    for row in rows {
      for (column, value) in values(Int(row)).enumerated() where !value.isFinite {
        guard let from = self.row(Int(row)) else { return nil }
        let stored = conversion.double(from, at: column)
        let mapped = conversion.affine?(stored, column: column) ?? stored
        return source.error(
          stored.isFinite
            ? .tooGreat(row: Int(row), column: column, value: mapped)
            : .notFinite(row: Int(row), column: column, value: stored)
        ) { "the chunk \($0)" }
      }
    }
    return nil
  }

  /// Makes sure that the file still has all of the rows, since what is cut off cannot be read, and that those which were
  /// gathered are finite.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file was cut or written to, or for the first row with a number that is
  ///   not finite.
  func check() throws {
    try file.check()
    let row = firstFault.load(ordering: .relaxed)
    if row < Int.max, let error = firstNotFinite(in: [Int64(row)]) { throw error }
  }
}
