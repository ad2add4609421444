/// The fixed, contiguous slices of a batch. It depends on the batch and on the number of shards alone, never on the
/// machine: it fixes the numerics of a run.
package struct ShardPartition: Sendable, Equatable {
  /// The number of shards.
  package let shards: Int

  /// Creates a partition into at least one shard.
  package init(shards: Int) {
    precondition(shards >= 1, "a batch has at least one shard")
    self.shards = shards
  }

  /// The samples of one shard of a batch of `count`: sizes differ by at most one, and may be zero.
  package func range(of shard: Int, in count: Int) -> Range<Int> {
    count * shard / shards..<count * (shard + 1) / shards
  }

  /// The samples of all shards of a batch of `count`, in order.
  package func ranges(in count: Int) -> [Range<Int>] { (0..<shards).map { range(of: $0, in: count) } }

  /// The sizes that shards of a batch of `count` have, without zero.
  package func sizes(in count: Int) -> Set<Int> {
    Set([count / shards, (count + shards - 1) / shards]).subtracting([0])
  }
}
