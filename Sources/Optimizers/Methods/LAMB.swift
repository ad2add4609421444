import Foundations

/// LAMB (You et al., 2020): Adam with weight decay whose step in each tensor is as long as the tensor's parameters, for
/// large batches.
public struct LAMB: OptimizerSettings {
  /// `lamb`.
  public static let type = "lamb"
  /// The step size before the schedule.
  public var learningRate = 0.001
  /// The share of the first moment that a step keeps.
  public var beta1 = 0.9
  /// The share of the second moment that a step keeps.
  public var beta2 = 0.999
  /// Keeps the quotient finite.
  public var epsilon = 1e-6
  /// The factor of the parameter that is added to its update, before that is scaled.
  public var weightDecay = 0.0

  /// optax's settings, with Adam's learning rate: PyTorch has no LAMB.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    beta1 = try settings.decayRate("beta1", default: beta1, of: "the first moment")
    beta2 = try settings.decayRate("beta2", default: beta2, of: "the second moment")
    epsilon = try settings.epsilon(default: epsilon)
    weightDecay = try settings.number(
      "weightDecay", default: weightDecay, in: .nonNegative,
      help: "The factor of the parameter that is added to its update, before that is scaled.")
  }

  /// Scaling by the moments, weight decay, and scaling of each tensor's update.
  public var transformations: [any GradientTransformation] {
    [ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon)] + Optimizers.weightDecay(weightDecay)
      + [ScaleByTrustRatio()]
  }
}
