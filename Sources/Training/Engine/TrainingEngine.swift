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
    var order: SampleOrder
    var seed: Int
    /// The steps of the whole run, of which rows that are streamed are read ahead.
    var steps: Int

    /// Creates settings.
    package init(batchSize: Int, shards: Int, order: SampleOrder, seed: Int, steps: Int = 1 << 40) {
      self.batchSize = batchSize
      self.shards = shards
      self.order = order
      self.seed = seed
      self.steps = steps
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
  /// - Parameters:
  ///   - shortcuts: Those to take where their conditions hold; fewer than all for a comparison.
  ///   - tileCosts: What decides where gradients are cut among workers.
  /// - Throws: `TrainerError` if the graph does not fit the data.
  package init(
    _ problem: any Problem, group: SampleGroup<Scalar>, optimizer: Optimizer, settings: Settings, region: Region,
    live: LiveProgress, kernels: Kernels<Scalar> = .best, shortcuts: EngineShortcuts = .all,
    communicator: any Communicator = SingleProcess(), tileCosts: TileCosts = .measured
  ) throws {
    let schedule = BatchSchedule(samples: group.count, batchSize: settings.batchSize)
    let partition = ShardPartition(shards: settings.shards)
    // Of rows that are streamed each rank has those of its shards only: others' cannot be read again.
    let shortcuts =
      group.streamed.isEmpty || communicator.rankCount == 1 ? shortcuts : shortcuts.subtracting(.rereadInputs)
    let sizes = schedule.shardSizes(partition)
    let training = try TrainingPlans(problem, sizes: sizes, kernels: kernels, shortcuts: shortcuts)
    let plans = training.plans
    let samples = schedule.batchSizes.max() ?? 1
    let whole = BlockPartition(count: problem.layout.count, matrices: training.matrices, samples: samples)
    let division =
      communicator.rankCount > 1
      ? RankExchange(
        ranks: communicator.rankCount, rank: communicator.rank, partition: partition, blocks: whole,
        mayDivide: optimizer.passes == 1, plans: plans, samples: samples, kernels: kernels, shortcuts: shortcuts) : nil
    let blocks = division?.blocks ?? (optimizer.passes == 1 ? whole.divided(forWorkers: region.workers) : whole)
    let share = division?.share ?? RankShare(shards: settings.shards, blocks: blocks.blocks.count)
    let tiles = GradientTiles(
      plans, shards: share.shards.count, workers: region.workers, kernels: kernels,
      costs: shortcuts.contains(.tiles) ? tileCosts : nil)
    let stream = try Self.stream(
      of: group, for: plans, settings, schedule: schedule, partition: partition, shards: share.shards,
      workers: region.workers)
    let sources = stream?.sources ?? group.rows(for: plans)
    try Self.requireMemory(
      shards: (division?.keptShards ?? share.shards).count, workers: region.workers, samples: samples, blocks: whole,
      plans: plans, sources: sources, sumElements: division?.plan.sumElements(of: communicator.rank) ?? 0)
    let statistics = ShardStatistics(
      shards: settings.shards, count: Statistic.count(metrics: problem.metrics?.sumCount))
    let mayJoin = shortcuts.contains(.subtrees) && division == nil && stream == nil && !tiles.isCut
    let slots = GradientSlots(
      shards: share.shards, count: blocks.slotCount,
      subtree: mayJoin
        ? tileCosts.subtree(
          shards: settings.shards, workers: region.workers, slot: blocks.slotCount,
          work: plans.all.last?.floatingPointOperations ?? 0) : 1,
      kernels: kernels)
    let products = GradientProducts(
      kernels: kernels, plans: plans, sources: sources, partition: partition,
      indices: SharedBuffer(repeating: 0, count: samples),
      kept: ShardMemory(
        shards: division?.keptShards ?? share.shards, count: plans.all.map(\.keptCount).max() ?? 0))
    let updatePlan = UpdatePlan(optimizer, layout: problem.layout, blocks: blocks.blocks.map(\.range))
    self.schedule = schedule
    self.region = region
    metrics = group.metrics(of: problem)
    isMean = problem.isMean
    memory = TrainingMemory(
      layout: problem.layout, parameters: problem.initialParameters(seed: settings.seed),
      stateNames: optimizer.stateNames, sumCount: updatePlan.sumCount, numberCount: updatePlan.numberCount,
      keepsGradient: updatePlan.passes > 1)
    let memory = memory
    let exchange = division.map { division in
      StepExchange(
        communicator, plan: division.plan, blocks: blocks.blocks.map(\.range),
        places: .init(
          statistics: statistics, parameters: memory.parameters, blockSums: memory.sums,
          blockSumRanges: (0..<communicator.rankCount).map {
            updatePlan.sumRange(of: division.plan.ownership.blocks(of: $0))
          }, kept: products.kept),
        operands: schedule.orderedBatchSizes.map {
          division.operands(samples: $0, plans: plans, kept: products.kept, kernels: kernels)
        }, kernels: kernels)
    }
    gradientBytes = slots.byteCount + products.kept.byteCount + (exchange?.byteCount ?? 0)
    record = StepRecord(statistics: statistics.count, blocks: blocks.blocks.count, live: live)
    work = StepWork(
      kernels: kernels, plans: plans, sources: sources, stream: stream, metricSources: group.metricSources(of: plans),
      sampler: Sampler(
        samples: group.count, batchSize: settings.batchSize, shards: settings.shards, order: settings.order,
        seed: UInt64(settings.seed)),
      schedule: schedule, partition: partition, blocks: blocks, isMean: problem.isMean, metrics: metrics,
      updatePlan: updatePlan, seed: UInt64(settings.seed), memory: memory, slots: slots, products: products,
      copies: MatrixCopies(of: training.matrices, training.packed, blocks: blocks, plans: plans, kernels: kernels),
      tiles: tiles, statistics: statistics, record: record, region: region, exchange: exchange, share: share,
      sequence: SharedBuffer(
        Phase.sequence(passes: updatePlan.passes, stages: tiles.stages, amongRanks: exchange != nil)),
      shardRooms: SharedBuffer(count: tiles.isCut ? share.shards.count : region.workers) { _ in
        ShardRoom(plans: plans.all, samples: sizes.max() ?? 0, sources: sources)
      },
      blockRooms: SharedBuffer(count: region.workers) { _ in
        BlockRoom(
          blocks: whole, shards: settings.shards, samples: samples, tileScratch: tiles.scratchCount, kernels: kernels)
      })
    keepOwnState()
    work.writeCopies()
    if region.placesMemory { region.place(work.placement) }
  }

  /// Takes parameters and state out of a checkpoint.
  ///
  /// - Throws: `TrainerError` if the checkpoint is of another model, precision or optimizer.
  func restore(_ checkpoint: Checkpoint, path: String) throws {
    try memory.restore(checkpoint, path: path)
    keepOwnState()
    work.writeCopies()
  }

  /// Puts parameters, and the average of them, at values from elsewhere, before the first step.
  func begin(at parts: [(range: Range<Int>, values: [Double])]) {
    for (range, values) in parts {
      for (index, value) in zip(range, values) {
        memory.parameters.pointer[index] = Scalar(value)
        memory.evaluatedParameters.pointer[index] = Scalar(value)
      }
    }
    work.writeCopies()
  }

  private func keepOwnState() {
    guard let exchange = work.exchange else { return }
    memory.keepState(of: exchange.plan.elements(of: exchange.communicator.rank))
  }

  /// Runs steps, counted from 0, and returns when all are done.
  ///
  /// - Returns: The number of workers that took part.
  /// - Throws: `RankFailure` if another rank is lost, `TrainerError` with code `.data` for rows that are read meanwhile and
  ///   cannot be; the vectors are then those of no step.
  @discardableResult
  package func run(steps: Range<Int>) throws -> Int { try run(steps: steps, as: work) }

  /// - Parameter body: The work, or what does it for the work.
  package func run(steps: Range<Int>, as body: some RegionWork) throws -> Int {
    var (next, participants) = (steps.lowerBound, 0)
    while next < steps.upperBound {
      let done = try runReady(steps: next..<steps.upperBound, as: body)
      next = done.end
      participants = max(participants, done.participants)
    }
    return participants
  }

  /// Runs the first of these steps: all of them where rows are in memory, else those whose rows have come; none if none
  /// have come in a while.
  ///
  /// - Returns: The step that comes next, and the number of workers that took part.
  /// - Throws: As ``run(steps:)``.
  package func runReady(steps: Range<Int>) throws -> (end: Int, participants: Int) {
    try runReady(steps: steps, as: work)
  }

  private func runReady(steps: Range<Int>, as body: some RegionWork) throws -> (end: Int, participants: Int) {
    guard let stream = work.stream else {
      try requireMappedRows()
      let participants = try runRegion(steps: steps, as: body)
      // What is not finite is found as rows are gathered, and a cut file in which a page is not missing yet.
      try requireMappedRows()
      return (steps.upperBound, participants)
    }
    let communicator = work.communicator
    let own = try communicator.together { try stream.ready(steps, pool: region) }
    // All ranks go the same way.
    let end = try communicator.gathered(own.upperBound).min() ?? own.upperBound
    guard end > steps.lowerBound else { return (end, 0) }
    let ready = steps.lowerBound..<end
    stream.begin(ready)
    let participants = try runRegion(steps: ready, as: body)
    try communicator.together { try stream.end(ready) }
    return (end, participants)
  }

  private func runRegion(steps: Range<Int>, as body: some RegionWork) throws -> Int {
    let participants = region.run(steps: steps, phases: work.phases, body)
    if let failure = work.exchange?.failure { throw failure }
    return participants
  }

  /// Makes sure that rows which are mapped are still there and finite, among ranks together.
  private func requireMappedRows() throws {
    guard work.sources.contains(where: \.isMapped) else { return }
    try work.communicator.together {
      for source in work.sources { try source.check() }
    }
  }

  /// The sentence about the first number of a step's samples that is not finite, where that was not looked for as rows were
  /// read: why the training diverged.
  package func dataFault(inStep step: Int) -> TrainerError? {
    work.stream == nil ? work.sources.lazy.compactMap { $0.firstNotFinite(in: work.samples(ofStep: step)) }.first : nil
  }

  /// What loading this process's rows has taken; `nil` where all are in memory.
  package var loading: LoadingEffort? { work.stream?.effort }

  /// Brings all of the optimizer's state to rank 0, for a checkpoint. All ranks call it, between regions.
  ///
  /// - Throws: `RankFailure`.
  package func gatherState() throws { try work.exchange?.gather(memory.state, toAll: false) }

  /// Brings what evaluation uses to all ranks, where it is not the parameters but their average. All ranks call it,
  /// between regions.
  ///
  /// - Throws: `RankFailure`.
  package func shareEvaluatedParameters() throws {
    guard memory.evaluatedParameters !== memory.parameters else { return }
    try work.exchange?.gather([memory.evaluatedParameters], toAll: true)
  }

  /// The loss and the metrics of the epoch so far, as trained.
  package var epochMeasurement: LossAndMetrics {
    LossAndMetrics(soFar: record.epochSums.values, isMean: isMean, metrics: metrics)
  }
}
