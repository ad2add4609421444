/// Deflate alone, for `trainer bench data`.
extension ChunkedRows {
  /// Whether chunks are packed by deflate last, so that libdeflate alone can be measured on them.
  package var isDeflateAlone: Bool { filters.filters.last == .deflate && DeflateLibrary.shared != nil }

  /// Has libdeflate alone unpack the chunks that were fetched of these rows, for comparison.
  ///
  /// - Returns: The bytes that it has made.
  package func unpackAlone(_ fetched: UnsafeRawBufferPointer, rows: Range<Int>, scratch: DecodingScratch) -> Int {
    guard let library = DeflateLibrary.shared, let state = scratch.deflate, isDeflateAlone else { return 0 }
    let bounds = rowPlaces.bounds(rows)
    let first = bounds.lowerBound / geometry.rowsOfChunk * geometry.chunksOfBand
    var (read, made) = (0, 0)
    for chunk in first..<first + geometry.chunksOfBand {
      guard let range = stored(chunk, bounds) else { continue }
      let bytes = UnsafeRawBufferPointer(rebasing: fetched[read..<read + range.count])
      read += range.count
      let out = UnsafeMutableRawBufferPointer(start: scratch.memory, count: filters.bufferByteCount)
      made += max(0, library.unpack(bytes, into: out, state))
    }
    return made
  }
}
