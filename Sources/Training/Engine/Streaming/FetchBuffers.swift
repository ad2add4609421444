import Synchronization

/// Memory for one unit's stored bytes.
final class FetchBuffer: Sendable {
  let byteCount: Int
  // Safe to share: the loader's thread writes it before it hands the unit over, and units only read it.
  nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  init(byteCount: Int) {
    self.byteCount = byteCount
    memory = .allocate(byteCount: max(1, byteCount), alignment: 64)
  }

  deinit { memory.deallocate() }
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

  /// A buffer for a unit of a source; `nil` if so many are in use that one must come back first.
  ///
  /// - Parameter mayWait: Whether others are in use that will come back whatever happens to this one.
  mutating func take(_ byteCount: Int, source: Int, mayWait: Bool) -> FetchBuffer? {
    guard bytesInUse + byteCount <= byteLimit || !mayWait else { return nil }
    // Units of a source are about equal, so most buffers are soon large enough for any. A little more for those that are not.
    var buffer = free[source].popLast()
    if buffer.map({ $0.byteCount < byteCount }) ?? true { buffer = FetchBuffer(byteCount: byteCount + byteCount / 8) }
    bytesInUse += buffer?.byteCount ?? 0
    return buffer
  }

  /// Takes a buffer back.
  mutating func giveBack(_ buffer: FetchBuffer, source: Int) {
    bytesInUse -= buffer.byteCount
    free[source].append(buffer)
  }
}
