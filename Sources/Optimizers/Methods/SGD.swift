import Foundations

/// Stochastic gradient descent (Robbins and Monro, 1951), with momentum (Polyak, 1964) or Nesterov's (1983).
public struct SGD: OptimizerSettings {
  /// `sgd`.
  public static let type = "sgd"
  /// The step size before the schedule.
  public let learningRate: Double
  /// The share of the velocity that a step keeps; 0 for none.
  public let momentum: Double
  /// Whether momentum is Nesterov's.
  public let isNesterov: Bool

  /// Creates the settings.
  public init(learningRate: Double = 0.01, momentum: Double = 0, isNesterov: Bool = false) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.isNesterov = isNesterov
  }

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try readLearningRate(settings, default: 0.01)
    momentum = try settings.number(
      "momentum", default: 0, in: .rate, help: "The share of the velocity that a step keeps.")
    isNesterov = try settings.boolean("nesterov", default: false, help: "Whether momentum is Nesterov's.")
    if isNesterov, momentum == 0 {
      throw settings.error("nesterov", "Nesterov's momentum needs a momentum greater than 0")
    }
  }

  /// Momentum, if there is any.
  public var transformations: [any GradientTransformation] {
    momentum > 0 ? [Momentum(momentum, isNesterov: isNesterov)] : []
  }
}
