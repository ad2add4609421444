import Kernels

/// The order in which an epoch visits the samples: each exactly once.
///
/// What stands at a position is computed, not stored. Any worker finds the samples of its shard alone, and there is no
/// generator state to save.
package struct Sampler: Sendable {
  private enum Order: Sendable {
    case none
    case rows(Permutation, Kernels<Float>)
    case blocks(BlockOrder)
  }

  /// The number of samples.
  package let count: Int
  private let order: Order
  private let seed: UInt64

  // The streams' top bits keep a sampler's random numbers apart from dropout's and the initializers', the next ones those
  // of its uses from each other.
  static let rowStream: UInt64 = 1 << 63
  static let splitStream: UInt64 = 1 << 63 | 1 << 62
  static let blockStream: UInt64 = 1 << 63 | 1 << 61
  static let fileStream: UInt64 = 1 << 63 | 1 << 60

  /// Creates a sampler of at least one sample.
  ///
  /// - Parameters:
  ///   - batchSize: The samples of a batch; an epoch's last one may have fewer.
  ///   - shards: The contiguous slices of each batch, which differ by at most one sample. An order of blocks depends on
  ///     both, the others on neither.
  package init(samples: Int, batchSize: Int, shards: Int, order: SampleOrder, seed: UInt64) {
    precondition(samples >= 1, "there is nothing to sample")
    count = samples
    self.seed = seed
    self.order =
      switch order {
      case .none: .none
      case .rows: .rows(Permutation(count: samples), .best)
      case .blocks(let rows, let window):
        .blocks(
          BlockOrder(samples: samples, batchSize: batchSize, shards: shards, block: rows, window: window, seed: seed))
      }
  }

  /// Writes the samples of a shard at `positions` of an epoch into `out`, and then those of `nextShard` at `following`:
  /// one call for both is cheaper than two.
  ///
  /// - Parameters:
  ///   - epoch: Counted from 0.
  ///   - positions: Counted from 0 over the epoch's batches, one after another, each shard after shard: positions of one
  ///     batch that are this shard's.
  package func fill(
    _ out: UnsafeMutablePointer<Int64>, epoch: Int, shard: Int, positions: Range<Int>, nextShard: Int = 0,
    following: Range<Int> = 0..<0
  ) {
    if case .blocks(let blocks) = order {
      blocks.fill(out, lane: shard, epoch: epoch, positions: blocks.positions(inLane: shard, of: positions))
      blocks.fill(
        out + positions.count, lane: nextShard, epoch: epoch,
        positions: blocks.positions(inLane: nextShard, of: following))
      return
    }
    for (index, position) in positions.enumerated() { out[index] = Int64(position) }
    for (index, position) in following.enumerated() { out[positions.count + index] = Int64(position) }
    guard case .rows(let permutation, let kernels) = order else { return }
    permutation.apply(
      to: UnsafeMutableBufferPointer(start: out, count: positions.count + following.count),
      Philox(seed: seed, stream: Self.rowStream | UInt64(epoch)), at: 0, kernels: kernels)
  }
}
