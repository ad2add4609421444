import Foundations

/// Adam (Kingma and Ba, 2015).
public struct Adam: OptimizerSettings {
  /// `adam`.
  public static let type = "adam"
  /// The step size before the schedule.
  public let learningRate: Double
  /// The decay rate of the first moment.
  public let beta1: Double
  /// The decay rate of the second moment.
  public let beta2: Double
  /// Keeps the quotient finite.
  public let epsilon: Double

  /// Creates the settings.
  public init(learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try readLearningRate(settings, default: 0.001)
    beta1 = try settings.number("beta1", default: 0.9, in: .rate, help: "The decay rate of the first moment.")
    beta2 = try settings.number("beta2", default: 0.999, in: .rate, help: "The decay rate of the second moment.")
    epsilon = try settings.number("epsilon", default: 1e-8, in: .positive, help: "Keeps the quotient finite.")
  }

  /// Scaling by the moments.
  public var transformations: [any GradientTransformation] {
    [ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon)]
  }
}
