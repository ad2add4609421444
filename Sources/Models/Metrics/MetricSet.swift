import Foundations
import Kernels

/// Metrics of one task, computed from sums over samples in double precision, so that shards can be joined in any fixed
/// tree and no metric loses digits over a large group.
///
/// The sums begin with those that the standard metrics share; behind them are those of each other metric.
public struct MetricSet: Sendable {
  /// A metric with sums of its own, and their place.
  private struct Own: Sendable {
    let metric: any Metric
    let sums: Range<Int>
  }

  /// The metrics, in the order of reports.
  public let metrics: [any Metric]
  /// What the model learns.
  public let task: LearningTask
  /// How many positions of a sample are judged by themselves, each with the sample's weight.
  public private(set) var positions = 1
  /// How many sums there are.
  public let sumCount: Int
  private var shared: StandardSums
  private let own: [Own]
  /// Whether there are metrics with sums of their own: asked in every shard, without a look at an array.
  private let hasOwn: Bool

  /// Creates a set.
  ///
  /// - Parameters:
  ///   - wantsConfusion: Whether to count the confusion matrix though no metric needs it.
  ///   - isWeighted: Whether samples have weights.
  ///   - targetShift: One typical target; `nil` for zeros.
  /// - Throws: `TrainerError` if a metric is not defined for the task.
  public init(
    _ metrics: [any Metric], task: LearningTask, wantsConfusion: Bool = false, isWeighted: Bool = false,
    targetShift: [Double]? = nil
  ) throws {
    if let metric = metrics.first(where: { !$0.isDefined(for: task) }) {
      let valid = Self.known.filter { $0.isDefined(for: task) }.map(\.name).joined(separator: ", ")
      throw TrainerError(.usage, "metrics: '\(metric.name)' is not defined for this loss; it has \(valid)")
    }
    for metric in metrics { try metric.requireMeaning(for: task) }
    self.metrics = metrics
    self.task = task
    shared = StandardSums(
      metrics.compactMap { $0 as? StandardMetric }, task: task, wantsConfusion: wantsConfusion,
      isWeighted: isWeighted, targetShift: targetShift)
    var count = shared.count
    own = metrics.filter { !($0 is StandardMetric || $0 is any GroupMetric) }.map { metric in
      defer { count += metric.sumCount(for: task) }
      return Own(metric: metric, sums: count..<count + metric.sumCount(for: task))
    }
    sumCount = count
    hasOwn = !own.isEmpty
  }

  /// The package's metrics.
  package static let known: [any Metric] =
    StandardMetric.allCases + [TopKAccuracy()] + RankingMetric.allCases + [LogLoss(), ExpectedCalibrationError()]

  /// The metrics that sums tell, in their order: all but those of whole groups.
  public var summed: [any Metric] { metrics.filter { !($0 is any GroupMetric) } }

  /// Whether there are metrics of whole groups.
  public var needsSamples: Bool { metrics.contains { $0 is any GroupMetric } }

  /// Whether the confusion matrix is counted.
  public var countsConfusion: Bool { shared.countsConfusion }

  /// The same metrics for targets near this one.
  public func shifted(to target: [Double]) -> MetricSet {
    var shifted = self
    shifted.shared.shift(to: target)
    return shifted
  }

  /// The same metrics of samples with so many positions, each of which is judged by itself.
  public func ofPositions(_ positions: Int) -> MetricSet {
    var set = self
    set.positions = positions
    return set
  }

  /// The same metrics with the confusion matrix, where the task has classes.
  ///
  /// - Throws: Nothing that making this set has not thrown.
  public func countingConfusion() throws -> MetricSet {
    guard !countsConfusion else { return self }
    return try MetricSet(metrics, task: task, wantsConfusion: true, isWeighted: shared.isWeighted).ofPositions(
      positions)
  }

  /// Adds samples to the sums.
  ///
  /// - Parameters:
  ///   - outputs: The model's outputs, [samples, positions, outputs].
  ///   - targets: [samples, positions, targets].
  ///   - weights: The samples' weights, [samples]; `nil` where each counts once.
  /// - Precondition: there are weights if the set was made for them, and none otherwise.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func add<Scalar: KernelElement>(
    outputs: UnsafePointer<Scalar>, targets: UnsafePointer<Scalar>, weights: UnsafePointer<Scalar>? = nil, samples: Int,
    to sums: UnsafeMutableBufferPointer<Double>
  ) {
    precondition((weights != nil) == shared.isWeighted, "weights are given where the set was made for them")
    let batch = MetricSamples(
      task: task, count: samples * positions, outputs: outputs, targets: targets, weights: weights, positions: positions
    )
    shared.add(batch, to: sums)
    guard hasOwn else { return }
    for index in own.indices {
      own[index].metric.add(batch, to: UnsafeMutableBufferPointer(rebasing: sums[own[index].sums]))
    }
  }

  /// The confusion matrix, if it was counted: of several labels that of all answers.
  public func confusion(from sums: [Double]) -> ConfusionMatrix? { shared.confusion(from: sums) }

  /// The confusion matrix of each of several labels, if they were counted and are at most 256; else none.
  public func confusionOfLabels(from sums: [Double]) -> [ConfusionMatrix] { shared.confusionOfLabels(from: sums) }

  /// The values of the metrics that sums tell, in the order of `summed`; NaN where there are no samples.
  public func values(from sums: [Double]) -> [Double] {
    var places = own[...]
    return summed.map { metric in
      if let metric = metric as? StandardMetric { return shared.value(of: metric, from: sums) }
      // Those with sums of their own come in the order of the metrics.
      guard let place = places.popFirst() else { return .nan }
      return metric.value(from: Array(sums[place.sums]), task: task)
    }
  }

  /// The values of all metrics, in the order of `metrics`.
  ///
  /// - Parameter group: All samples of the group, which the sums are of.
  public func values<Scalar: KernelElement>(from sums: [Double], of group: MetricSamples<Scalar>) -> [Double] {
    var summed = values(from: sums)[...]
    return metrics.map { metric in
      (metric as? any GroupMetric).map { $0.value(of: group) } ?? summed.popFirst() ?? .nan
    }
  }
}
