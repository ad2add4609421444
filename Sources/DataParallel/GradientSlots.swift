import Kernels

/// The gradients of a batch's shards, or of those that a rank owns, one slot for each, and their sums.
///
/// Note [Tree]. The sum over the slots is a binary tree that depends on their number alone: neighbours at distance 1
/// are added, then at distance 2, 4 and so on. Which worker computed a slot changes no bit of it. The same tree stands in
/// three places, which must agree: the kernel `tree_sum` adds slots by it; `product_tree` adds the shards' products, each of
/// which is one chain over its samples, as they leave the registers; and `ShardStatistics.sum` adds losses, weights and
/// metrics, in double precision. Within a shard the order is the plan's own: it depends on the shard's size alone. The sums
/// that an optimizer needs over its blocks have a tree of their own, as Note [Passes] in `Optimizers` says.
package struct GradientSlots<Scalar: KernelElement>: Sendable {
  /// The shards that have a slot.
  package let shards: Range<Int>
  /// Elements of one gradient.
  package let count: Int
  private let memory: ShardMemory<Scalar>
  private let kernels: Kernels<Scalar>

  /// Memory for these shards' gradients of `count` elements.
  package init(shards: Range<Int>, count: Int, kernels: Kernels<Scalar>) {
    self.shards = shards
    self.count = count
    self.kernels = kernels
    memory = ShardMemory(shards: shards, count: count)
  }

  /// Bytes of all slots.
  package var byteCount: Int { memory.byteCount }

  /// Has each slot placed near the worker in whose home its shard is.
  package func place(in placement: inout MemoryPlacement, for region: Region) {
    memory.place(in: &placement, for: region, own: shards)
  }

  /// Elements from one slot to the next.
  package var stride: Int { memory.stride }

  /// The slot of one shard.
  package subscript(shard: Int) -> UnsafeMutablePointer<Scalar> { memory[shard] }

  /// Sets a slot to zero: the gradient of an empty shard.
  package func clear(_ shard: Int) { kernels.fill(self[shard], count: count, with: 0) }

  /// Sums one block over some shards, by their tree, and multiplies it by a factor.
  package func sum(
    _ block: Range<Int>, of shards: Range<Int>, scaledBy factor: Double, into out: UnsafeMutablePointer<Scalar>
  ) {
    kernels.treeSum(
      self[shards.lowerBound] + block.lowerBound, slots: shards.count, stride: memory.stride, count: block.count,
      scaledBy: factor, into: out)
  }
}

/// Statistics of a batch's shards, in double precision, summed in the tree of Note [Tree].
package struct ShardStatistics: Sendable {
  /// The number of shards.
  package let shards: Int
  /// Numbers of one shard.
  package let count: Int
  private let stride: Int
  private let memory: SharedBuffer<Double>

  /// Memory for `count` numbers of each shard.
  package init(shards: Int, count: Int) {
    self.shards = shards
    self.count = count
    stride = (max(count, 1) + 7) / 8 * 8
    memory = SharedBuffer(repeating: .unwritten, count: shards * stride)
  }

  /// The numbers of one shard.
  package subscript(shard: Int) -> UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(start: memory.pointer + shard * stride, count: count)
  }

  /// The bytes of some shards' numbers, which lie side by side.
  package func bytes(of shards: Range<Int>) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      UnsafeMutableBufferPointer(start: memory.pointer + shards.lowerBound * stride, count: shards.count * stride))
  }

  /// The sum of one of the numbers over all shards.
  package func sum(_ index: Int) -> Double { sum(index, of: 0..<shards) }

  // The halves are those of Note [Tree]: the left one is the largest power of two below the number of shards.
  private func sum(_ index: Int, of range: Range<Int>) -> Double {
    guard range.count > 1 else { return self[range.lowerBound][index] }
    var half = 1
    while 2 * half < range.count { half *= 2 }
    let middle = range.lowerBound + half
    return sum(index, of: range.lowerBound..<middle) + sum(index, of: middle..<range.upperBound)
  }
}
