import Foundations
import Kernels

/// Adadelta (Zeiler, 2012): steps in units of the steps before, so that the learning rate is about 1.
public struct Adadelta: OptimizerSettings {
  public static let type = "adadelta"
  /// The step size before the schedule.
  public var learningRate: Double
  /// The share of both averages that a step keeps.
  public var rho: Double
  /// Keeps the quotient finite, and lets the first steps happen.
  public var epsilon: Double
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<Adadelta>] = [
    .learningRate(\.learningRate), .decayRate("rho", \.rho, of: "both averages"), .epsilon(\.epsilon),
    .weightDecay(\.weightDecay),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Adadelta()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and the scaling.
  public var transformations: [any GradientTransformation] {
    AddWeightDecay.unlessZero(weightDecay) + [ScaleByAdadelta(rho: rho, epsilon: epsilon)]
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

  /// Creates the transformation.
  public init(rho: Double = 0.9, epsilon: Double = 1e-6) {
    self.rho = rho
    self.epsilon = epsilon
  }

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
