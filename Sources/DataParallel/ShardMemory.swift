import Kernels

/// Memory of each shard that lasts from its gradient's phase to the updates': its slot, and the operands of the products
/// over samples.
package struct ShardMemory<Scalar: KernelElement>: Sendable {
  /// Elements from one shard's memory to the next's.
  let stride: Int
  private let first: Int
  private let memory: SharedBuffer<Scalar>

  /// Room for `count` elements of each of these shards.
  package init(shards: Range<Int>, count: Int) {
    // Whole cache lines, so that two shards never write to one.
    stride = (max(count, 1) + 31) / 32 * 32
    first = shards.lowerBound
    memory = SharedBuffer(repeating: .unwritten, count: shards.count * stride)
  }

  /// Bytes of all shards.
  package var byteCount: Int { memory.count * MemoryLayout<Scalar>.stride }

  /// The memory of one shard.
  package subscript(shard: Int) -> UnsafeMutablePointer<Scalar> { memory.pointer + (shard - first) * stride }
}
