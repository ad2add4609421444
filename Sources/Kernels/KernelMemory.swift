extension UnsafeMutablePointer where Pointee: KernelElement {
  /// Memory for that many zeros, and at least one, that begins with a cache line of its own; whoever asks frees it.
  package static func allocate(zeros count: Int) -> UnsafeMutablePointer {
    let count = max(1, count)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Pointee>.stride, alignment: 64)
    let pointer = raw.bindMemory(to: Pointee.self, capacity: count)
    pointer.initialize(repeating: 0, count: count)
    return pointer
  }
}
