import Autodiff
import Checkpoints
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers

/// Runs training steps: it owns the run's vectors, the plans and the workers' memory, and knows no files.
package struct TrainingEngine<Scalar: TrainingScalar>: Sendable {
  /// What fixes the numerics of a run.
  package struct Settings: Sendable {
    var batchSize: Int
    var shards: Int
    var isShuffling: Bool
    var seed: Int

    /// Creates settings.
    package init(batchSize: Int, shards: Int, isShuffling: Bool, seed: Int) {
      self.batchSize = batchSize
      self.shards = shards
      self.isShuffling = isShuffling
      self.seed = seed
    }
  }

  package let memory: TrainingMemory<Scalar>
  let schedule: BatchSchedule
  package let record: StepRecord
  let region: Region
  let gradientBytes: Int
  /// The units of a step.
  package let work: StepWork<Scalar>
  private let metrics: MetricSet?
  private let isMean: Bool

  /// Compiles the plans for every shard size of the run and lays out its memory.
  ///
  /// - Parameter shortcuts: Those to take where their conditions hold; fewer than all for a comparison.
  /// - Throws: `TrainerError` if the graph does not fit the data.
  package init(
    _ problem: any Problem, group: SampleGroup<Scalar>, optimizer: Optimizer, settings: Settings, region: Region,
    live: LiveProgress, kernels: Kernels<Scalar> = .best, shortcuts: EngineShortcuts = .all
  ) throws {
    let schedule = BatchSchedule(samples: group.count, batchSize: settings.batchSize)
    let partition = ShardPartition(shards: settings.shards)
    let sizes = schedule.shardSizes(partition)
    let training = try TrainingPlans(problem, sizes: sizes, kernels: kernels, shortcuts: shortcuts)
    let plans = training.plans
    let (sources, metricSources) = group.bound(to: plans)
    let samples = schedule.batchSizes.max() ?? 1
    let blocks = BlockPartition(count: problem.layout.count, matrices: training.matrices, samples: samples)
    try Self.requireMemory(
      shards: settings.shards, workers: region.workers, samples: samples, blocks: blocks, plans: plans, sources: sources
    )
    let statistics = ShardStatistics(
      shards: settings.shards, count: Statistic.count(metrics: problem.metrics?.sumCount))
    let slots = GradientSlots(slots: settings.shards, count: blocks.slotCount, kernels: kernels)
    let products = GradientProducts(
      kernels: kernels, plans: plans, sources: sources, partition: partition,
      indices: SharedBuffer(repeating: 0, count: samples),
      kept: ShardMemory(shards: settings.shards, count: plans.all.map(\.keptCount).max() ?? 0))
    let updatePlan = UpdatePlan(optimizer, layout: problem.layout, blocks: blocks.blocks.map(\.range))
    self.schedule = schedule
    self.region = region
    metrics = group.metrics(of: problem)
    isMean = problem.isMean
    gradientBytes = slots.byteCount + products.kept.byteCount
    memory = TrainingMemory(
      layout: problem.layout, parameters: problem.initialParameters(seed: settings.seed),
      stateNames: optimizer.stateNames, sumCount: updatePlan.sumCount, numberCount: updatePlan.numberCount,
      keepsGradient: updatePlan.passes > 1)
    record = StepRecord(statistics: statistics.count, blocks: blocks.blocks.count, live: live)
    work = StepWork(
      kernels: kernels, plans: plans, sources: sources, metricSources: metricSources,
      sampler: Sampler(count: group.count, seed: UInt64(settings.seed), isShuffling: settings.isShuffling),
      schedule: schedule, partition: partition, blocks: blocks, isMean: problem.isMean, metrics: metrics,
      updatePlan: updatePlan, seed: UInt64(settings.seed), memory: memory, slots: slots, products: products,
      copies: MatrixCopies(of: training.matrices, training.packed, plans: plans, kernels: kernels),
      statistics: statistics, record: record,
      region: region, sequence: SharedBuffer(Phase.sequence(passes: updatePlan.passes)),
      shardRooms: SharedBuffer(count: region.workers) { _ in
        ShardRoom(plans: plans.all, samples: sizes.max() ?? 0, sources: sources)
      },
      blockRooms: SharedBuffer(count: region.workers) { _ in
        BlockRoom(blocks: blocks, shards: settings.shards, samples: samples, kernels: kernels)
      })
    work.writeCopies()
  }

  /// Takes parameters and state out of a checkpoint.
  ///
  /// - Throws: `TrainerError` if the checkpoint is of another model, precision or optimizer.
  func restore(_ checkpoint: Checkpoint, path: String) throws {
    try memory.restore(checkpoint, path: path)
    work.writeCopies()
  }

  /// Runs steps, counted from 0, and returns when all are done.
  ///
  /// - Returns: The number of workers that took part.
  @discardableResult
  package func run(steps: Range<Int>) -> Int {
    region.run(steps: steps, phases: work.phases, work)
  }

  /// The loss and the metrics of the epoch so far, as trained.
  package var epochMeasurement: LossAndMetrics {
    var sums = record.epochSums
    // A sum has no weight to divide by: the epoch's figure is the mean of its steps' objectives.
    if !isMean { sums.statistics[Statistic.loss] /= sums.steps }
    return LossAndMetrics(sums: sums.statistics, isMean: isMean, metrics: metrics)
  }
}
