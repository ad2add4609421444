import Autodiff
import Foundations

/// e^z − t z: the negative logarithm of the Poisson distribution's probability of a count t at the rate e^z, without the
/// term log t!, which no output changes; a sample's loss is the mean over its outputs.
///
/// As PyTorch's `poisson_nll_loss` with `log_input=True`. Predictions, and what metrics compare with the targets, are the
/// rates e^z.
public struct Poisson: Loss {
  public static let type = "poisson"

  /// Creates a loss.
  public init() {}
  /// Reads the loss's settings: there are none.
  public init(from settings: Settings) throws {}

  /// None.
  public var json: JSONObject { [:] }

  /// The rates.
  public var prediction: PredictionRule { .value }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs z: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: z)
    return LossTerms(losses: try (z.exp() - targets.reshape(z.shape) * z).mean(axes: [1]))
  }

  /// Numbers.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }

  /// Numbers that are not negative: counts, or rates.
  public func rule(of task: LearningTask, for targets: TargetKind) -> TargetRule { .nonNegative }

  /// The rates that the outputs are the logarithms of.
  public func values(of outputs: Node) throws -> Node { try outputs.exp() }

  /// None.
  public func probabilities(of outputs: Node) throws -> Node? { nil }
}
