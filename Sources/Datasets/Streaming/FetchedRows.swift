import Foundations
import Kernels

/// Rows of a dataset in two steps: one thread fetches what is stored of them, which may wait for a disk, and any worker
/// decodes it, which waits for nothing.
///
/// What is decoded is, to the last bit, what ``RowSource`` holds of the same rows in memory.
package protocol FetchedRows<Scalar>: Sendable {
  associatedtype Scalar: KernelElement

  /// The number of rows.
  var rowCount: Int { get }
  /// Elements of a row behind preprocessing.
  var columns: Int { get }
  /// Whether the elements stay bytes, as ``RowSource`` keeps those that were stored as such; else they are of type `Scalar`.
  var holdsBytes: Bool { get }
  /// Whether the rows are in memory, and nothing of them is fetched.
  var isResident: Bool { get }
  /// Memory that is held beside what the caller gives, in bytes: mostly where the chunks are.
  var indexByteCount: Int { get }

  /// The end of the band that a row is in: the rows from it on that are stored together. What is fetched at once must not
  /// go beyond it.
  func endOfBand(_ row: Int) -> Int
  /// The most rows of a band.
  var mostRowsOfBand: Int { get }
  /// The most bytes that fetching these rows, which are of one band, writes. Reads nothing.
  func fetchedByteCount(_ rows: Range<Int>) -> Int
  /// The most that ``fetchedByteCount(_:)`` says of so many rows.
  func mostFetchedByteCount(rows: Int) -> Int
  /// The most memory that fetching takes for itself while it goes on, in bytes.
  var fetchingByteCount: Int { get }
  /// Reads what is stored of these rows, which are of one band. Only one thread at a time may call it; it may wait and
  /// allocate.
  ///
  /// - Throws: `TrainerError` with code `.data` that names file, dataset, chunk and rows.
  func fetch(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws

  /// Bytes of scratch memory that decoding needs.
  var scratchByteCount: Int { get }
  /// The libraries that decoding calls.
  var codecs: ChunkCodecs { get }
  /// Decodes what was fetched of these rows. Any worker may call it, with a scratch of its own: it takes no lock, allocates
  /// nothing and makes no system call.
  ///
  /// - Parameters:
  ///   - fetched: What ``fetch(_:into:)`` wrote for the same rows.
  ///   - rows: Rows of one band.
  ///   - out: [rows, columns] elements, `UInt8` if ``holdsBytes``, else `Scalar`.
  ///   - scratch: Made for at least ``scratchByteCount`` and ``codecs``.
  /// - Returns: `nil`, or what is wrong.
  func decode(
    _ fetched: UnsafeRawBufferPointer, rows: Range<Int>, into out: UnsafeMutableRawPointer, scratch: DecodingScratch
  ) -> DecodingFault?
  /// The sentence for a fault that decoding these rows has found.
  func error(_ fault: DecodingFault, rows: Range<Int>) -> TrainerError
}

extension FetchedRows {
  package var isResident: Bool { false }
  package var fetchingByteCount: Int { 0 }
  package func mostFetchedByteCount(rows: Int) -> Int { min(rows, mostRowsOfBand) * rowByteCount }
  /// Bytes of one element as it is decoded.
  package var elementByteCount: Int { holdsBytes ? 1 : MemoryLayout<Scalar>.stride }
  /// Bytes of one row as it is decoded.
  package var rowByteCount: Int { columns * elementByteCount }
}

/// What is wrong with fetched rows.
package enum DecodingFault: Error, Sendable, Equatable {
  /// A chunk, by its number in row-major order, does not pass one of its filters.
  case filter(chunk: Int, filter: ChunkFilter)
  /// The checksum of a chunk is not that of its bytes.
  case checksum(chunk: Int)
  /// A chunk has another size behind its filters than it should.
  case size(chunk: Int, expected: Int)
  /// A number is NaN or an infinity; the row is the group's.
  case notFinite(row: Int, column: Int, value: Double)
  /// `Scalar` cannot hold a number.
  case tooGreat(row: Int, column: Int, value: Double)
  /// The training group does not have a category.
  case unknownCategory(row: Int, column: Int, value: Double)
}

/// A stored dataset as a source of rows: those that are fetched, and the map of their columns that gathering applies.
package struct StreamedRows<Scalar: KernelElement>: Sendable {
  /// The rows.
  package let rows: any FetchedRows<Scalar>
  /// The extents of one row; their product is the rows' number of columns.
  package let rowShape: [Int]
  /// What ``RowSource/gather(_:following:columns:into:kernels:)`` applies to each column; `nil` for nothing.
  package let affine: AffineColumns?
  /// Where they are, for messages: the file and the dataset.
  package let place: String
  /// How the rows are read, for the log: `chunks of 256 rows, deflate`.
  package let text: String
  /// A column that rounding leaves little of, by a sample of the rows; `nil` if there is none.
  package let lostPrecision: LostPrecision?
}
