import DataParallel

/// Which samples each step of a run takes.
package struct BatchSchedule: Sendable, Equatable {
  /// The samples of an epoch.
  let samples: Int
  /// The samples of a batch; an epoch's last batch may have fewer.
  let batchSize: Int

  /// Creates a schedule.
  package init(samples: Int, batchSize: Int) {
    self.samples = samples
    self.batchSize = batchSize
  }

  package var stepsPerEpoch: Int { (samples + batchSize - 1) / batchSize }

  /// A step's batch: the epoch, counted from 0, and the positions in it.
  package func batch(of step: Int) -> (epoch: Int, positions: Range<Int>) {
    let (epoch, index) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
    let start = index * batchSize
    return (epoch, start..<min(samples, start + batchSize))
  }

  /// The sizes that shards of the batches have, without zero.
  func shardSizes(_ partition: ShardPartition) -> Set<Int> {
    batchSizes.reduce(into: []) { $0.formUnion(partition.sizes(in: $1)) }
  }

  /// The sizes that batches have, that of the full one first.
  var orderedBatchSizes: [Int] { batchSizes.sorted(by: >) }

  /// The sizes that batches have.
  var batchSizes: Set<Int> {
    Set([min(batchSize, samples), samples - (stepsPerEpoch - 1) * batchSize])
  }
}
