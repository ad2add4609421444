import Foundations

/// Stochastic gradient descent (Robbins and Monro, 1951), with momentum (Polyak, 1964) or Nesterov's (1983).
public struct SGD: OptimizerSettings {
  public static let type = "sgd"
  /// The step size before the schedule.
  public var learningRate: Double
  /// The share of the velocity that a step keeps; 0 for none.
  public var momentum: Double
  /// The share of the gradient that does not enter the velocity.
  public var dampening: Double
  /// Whether momentum is Nesterov's.
  public var isNesterov: Bool
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.001, momentum: Double = 0, dampening: Double = 0, isNesterov: Bool = false,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.isNesterov = isNesterov
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<SGD>] = [
    .learningRate(\.learningRate),
    .decayRate("momentum", \.momentum, of: "the velocity"),
    .number(
      "dampening", \.dampening, in: .unit, help: "The share of the gradient that does not enter the velocity."),
    .boolean("nesterov", \.isNesterov, help: "Whether momentum is Nesterov's."),
    .weightDecay(\.weightDecay),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws {
    self = try Self.settings.read(settings, over: SGD())
    if isNesterov, momentum == 0 {
      throw settings.error("nesterov", "Nesterov's momentum needs a momentum greater than 0")
    }
    if isNesterov, dampening != 0 {
      throw settings.error("dampening", "Nesterov's momentum needs a dampening of 0")
    }
  }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and momentum, if there are any.
  public var transformations: [any GradientTransformation] {
    let momentum = Momentum(momentum, dampening: dampening, isNesterov: isNesterov)
    return AddWeightDecay.unlessZero(weightDecay) + (momentum.momentum > 0 ? [momentum] : [])
  }
}
