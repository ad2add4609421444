import Foundations
import Kernels

/// Adagrad (Duchi, Hazan and Singer, 2011): each parameter's step shrinks with the squares of its gradients so far.
public struct Adagrad: OptimizerSettings {
  /// `adagrad`.
  public static let type = "adagrad"
  /// The step size before the schedule.
  public var learningRate = 0.01
  /// How fast the step size falls: after t steps it is divided by 1 + t · this.
  public var learningRateDecay = 0.0
  /// What the sums of squares start from.
  public var initialSum = 0.0
  /// Keeps the quotient finite.
  public var epsilon = 1e-10
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay = 0.0

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    learningRateDecay = try settings.number(
      "learningRateDecay", default: learningRateDecay, in: .nonNegative,
      help: "How fast the step size falls: after t steps it is divided by 1 + t times this.")
    initialSum = try settings.number(
      "initialSum", default: initialSum, in: .nonNegative, help: "What the sums of squared gradients start from.")
    epsilon = try settings.epsilon(default: epsilon)
    weightDecay = try settings.weightDecay(default: weightDecay)
  }

  /// Weight decay and the scaling.
  public var transformations: [any GradientTransformation] {
    Optimizers.weightDecay(weightDecay)
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
