import Foundations
import HDF5
import Kernels

/// Rows that libhdf5 reads, or that are composed of what it reads: fetching makes them whole, and decoding copies.
package final class LibraryRows<Scalar: KernelElement>: FetchedRows {
  /// Reads rows to what ``RowSource`` keeps of them: bytes or `Scalar`s, row by row.
  typealias Read = @Sendable (Range<Int>) throws -> RowSource<Scalar>.Storage

  package let rowCount: Int
  package let columns: Int
  package let holdsBytes: Bool
  package let mostRowsOfBand: Int
  package let fetchingByteCount: Int
  private let read: Read

  /// - Parameters:
  ///   - rowsOfBand: The rows that are best read at once.
  ///   - bytesOfRow: What reading takes for each of them meanwhile.
  init(
    rowCount: Int, columns: Int, holdsBytes: Bool, rowsOfBand: Int, bytesOfRow: Int, _ read: @escaping Read
  ) {
    self.rowCount = rowCount
    self.columns = columns
    self.holdsBytes = holdsBytes
    self.read = read
    mostRowsOfBand = max(1, min(rowCount, rowsOfBand))
    fetchingByteCount = mostRowsOfBand * bytesOfRow
  }

  package var indexByteCount: Int { 0 }
  package var scratchByteCount: Int { 0 }
  package var codecs: ChunkCodecs { [] }

  package func endOfBand(_ row: Int) -> Int { min(rowCount, (row / mostRowsOfBand + 1) * mostRowsOfBand) }
  package func fetchedByteCount(_ rows: Range<Int>) -> Int { rows.count * rowByteCount }

  package func fetch(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    guard !rows.isEmpty else { return }
    switch try read(rows) {
    case .bytes(let bytes): bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
    case .scalars(let scalars): scalars.withUnsafeBytes { buffer.copyMemory(from: $0) }
    case .sparse, .mapped, .ring: preconditionFailure("such rows are not fetched")
    }
  }

  package func decode(
    _ fetched: UnsafeRawBufferPointer, rows: Range<Int>, into out: UnsafeMutableRawPointer, scratch: DecodingScratch
  ) -> DecodingFault? {
    guard let base = fetched.baseAddress else { return nil }
    out.copyMemory(from: base, byteCount: rows.count * rowByteCount)
    return nil
  }

  package func error(_ fault: DecodingFault, rows: Range<Int>) -> TrainerError {
    TrainerError(.data, "rows \(rows.lowerBound) to \(rows.upperBound - 1) (counted from 0) cannot be read")
  }
}
