import Autodiff
import DataParallel
import Datasets
import Kernels
import Models
import Optimizers

/// One training step, as its units see it: the gradient of one shard, a pass of the update over one block, and what
/// joins the blocks' sums between two passes.
package struct StepWork<Scalar: TrainingScalar>: RegionWork {
  let kernels: Kernels<Scalar>
  let plans: PlanSet<Scalar>
  /// The rows that a shard gathers, in the order of the plans' inputs; empty for a formula without data.
  let sources: [RowSource<Scalar>]
  /// Which source holds the targets, for the metrics.
  let targetSource: Int?
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
  let copies: WeightCopies<Scalar>
  let statistics: ShardStatistics
  let record: StepRecord
  let region: Region
  let shardRooms: SharedBuffer<ShardRoom<Scalar>>
  let blockRooms: SharedBuffer<BlockRoom<Scalar>>

  /// The shard's statistics: loss, weight, then the metrics' sums.
  static var fixedStatistics: Int { 2 }

  /// The units of each phase of a step.
  package var phases: [Int] {
    [partition.shards, blocks.blocks.count] + (1..<updatePlan.passes).flatMap { _ in [1, blocks.blocks.count] }
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func run(step: Int, phase: Int, unit: Int, worker: Int) {
    let pass = (phase - 1) / 2
    if phase == 0 {
      gradient(step: step, shard: unit, worker: worker)
    } else if phase % 2 == 1 {
      update(step: step, pass: pass, block: unit, worker: worker)
    } else {
      let weight = weight
      updatePlan.join(
        after: pass, step: step + 1, objective: weight == 0 ? 0 : statistics.sum(0) / weight,
        sums: memory.sums.pointer, numbers: memory.numbers.pointer)
    }
  }

  /// What a batch's sums are divided by.
  private var weight: Double { isMean ? statistics.sum(1) : 1 }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func gradient(step: Int, shard: Int, worker: Int) {
    let sums = statistics[shard]
    sums.update(repeating: 0)
    let slice = loadSamples(step: step, shard: shard, worker: worker)
    guard !slice.isEmpty else { return slots.clear(shard) }

    let own = shardRooms.pointer[worker]
    let plan = plans[slice.count]
    plan.run(
      own.workspace, parameters: memory.parameters.pointer, slot: slots[shard], kept: products.kept[shard],
      packed: copies.packed, inputs: UnsafeBufferPointer(own.inputs),
      randomness: Randomness(seed: seed, step: UInt64(step), firstSample: UInt64(slice.lowerBound)))
    sums[0] = own.workspace.total(PlanResult.losses, of: plan, kernels)
    sums[1] =
      isMean ? own.workspace.total(PlanResult.weights, of: plan, kernels, default: Double(slice.count)) : 0
    if let metrics, let targetSource, let outputs = own.workspace.result(PlanResult.outputs, of: plan)?.baseAddress {
      metrics.add(
        outputs: outputs, targets: own.rows[targetSource], samples: slice.count,
        to: UnsafeMutableBufferPointer(rebasing: sums[Self.fixedStatistics...]))
    }
  }

  /// Finds the samples of a shard and converts them into the worker's memory.
  ///
  /// - Returns: Which of the batch's samples they are.
  func loadSamples(step: Int, shard: Int, worker: Int) -> Range<Int> {
    let own = shardRooms.pointer[worker]
    let slice = partition.range(of: shard, in: schedule.batch(of: step).positions.count)
    let samples = fill(own.indices, most: slice.count, step: step, shard: shard)
    (products.indices.pointer + slice.lowerBound).update(from: own.indices, count: samples)
    var following = 0
    if let (step, shard) = probablyNext(after: shard, of: step, worker: worker) {
      following = fill(own.indices + samples, most: ShardRoom<Scalar>.mostFollowing, step: step, shard: shard)
    }
    own.gather(samples: samples, following: following, from: sources, kernels: kernels)
    return slice
  }

  /// Writes a shard's samples, or the first of them, and returns how many they are.
  private func fill(_ out: UnsafeMutablePointer<Int64>, most: Int, step: Int, shard: Int) -> Int {
    let batch = schedule.batch(of: step)
    let slice = partition.range(of: shard, in: batch.positions.count)
    let first = batch.positions.lowerBound + slice.lowerBound
    let count = min(most, slice.count)
    sampler.fill(out, epoch: batch.epoch, positions: first..<first + count)
    return count
  }

  /// The shard that a worker runs after this one if it keeps to its home (Note [Homes] in `Region`): a hint, which
  /// changes nothing but when memory is asked for.
  private func probablyNext(after shard: Int, of step: Int, worker: Int) -> (step: Int, shard: Int)? {
    let home = region.home(of: worker, among: partition.shards)
    guard home.contains(shard) else { return nil }
    return shard + 1 < home.upperBound ? (step, shard + 1) : (step + 1, home.lowerBound)
  }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func update(step: Int, pass: Int, block: Int, worker: Int) {
    // The divisor is computed in every block instead of once: a few additions against a phase of its own.
    let weight = weight
    let room = blockRooms.pointer[worker]
    let place = blocks.blocks[block]
    let range = place.range
    // In the whole vector if several passes need it.
    let gradient = memory.gradient.map { $0.pointer + range.lowerBound } ?? room.gradient
    if pass == 0 {
      // A batch of samples that all weigh nothing has no gradient; dividing by its weight would make it not a number.
      compute(place, scaledBy: weight == 0 ? 0 : 1 / weight, into: gradient, step: step, room)
    }
    updatePlan.run(
      pass: pass, block: block, step: step + 1, rateFactor: memory.rateFactor[0],
      vectors: UpdateVectors(
        gradient: gradient, gradientStart: range.lowerBound, parameters: memory.parameters.pointer,
        state: UnsafePointer(memory.statePointers.pointer), sums: memory.sums.pointer,
        numbers: memory.numbers.pointer),
      scratch: room.scratch, kernels: kernels)
    guard pass == updatePlan.passes - 1 else { return }
    writeCopies(of: place)
    if !kernels.allFinite(memory.parameters.pointer + range.lowerBound, count: range.count) {
      record.noteNonFinite(step: step, block: block)
    }
    if block == 0 {
      record.add(statistics, weight: weight, step: step, isTrial: updatePlan.isTrial(memory.sums.pointer))
    }
  }

  /// Writes all weights in the kernels' order: for the coordinator, where something other than an update has set them.
  package func writeCopies() {
    for block in blocks.blocks { writeCopies(of: block) }
  }

  private func writeCopies(of block: BlockPartition.Block) {
    guard let weight = block.weight else { return }
    copies.write(block.rows, of: weight, from: memory.parameters.pointer + block.range.lowerBound)
  }

  /// The all-reduce of one block.
  private func compute(
    _ block: BlockPartition.Block, scaledBy factor: Double, into gradient: UnsafeMutablePointer<Scalar>, step: Int,
    _ room: BlockRoom<Scalar>
  ) {
    switch block.source {
    case .slots(let offset):
      slots.sum(offset..<offset + block.range.count, scaledBy: factor, into: gradient)
    case .transposedSlots(let offset, let stride):
      let (rows, columns) = (block.rows.count, block.range.count / block.rows.count)
      for column in 0..<columns {
        let first = offset + column * stride
        slots.sum(first..<first + rows, scaledBy: factor, into: room.scratch + column * rows)
      }
      kernels.transpose(
        room.scratch, rows: columns, columns: rows, stride: rows, into: gradient, outStride: columns)
    case .product(let number):
      products.compute(
        number, rows: block.rows, samples: schedule.batch(of: step).positions.count, room: room, into: gradient)
      if factor != 1 { kernels.scale(gradient, by: factor, into: gradient, count: block.range.count) }
    }
  }
}

extension Workspace {
  /// The sum of a result's elements in double precision, or `value` if the plan has no such result.
  func total(_ name: String, of plan: Plan<Scalar>, _ kernels: Kernels<Scalar>, default value: Double = 0) -> Double {
    guard let result = result(name, of: plan), let first = result.baseAddress else { return value }
    return kernels.total(first, count: result.count)
  }
}
