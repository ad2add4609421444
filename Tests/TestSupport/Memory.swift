import Testing

/// Memory for calls of kernels: arrays at a chosen distance from a cache line, between guards that no kernel may
/// write to. Use it through ``withMemory(_:)``.
public final class Memory {
  private struct Allocation {
    let base: UnsafeMutableRawPointer
    let start: Int
    let end: Int
    let byteCount: Int
  }

  private static let guardByteCount = 256
  private static let guardByte: UInt8 = 0xA5
  private var allocations: [Allocation] = []

  fileprivate init() {}

  /// Values placed `shift` elements behind a cache line.
  public func place<Element>(_ values: [Element], shift: Int = 0) -> UnsafeMutablePointer<Element> {
    let stride = MemoryLayout<Element>.stride
    let start = Self.guardByteCount + shift * stride
    let end = start + values.count * stride
    let base = UnsafeMutableRawPointer.allocate(byteCount: end + Self.guardByteCount, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: end + Self.guardByteCount)
    allocations.append(Allocation(base: base, start: start, end: end, byteCount: end + Self.guardByteCount))
    let pointer = (base + start).bindMemory(to: Element.self, capacity: values.count)
    pointer.initialize(from: values, count: values.count)
    return pointer
  }

  /// Room for `count` numbers, `shift` elements behind a cache line, filled with numbers that no result should be.
  public func room<Scalar: BinaryFloatingPoint>(
    _ count: Int, shift: Int = 0, of type: Scalar.Type = Scalar.self
  ) -> UnsafeMutablePointer<Scalar> {
    place([Scalar](repeating: -987_654, count: count), shift: shift)
  }

  fileprivate func release(_ location: SourceLocation) {
    for allocation in allocations {
      let isIntact = (0..<allocation.byteCount).allSatisfy {
        (allocation.start..<allocation.end).contains($0)
          || allocation.base.load(fromByteOffset: $0, as: UInt8.self) == Self.guardByte
      }
      #expect(isIntact, "a kernel wrote outside its output", sourceLocation: location)
      allocation.base.deallocate()
    }
  }
}

/// Runs the body with memory that lives until its end, and then expects all guards to be intact.
public func withMemory<Result>(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (Memory) throws -> Result
) rethrows -> Result {
  let memory = Memory()
  defer { memory.release(sourceLocation) }
  return try body(memory)
}

/// The `count` elements from `pointer` on.
public func array<Element>(_ pointer: UnsafePointer<Element>, _ count: Int) -> [Element] {
  Array(UnsafeBufferPointer(start: pointer, count: count))
}
