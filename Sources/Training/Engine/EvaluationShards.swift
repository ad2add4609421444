import Autodiff
import DataParallel
import Datasets
import Kernels

/// A group of samples in shards of a fixed size, each of which runs a plan by itself: what evaluation and prediction
/// share. Where a shard begins and ends depends on no number of workers.
struct EvaluationShards<Scalar: TrainingScalar>: Sendable {
  /// Samples of one shard.
  static var size: Int { 256 }

  /// How many shards there are.
  let count: Int
  /// Which of the plans' inputs metrics read.
  let metricSources: MetricSources
  private let kernels: Kernels<Scalar>
  private let plans: PlanSet<Scalar>
  private let sources: [RowSource<Scalar>]
  private let sampleCount: Int

  /// Compiles the plans for a group.
  ///
  /// - Parameter makePlan: The plan for a number of samples.
  /// - Throws: What `makePlan` throws.
  init(
    of group: SampleGroup<Scalar>, kernels: Kernels<Scalar>, _ makePlan: (_ samples: Int) throws -> Plan<Scalar>
  ) throws {
    self.kernels = kernels
    sampleCount = group.count
    count = (group.count + Self.size - 1) / Self.size
    plans = try PlanSet(
      sizes: Set([min(Self.size, group.count), group.count - (count - 1) * Self.size]), makePlan)
    (sources, metricSources) = group.bound(to: plans)
  }

  /// Runs the plan of each shard and hands its results to `body`.
  ///
  /// - Parameter range: The shards; `nil` for all.
  func forEach(
    in range: Range<Int>? = nil, parameters: SharedBuffer<Scalar>, region: Region,
    _ body: @escaping @Sendable (_ shard: Int, _ samples: Range<Int>, _ results: ShardResults<Scalar>) -> Void
  ) {
    let range = range ?? 0..<count
    let workers = SharedBuffer(count: min(region.workers, max(1, range.count))) { _ in
      ShardRoom(plans: plans.all, samples: Self.size, sources: sources)
    }
    // The units use plans, sources and rooms without counting references.
    defer { withExtendedLifetime((self, workers)) {} }
    region.forEach(range.count) { unit, worker in
      let shard = range.lowerBound + unit
      let samples = shard * Self.size..<min(sampleCount, (shard + 1) * Self.size)
      let own = workers.pointer[worker]
      // The shard behind this one is probably next, for this worker or another.
      let following = min(ShardRoom<Scalar>.mostFollowing, sampleCount - samples.upperBound)
      for index in 0..<samples.count + following { own.indices[index] = Int64(samples.lowerBound + index) }
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
}
