import Foundations
import Kernels

/// RMSProp (Tieleman and Hinton, 2012), centred (Graves, 2013) or with momentum if asked.
public struct RMSProp: OptimizerSettings {
  public static let type = "rmsprop"
  /// The step size before the schedule.
  public var learningRate: Double
  /// The share of the averages that a step keeps.
  public var alpha: Double
  /// Keeps the quotient finite.
  public var epsilon: Double
  /// Whether the gradient's variance counts instead of its square.
  public var isCentered: Bool
  /// The share of the velocity that a step keeps; 0 for none.
  public var momentum: Double
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.01, alpha: Double = 0.99, epsilon: Double = 1e-8, isCentered: Bool = false,
    momentum: Double = 0, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.isCentered = isCentered
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<RMSProp>] = [
    .learningRate(\.learningRate), .decayRate("alpha", \.alpha, of: "the averages"), .epsilon(\.epsilon),
    .boolean(
      "centered", \.isCentered, help: "Whether the gradient's variance counts instead of its square."),
    .decayRate("momentum", \.momentum, of: "the velocity"), .weightDecay(\.weightDecay),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: RMSProp()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay, the scaling, and momentum if there is any.
  public var transformations: [any GradientTransformation] {
    AddWeightDecay.unlessZero(weightDecay)
      + [ScaleByRMS(alpha: alpha, epsilon: epsilon, isCentered: isCentered)]
      + (momentum > 0 ? [Momentum(momentum)] : [])
  }
}

/// s ← α s + (1 − α) g², update g / (√s + ε); centred, a ← α a + (1 − α) g and √(s − a²) in place of √s. As PyTorch's
/// `RMSprop`.
public struct ScaleByRMS: GradientTransformation {
  /// α.
  public let alpha: Double
  /// ε.
  public let epsilon: Double
  /// Whether a² is taken off.
  public let isCentered: Bool
  /// s and, centred, a.
  public let stateNames: [String]

  /// Creates the transformation.
  public init(alpha: Double, epsilon: Double, isCentered: Bool) {
    self.alpha = alpha
    self.epsilon = epsilon
    self.isCentered = isCentered
    stateNames = ["squareAverage"] + (isCentered ? ["gradientAverage"] : [])
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let squares = state[0]
    squares.combineSquare(block.update, scaledBy: 1 - alpha, plusSelfScaledBy: alpha)
    var denominator = squares
    if isCentered {
      let average = state[1]
      average.combine(block.update, scaledBy: 1 - alpha, plusSelfScaledBy: alpha)
      denominator = block.scratch
      denominator.assign(squares)
      denominator.combineSquare(average, scaledBy: -1, plusSelfScaledBy: 1)
      // A variance that rounding makes negative is 0; PyTorch's root of it is not a number.
      denominator.assign(.relu, of: denominator)
    }
    block.update.assign(block.update, scaledBy: 1, overRootOf: denominator, scaledBy: 1, plus: epsilon)
  }
}
