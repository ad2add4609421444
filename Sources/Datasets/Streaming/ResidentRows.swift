import Foundations
import Kernels

/// Rows that are in memory, such as targets and weights: nothing is fetched, and decoding copies.
package final class ResidentRows<Scalar: KernelElement>: FetchedRows {
  private let source: RowSource<Scalar>

  /// - Precondition: the rows are not mapped.
  package init(_ source: RowSource<Scalar>) { self.source = source }

  package var rowCount: Int { source.rows }
  package var columns: Int { source.columns }
  package var holdsBytes: Bool { if case .bytes = source.storage { true } else { false } }
  package var isResident: Bool { true }
  package var indexByteCount: Int { 0 }
  package var mostRowsOfBand: Int { source.rows }
  package var scratchByteCount: Int { 0 }
  package var codecs: ChunkCodecs { [] }

  package func endOfBand(_ row: Int) -> Int { source.rows }
  package func fetchedByteCount(_ rows: Range<Int>) -> Int { 0 }
  package func mostFetchedByteCount(rows: Int) -> Int { 0 }
  package func fetch(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {}

  package func decode(
    _ fetched: UnsafeRawBufferPointer, rows: Range<Int>, into out: UnsafeMutableRawPointer, scratch: DecodingScratch
  ) -> DecodingFault? {
    let (first, count) = (rows.lowerBound * rowByteCount, rows.count * rowByteCount)
    func copy(_ bytes: UnsafeRawBufferPointer) {
      guard let base = bytes.baseAddress else { return }
      out.copyMemory(from: base + first, byteCount: count)
    }
    switch source.storage {
    case .bytes(let bytes): bytes.withUnsafeBytes(copy)
    case .scalars(let scalars): scalars.withUnsafeBytes(copy)
    case .sparse(let elements):
      let out = out.assumingMemoryBound(to: Scalar.self)
      for (place, row) in rows.enumerated() {
        var index = Int64(row)
        elements.gather(&index, rows: 1, columns: 0..<columns, into: out + place * columns)
      }
    case .mapped, .ring: preconditionFailure("such rows are not copied")
    }
    return nil
  }

  package func error(_ fault: DecodingFault, rows: Range<Int>) -> TrainerError {
    TrainerError(.data, "rows \(rows.lowerBound) to \(rows.upperBound - 1) (counted from 0) cannot be read")
  }
}

extension StreamedRows {
  /// Rows that are in memory, beside others that are not: samples are found by one set of slots.
  package init(resident source: RowSource<Scalar>) {
    self.init(
      rows: ResidentRows(source), rowShape: source.rowShape, affine: source.isSparse ? nil : source.affine,
      place: "memory", text: "in memory", lostPrecision: source.lostPrecision)
  }
}
