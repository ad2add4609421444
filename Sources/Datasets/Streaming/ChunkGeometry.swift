/// Where the elements of rows are in the chunks of a dataset whose first axis has the rows.
///
/// The chunks with the same place along that axis are a band. Axes that chunks do not cut are taken together with the one
/// before them, so that what lies together is one run.
struct ChunkGeometry: Sendable {
  /// Rows of the dataset.
  let rows: Int
  /// Rows of a chunk.
  let rowsOfChunk: Int
  /// Elements of a row.
  let columns: Int
  /// Chunks of a band.
  let chunksOfBand: Int
  /// Elements of a chunk in one row.
  let chunkColumns: Int
  private let axes: [Axis]

  private struct Axis {
    let extent: Int
    let chunk: Int
    /// Chunks along the axis.
    let count: Int
    /// Elements from one place along the axis to the next, in a row and in a chunk.
    var rowStride = 1
    var chunkStride = 1
  }

  /// - Parameters:
  ///   - shape: The extents, rows first; none is 0.
  ///   - chunk: As many extents of a chunk.
  init(shape: [Int], chunk: [Int]) {
    (rows, rowsOfChunk) = (shape[0], chunk[0])
    var joined: [(extent: Int, chunk: Int)] = []
    for (extent, chunk) in zip(shape, chunk).dropFirst() {
      if let last = joined.last, extent == chunk {
        joined[joined.count - 1] = (last.extent * extent, last.chunk * chunk)
      } else {
        joined.append((extent, chunk))
      }
    }
    if joined.isEmpty { joined = [(1, 1)] }
    var axes = joined.map { Axis(extent: $0.extent, chunk: $0.chunk, count: ($0.extent - 1) / $0.chunk + 1) }
    for index in axes.indices.dropLast().reversed() {
      axes[index].rowStride = axes[index + 1].rowStride * axes[index + 1].extent
      axes[index].chunkStride = axes[index + 1].chunkStride * axes[index + 1].chunk
    }
    self.axes = axes
    columns = axes.reduce(1) { $0 * $1.extent }
    chunkColumns = axes.reduce(1) { $0 * $1.chunk }
    chunksOfBand = axes.reduce(1) { $0 * $1.count }
  }

  /// Whether a chunk has whole rows, one behind the other, and nothing else.
  var hasWholeRows: Bool { chunksOfBand == 1 && chunkColumns == columns }

  /// Calls `body` with the runs of elements that a chunk of a band has of one row, in the order of the columns: the place
  /// in the chunk's own row, the first column, and how many. It ends where that returns `false`.
  @inline(__always)
  func forEachRun(chunk: Int, _ body: (_ place: Int, _ column: Int, _ count: Int) -> Bool) {
    var (rest, column, runs) = (chunk, 0, 1)
    var length = 1
    for index in axes.indices.reversed() {
      let axis = axes[index]
      let start = rest % axis.count * axis.chunk
      rest /= axis.count
      column += start * axis.rowStride
      let valid = min(axis.chunk, axis.extent - start)
      if index == axes.count - 1 { length = valid } else { runs *= valid }
    }
    guard runs > 1 else {
      _ = body(0, column, length)
      return
    }
    for run in 0..<runs {
      var (rest, ofChunk) = (run, chunk / axes[axes.count - 1].count)
      var (place, offset) = (0, 0)
      for index in axes.indices.dropLast().reversed() {
        let axis = axes[index]
        let start = ofChunk % axis.count * axis.chunk
        ofChunk /= axis.count
        let valid = min(axis.chunk, axis.extent - start)
        place += rest % valid * axis.chunkStride
        offset += rest % valid * axis.rowStride
        rest /= valid
      }
      guard body(place, column + offset, length) else { return }
    }
  }
}

/// Which rows of a dataset the rows of a group are.
enum RowPlaces: Sendable {
  /// All from this one on.
  case from(Int)
  /// These.
  case list([Int])

  /// The row of the dataset.
  subscript(row: Int) -> Int {
    switch self {
    case .from(let first): first + row
    case .list(let rows): rows[row]
    }
  }

  /// The least and the greatest row of the dataset among some; they are not empty.
  func bounds(_ rows: Range<Int>) -> ClosedRange<Int> {
    switch self {
    case .from(let first): return first + rows.lowerBound...first + rows.upperBound - 1
    case .list(let all):
      var (least, greatest) = (all[rows.lowerBound], all[rows.lowerBound])
      for row in rows {
        least = min(least, all[row])
        greatest = max(greatest, all[row])
      }
      return least...greatest
    }
  }

  /// Whether some rows follow each other in the dataset.
  func areConsecutive(_ rows: Range<Int>) -> Bool {
    switch self {
    case .from: true
    case .list(let all): rows.dropFirst().allSatisfy { all[$0] == all[$0 - 1] + 1 }
    }
  }

  /// The end of the rows from one on that are in the same band of so many rows of the dataset.
  func endOfBand(_ row: Int, rowsOfBand: Int, count: Int) -> Int {
    let band = self[row] / rowsOfBand
    switch self {
    case .from(let first): return min(count, (band + 1) * rowsOfBand - first)
    case .list(let all):
      var end = row + 1
      while end < count, all[end] / rowsOfBand == band { end += 1 }
      return end
    }
  }
}
