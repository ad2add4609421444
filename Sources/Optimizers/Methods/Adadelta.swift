import Foundations
import Kernels

/// Adadelta (Zeiler, 2012): steps in units of the steps before, so that the learning rate is about 1.
public struct Adadelta: OptimizerSettings {
  /// `adadelta`.
  public static let type = "adadelta"
  /// The step size before the schedule.
  public var learningRate = 1.0
  /// The share of both averages that a step keeps.
  public var rho = 0.9
  /// Keeps the quotient finite, and lets the first steps happen.
  public var epsilon = 1e-6
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay = 0.0

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    rho = try settings.decayRate("rho", default: rho, of: "both averages")
    epsilon = try settings.epsilon(default: epsilon)
    weightDecay = try settings.weightDecay(default: weightDecay)
  }

  /// Weight decay and the scaling.
  public var transformations: [any GradientTransformation] {
    Optimizers.weightDecay(weightDecay) + [ScaleByAdadelta(rho: rho, epsilon: epsilon)]
  }
}

/// s ← ρ s + (1 − ρ) g², update u = g √(d + ε) / √(s + ε), then d ← ρ d + (1 − ρ) u², as PyTorch's `Adadelta`.
public struct ScaleByAdadelta: GradientTransformation {
  /// ρ.
  public let rho: Double
  /// ε.
  public let epsilon: Double
  /// s and d.
  public let stateNames = ["squareAverage", "squareUpdateAverage"]

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (squares, updates, scratch) = (state[0], state[1], block.scratch)
    squares.combineSquare(block.update, scaledBy: 1 - rho, plusSelfScaledBy: rho)
    scratch.assign(squares)
    scratch.offset(by: epsilon)
    block.update.assign(block.update, scaledBy: 1, overRootOf: scratch, scaledBy: 1, plus: 0)
    scratch.assign(updates)
    scratch.offset(by: epsilon)
    scratch.assign(.sqrt, of: scratch)
    block.update.apply(.multiply, scratch)
    updates.combineSquare(block.update, scaledBy: 1 - rho, plusSelfScaledBy: rho)
  }
}
