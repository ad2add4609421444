import Autodiff
import Foundations

/// q (t − z) where the target t is above the output z, else (1 − q) (z − t): the pinball loss, which is least where z is the
/// quantile q of the targets (Koenker and Bassett, 1978); a sample's loss is the mean over its outputs. Its subgradient
/// where they are equal is 0.
///
/// As scikit-learn's `mean_pinball_loss`. With 0.5 it is half the absolute error.
public struct Quantile: Loss {
  public static let type = "quantile"
  /// The quantile of each output; one for all where there is one.
  public let quantiles: [Double]

  /// Creates a loss; a quantile is greater than 0 and less than 1.
  public init(_ quantiles: Double...) { self.quantiles = quantiles.isEmpty ? [0.5] : quantiles }

  /// Reads the loss's settings.
  public init(from settings: Settings) throws {
    let help = "Which quantile is learnt: a number between 0 and 1, or a list with one for each output."
    let kind = "a number greater than 0 and less than 1, or a list of them"
    let number = SettingKind.number(NumberRange(0, 1, includesLower: false, includesUpper: false))
    let value = settings.value(
      "quantile", kind: kind, as: .either([number, .array(number, count: .positive)]), default: 0.5, help: help)
    let numbers = value?.elements ?? value.map { [$0] } ?? [0.5]
    let quantiles = numbers.compactMap(\.double).filter { $0 > 0 && $0 < 1 }
    guard quantiles.count == numbers.count, !quantiles.isEmpty else {
      throw settings.error("quantile", "found \(value?.compactText ?? "nothing"), expected \(kind)")
    }
    self.quantiles = quantiles
    settings.resolve("quantile", to: Self.json(of: quantiles))
  }

  /// All settings.
  public var json: JSONObject { ["quantile": Self.json(of: quantiles)] }

  private static func json(of quantiles: [Double]) -> JSONValue {
    quantiles.count == 1 ? .number(quantiles[0]) : .array(quantiles.map(JSONValue.number))
  }

  /// The outputs.
  public var prediction: PredictionRule { .value }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    let above = try targets.reshape(outputs.shape) - outputs
    let graph = outputs.graph
    let q =
      quantiles.count == 1 ? try graph.constant(quantiles[0]) : try graph.constant(quantiles, shape: [quantiles.count])
    return LossTerms(losses: try (above.relu() * q + (-above).relu() * (1 - q)).mean(axes: [1]))
  }

  /// Numbers.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    guard quantiles.count == 1 || quantiles.count == outputCount else {
      throw TrainerError(
        .usage,
        "loss.quantile has \(quantiles.count) quantiles, but the model has \(outputCount) output"
          + "\(outputCount == 1 ? "" : "s"); give one for each, and a column of targets for each")
    }
    return try regressionTask(outputCount: outputCount, targets: targets)
  }

  /// None.
  public func probabilities(of outputs: Node) throws -> Node? { nil }
}
