import Kernels

/// The gradients of a batch's shards, or of those that a rank owns, one slot for each, and their sums.
///
/// Note [Tree]. The sum over the slots is a binary tree that depends on their number alone: neighbours at distance 1
/// are added, then at distance 2, 4 and so on. Which worker computed a slot changes no bit of it. The same tree stands in
/// three places, which must agree: the kernel `tree_sum` adds slots by it; `product_tree` adds the shards' products, each of
/// which is one chain over its samples, as they leave the registers; and `ShardStatistics.sum` adds losses, weights and
/// metrics, in double precision. Within a shard the order is the plan's own: it depends on the shard's size alone. The sums
/// that an optimizer needs over its blocks have a tree of their own, as Note [Passes] in `Optimizers` says.
///
/// Note [Subtrees]. A slot that another core reads has to come from there in the phase of the updates, and its lines go back
/// when they are written next. So where slots are a good part of a step, a unit is not a shard but a whole subtree of
/// neighbours, whose worker adds them up at once, in its own cache: only the first slot of each subtree goes to others. The
/// sums are those of the tree.
package struct GradientSlots<Scalar: KernelElement>: Sendable {
  /// The shards that have a slot.
  package let shards: Range<Int>
  /// Elements of one gradient.
  package let count: Int
  /// Shards of a subtree whose sum one unit computes, a power of two.
  package let subtree: Int
  private let memory: ShardMemory<Scalar>
  private let kernels: Kernels<Scalar>

  /// Memory for these shards' gradients of `count` elements.
  ///
  /// - Parameter subtree: Shards of a subtree, as Note [Subtrees] says; more than one only for all shards of a batch.
  package init(shards: Range<Int>, count: Int, subtree: Int = 1, kernels: Kernels<Scalar>) {
    precondition(subtree > 0 && subtree & (subtree - 1) == 0, "a subtree of \(subtree) shards is none")
    self.shards = shards
    self.count = count
    self.subtree = subtree
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
  ///
  /// - Precondition: Where subtrees have been added up, all shards are asked for.
  package func sum(
    _ block: Range<Int>, of shards: Range<Int>, scaledBy factor: Double, into out: UnsafeMutablePointer<Scalar>
  ) {
    precondition(subtree == 1 || shards == self.shards, "slots within a subtree are no longer their shards'")
    kernels.treeSum(
      self[shards.lowerBound] + block.lowerBound, slots: (shards.count + subtree - 1) / subtree,
      stride: memory.stride * subtree, count: block.count, scaledBy: factor, into: out)
  }

  /// The number of subtrees, each of which is one unit.
  package var subtrees: Int { (shards.count + subtree - 1) / subtree }

  /// The shards of some subtrees.
  package func shards(ofSubtrees units: Range<Int>) -> Range<Int> {
    func first(_ unit: Int) -> Int { min(shards.upperBound, shards.lowerBound + unit * subtree) }
    return first(units.lowerBound)..<first(units.upperBound)
  }

  /// Adds up what is complete of a subtree once the slot of this shard is, and those before it are.
  package func join(after shard: Int) {
    let place = shard - shards.lowerBound
    let first = shards.lowerBound + place / subtree * subtree
    // As a counter carries: a sum of 1, 2, 4, … slots waits in its first one for its right sibling.
    var done = shard + 1 - first
    var size = 1
    while done % (2 * size) == 0 {
      add(first + done - size, to: first + done - 2 * size)
      size *= 2
    }
    guard shard + 1 == shards.upperBound else { return }
    // What waits behind the last one, smallest first.
    while done & (done - 1) != 0 {
      let right = done & (done - 1)
      add(first + right, to: first + (right & (right - 1)))
      done = right
    }
  }

  private func add(_ right: Int, to left: Int) { kernels.addScaled(1, self[right], to: self[left], count: count) }
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
