import Autodiff
import Foundations

/// (z − t)²; a sample's loss is the mean over its outputs.
public struct MeanSquaredError: Loss {
  /// `meanSquaredError`.
  public static let type = "meanSquaredError"

  /// Creates a loss.
  public init() {}
  /// Reads the loss's settings: there are none.
  public init(from settings: Settings) throws {}

  /// The outputs.
  public var prediction: PredictionRule { .value }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    return LossTerms(
      losses: try (outputs - targets.reshape(outputs.shape)).square().mean(axes: [1]), sampleWeights: nil)
  }

  /// Numbers.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }

  /// None.
  public func probabilities(of outputs: Node) throws -> Node? { nil }
}

/// The task of a regression loss, if the model has an output for each target.
func regressionTask(outputCount: Int, targets: TargetKind) throws -> LearningTask {
  let targetCount =
    switch targets {
    case .integers: 1
    case .values(let count): count
    }
  guard outputCount == targetCount else {
    throw TrainerError(
      .usage, "the targets have \(targetCount) values a sample, but the model has \(outputCount) outputs")
  }
  return .regression(outputs: outputCount)
}
