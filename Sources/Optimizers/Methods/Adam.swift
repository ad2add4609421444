import Foundations

/// Adam (Kingma and Ba, 2015) or AMSGrad (Reddi, Kale and Kumar, 2018).
public struct Adam: OptimizerSettings {
  /// `adam`.
  public static let type = "adam"
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
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay = 0.0

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    beta1 = try settings.decayRate("beta1", default: beta1, of: "the first moment")
    beta2 = try settings.decayRate("beta2", default: beta2, of: "the second moment")
    epsilon = try settings.epsilon(default: epsilon)
    isAMSGrad = try settings.isAMSGrad()
    weightDecay = try settings.weightDecay(default: weightDecay)
  }

  /// Weight decay and scaling by the moments.
  public var transformations: [any GradientTransformation] {
    Optimizers.weightDecay(weightDecay)
      + [ScaleByAdam(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: isAMSGrad)]
  }
}

extension Settings {
  func isAMSGrad() throws -> Bool {
    try boolean("amsgrad", default: false, help: "Whether the second moment's largest value so far counts (AMSGrad).")
  }
}
