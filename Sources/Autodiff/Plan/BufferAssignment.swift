/// Lays buffers out in one region so that those whose lifetimes do not overlap share memory.
struct BufferAssignment {
  /// A stretch of elements that is in use for a range of instructions.
  struct Buffer {
    let count: Int
    let firstUse: Int
    var lastUse: Int
  }

  /// Buffers begin at multiples of this many elements: a cache line of 64 bytes or more for every element type.
  private static let alignment = 16

  /// The elements that a buffer of `count` takes, at least one, up to where the next may begin.
  static func aligned(_ count: Int) -> Int { (max(count, 1) + alignment - 1) / alignment * alignment }

  /// The offset of each buffer.
  private(set) var offsets: [Int: Int] = [:]
  /// The length of the region.
  private(set) var count = 0

  /// Places the buffers in order of first use, each into the smallest gap that fits it.
  init(_ buffers: [Int: Buffer]) {
    var live: [(range: Range<Int>, lastUse: Int)] = []
    for (id, buffer) in buffers.sorted(by: { ($0.value.firstUse, $0.key) < ($1.value.firstUse, $1.key) }) {
      live.removeAll { $0.lastUse < buffer.firstUse }
      live.sort { $0.range.lowerBound < $1.range.lowerBound }
      let size = Self.aligned(buffer.count)
      var best: Range<Int>?
      var end = 0
      for (range, _) in live {
        if range.lowerBound - end >= size, range.lowerBound - end < best?.count ?? .max {
          best = end..<range.lowerBound
        }
        end = max(end, range.upperBound)
      }
      let offset = best?.lowerBound ?? end
      offsets[id] = offset
      live.append((offset..<offset + size, buffer.lastUse))
      count = max(count, offset + size)
    }
  }
}
