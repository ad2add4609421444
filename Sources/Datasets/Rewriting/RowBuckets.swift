/// Rows on their way to buckets of consecutive places, in a file without a name.
final class RowBuckets {
  /// Each row is kept with its place in the bucket.
  private static let placeBytes = MemoryLayout<UInt32>.size

  private let rows: Int
  private let bucketRows: Int
  private let width: Int
  private let file: SpoolFile
  /// Rows that are collected for each bucket before they are written.
  private let collected: Int
  private var buffers: [UInt8]
  private var inBuffer: [Int]
  private var inFile: [Int]

  private var recordBytes: Int { width + Self.placeBytes }

  /// - Parameters:
  ///   - room: The bytes of memory that may be taken while rows are added. As many are taken by the rows of a bucket.
  ///   - directory: Where the file's contents lie.
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be made there.
  init(rows: Int, bucketRows: Int, rowByteCount: Int, room: Int, in directory: String) throws {
    (self.rows, self.bucketRows, width) = (rows, bucketRows, rowByteCount)
    let buckets = (rows + bucketRows - 1) / bucketRows
    let record = rowByteCount + Self.placeBytes
    // A write of 1 MB costs no more for each byte than a longer one.
    collected = max(1, min(bucketRows, min(room / buckets, 1 << 20) / record))
    buffers = [UInt8](repeating: 0, count: buckets * collected * record)
    inBuffer = [Int](repeating: 0, count: buckets)
    inFile = inBuffer
    file = try SpoolFile(in: directory, need: "which need room for a dataset once more")
  }

  /// Keeps a row.
  func add(_ row: UnsafeRawPointer, place: Int) throws {
    let (bucket, own) = place.quotientAndRemainder(dividingBy: bucketRows)
    let start = (bucket * collected + inBuffer[bucket]) * recordBytes
    buffers.withUnsafeMutableBytes { buffers in
      buffers.storeBytes(of: UInt32(own), toByteOffset: start, as: UInt32.self)
      buffers.baseAddress?.advanced(by: start + Self.placeBytes).copyMemory(from: row, byteCount: width)
    }
    inBuffer[bucket] += 1
    if inBuffer[bucket] == collected { try flush(bucket) }
  }

  /// Hands on the rows of each bucket in order, when all have been added.
  func forEachBucket(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    for bucket in inBuffer.indices { try flush(bucket) }
    buffers = []
    var ordered = [UInt8](repeating: 0, count: bucketRows * width)
    let atOnce = max(1, (1 << 20) / recordBytes)
    var records = [UInt8](repeating: 0, count: min(atOnce, bucketRows) * recordBytes)
    for bucket in inFile.indices {
      let count = inFile[bucket]
      for first in stride(from: 0, to: count, by: atOnce) {
        let part = min(atOnce, count - first)
        try records.withUnsafeMutableBytes {
          try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: $0[..<(part * recordBytes)]),
            at: (bucket * bucketRows + first) * recordBytes)
        }
        records.withUnsafeBytes { records in
          ordered.withUnsafeMutableBytes { ordered in
            for record in 0..<part {
              let start = record * recordBytes
              let place = Int(records.loadUnaligned(fromByteOffset: start, as: UInt32.self))
              let bytes = records[(start + Self.placeBytes)..<(start + recordBytes)]
              ordered[place * width..<(place + 1) * width].copyBytes(from: bytes)
            }
          }
        }
      }
      try ordered.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<(count * width)])) }
    }
  }

  private func flush(_ bucket: Int) throws {
    let count = inBuffer[bucket] * recordBytes
    guard count > 0 else { return }
    let (start, offset) = (
      bucket * collected * recordBytes, (bucket * bucketRows + inFile[bucket]) * recordBytes
    )
    try buffers.withUnsafeBytes {
      try file.write(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]), at: offset)
    }
    inFile[bucket] += inBuffer[bucket]
    inBuffer[bucket] = 0
  }
}
