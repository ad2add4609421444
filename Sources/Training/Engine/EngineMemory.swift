import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels

extension TrainingEngine {
  /// Refuses shards and workers whose memory there is not, before it is taken: an allocation that fails would end the
  /// program.
  ///
  /// - Parameters:
  ///   - shards: Those of this process.
  ///   - sumElements: The elements of the partial sums among ranks.
  static func requireMemory(
    shards: Int, workers: Int, samples: Int, blocks: BlockPartition, plans: PlanSet<Scalar>,
    sources: [RowSource<Scalar>], sumElements: Int
  ) throws {
    let bytes =
      memoryNeed(
        shards: shards, workers: workers, samples: samples, blocks: blocks, plans: plans,
        columns: sources.reduce(0) { $0 + $1.columns })
      + Double(sumElements) * Double(MemoryLayout<Scalar>.stride)
    try MemoryLimit.require(
      bytes, for: "training in \(shards) shards with \(workers) \(workers == 1 ? "worker" : "workers")", code: .usage,
      advice: "take smaller batches, fewer shards, fewer workers or a smaller model")
  }

  /// The bytes of shards and workers.
  ///
  /// - Parameters:
  ///   - samples: Those of the largest batch.
  ///   - columns: The elements of a sample in all that a plan reads.
  static func memoryNeed(
    shards: Int, workers: Int, samples: Int, blocks: BlockPartition, plans: PlanSet<Scalar>, columns: Int
  ) -> Double {
    func most(_ count: (Plan<Scalar>) -> Int) -> Double { Double(plans.all.map(count).max() ?? 0) }
    let ofShard = Double(blocks.slotCount) + most(\.keptCount)
    let shardSamples = Double((samples + shards - 1) / shards)
    let rows = shardSamples * Double(columns)
    let ofBlocks =
      Double(samples) * Double(blocks.leftElementsOfSample) + 2 * Double(blocks.largestBlock)
      + Double(BlockRoom<Scalar>.scatterScratch(blocks, shards: shards))
    // With tiles a worker has scratch space of its own beside the shards' rooms, which are fewer than workers then.
    let ofTiles = workers > shards ? most(\.scratchCount) : 0
    let ofWorker = most(\.bufferCount) + most(\.scratchCount) + rows + ofBlocks + ofTiles
    return (Double(shards) * ofShard + Double(workers) * ofWorker) * Double(MemoryLayout<Scalar>.stride)
  }
}

extension EvaluationShards {
  /// The bytes of the workers that measure or predict a group.
  ///
  /// - Parameter columns: The elements of a sample in all that a plan reads.
  static func memoryNeed(workers: Int, samples: Int, plan: Plan<Scalar>, columns: Int) -> Double {
    let shards = max(1, (samples + size - 1) / size)
    let ofWorker = Double(plan.bufferCount) + Double(plan.scratchCount) + Double(size) * Double(columns)
    return Double(min(workers, shards)) * ofWorker * Double(MemoryLayout<Scalar>.stride)
  }
}
