import Kernels

/// Rows of one dataset that are in memory for now: slots that loading fills and gathering reads, in the form that
/// ``RowSource`` keeps rows in.
///
/// Whoever writes a slot is the one unit of work that loads its row, at a time when nobody reads it; see Note [Loading] in
/// `LoadPlanner`.
package final class RowRing<Scalar: KernelElement>: Sendable {
  /// The number of rows that there is room for.
  package let capacity: Int
  /// Elements of a row.
  package let columns: Int
  /// Whether an element is a byte, and not a `Scalar`.
  package let holdsBytes: Bool
  // Safe to share: it is set once, and what is behind it is written as said above.
  nonisolated(unsafe) private let memory: UnsafeMutableRawPointer

  /// Room for rows, of which nothing is known yet.
  package init(capacity: Int, columns: Int, holdsBytes: Bool) {
    self.capacity = capacity
    self.columns = columns
    self.holdsBytes = holdsBytes
    let byteCount = Self.byteCount(capacity: capacity, columns: columns, holdsBytes: holdsBytes)
    memory = UnsafeMutableRawPointer(
      UnsafeMutablePointer<Scalar>.allocate(unwritten: byteCount / MemoryLayout<Scalar>.stride + 1))
  }

  deinit { memory.deallocate() }

  /// The bytes of that many rows.
  package static func byteCount(capacity: Int, columns: Int, holdsBytes: Bool) -> Int {
    capacity * columns * (holdsBytes ? 1 : MemoryLayout<Scalar>.stride)
  }

  /// Where a row lies.
  package subscript(slot: Int) -> UnsafeMutableRawPointer {
    memory + Self.byteCount(capacity: slot, columns: columns, holdsBytes: holdsBytes)
  }

  /// The first byte, where elements are such.
  var bytes: UnsafePointer<UInt8> { UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)) }
  /// The first element, where elements are no bytes.
  var scalars: UnsafePointer<Scalar> { UnsafePointer(memory.assumingMemoryBound(to: Scalar.self)) }
}
