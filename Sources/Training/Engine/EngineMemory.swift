import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels

extension TrainingEngine {
  /// Refuses shards and workers whose memory there is not, before it is taken: an allocation that fails would end the
  /// program.
  static func requireMemory(
    shards: Int, workers: Int, samples: Int, blocks: BlockPartition, plans: PlanSet<Scalar>,
    sources: [RowSource<Scalar>]
  ) throws {
    func most(_ count: (Plan<Scalar>) -> Int) -> Double { Double(plans.all.map(count).max() ?? 0) }
    let ofShard = Double(blocks.slotCount) + most(\.keptCount)
    let shardSamples = Double((samples + shards - 1) / shards)
    let rows = shardSamples * Double(sources.reduce(0) { $0 + $1.columns })
    let ofBlocks = Double(samples) * Double(blocks.mostProductRows) + 2 * Double(blocks.largestBlock)
    let ofWorker = most(\.bufferCount) + most(\.scratchCount) + rows + ofBlocks
    let bytes = (Double(shards) * ofShard + Double(workers) * ofWorker) * Double(MemoryLayout<Scalar>.stride)
    try MemoryLimit.require(
      bytes, for: "training in \(shards) shards with \(workers) \(workers == 1 ? "worker" : "workers")", code: .usage,
      advice: "take smaller batches, fewer shards, fewer workers or a smaller model")
  }
}
