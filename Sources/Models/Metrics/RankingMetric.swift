import Foundations
import Kernels

/// The package's metrics of the order in which scores put the samples of a whole group.
///
/// As scikit-learn's `roc_auc_score` and `average_precision_score`, with weights as its `sample_weight`. Samples with the
/// same score are one step of the curve. For one of several classes each is held against the rest, and the mean is over
/// the classes that occur among the targets; for several yes-or-no outputs it is over all of them.
public enum RankingMetric: String, CaseIterable, GroupMetric {
  /// The area under the curve of true positive rate over false positive rate: how often a sample of a class has a higher
  /// score than one that is not of it. Not a number where there are only samples of one kind.
  case rocAUC
  /// Σ (recall step) · precision, from the highest score down, without interpolation; 0 where nothing is of the class.
  case averagePrecision

  /// The case's name.
  public var name: String { rawValue }
  /// Yes.
  public var prefersLarger: Bool { true }
  /// For classes.
  public func isDefined(for task: LearningTask) -> Bool { if case .regression = task { false } else { true } }

  /// The bytes that ``value(of:)`` takes for each sample beside the samples.
  package static let bytesOfSample =
    MemoryLayout<Int>.stride + MemoryLayout<Normalizer>.stride + MemoryLayout<ScoreOrder.Entry>.stride

  /// The value.
  ///
  /// - Complexity: O(n log n) for each class or output.
  public func value<Scalar: KernelElement>(of samples: MetricSamples<Scalar>) -> Double {
    switch samples.task {
    case .regression: return .nan
    case .binary(let outputs):
      let values = (0..<outputs).map { output in
        // A logit has the order of its probability.
        value(
          of: ScoreOrder(samples) { Double(samples.outputs(of: $0)[output]) },
          in: samples
        ) { samples.targets(of: $0)[output] > 0.5 }
      }
      return values.reduce(0, +) / Double(outputs)
    case .multiclass(let classes, _):
      let normalizers = (0..<samples.count).map { Normalizer(samples.outputs(of: $0)) }
      let labels = (0..<samples.count).map(samples.classIndex)
      let occurring = Set(labels.indices.lazy.filter { samples.weight(of: $0) > 0 }.map { labels[$0] })
      let values = (0..<classes).filter(occurring.contains).map { index in
        value(
          of: ScoreOrder(samples) { normalizers[$0].logProbability(Double(samples.outputs(of: $0)[index])) },
          in: samples
        ) { labels[$0] == index }
      }
      return values.reduce(0, +) / Double(values.count)
    }
  }

  private func value<Scalar: KernelElement>(
    of order: ScoreOrder, in samples: MetricSamples<Scalar>, isPositive: (_ sample: Int) -> Bool
  ) -> Double {
    guard !order.hasNaN else { return .nan }
    var (positives, negatives) = (0.0, 0.0)
    var (area, precisions) = (0.0, 0.0)
    var next = 0
    while next < order.entries.count {
      let score = order.entries[next].score
      var (newPositives, newNegatives) = (0.0, 0.0)
      while next < order.entries.count, order.entries[next].score == score {
        let sample = order.entries[next].sample
        if isPositive(sample) {
          newPositives += samples.weight(of: sample)
        } else {
          newNegatives += samples.weight(of: sample)
        }
        next += 1
      }
      area += newNegatives * (positives + newPositives / 2)
      positives += newPositives
      negatives += newNegatives
      precisions += newPositives * (positives / (positives + negatives))
    }
    guard !order.entries.isEmpty else { return .nan }
    switch self {
    case .rocAUC: return positives > 0 && negatives > 0 ? area / (positives * negatives) : .nan
    case .averagePrecision: return positives > 0 ? precisions / positives : 0
    }
  }
}

/// Samples in the order of a score, the highest first; those with the same in their own order, so that sums over them
/// have one order.
private struct ScoreOrder {
  struct Entry {
    let score: Double
    let sample: Int
  }

  let entries: [Entry]
  /// Whether a score is not a number, so that there is no order.
  let hasNaN: Bool

  /// Orders the samples that weigh something.
  init<Scalar: KernelElement>(_ samples: MetricSamples<Scalar>, score: (_ sample: Int) -> Double) {
    var entries: [Entry] = []
    entries.reserveCapacity(samples.count)
    for sample in 0..<samples.count where samples.weight(of: sample) > 0 {
      entries.append(Entry(score: score(sample), sample: sample))
    }
    hasNaN = entries.contains { $0.score.isNaN }
    if !hasNaN { entries.sort { $0.score > $1.score || ($0.score == $1.score && $0.sample < $1.sample) } }
    self.entries = entries
  }
}
