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
    if fillsWithNaN {
      pointer.initialize(repeating: .unwritten, count: count)
    } else {
      // The loop above is not specialized for those who call this, and takes 4 ns an element.
      memset(raw, 0, count * MemoryLayout<Pointee>.stride)
    }
    return pointer
  }
}
