import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels
import Models

/// Measures a problem on a group of samples, in fixed shards that are summed in the fixed tree: the result depends on
/// no number of workers.
struct Evaluator<Scalar: TrainingScalar>: Sendable {
  /// Samples of one shard.
  static var shardSize: Int { 256 }

  private let kernels: Kernels<Scalar>
  private let problem: any Problem
  private let metrics: MetricSet?
  private let plans: PlanSet<Scalar>
  private let sources: [RowSource<Scalar>]
  private let targetSource: Int?
  private let count: Int
  private let shards: Int

  /// Compiles the plans for a group.
  ///
  /// - Parameter isPredicting: Whether shards give outputs and probabilities instead of losses; then no targets are
  ///   needed.
  init(
    _ problem: any Problem, group: SampleGroup<Scalar>, isPredicting: Bool = false, kernels: Kernels<Scalar> = .best
  ) throws {
    self.kernels = kernels
    self.problem = problem
    metrics = group.metrics(of: problem)
    count = group.count
    shards = (group.count + Self.shardSize - 1) / Self.shardSize
    let sizes = Set([min(Self.shardSize, group.count), group.count - (shards - 1) * Self.shardSize])
    plans = try PlanSet(sizes: sizes) { samples in
      isPredicting
        ? try problem.predictionPlan(samples: samples, kernels: kernels)
        : try problem.evaluationPlan(samples: samples, kernels: kernels)
    }
    (sources, targetSource) = group.bound(to: plans)
  }

  private func samples(of shard: Int) -> Range<Int> {
    shard * Self.shardSize..<min(count, (shard + 1) * Self.shardSize)
  }

  /// Runs the plan of each shard and hands its results to `body`.
  func forEachShard(
    parameters: SharedBuffer<Scalar>, region: Region,
    _ body: @escaping @Sendable (_ shard: Int, _ samples: Range<Int>, _ results: ShardResults<Scalar>) -> Void
  ) {
    let workers = SharedBuffer(count: min(region.workers, max(1, shards))) { _ in
      ShardRoom(plans: plans.all, samples: Self.shardSize, sources: sources)
    }
    // The units use plans, sources and rooms without counting references.
    defer { withExtendedLifetime((self, workers)) {} }
    region.forEach(shards) { shard, worker in
      let samples = samples(of: shard)
      let own = workers.pointer[worker]
      // The shard behind this one is probably next, for this worker or another.
      let following = min(ShardRoom<Scalar>.mostFollowing, count - samples.upperBound)
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

  /// The group's loss and metrics.
  func measure(parameters: SharedBuffer<Scalar>, region: Region) -> LossAndMetrics {
    let metrics = metrics
    let statistics = ShardStatistics(shards: shards, count: Statistic.count(metrics: metrics?.sumCount))
    let isMean = problem.isMean
    let targetSource = targetSource
    forEachShard(parameters: parameters, region: region) { shard, samples, results in
      let sums = statistics[shard]
      sums.update(repeating: 0)
      sums[Statistic.loss] = results.total(results.plan.losses)
      sums[Statistic.sampleWeight] =
        isMean ? results.total(results.plan.sampleWeights, default: Double(samples.count)) : 0
      if let metrics, let targetSource, let outputs = results.values(results.plan.outputs)?.baseAddress {
        metrics.add(
          outputs: outputs, targets: results.rows[targetSource], samples: samples.count,
          to: UnsafeMutableBufferPointer(rebasing: sums[Statistic.metrics...]))
      }
    }
    return LossAndMetrics(
      sums: (0..<statistics.count).map(statistics.sum), isMean: isMean, metrics: metrics)
  }
}

/// What a plan computed for one shard.
struct ShardResults<Scalar: TrainingScalar> {
  let workspace: Workspace<Scalar>
  let plan: ShardPlan<Scalar>
  let rows: [UnsafeMutablePointer<Scalar>]
  let kernels: Kernels<Scalar>

  func values(_ place: ResultPlace?) -> UnsafeBufferPointer<Scalar>? { place.map { workspace[$0] } }
  func total(_ place: ResultPlace?, default value: Double = 0) -> Double {
    workspace.total(place, kernels, default: value)
  }
}

/// The loss and the metrics of a group, or of an epoch of training.
public struct LossAndMetrics: Sendable, Equatable {
  /// The objective.
  public let loss: Double
  /// The metrics, in the order of the config.
  public let metrics: [(name: String, value: Double)]
  /// The confusion matrix, if it was counted.
  public let confusion: ConfusionMatrix?

  /// Creates a measurement without a confusion matrix.
  public init(loss: Double, metrics: [(name: String, value: Double)] = []) {
    self.loss = loss
    self.metrics = metrics
    confusion = nil
  }

  /// Joins sums that lie as `Statistic` says.
  init(sums: [Double], isMean: Bool, metrics set: MetricSet?) {
    loss = isMean ? sums[Statistic.loss] / sums[Statistic.sampleWeight] : sums[Statistic.loss]
    let rest = Array(sums[Statistic.metrics...])
    let values = set?.values(from: rest) ?? []
    metrics = zip(set?.metrics ?? [], values).map { ($0.name, $1) }
    confusion = set?.confusion(from: rest)
  }

  /// The value named `loss` or as a metric.
  public subscript(name: String) -> Double? {
    name == "loss" ? loss : metrics.first { $0.name == name }?.value
  }

  /// The measures as an object, loss first.
  public var json: JSONValue {
    var object = JSONObject()
    object["loss"] = .number(loss)
    for (name, value) in metrics { object[name] = .number(value) }
    return .object(object)
  }

  /// Whether all numbers are the same.
  public static func == (left: LossAndMetrics, right: LossAndMetrics) -> Bool {
    left.loss == right.loss && left.metrics.elementsEqual(right.metrics, by: ==) && left.confusion == right.confusion
  }
}

/// The samples of one group: rows for each of the graph's inputs.
package struct SampleGroup<Scalar: TrainingScalar>: Sendable {
  package let count: Int
  let sources: [String: RowSource<Scalar>]

  /// Samples whose rows have these names in the graph.
  package init(count: Int, sources: [String: RowSource<Scalar>]) {
    self.count = count
    self.sources = sources
  }

  /// A problem's metrics on these samples: counted from one of their targets, so that a large mean costs no digits, and
  /// a group has the same values whoever measures it.
  func metrics(of problem: any Problem) -> MetricSet? {
    guard let targets = sources[ModelProblem.InputName.targets] else { return problem.metrics }
    return problem.metrics?.shifted(to: targets.firstRow)
  }

  /// The rows that plans of a set gather, in the order of their inputs, and which of them are the targets.
  func bound(to plans: PlanSet<Scalar>) -> (sources: [RowSource<Scalar>], targets: Int?) {
    let names = plans.all.first?.inputs.map(\.name) ?? []
    return (names.compactMap { sources[$0] }, names.firstIndex(of: ModelProblem.InputName.targets))
  }
}
