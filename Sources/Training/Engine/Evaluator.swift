import DataParallel
import Kernels
import Models

/// Measures a problem on a group of samples, in fixed shards that are summed in the fixed tree: the result depends on
/// no number of workers.
struct Evaluator<Scalar: TrainingScalar>: Sendable {
  private let shards: EvaluationShards<Scalar>
  private let metrics: MetricSet?
  private let isMean: Bool

  /// Compiles the plans for a group.
  ///
  /// - Throws: `TrainerError` if the problem does not fit the group.
  init(_ problem: any Problem, group: SampleGroup<Scalar>, kernels: Kernels<Scalar> = .best) throws {
    metrics = group.metrics(of: problem)
    isMean = problem.isMean
    shards = try EvaluationShards(of: group, kernels: kernels) {
      try problem.evaluationPlan(samples: $0, kernels: kernels)
    }
  }

  /// The group's loss and metrics.
  func measure(parameters: SharedBuffer<Scalar>, region: Region) -> LossAndMetrics {
    let (metrics, isMean, places) = (metrics, isMean, shards.metricSources)
    let statistics = ShardStatistics(shards: shards.count, count: Statistic.count(metrics: metrics?.sumCount))
    shards.forEach(parameters: parameters, region: region) { shard, samples, results in
      let sums = statistics[shard]
      sums.update(repeating: 0)
      sums[Statistic.loss] = results.total(results.plan.losses)
      sums[Statistic.sampleWeight] =
        isMean ? results.total(results.plan.sampleWeights, default: Double(samples.count)) : 0
      if let metrics, let targets = places.targets, let outputs = results.values(results.plan.outputs)?.baseAddress {
        metrics.add(
          outputs: outputs, targets: results.rows[targets],
          weights: places.weights.map { UnsafePointer(results.rows[$0]) }, samples: samples.count,
          to: UnsafeMutableBufferPointer(rebasing: sums[Statistic.metrics...]))
      }
    }
    return LossAndMetrics(
      sums: (0..<statistics.count).map(statistics.sum), isMean: isMean, metrics: metrics)
  }
}
