import Foundations
import Models

/// When a run stops before its end.
public struct EarlyStoppingSettings: Sendable, Equatable {
  /// What has to improve.
  public let metric: MetricReference
  /// The run stops when so many measurements in a row were no improvement.
  public let patience: Int
  /// What counts as an improvement must be larger than this.
  public let minDelta: Double
  /// The run stops as soon as a measurement is as good as this; `nil` for no such value.
  public let target: Double?
  /// Whether the metric is left to what a run goes by by default.
  private let isDefaultMetric: Bool

  /// Creates the settings.
  ///
  /// - Parameters:
  ///   - metric: What has to improve; `nil` for the loss of the group `validation`, of a formula that of `train`.
  ///   - patience: The run stops when so many measurements in a row were no improvement.
  ///   - minDelta: What counts as an improvement must be larger than this.
  ///   - target: The run stops as soon as a measurement is as good as this; `nil` for no such value.
  public init(_ metric: MetricReference? = nil, patience: Int = 10, minDelta: Double = 0, target: Double? = nil) {
    self.metric = metric ?? MetricReference(.validation, "loss")
    isDefaultMetric = metric == nil
    self.patience = patience
    self.minDelta = minDelta
    self.target = target
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    JSONObject([
      ("metric", isDefaultMetric ? nil : metric.json), ("patience", .integer(patience)),
      ("minDelta", .number(minDelta)), ("target", target.map(JSONValue.number)),
    ])
  }

  init(from settings: Settings, measures: Measures) throws {
    let standard = MetricReference(measures.isFormula ? .train : .validation, "loss")
    metric = try settings.attempt(or: standard) {
      try MetricReference(
        "metric", in: settings, default: standard.description, measures: measures, help: "What has to improve.")
    }
    isDefaultMetric = false
    patience = try settings.integer(
      "patience", default: 10, in: .positive,
      help: "The run stops when so many measurements in a row were no improvement.")
    minDelta = try settings.number(
      "minDelta", default: 0, in: .nonNegative, help: "What counts as an improvement must be larger than this.")
    target = try settings.optionalNumber(
      "target", help: "The run stops as soon as a measurement is as good as this.")
  }

  /// Whether a value is as good as the target; without one none is.
  func isReached(by value: Double) -> Bool {
    target.map { metric.prefersLarger ? value >= $0 : value <= $0 } ?? false
  }
}
