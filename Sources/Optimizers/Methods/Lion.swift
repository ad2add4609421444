import Foundations
import Kernels

/// Lion (Chen et al., 2023): steps of one size in the direction of the momentum's sign, with decoupled weight decay.
public struct Lion: OptimizerSettings {
  public static let type = "lion"
  /// The step size before the schedule; the paper advises a third to a tenth of Adam's.
  public var learningRate: Double
  /// The share of the momentum in the direction.
  public var beta1: Double
  /// The share of the momentum that a step keeps.
  public var beta2: Double
  /// The share of a parameter that a step of learning rate 1 takes off.
  public var weightDecay: Double

  /// The paper's settings, but for those that are given: PyTorch has no Lion.
  public init(learningRate: Double = 0.0001, beta1: Double = 0.9, beta2: Double = 0.99, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<Lion>] = [
    .learningRate(\.learningRate),
    .number("beta1", \.beta1, in: .rate, help: "The share of the momentum in the direction."),
    .decayRate("beta2", \.beta2, of: "the momentum"), .weightDecay(\.weightDecay, isDecoupled: true),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Lion()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// The sign of the momentum, then weight decay.
  public var transformations: [any GradientTransformation] {
    [ScaleByLion(beta1: beta1, beta2: beta2)] + AddWeightDecay.unlessZero(weightDecay)
  }
}

/// Update sign(β₁ m + (1 − β₁) g), then m ← β₂ m + (1 − β₂) g, as optax's `scale_by_lion`.
public struct ScaleByLion: GradientTransformation {
  /// β₁.
  public let beta1: Double
  /// β₂.
  public let beta2: Double
  /// m.
  public let stateNames = ["momentum"]

  /// Creates the transformation.
  public init(beta1: Double = 0.9, beta2: Double = 0.99) {
    self.beta1 = beta1
    self.beta2 = beta2
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (momentum, direction) = (state[0], block.scratch)
    direction.assign(momentum)
    direction.combine(block.update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    momentum.combine(block.update, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    block.update.assign(.sign, of: direction)
  }
}
