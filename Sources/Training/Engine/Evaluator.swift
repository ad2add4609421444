import DataParallel
import Foundations
import Kernels
import Models

/// Measures a problem on a group of samples, in fixed shards that are summed in the fixed tree: the result depends on
/// no number of workers.
struct Evaluator<Scalar: TrainingScalar>: Sendable {
  private let shards: EvaluationShards<Scalar>
  private let metrics: MetricSet?
  private let isMean: Bool
  private let sampleCount: Int
  /// The bytes that metrics of the whole group take while it is measured.
  let gatheredBytes: Int

  /// Compiles the plans for a group.
  ///
  /// - Parameters:
  ///   - workers: Those that will measure.
  ///   - wantsConfusion: Whether to count the confusion matrix though no metric needs it, if that takes little memory.
  /// - Throws: `TrainerError` if the problem does not fit the group, or metrics of all its samples do not fit into memory.
  init(
    _ problem: any Problem, group: SampleGroup<Scalar>, workers: Int, kernels: Kernels<Scalar> = .best,
    wantsConfusion: Bool = false
  ) throws {
    let own = group.metrics(of: problem)
    metrics = wantsConfusion ? try own?.countingConfusion(of: group.count) : own
    isMean = problem.isMean
    shards = try EvaluationShards(of: group, kernels: kernels, workers: workers) {
      try problem.evaluationPlan(samples: $0, kernels: kernels)
    }
    sampleCount = group.count
    let isWeighted = shards.metricSources.weights != nil
    let need = metrics.map {
      GatheredSamples<Scalar>.memoryNeed(
        samples: group.count, metrics: $0.metrics, task: $0.task, positions: $0.positions,
        isWeighted: isWeighted)
    }
    gatheredBytes = Int(need ?? 0)
    try MemoryLimit.require(
      need ?? 0, for: "measuring \(Self.names(of: metrics)) of \(group.count) samples", code: .usage,
      advice: "remove them from \"metrics\" or measure fewer samples")
  }

  private static func names(of metrics: MetricSet?) -> String {
    (metrics?.metrics ?? []).filter { $0 is any GroupMetric }.map(\.name).joined(separator: " and ")
  }

  /// The bytes that measuring reads ahead.
  var readAheadBytes: Int { shards.readAheadBytes }

  /// The group's loss and metrics.
  ///
  /// - Throws: `TrainerError` with code `.data` for rows that are read meanwhile and cannot be.
  func measure(parameters: SharedBuffer<Scalar>, region: Region) throws -> LossAndMetrics {
    let (statistics, gathered) = (makeStatistics(), makeGathered())
    try fill(statistics, gathered, of: 0..<shards.count, parameters, region)
    return joined(statistics, gathered)
  }

  /// The same on all ranks, each of which computes a stretch of the shards and gives their sums to the others: the tree
  /// adds the same numbers in the same order.
  ///
  /// - Throws: `RankFailure`, and what one process throws.
  func measure(
    parameters: SharedBuffer<Scalar>, region: Region, ranks: any Communicator
  ) throws -> LossAndMetrics {
    let stretches = ShardPartition(shards: ranks.rankCount).ranges(in: shards.count)
    let (statistics, gathered) = (makeStatistics(), makeGathered())
    try ranks.together { try fill(statistics, gathered, of: stretches[ranks.rank], parameters, region) }
    guard ranks.rankCount > 1 else { return joined(statistics, gathered) }
    let own = stretches[ranks.rank].flatMap { shard in Array(UnsafeRawBufferPointer(statistics[shard])) }
    for (rank, bytes) in try ranks.allGather(own).enumerated() where rank != ranks.rank {
      let size = statistics.count * MemoryLayout<Double>.size
      guard bytes.count == stretches[rank].count * size else {
        throw TrainerError(.data, "\(ranks.name(of: rank)) has measured other samples; give all hosts the same file")
      }
      for (place, shard) in stretches[rank].enumerated() {
        UnsafeMutableRawBufferPointer(statistics[shard]).copyBytes(from: bytes[place * size..<(place + 1) * size])
      }
    }
    try gathered?.exchange(stretches.map(shards.samples), among: ranks)
    return joined(statistics, gathered)
  }

  private func makeStatistics() -> ShardStatistics {
    ShardStatistics(shards: shards.count, count: Statistic.count(metrics: metrics?.sumCount))
  }

  /// Memory for all samples, where a metric needs them.
  private func makeGathered() -> GatheredSamples<Scalar>? {
    guard let metrics, metrics.needsSamples, shards.metricSources.targets != nil else { return nil }
    return GatheredSamples(
      count: sampleCount, metrics: metrics, isWeighted: shards.metricSources.weights != nil)
  }

  private func joined(_ statistics: ShardStatistics, _ gathered: GatheredSamples<Scalar>?) -> LossAndMetrics {
    let sums = (0..<statistics.count).map(statistics.sum)
    guard let gathered else { return LossAndMetrics(sums: sums, isMean: isMean, metrics: metrics) }
    return gathered.withSamples { LossAndMetrics(sums: sums, isMean: isMean, metrics: metrics, of: $0) }
  }

  private func fill(
    _ statistics: ShardStatistics, _ gathered: GatheredSamples<Scalar>?, of range: Range<Int>,
    _ parameters: SharedBuffer<Scalar>, _ region: Region
  ) throws {
    let (metrics, isMean, places) = (metrics, isMean, shards.metricSources)
    try shards.forEach(in: range, parameters: parameters, region: region) { shard, samples, results in
      let sums = statistics[shard]
      sums.update(repeating: 0)
      sums[Statistic.loss] = results.total(results.plan.losses)
      sums[Statistic.sampleWeight] =
        isMean ? results.total(results.plan.sampleWeights, default: Double(samples.count)) : 0
      if let metrics, let targets = places.targets, let outputs = results.values(results.plan.outputs)?.baseAddress {
        let weights = places.weights.map { UnsafePointer(results.rows[$0]) }
        metrics.add(
          outputs: outputs, targets: results.rows[targets], weights: weights, samples: samples.count,
          to: UnsafeMutableBufferPointer(rebasing: sums[Statistic.metrics...]))
        gathered?.keep(samples, outputs: outputs, targets: results.rows[targets], weights: weights)
      }
    }
  }
}

extension MetricSet {
  /// The most bytes that the confusion matrices of all shards may take.
  private static var mostConfusionBytes: Int { 64 << 20 }

  /// The same metrics with the confusion matrix, where there are few classes and the shards of this many samples leave
  /// room for it.
  fileprivate func countingConfusion(of samples: Int) throws -> MetricSet {
    let classes: Int
    switch task {
    case .multiclass(let count, _): classes = count
    case .binary: classes = 2
    case .regression: return self
    }
    let shards = samples / EvaluationShards<Float>.size + 1
    guard classes <= ObserverInterests.mostConfusionClasses,
      shards * classes * classes * MemoryLayout<Double>.size <= Self.mostConfusionBytes
    else { return self }
    return try countingConfusion()
  }
}
