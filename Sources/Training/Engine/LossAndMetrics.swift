import Foundations
import Models

/// The loss and the metrics of a group, or of an epoch of training.
public struct LossAndMetrics: Sendable, Equatable {
  /// The objective.
  public let loss: Double
  /// The metrics, in the order of the config.
  public let metrics: [(name: String, value: Double)]
  /// The confusion matrix, if it was counted: of several labels that of all answers.
  public let confusion: ConfusionMatrix?
  /// The confusion matrix of each of several labels, if they were counted.
  public let confusionOfLabels: [ConfusionMatrix]

  /// Creates a measurement without a confusion matrix.
  public init(loss: Double, metrics: [(name: String, value: Double)] = []) {
    self.loss = loss
    self.metrics = metrics
    confusion = nil
    confusionOfLabels = []
  }

  /// Joins sums that lie as `Statistic` says; metrics of whole groups, which they do not tell, are left out.
  init(sums: [Double], isMean: Bool, metrics set: MetricSet?) {
    self.init(sums, isMean, set) { set, sums in zip(set.summed, set.values(from: sums)).map { ($0.name, $1) } }
  }

  /// Joins sums that lie as `Statistic` says.
  ///
  /// - Parameter group: All samples, which the sums are of.
  init<Scalar: TrainingScalar>(sums: [Double], isMean: Bool, metrics set: MetricSet?, of group: MetricSamples<Scalar>) {
    self.init(sums, isMean, set) { set, sums in
      zip(set.metrics, set.values(from: sums, of: group)).map { ($0.name, $1) }
    }
  }

  private init(
    _ sums: [Double], _ isMean: Bool, _ set: MetricSet?,
    _ values: (MetricSet, [Double]) -> [(name: String, value: Double)]
  ) {
    loss = isMean ? sums[Statistic.loss] / sums[Statistic.sampleWeight] : sums[Statistic.loss]
    let rest = Array(sums[Statistic.metrics...])
    metrics = set.map { values($0, rest) } ?? []
    confusion = set?.confusion(from: rest)
    confusionOfLabels = set?.confusionOfLabels(from: rest) ?? []
  }

  /// Joins the sums of some steps of an epoch, and behind them the number of these steps.
  init(soFar sums: [Double], isMean: Bool, metrics: MetricSet?) {
    var sums = StepRecord.EpochSums(values: sums)
    // A sum has no weight to divide by: the epoch's figure is the mean of its steps' objectives.
    if !isMean { sums.statistics[Statistic.loss] /= sums.steps }
    self.init(sums: sums.statistics, isMean: isMean, metrics: metrics)
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
      && left.confusionOfLabels == right.confusionOfLabels
  }
}
