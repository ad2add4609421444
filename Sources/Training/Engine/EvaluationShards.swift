import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels

/// A group of samples in shards of a fixed size, each of which runs a plan by itself: what evaluation and prediction
/// share. Where a shard begins and ends depends on no number of workers, nor on where the rows come from.
struct EvaluationShards<Scalar: TrainingScalar>: Sendable {
  /// Samples of one shard.
  static var size: Int { 256 }

  /// How many shards there are.
  let count: Int
  /// Which of the plans' inputs metrics read.
  let metricSources: MetricSources
  private let kernels: Kernels<Scalar>
  private let plans: PlanSet<Scalar>
  private let group: SampleGroup<Scalar>
  /// What reads the rows meanwhile, where they are not in memory.
  private let stream: StreamedSamples<Scalar>?

  /// Compiles the plans for a group.
  ///
  /// - Parameters:
  ///   - workers: Those that will run them.
  ///   - makePlan: The plan for a number of samples.
  /// - Throws: What `makePlan` throws; `TrainerError` with code `.data` for a lack of memory to read rows meanwhile.
  init(
    of group: SampleGroup<Scalar>, kernels: Kernels<Scalar>, workers: Int,
    _ makePlan: (_ samples: Int) throws -> Plan<Scalar>
  ) throws {
    self.kernels = kernels
    self.group = group
    count = (group.count + Self.size - 1) / Self.size
    plans = try PlanSet(
      sizes: Set([min(Self.size, group.count), group.count - (count - 1) * Self.size]), makePlan)
    metricSources = group.metricSources(of: plans)
    stream = group.isStreamed(for: plans) ? try Self.stream(of: group, for: plans, workers: workers) : nil
  }

  /// The bytes that are read ahead.
  var readAheadBytes: Int { stream?.layout.readAheadBytes ?? 0 }

  /// Shards that are a step where rows are read meanwhile: during it the rows of the next are decoded.
  private static var shardsOfStep: Int { 8 }

  private static func stream(
    of group: SampleGroup<Scalar>, for plans: PlanSet<Scalar>, workers: Int
  ) throws -> StreamedSamples<Scalar> {
    let schedule = BatchSchedule(samples: group.count, batchSize: min(group.count, shardsOfStep * size))
    let partition = ShardPartition(shards: 1)
    let rows = group.streamedRows(for: plans)
    let order = StreamedOrder.inOrder(
      LaneSteps(schedule: schedule, partition: partition, steps: schedule.stepsPerEpoch), of: rows)
    let layout = StreamLayout(
      rows, order: order, schedule: schedule, partition: partition, shards: 0..<1, workers: workers)
    try layout.requireMemory(group.streamed.values.first?.place ?? "the data", order: .none)
    return StreamedSamples(rows, layout, order: order, shards: 0..<1, workers: workers)
  }

  /// What is done with the results of a shard.
  typealias Body = @Sendable (_ shard: Int, _ samples: Range<Int>, _ results: ShardResults<Scalar>) -> Void

  /// Runs the plan of each shard and hands its results to `body`.
  ///
  /// - Parameter range: The shards; `nil` for all.
  /// - Throws: `TrainerError` with code `.data` for rows that are read meanwhile and cannot be.
  func forEach(
    in range: Range<Int>? = nil, parameters: SharedBuffer<Scalar>, region: Region, _ body: @escaping Body
  ) throws {
    let range = range ?? 0..<count
    if let stream { return try run(range, from: stream, parameters, region, body) }
    let sources = group.rows(for: plans)
    for source in sources { try source.check() }
    let rooms = rooms(min(region.workers, range.count), sources, region)
    let part = WorkProgress.begin("evaluating", of: samples(in: range), "samples")
    defer { part?.end() }
    // The units use plans, sources and rooms without counting references.
    defer { withExtendedLifetime((self, rooms, sources)) {} }
    region.forEach(range.count) { unit, worker in
      let samples = samples(of: range.lowerBound + unit)
      let own = rooms.pointer[worker]
      // The shard behind this one is probably next, for this worker or another.
      let following = min(ShardRoom<Scalar>.mostFollowing, group.count - samples.upperBound)
      for index in 0..<samples.count + following { own.indices[index] = Int64(samples.lowerBound + index) }
      run(range.lowerBound + unit, own, following: following, parameters, body)
      part?.add(samples.count)
    }
    for source in sources { try source.check() }
  }

  /// The same with rows that are read meanwhile.
  private func run(
    _ range: Range<Int>, from stream: StreamedSamples<Scalar>, _ parameters: SharedBuffer<Scalar>, _ region: Region,
    _ body: @escaping Body
  ) throws {
    guard !range.isEmpty else { return }
    let part = WorkProgress.begin("evaluating", of: samples(in: range), "samples")
    defer { part?.end() }
    let shardsOfStep = Self.shardsOfStep
    let steps = range.lowerBound / shardsOfStep..<(range.upperBound + shardsOfStep - 1) / shardsOfStep
    defer { stream.rest() }
    let rooms = rooms(region.workers, stream.sources, region)
    defer { withExtendedLifetime((self, rooms, stream)) {} }
    var next = steps.lowerBound
    while next < steps.upperBound {
      let ready = try stream.ready(next..<next + 1, pool: region)
      guard !ready.isEmpty else { continue }
      stream.begin(ready)
      let (step, first) = (next, next * shardsOfStep)
      let shards = (first..<min(count, first + shardsOfStep)).clamped(to: range)
      let loads = stream.loadsOfStep
      region.forEach(loads + shards.count) { unit, worker in
        guard unit >= loads else { return stream.decode(step: step, unit: unit, worker: worker) }
        let shard = shards.lowerBound + unit - loads
        let own = rooms.pointer[worker]
        let start = (shard - first) * Self.size
        stream.fillSlots(
          own.indices, step: step, shard: 0, samples: start..<start + samples(of: shard).count)
        run(shard, own, following: 0, parameters, body)
        part?.add(samples(of: shard).count)
      }
      try stream.end(ready)
      next += 1
    }
  }

  /// The samples of some shards.
  func samples(of range: Range<Int>) -> Range<Int> {
    min(group.count, range.lowerBound * Self.size)..<min(group.count, range.upperBound * Self.size)
  }

  /// How many samples some shards have.
  private func samples(in range: Range<Int>) -> Int { samples(of: range).count }

  private func samples(of shard: Int) -> Range<Int> {
    shard * Self.size..<min(group.count, (shard + 1) * Self.size)
  }

  private func rooms(
    _ count: Int, _ sources: [RowSource<Scalar>], _ region: Region
  ) -> SharedBuffer<ShardRoom<Scalar>> {
    let rooms = SharedBuffer(count: count) { _ in
      ShardRoom(plans: plans.all, samples: Self.size, sources: sources)
    }
    region.place(rooms)
    return rooms
  }

  /// Runs the plan of a shard whose samples' places are in the worker's memory.
  private func run(
    _ shard: Int, _ own: ShardRoom<Scalar>, following: Int, _ parameters: SharedBuffer<Scalar>, _ body: Body
  ) {
    let samples = samples(of: shard)
    own.gather(samples: samples.count, following: following, kernels: kernels)
    let plan = plans[samples.count]
    plan.use {
      $0.run(
        own.workspace, parameters: parameters.pointer, slot: nil, inputs: UnsafeBufferPointer(own.inputs),
        randomness: Randomness())
    }
    body(
      shard, samples,
      ShardResults(workspace: own.workspace, plan: plan, rows: own.rows, kernels: kernels))
  }
}
