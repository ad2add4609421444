import Foundations

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019), or AMSGrad with it.
public struct AdamW: OptimizerSettings {
  /// `adamw`.
  public static let type = "adamw"
  /// The step size before the schedule.
  public var learningRate = 0.001
  /// The share of the first moment that a step keeps.
  public var beta1 = 0.9
  /// The share of the second moment that a step keeps.
  public var beta2 = 0.999
  /// Keeps the quotient finite.
  public var epsilon = 1e-8
  /// Whether the second moment's largest value so far counts.
  public var isAMSGrad = false
  /// The share of a parameter that a step of learning rate 1 takes off.
  public var weightDecay = 0.01

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    beta1 = try settings.decayRate("beta1", default: beta1, of: "the first moment")
    beta2 = try settings.decayRate("beta2", default: beta2, of: "the second moment")
    epsilon = try settings.epsilon(default: epsilon)
    isAMSGrad = try settings.isAMSGrad()
    weightDecay = try settings.weightDecay(default: weightDecay, isDecoupled: true)
  }

  /// Scaling by the moments, then weight decay.
  public var transformations: [any GradientTransformation] {
    [ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: isAMSGrad)]
      + Optimizers.weightDecay(weightDecay)
  }
}
