import Foundations
import HDF5

/// Writes a dataset's rows one after another, whole chunks at once, so that none is compressed twice.
///
/// For elements of fixed size alone.
struct RowAppender {
  /// Bytes that are collected where chunks are smaller.
  static let usualBytes = 4 << 20

  let dataset: HDF5.Dataset
  let rowByteCount: Int
  private let bufferRows: Int
  private var buffer: [UInt8]
  private var rowsInBuffer = 0
  /// The rows that are written already.
  private(set) var rowsWritten = 0

  init(_ dataset: HDF5.Dataset) throws {
    self.dataset = dataset
    let shape = try dataset.shape
    rowByteCount = shape.dropFirst().reduce(dataset.datatype.byteCount, *)
    let chunk = try dataset.chunkShape?.first ?? 1
    let wanted = min(shape.first ?? 1, max(1, Self.usualBytes / max(1, rowByteCount)))
    bufferRows = max(chunk, wanted / chunk * chunk)
    buffer = []
  }

  /// Takes whole rows.
  ///
  /// - Throws: `HDF5Error` if they cannot be written.
  mutating func append(_ rows: UnsafeRawBufferPointer) throws {
    var rest = rows
    while rest.count >= rowByteCount, rowByteCount > 0 {
      let count = rest.count / rowByteCount
      if rowsInBuffer == 0, count >= bufferRows {
        // Whole chunks need not be collected.
        let whole = count / bufferRows * bufferRows
        try write(UnsafeRawBufferPointer(rebasing: rest[..<(whole * rowByteCount)]), count: whole)
        rest = UnsafeRawBufferPointer(rebasing: rest[(whole * rowByteCount)...])
        continue
      }
      if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: bufferRows * rowByteCount) }
      let taken = min(count, bufferRows - rowsInBuffer)
      let (start, bytes) = (rowsInBuffer * rowByteCount, taken * rowByteCount)
      buffer.withUnsafeMutableBytes { $0[start..<start + bytes].copyBytes(from: rest[..<bytes]) }
      rowsInBuffer += taken
      rest = UnsafeRawBufferPointer(rebasing: rest[bytes...])
      if rowsInBuffer == bufferRows { try flush() }
    }
  }

  /// Writes what was collected.
  mutating func flush() throws {
    guard rowsInBuffer > 0 else { return }
    let count = rowsInBuffer
    rowsInBuffer = 0
    try buffer.withUnsafeBytes {
      try write(UnsafeRawBufferPointer(rebasing: $0[..<(count * rowByteCount)]), count: count)
    }
  }

  private mutating func write(_ rows: UnsafeRawBufferPointer, count: Int) throws {
    try dataset.writeStored(rows, rows: rowsWritten..<rowsWritten + count)
    rowsWritten += count
  }
}

/// Reads a dataset's rows in order as they are stored, in stretches of whole chunks.
struct RowStretchReader {
  let dataset: HDF5.Dataset
  /// The file, for messages.
  let path: String
  let rowCount: Int
  let rowByteCount: Int
  /// The rows that are read at once.
  let step: Int

  /// - Parameters:
  ///   - room: The bytes that a stretch may take.
  ///   - multiple: What a stretch should be a multiple of beside, where a chunk is smaller; 1 for nothing.
  /// - Throws: `TrainerError` if a chunk takes more than there is room for; `HDF5Error`.
  init(_ dataset: HDF5.Dataset, path: String, room: Int, multipleOf multiple: Int = 1) throws {
    let shape = try dataset.shape
    self.dataset = dataset
    self.path = path
    rowCount = shape.first ?? 0
    rowByteCount = shape.dropFirst().reduce(dataset.datatype.byteCount, *)
    let chunk = try dataset.chunkShape
    let chunkBytes = (chunk ?? []).reduce(Double(dataset.datatype.byteCount)) { $0 * Double($1) }
    guard chunk == nil || 2 * chunkBytes <= Double(room) else {
      throw TrainerError(
        .data,
        "\(path): a chunk of \(dataset.path) takes \(ByteText.text(chunkBytes)) decoded, and there is room for chunks of "
          + "\(ByteText.text(room / 2))", remedy: .init("rewritingMemory", "allow more memory"))
    }
    let fit = max(1, min(RowAppender.usualBytes, room) / max(1, rowByteCount))
    let band = max(1, chunk?.first ?? 1)
    // Where a band of chunks has no room, its chunks are decoded several times.
    let most = max(1, room / max(1, rowByteCount))
    var step = band <= most ? max(band, fit / band * band) : most
    if multiple > step, multiple <= most { step = multiple }
    self.step = min(step, max(1, rowCount))
  }

  /// Hands on all rows in order. The bytes are gone behind the call.
  ///
  /// - Throws: `TrainerError` with code `data` if they cannot be read; what `body` throws.
  func forEach(_ body: (_ rows: Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void) throws {
    var buffer = [UInt8](repeating: 0, count: step * rowByteCount)
    for first in stride(from: 0, to: rowCount, by: step) {
      let rows = first..<min(rowCount, first + step)
      try buffer.withUnsafeMutableBytes { bytes in
        let own = UnsafeMutableRawBufferPointer(rebasing: bytes[..<(rows.count * rowByteCount)])
        try Rewriting.reading(path) { try dataset.readStored(into: own, rows: rows) }
        let done = Result { try body(rows, own) }
        try dataset.releaseStored(own)
        try done.get()
      }
    }
  }
}
