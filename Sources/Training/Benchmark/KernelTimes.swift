import Autodiff
import DataParallel
import Foundations
import Kernels

/// What one kernel takes of a step: a line of a roofline.
package struct KernelTime: Sendable {
  /// What it does: a plan's instruction by its operations, or a part of the update.
  package let name: String
  /// The shape of its result where it has one.
  package let shape: [Int]
  /// Seconds of all workers in a step.
  package let seconds: Double
  /// Floating-point operations of a step, a multiply-add counting as two; 0 for what only moves numbers.
  package let operations: Int

  /// Floating-point operations a second of one worker.
  package var operationsPerSecond: Double { seconds > 0 ? Double(operations) / seconds : 0 }
}

extension TrainingEngine {
  /// Times each kernel of some steps, with all workers at work, in several rounds, and takes the least of each: others use
  /// the machine too.
  ///
  /// - Parameters:
  ///   - steps: Those of a round.
  ///   - run: Runs a round of steps.
  /// - Returns: The kernels in the order of a step, without those that take no time.
  package func kernelTimes(steps: Int, rounds: Int = 5, run: () throws -> Void) rethrows -> [KernelTime] {
    guard let plan = work.plans.all.last else { return [] }
    let (instructions, products) = (plan.summary.instructions, plan.products)
    let places = KernelPlace.instruction(instructions.count, products: products.count)
    let times = KernelClock.Times(places: places, workers: region.workers)
    work.setClocks { times.clock(of: $0) }
    defer { work.setClocks { _ in .off } }
    var best: [Double] = []
    for _ in 0..<rounds {
      times.clear()
      try run()
      let round = (0..<places).map { times.seconds($0) / Double(steps) }
      best = best.isEmpty ? round : zip(best, round).map(min)
    }

    let scale = work.operations { $0.summary.instructions.map(\.floatingPointOperations) }
    let ofProducts = work.operations { $0.products.map(\.floatingPointOperations) }
    var rows = [
      KernelTime(name: "samples found and converted", shape: [], seconds: best[KernelPlace.samples], operations: 0)
    ]
    for (index, instruction) in instructions.enumerated() {
      rows.append(
        KernelTime(
          name: instruction.name, shape: instruction.shape,
          seconds: best[KernelPlace.instruction(index, products: products.count)],
          operations: scale.indices.contains(index) ? scale[index] : 0))
    }
    rows.append(KernelTime(name: "loss and metrics", shape: [], seconds: best[KernelPlace.statistics], operations: 0))
    rows.append(KernelTime(name: "sum of slots", shape: [], seconds: best[KernelPlace.slots], operations: 0))
    for (number, product) in products.enumerated() {
      let shape = [product.rows, product.columns]
      rows.append(
        KernelTime(
          name: "rows for a product", shape: shape, seconds: best[KernelPlace.rows(ofProduct: number)], operations: 0))
      rows.append(
        KernelTime(
          name: "product over samples", shape: shape, seconds: best[KernelPlace.product(number)],
          operations: ofProducts.indices.contains(number) ? ofProducts[number] : 0))
    }
    rows.append(KernelTime(name: "optimizer", shape: [], seconds: best[KernelPlace.optimizer], operations: 0))
    rows.append(
      KernelTime(name: "weights in the kernels' order", shape: [], seconds: best[KernelPlace.copies], operations: 0))
    rows.append(
      KernelTime(name: "search for what is not finite", shape: [], seconds: best[KernelPlace.finite], operations: 0))
    return rows.filter { $0.seconds > 0 }
  }
}

extension StepWork {
  /// Gives the rooms of each worker a clock; between regions only.
  fileprivate func setClocks(_ clock: (_ worker: Int) -> KernelClock) {
    // A shard's room, where workers share it, has a clock as good as any: there are fewer of them, and a unit of a shard
    // and a tile are never in the same phase.
    for room in 0..<shardRooms.count { shardRooms.use(room) { $0.clock = clock(room) } }
    for worker in 0..<region.workers { blockRooms.use(worker) { $0.clock = clock(worker) } }
  }

  /// Floating-point operations of each part of the plans in a step's shards together.
  fileprivate func operations(_ parts: (Plan<Scalar>) -> [Int]) -> [Int] {
    defer { withExtendedLifetime(self) {} }
    let samples = schedule.batch(of: 0).positions.count
    var sums: [Int] = []
    for shard in 0..<partition.shards {
      let slice = partition.range(of: shard, in: samples)
      guard !slice.isEmpty else { continue }
      let operations = plans[slice.count].use(parts)
      sums = sums.isEmpty ? operations : zip(sums, operations).map { $0 + $1 }
    }
    return sums
  }
}
