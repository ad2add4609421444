import Foundations
import HDF5
import Kernels

/// What is read of chunks, and where.
extension ChunkedRows {
  /// What of a chunk is fetched for some rows of the dataset.
  func stored(_ chunk: Int, _ rows: ClosedRange<Int>) -> Range<Int>? {
    guard let place = places[chunk] else { return nil }
    guard filters.filters.isEmpty else { return place.address..<place.address + place.byteCount }
    let rowBytes = geometry.chunkColumns * width
    let first = rows.lowerBound % geometry.rowsOfChunk
    return place.address + first * rowBytes..<place.address + (first + rows.count) * rowBytes
  }

  package func mostFetchedByteCount(rows: Int) -> Int {
    guard filters.filters.isEmpty, case .from = rowPlaces else { return mostStoredBytes }
    return min(rows, geometry.rowsOfChunk) * geometry.chunkColumns * geometry.chunksOfBand * width
  }

  package func fetchedByteCount(_ rows: Range<Int>) -> Int {
    guard !rows.isEmpty else { return 0 }
    let bounds = rowPlaces.bounds(rows)
    let first = bounds.lowerBound / geometry.rowsOfChunk * geometry.chunksOfBand
    return (first..<first + geometry.chunksOfBand).reduce(0) { $0 + (stored($1, bounds)?.count ?? 0) }
  }

  package func fetch(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    guard !rows.isEmpty else { return }
    let bounds = rowPlaces.bounds(rows)
    let first = bounds.lowerBound / geometry.rowsOfChunk * geometry.chunksOfBand
    let end = first + geometry.chunksOfBand
    var (chunk, written) = (first, 0)
    while chunk < end {
      guard var range = stored(chunk, bounds) else {
        chunk += 1
        continue
      }
      // Chunks that lie one behind the other are read at once.
      var next = chunk + 1
      while next < end, let other = stored(next, bounds), other.lowerBound == range.upperBound {
        range = range.lowerBound..<other.upperBound
        next += 1
      }
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[written..<written + range.count])
      let count = file.read(at: range.lowerBound, into: part)
      guard count == range.count else { throw readError(count, chunk, range) }
      written += count
      chunk = next
    }
    // Behind the reading: what was changed meanwhile is found as well.
    guard file.stamp == stamp else { throw source.changedError(text(first)) }
  }

  private func readError(_ count: Int, _ chunk: Int, _ range: Range<Int>) -> TrainerError {
    count < 0
      ? source.readError(text(chunk), number: Int32(-count))
      : source.cutError(text(chunk), end: range.upperBound, byteCount: file.byteCount)
  }
}
