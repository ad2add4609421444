import Autodiff
import Foundations

/// d² / 2 where |d| ≤ delta, else delta · (|d| − delta / 2), with d = z − t (Huber, 1964); a sample's loss is the mean
/// over its outputs.
///
/// Computed as c · (d − c / 2) with d clipped to ±delta as c, which has one smooth formula for both parts.
public struct Huber: Loss {
  public static let type = "huber"
  /// Where the loss turns from a square to a line.
  public let delta: Double

  /// Creates a loss; `delta` is greater than 0.
  public init(delta: Double = 1) { self.delta = delta }

  /// Reads the loss's settings.
  public init(from settings: Settings) throws {
    delta = try settings.number(
      "delta", default: 1, in: .positive, help: "Where the loss turns from a square to a line.")
  }

  /// All settings.
  public var json: JSONObject { ["delta": .number(delta)] }

  /// The outputs.
  public var prediction: PredictionRule { .value }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    let difference = try outputs - targets.reshape(outputs.shape)
    let clipped = try difference.clip(from: -delta, to: delta)
    return LossTerms(losses: try (clipped * (difference - clipped * 0.5)).mean(axes: [1]))
  }

  /// Numbers.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }

  /// None.
  public func probabilities(of outputs: Node) throws -> Node? { nil }
}
