import Foundations
import Kernels

/// Adagrad (Duchi, Hazan and Singer, 2011): each parameter's step shrinks with the squares of its gradients so far.
public struct Adagrad: OptimizerSettings {
  public static let type = "adagrad"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How fast the step size falls: after t steps it is divided by 1 + t · this.
  public var learningRateDecay: Double
  /// What the sums of squares start from.
  public var initialSum: Double
  /// Keeps the quotient finite.
  public var epsilon: Double
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.01, learningRateDecay: Double = 0, initialSum: Double = 0, epsilon: Double = 1e-10,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.initialSum = initialSum
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<Adagrad>] = [
    .learningRate(\.learningRate),
    .number(
      "learningRateDecay", \.learningRateDecay, in: .nonNegative,
      help: "How fast the step size falls: after t steps it is divided by 1 + t times this."),
    .number(
      "initialSum", \.initialSum, in: .nonNegative, help: "What the sums of squared gradients start from."),
    .epsilon(\.epsilon), .weightDecay(\.weightDecay),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Adagrad()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and the scaling.
  public var transformations: [any GradientTransformation] {
    AddWeightDecay.unlessZero(weightDecay)
      + [ScaleByAdagrad(learningRateDecay: learningRateDecay, initialSum: initialSum, epsilon: epsilon)]
  }
}

/// s ← s + g², update g / (√(s₀ + s) + ε) / (1 + (t − 1) · decay), as PyTorch's `Adagrad`.
public struct ScaleByAdagrad: GradientTransformation {
  /// How fast the step size falls.
  public let learningRateDecay: Double
  /// s₀.
  public let initialSum: Double
  /// Keeps the quotient finite.
  public let epsilon: Double
  /// The sum of squares, without what it starts from: state vectors start at zero.
  public let stateNames = ["squareSum"]

  /// Creates the transformation.
  public init(learningRateDecay: Double = 0, initialSum: Double = 0, epsilon: Double = 1e-10) {
    self.learningRateDecay = learningRateDecay
    self.initialSum = initialSum
    self.epsilon = epsilon
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let sum = state[0]
    sum.combineSquare(block.update, scaledBy: 1, plusSelfScaledBy: 1)
    var denominator = sum
    if initialSum > 0 {
      denominator = block.scratch
      denominator.assign(sum)
      denominator.offset(by: initialSum)
    }
    block.update.assign(
      block.update, scaledBy: 1 / (1 + Double(block.step - 1) * learningRateDecay), overRootOf: denominator,
      scaledBy: 1, plus: epsilon)
  }
}
