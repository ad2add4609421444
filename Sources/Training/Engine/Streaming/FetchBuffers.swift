import Glibc
import Synchronization

/// Memory for one unit's stored bytes: pages of its own, which the system has back when the buffer is let go of. Of the
/// allocator's, each thread that has read ahead would leave some behind.
final class FetchBuffer: Sendable {
  let byteCount: Int
  // Safe to share: the loader's thread writes it before it hands the unit over, and units only read it.
  nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  private let isMapped: Bool

  init(byteCount: Int) {
    self.byteCount = max(1, byteCount)
    let pages = mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    if let pages, pages != MAP_FAILED {
      (memory, isMapped) = (pages, true)
    } else {
      (memory, isMapped) = (.allocate(byteCount: self.byteCount, alignment: 64), false)
    }
  }

  deinit {
    if isMapped { munmap(memory, byteCount) } else { memory.deallocate() }
  }
}

/// Buffers that go from the loader's thread to the workers and back, as many as reading ahead may take.
struct FetchBuffers: Sendable {
  /// The bytes that may be in use at once, if more than one unit is.
  let byteLimit: Int
  private(set) var bytesInUse = 0
  private var free: [[FetchBuffer]]

  init(sources: Int, byteLimit: Int) {
    self.byteLimit = byteLimit
    free = Array(repeating: [], count: sources)
  }

  /// What is taken for so many bytes: units of a source are about equal, and a little more makes a buffer large enough for
  /// most of them.
  static func roomy(_ byteCount: Int) -> Int { byteCount + byteCount / 8 }

  /// A buffer for a unit of a source; `nil` if so many are in use that one must come back first.
  ///
  /// - Parameter mayWait: Whether others are in use that will come back whatever happens to this one.
  mutating func take(_ byteCount: Int, source: Int, mayWait: Bool) -> FetchBuffer? {
    guard bytesInUse + byteCount <= byteLimit || !mayWait else { return nil }
    var buffer = free[source].popLast()
    if buffer.map({ $0.byteCount < byteCount }) ?? true { buffer = FetchBuffer(byteCount: Self.roomy(byteCount)) }
    bytesInUse += buffer?.byteCount ?? 0
    return buffer
  }

  /// Takes a buffer back.
  mutating func giveBack(_ buffer: FetchBuffer, source: Int) {
    bytesInUse -= buffer.byteCount
    free[source].append(buffer)
  }
}
