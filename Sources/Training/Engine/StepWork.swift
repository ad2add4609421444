import Autodiff
import DataParallel
import Datasets
import Kernels
import Models
import Optimizers

/// One training step, as its units see it: those of each `Phase`, in the order of `sequence`.
package struct StepWork<Scalar: TrainingScalar>: RegionWork {
  let kernels: Kernels<Scalar>
  let plans: PlanSet<Scalar>
  /// The rows that a shard gathers, in the order of the plans' inputs; empty for a formula without data. They are kept
  /// alive here for the workers' rooms.
  let sources: [RowSource<Scalar>]
  /// What loads these rows during the steps; `nil` where all are in memory.
  let stream: StreamedSamples<Scalar>?
  /// Which of them metrics read.
  let metricSources: MetricSources
  let sampler: Sampler
  let schedule: BatchSchedule
  package let partition: ShardPartition
  package let blocks: BlockPartition
  let isMean: Bool
  let metrics: MetricSet?
  let updatePlan: UpdatePlan
  let seed: UInt64
  let memory: TrainingMemory<Scalar>
  let slots: GradientSlots<Scalar>
  let products: GradientProducts<Scalar>
  let copies: MatrixCopies<Scalar>
  let tiles: GradientTiles<Scalar>
  let statistics: ShardStatistics
  let record: StepRecord
  let region: Region
  /// What goes from rank to rank; `nil` in one process.
  let exchange: StepExchange<Scalar>?
  /// The shards, and the blocks to update, that are this process's: all of them where it is the only one.
  let share: RankShare
  /// The phases of a step, in order.
  let sequence: SharedBuffer<Phase>
  let shardRooms: SharedBuffer<ShardRoom<Scalar>>
  let blockRooms: SharedBuffer<BlockRoom<Scalar>>

  /// The number of units of each phase of a step.
  package var phases: [Int] {
    sequence.elements.map { phase in
      switch phase {
      case .gradient: slots.subtrees + loadsOfStep
      case .gradientStage(let stage): share.shards.count * tiles.tiles(of: stage)
      case .reduce, .update, .reduceAndUpdate: share.blocks.count
      case .join, .exchange: 1
      case .reducePartially: share.reduced.count
      case .copy: share.foreign.count
      }
    }
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func run(step: Int, phase: Int, unit: Int, worker: Int) {
    if let exchange { return run(sequence.pointer[phase], step: step, unit: unit, worker: worker, exchange) }
    switch sequence.pointer[phase] {
    case .gradient where slots.subtree > 1:
      shardRooms.use(worker) { own in
        for shard in slots.shards(ofSubtrees: unit..<unit + 1) {
          gradient(step: step, shard: shard, worker: worker, own)
          own.clock.time(KernelPlace.slots) { slots.join(after: shard) }
        }
      }
    case .gradient:
      guard let shard = shard(step: step, unit: unit, worker: worker) else { return }
      shardRooms.use(shardRoom(of: shard, worker: worker)) {
        gradient(step: step, shard: shard, worker: worker, $0)
      }
    case .gradientStage(let stage): _ = goOn(step: step, stage: stage, unit: unit, worker: worker)
    case .reduce: blockRooms.use(worker) { reduce(step: step, block: unit, $0) }
    case .update(let pass): blockRooms.use(worker) { update(step: step, pass: pass, block: unit, $0) }
    case .reduceAndUpdate:
      blockRooms.use(worker) {
        reduce(step: step, block: unit, $0)
        update(step: step, pass: 0, block: unit, $0)
      }
    case .join(let pass): join(step: step, pass: pass)
    case .reducePartially, .exchange, .copy: preconditionFailure("one process exchanges nothing")
    }
  }

  func join(step: Int, pass: Int) {
    let divisor = divisor
    updatePlan.join(
      after: pass, step: step + 1, objective: divisor == 0 ? 0 : statistics.sum(Statistic.loss) / divisor,
      memory: memory.update)
  }

  /// What a batch's sums are divided by.
  var divisor: Double { isMean ? statistics.sum(Statistic.sampleWeight) : 1 }

  /// The shard of a unit of the gradient phase; `nil` for one that loads rows for later steps, which is then done.
  func shard(step: Int, unit: Int, worker: Int) -> Int? {
    guard let stream else { return share.shards.lowerBound + unit }
    switch LoadMixture(shards: share.shards.count, loads: loadsOfStep)[unit] {
    case .shard(let shard): return share.shards.lowerBound + shard
    case .load(let load):
      stream.decode(step: step, unit: load, worker: worker)
      return nil
    }
  }

  /// The most units of a step that load rows.
  private var loadsOfStep: Int { stream?.loadsOfStep ?? 0 }

  /// Those who train together.
  var communicator: any Communicator { exchange?.communicator ?? SingleProcess() }

  func gradient(step: Int, shard: Int, worker: Int, _ own: ShardRoom<Scalar>) {
    let sums = statistics[shard]
    sums.update(repeating: 0)
    var slice = 0..<0
    own.clock.time(KernelPlace.samples) { slice = loadSamples(step: step, shard: shard, worker: worker, own) }
    guard !slice.isEmpty else { return slots.clear(shard) }

    guard !tiles.isCut else { return beginPieces(step: step, shard: shard, samples: slice, worker: worker, own) }
    let plan = plans[slice.count]
    let randomness = Randomness(seed: seed, step: UInt64(step), firstSample: UInt64(slice.lowerBound))
    plan.use {
      guard !own.clock.isOn else { return runTimed($0, shard: shard, randomness, own) }
      $0.run(
        own.workspace, parameters: memory.parameters.pointer, slot: slots[shard], kept: products.kept[shard],
        packed: copies.packed, inputs: UnsafeBufferPointer(own.inputs), randomness: randomness)
    }
    takeStatistics(of: shard, slice, own)
  }

  /// Runs a plan with the times of its instructions taken.
  private func runTimed(_ plan: Plan<Scalar>, shard: Int, _ randomness: Randomness, _ own: ShardRoom<Scalar>) {
    let products = plan.products.count
    plan.run(
      own.workspace, parameters: memory.parameters.pointer, slot: slots[shard], kept: self.products.kept[shard],
      packed: copies.packed, inputs: UnsafeBufferPointer(own.inputs), randomness: randomness
    ) { own.clock.time(KernelPlace.instruction($0, products: products), $1) }
  }

  /// Adds up the losses, weights and metrics of a shard whose plan has run.
  func takeStatistics(of shard: Int, _ slice: Range<Int>, _ own: ShardRoom<Scalar>) {
    own.clock.time(KernelPlace.statistics) {
      takeStatistics(plans[slice.count], of: slice, into: statistics[shard], own)
    }
  }

  private func takeStatistics(
    _ plan: ShardPlan<Scalar>, of slice: Range<Int>, into sums: UnsafeMutableBufferPointer<Double>,
    _ own: ShardRoom<Scalar>
  ) {
    sums[Statistic.loss] = own.workspace.total(plan.losses, kernels)
    sums[Statistic.sampleWeight] =
      isMean ? own.workspace.total(plan.sampleWeights, kernels, default: Double(slice.count)) : 0
    if let metrics, let targets = metricSources.targets, let place = plan.outputs,
      let outputs = own.workspace[place].baseAddress
    {
      metrics.add(
        outputs: outputs, targets: own.rows[targets],
        weights: metricSources.weights.map { UnsafePointer(own.rows[$0]) }, samples: slice.count,
        to: UnsafeMutableBufferPointer(rebasing: sums[Statistic.metrics...]))
    }
  }

  /// How the gradient of a stretch of the flat vector that begins with a block comes about, in words.
  package func delivery(of range: Range<Int>) -> String {
    let isPacked = copies.hasCopies(of: range)
    let way =
      switch blocks.blocks.first(where: { $0.range.lowerBound == range.lowerBound })?.source {
      case .product(let number):
        products.isScatter(number)
          ? "scatter" : products.rereadsInput(number) ? "product with rows of data" : "product"
      case .transposedSlots: "transposed slots"
      case .absent: "none"
      case .slots, nil: "slots"
      }
    return isPacked ? way + ", packed" : way
  }

  /// The block's place for the batch's gradient: in the whole vector if several passes need it, else the worker's own.
  func gradient(of block: BlockPartition.Block, _ room: BlockRoom<Scalar>) -> UnsafeMutablePointer<Scalar> {
    memory.gradient.map { $0.pointer + block.range.lowerBound } ?? room.gradient
  }

  private func reduce(step: Int, block: Int, _ room: BlockRoom<Scalar>) {
    // The divisor is computed in every block instead of once: a few additions against a phase of its own.
    let divisor = divisor
    let place = blocks.blocks[block]
    // A batch of samples that all weigh nothing has no gradient; dividing by its weight would make it not a number.
    compute(
      place, of: 0..<partition.shards, scaledBy: divisor == 0 ? 0 : 1 / divisor, into: gradient(of: place, room),
      step: step, room, claiming: updatePlan.passes == 1 && region.workers > 1 ? copies.places(ofBlock: block) : nil)
  }

  func update(step: Int, pass: Int, block: Int, _ room: BlockRoom<Scalar>) {
    let place = blocks.blocks[block]
    let range = place.range
    room.clock.time(KernelPlace.optimizer) {
      updatePlan.run(
        pass: pass, block: block, step: step + 1, rateFactor: memory.rateFactor[0],
        vectors: UpdateVectors(
          gradient: gradient(of: place, room), gradientStart: range.lowerBound, parameters: memory.parameters.pointer,
          state: UnsafePointer(memory.statePointers.pointer), memory: memory.update),
        scratch: room.scratch, kernels: kernels)
    }
    guard pass == updatePlan.passes - 1 else { return }
    noteParameters(of: block, step: step, room.clock)
    if block == 0, exchange == nil { noteStep(step) }
  }

  /// Does what new parameters of a block call for.
  func noteParameters(of block: Int, step: Int, _ clock: KernelClock = .off) {
    let place = blocks.blocks[block]
    clock.time(KernelPlace.copies) { writeCopies(of: place) }
    clock.time(KernelPlace.finite) {
      if !kernels.allFinite(memory.parameters.pointer + place.range.lowerBound, count: place.range.count) {
        record.noteNonFinite(step: step, block: block)
      }
    }
  }

  /// Keeps what a step leaves for the coordinator: one unit.
  func noteStep(_ step: Int) {
    record.add(statistics, divisor: divisor, step: step, isTrial: memory.isTrial.pointer.pointee)
  }

  /// Writes all matrices in the kernels' order: for the coordinator, where something other than an update has set them.
  package func writeCopies() {
    for block in blocks.blocks { writeCopies(of: block) }
  }

  private func writeCopies(of block: BlockPartition.Block) {
    guard let matrix = block.matrix else { return }
    copies.write(block.rows, of: matrix, from: memory.parameters.pointer + block.range.lowerBound)
  }

  /// The sum of one block over some shards.
  ///
  /// - Parameter places: Memory that is written next.
  func compute(
    _ block: BlockPartition.Block, of shards: Range<Int>, scaledBy factor: Double,
    into gradient: UnsafeMutablePointer<Scalar>, step: Int, _ room: BlockRoom<Scalar>,
    claiming places: Kernels<Scalar>.Stretches? = nil
  ) {
    switch block.source {
    case .slots(let offset):
      room.clock.time(KernelPlace.slots) {
        slots.sum(offset..<offset + block.range.count, of: shards, scaledBy: factor, into: gradient)
      }
    case .transposedSlots(let offset, let stride):
      let (rows, columns) = (block.rows.count, block.range.count / block.rows.count)
      room.clock.time(KernelPlace.slots) {
        for column in 0..<columns {
          let first = offset + column * stride
          slots.sum(first..<first + rows, of: shards, scaledBy: factor, into: room.scratch + column * rows)
        }
        kernels.transpose(
          room.scratch, rows: columns, columns: rows, stride: rows, into: gradient, outStride: columns)
      }
    case .absent: kernels.fill(gradient, count: block.range.count, with: 0)
    case .product(let number):
      products.compute(
        number, rows: block.rows, of: shards, samples: schedule.batch(of: step).positions.count, scaledBy: factor,
        room: room, into: gradient, claiming: places)
    }
  }
}

extension Workspace {
  /// The sum of a result's elements in double precision, or `value` if there is no such result.
  func total(_ place: ResultPlace?, _ kernels: Kernels<Scalar>, default value: Double = 0) -> Double {
    guard let place, let first = self[place].baseAddress else { return value }
    return kernels.total(first, count: place.count)
  }
}
