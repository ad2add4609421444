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

  /// Has the memory of each shard placed near the worker in whose home it is.
  ///
  /// - Parameter own: The shards that the region's workers compute; of others, only what has come from elsewhere is here.
  package func place(in placement: inout MemoryPlacement, for region: Region, own: Range<Int>) {
    let bytesOfShard = stride * MemoryLayout<Scalar>.stride
    let shards = first..<first + memory.count / stride
    placement.add(
      memory.bytes,
      shards.map { shard in
        let units = own.contains(shard) ? own : shards
        let start = (shard - first) * bytesOfShard
        return (
          start..<start + bytesOfShard, region.owner(of: shard - units.lowerBound, among: units.count)
        )
      })
  }

  /// The memory of one shard.
  package subscript(shard: Int) -> UnsafeMutablePointer<Scalar> { memory.pointer + (shard - first) * stride }
}
