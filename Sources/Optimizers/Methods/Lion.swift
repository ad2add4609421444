import Foundations
import Kernels

/// Lion (Chen et al., 2023): steps of one size in the direction of the momentum's sign, with decoupled weight decay.
public struct Lion: OptimizerSettings {
  /// `lion`.
  public static let type = "lion"
  /// The step size before the schedule; the paper advises a third to a tenth of Adam's.
  public var learningRate = 0.0001
  /// The share of the momentum in the direction.
  public var beta1 = 0.9
  /// The share of the momentum that a step keeps.
  public var beta2 = 0.99
  /// The share of a parameter that a step of learning rate 1 takes off.
  public var weightDecay = 0.0

  /// The paper's settings: PyTorch has no Lion.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    beta1 = try settings.number(
      "beta1", default: beta1, in: .rate, help: "The share of the momentum in the direction.")
    beta2 = try settings.decayRate("beta2", default: beta2, of: "the momentum")
    weightDecay = try settings.weightDecay(default: weightDecay, isDecoupled: true)
  }

  /// The sign of the momentum, then weight decay.
  public var transformations: [any GradientTransformation] {
    [ScaleByLion(beta1: beta1, beta2: beta2)] + Optimizers.weightDecay(weightDecay)
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

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (momentum, direction) = (state[0], block.scratch)
    direction.assign(momentum)
    direction.combine(block.update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    momentum.combine(block.update, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    block.update.assign(.sign, of: direction)
  }
}
