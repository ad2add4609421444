import Foundations

/// Multiplies the learning rate by `factor` whenever a measure has not improved for a while, as PyTorch's
/// `ReduceLROnPlateau`.
///
/// It depends on measurements, not on the step: the coordinator notes each in a ``State``, which checkpoints keep.
public struct PlateauSchedule: Schedule {
  public static let type = "plateau"
  /// What counts as an improvement.
  public enum ThresholdMode: String, CaseIterable, Sendable {
    /// By more than a share of the best value.
    case relative
    /// By more than a difference.
    case absolute
  }

  /// What has to improve: a group, a dot and a metric, as in `validation.loss`; `nil` for what a run goes by by default.
  public let metric: String?
  /// The factor of each change.
  public let factor: Double
  /// How many measurements in a row may be no improvement.
  public let patience: Int
  /// By how much a value must be better than the best.
  public let threshold: Double
  /// How `threshold` is meant.
  public let thresholdMode: ThresholdMode
  /// How many measurements after a change do not count.
  public let cooldown: Int
  /// The smallest product of all changes.
  public let minimum: Double
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init(
    metric: String? = nil, factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4,
    thresholdMode: ThresholdMode = .relative,
    cooldown: Int = 0, minimum: Double = 0
  ) {
    self.metric = metric
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.thresholdMode = thresholdMode
    self.cooldown = cooldown
    self.minimum = minimum
  }

  /// Reads the schedule's settings; `metric` is judged where it is known what a run measures.
  public init(from settings: Settings) throws {
    metric =
      settings.value("metric", kind: "a group, a dot and a metric", as: .string, help: "What has to improve.")?.text
    factor = try settings.number(
      "factor", default: 0.1, in: NumberRange(0, 1, includesLower: false, includesUpper: false),
      help: "The factor of each change.")
    patience = try settings.integer(
      "patience", default: 10, in: .nonNegative, help: "How many measurements in a row may be no improvement.")
    threshold = try settings.number(
      "threshold", default: 1e-4, in: .nonNegative, help: "By how much a value must be better than the best.")
    thresholdMode = try settings.choice(
      "thresholdMode", default: .relative, help: "Whether threshold is a share of the best value or a difference.")
    cooldown = try settings.integer(
      "cooldown", default: 0, in: .nonNegative, help: "How many measurements after a change do not count.")
    minimum = try settings.number(
      "minimum", default: 0, in: .unit, help: "The smallest product of all changes.")
  }

  /// All settings.
  public var json: JSONObject {
    JSONObject([
      ("metric", metric.map(JSONValue.string)), ("factor", .number(factor)), ("patience", .integer(patience)),
      ("threshold", .number(threshold)), ("thresholdMode", .string(thresholdMode.rawValue)),
      ("cooldown", .integer(cooldown)), ("minimum", .number(minimum)),
    ])
  }

  /// 1: measurements, not steps, change the rate.
  public func factor(at step: Int, of run: RunLength) -> Double { 1 }

  /// What the schedule remembers of the measurements so far.
  public struct State: Sendable, Equatable {
    /// The factor of the learning rate.
    public var factor = 1.0
    /// The best value; NaN before the first.
    public var best = Double.nan
    /// How many measurements in a row were no improvement.
    public var badCount = 0
    /// How many measurements to come do not count.
    public var cooldown = 0

    /// The state before the first measurement.
    public init() {}
  }

  /// Notes a measurement, and reduces `state.factor` if it is one too many without an improvement.
  ///
  /// - Parameter prefersLarger: Whether a larger value is the better one.
  public func note(_ value: Double, prefersLarger: Bool, in state: inout State) {
    if isImprovement(value, over: state.best, prefersLarger: prefersLarger) {
      state.best = value
      state.badCount = 0
    } else {
      state.badCount += 1
    }
    if state.cooldown > 0 {
      state.cooldown -= 1
      state.badCount = 0
    }
    if state.badCount > patience {
      state.factor = min(state.factor, max(state.factor * factor, minimum))
      state.cooldown = cooldown
      state.badCount = 0
    }
  }

  private func isImprovement(_ value: Double, over best: Double, prefersLarger: Bool) -> Bool {
    guard !best.isNaN else { return !value.isNaN }
    // By PyTorch's definition a relative threshold of a negative value asks for less than no improvement.
    let margin = thresholdMode == .relative ? threshold * best : threshold
    return prefersLarger ? value > best + margin : value < best - margin
  }
}
