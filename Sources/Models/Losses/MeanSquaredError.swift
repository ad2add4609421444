import Autodiff
import Foundations

/// (z − t)²; a sample's loss is the mean over its outputs.
public struct MeanSquaredError: Loss {
  public static let type = "meanSquaredError"

  /// Creates a loss.
  public init() {}
  /// Reads the loss's settings: there are none.
  public init(from settings: Settings) throws {}

  /// None.
  public var json: JSONObject { [:] }

  /// The outputs.
  public var prediction: PredictionRule { .value }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    return LossTerms(
      losses: try (outputs - targets.reshape(outputs.shape)).square().mean(axes: [1]))
  }

  /// Numbers.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }

  /// None.
  public func probabilities(of outputs: Node) throws -> Node? { nil }
}
