/// The fixed, contiguous slices of a batch. It depends on the batch and on the number of shards alone, never on the
/// machine: it fixes the numerics of a run.
public struct ShardPartition: Sendable, Equatable {
  /// The number of shards.
  public let shards: Int

  /// Creates a partition into at least one shard.
  public init(shards: Int) {
    precondition(shards >= 1, "a batch has at least one shard")
    self.shards = shards
  }

  /// The samples of one shard of a batch of `count`: sizes differ by at most one, and may be zero.
  public func range(of shard: Int, in count: Int) -> Range<Int> {
    count * shard / shards..<count * (shard + 1) / shards
  }

  /// The sizes that shards of a batch of `count` have, without zero.
  public func sizes(in count: Int) -> Set<Int> {
    Set([count / shards, (count + shards - 1) / shards]).subtracting([0])
  }
}

/// The fixed blocks of the flat parameter vector, the units of the all-reduce and of the update.
public struct BlockPartition: Sendable, Equatable {
  /// Elements of a block: with the slots' parts, the parameters and the optimizer's state it stays in the second-level
  /// cache, and it is large enough that claiming it costs nothing beside it.
  public static let blockCount = 4096

  /// The length of the vector.
  public let count: Int
  /// The number of blocks; an empty vector has one empty block, in which the step's record is still written.
  public var blocks: Int { max(1, (count + Self.blockCount - 1) / Self.blockCount) }

  /// Creates the partition of a vector of `count` elements.
  public init(count: Int) { self.count = count }

  /// The elements of one block.
  public func range(of block: Int) -> Range<Int> {
    min(count, block * Self.blockCount)..<min(count, (block + 1) * Self.blockCount)
  }
}
