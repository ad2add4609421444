import Glibc

/// Whether memory that must be written before it is read begins as signalling NaNs instead of zeros, so that what reads
/// it too early shows in the results: set TRAINER_FILL_MEMORY=nan for a run of the tests.
private let fillsWithNaN = getenv("TRAINER_FILL_MEMORY").map { String(cString: $0) == "nan" } ?? false

extension KernelElement {
  /// What memory holds that nobody has written: nothing may depend on it.
  package static var unwritten: Self { fillsWithNaN ? .signalingNaN : 0 }
}

extension UnsafeMutablePointer where Pointee: KernelElement {
  /// Room for that many elements, and at least one, that begins with a cache line of its own; whoever asks frees it, and
  /// writes each element before reading it.
  package static func allocate(unwritten count: Int) -> UnsafeMutablePointer {
    let count = max(1, count)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Pointee>.stride, alignment: 64)
    let pointer = raw.bindMemory(to: Pointee.self, capacity: count)
    pointer.initialize(copying: .unwritten, count: count)
    return pointer
  }
}

extension UnsafeMutablePointer {
  /// Initializes memory as `initialize(repeating:count:)` does, but fast: the loop of that is not specialized for those who
  /// call it from a generic function of another module, and takes nanoseconds an element. Of trivial elements what is there
  /// already is copied behind itself, up to what stays in the first-level cache.
  package func initialize(copying value: Pointee, count: Int) {
    guard _isPOD(Pointee.self), count > 0 else { return initialize(repeating: value, count: count) }
    initialize(to: value)
    var made = 1
    while made < count {
      let more = min(made, max(1, 16384 / MemoryLayout<Pointee>.stride), count - made)
      memcpy(self + made, self, more * MemoryLayout<Pointee>.stride)
      made += more
    }
  }
}
