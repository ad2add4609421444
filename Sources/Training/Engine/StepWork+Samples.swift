import DataParallel
import Datasets
import Kernels

/// Which samples a shard has, and bringing them near.
extension StepWork {
  /// Finds the samples of a shard and converts them into the worker's memory.
  ///
  /// - Returns: Which of the batch's samples they are.
  func loadSamples(step: Int, shard: Int, worker: Int, _ own: ShardRoom<Scalar>) -> Range<Int> {
    let batch = schedule.batch(of: step)
    let slice = partition.range(of: shard, in: batch.positions.count)
    let first = batch.positions.lowerBound + slice.lowerBound
    if let stream {
      stream.fillSlots(own.indices, step: step, shard: shard, samples: 0..<slice.count)
      (products.indices.pointer + slice.lowerBound).update(from: own.indices, count: slice.count)
      own.gather(samples: slice.count, kernels: kernels)
      return slice
    }
    let next = probablyNext(after: shard, of: step, worker: worker)
    sampler.fill(
      own.indices, epoch: batch.epoch, shard: shard, positions: first..<first + slice.count, nextShard: next.shard,
      following: next.positions)
    (products.indices.pointer + slice.lowerBound).update(from: own.indices, count: slice.count)
    own.gather(samples: slice.count, following: next.positions.count, kernels: kernels)
    return slice
  }

  /// The samples of a step's batch.
  package func samples(ofStep step: Int) -> [Int64] {
    let count = schedule.batch(of: step).positions.count
    return [Int64](unsafeUninitializedCapacity: count) { buffer, written in
      guard let first = buffer.baseAddress else { return }
      for shard in 0..<partition.shards { findSamples(of: shard, step: step, into: first) }
      written = count
    }
  }

  /// Writes a shard's samples to their places in `out`, which holds those of the whole batch.
  func findSamples(of shard: Int, step: Int, into out: UnsafeMutablePointer<Int64>) {
    let batch = schedule.batch(of: step)
    let slice = partition.range(of: shard, in: batch.positions.count)
    let first = batch.positions.lowerBound + slice.lowerBound
    sampler.fill(
      out + slice.lowerBound, epoch: batch.epoch, shard: shard, positions: first..<first + slice.count)
  }

  /// Where in the epoch the samples lie that a worker needs first after a shard, if it keeps to its home (Note [Homes] in
  /// `Region`) and the epoch goes on: a hint, which changes nothing but when memory is asked for.
  private func probablyNext(after shard: Int, of step: Int, worker: Int) -> (shard: Int, positions: Range<Int>) {
    let home = slots.shards(ofSubtrees: region.home(of: worker, among: slots.subtrees))
    guard home.contains(shard) else { return (0, 0..<0) }
    let isLast = shard + 1 == home.upperBound
    let (epoch, batch) = schedule.batch(of: isLast ? step + 1 : step)
    guard epoch == schedule.batch(of: step).epoch else { return (0, 0..<0) }
    let next = isLast ? home.lowerBound : shard + 1
    let slice = partition.range(of: next, in: batch.count)
    let position = batch.lowerBound + slice.lowerBound
    return (next, position..<position + min(ShardRoom<Scalar>.mostFollowing, slice.count))
  }
}
