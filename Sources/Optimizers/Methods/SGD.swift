import Foundations

/// Stochastic gradient descent (Robbins and Monro, 1951), with momentum (Polyak, 1964) or Nesterov's (1983).
public struct SGD: OptimizerSettings {
  /// `sgd`.
  public static let type = "sgd"
  /// The step size before the schedule.
  public var learningRate = 0.001
  /// The share of the velocity that a step keeps; 0 for none.
  public var momentum = 0.0
  /// The share of the gradient that does not enter the velocity.
  public var dampening = 0.0
  /// Whether momentum is Nesterov's.
  public var isNesterov = false
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay = 0.0

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    momentum = try settings.decayRate("momentum", default: momentum, of: "the velocity")
    dampening = try settings.number(
      "dampening", default: dampening, in: .unit, help: "The share of the gradient that does not enter the velocity.")
    isNesterov = try settings.boolean("nesterov", default: isNesterov, help: "Whether momentum is Nesterov's.")
    weightDecay = try settings.weightDecay(default: weightDecay)
    if isNesterov, momentum == 0 {
      throw settings.error("nesterov", "Nesterov's momentum needs a momentum greater than 0")
    }
    if isNesterov, dampening != 0 {
      throw settings.error("dampening", "Nesterov's momentum needs a dampening of 0")
    }
  }

  /// Weight decay and momentum, if there are any.
  public var transformations: [any GradientTransformation] {
    Optimizers.weightDecay(weightDecay)
      + (momentum > 0 ? [Momentum(momentum, dampening: dampening, isNesterov: isNesterov)] : [])
  }
}
