import Foundation
import Foundations
import Kernels

/// Rectified Adam (Liu et al., 2020): no scaling by the second moment while too few gradients tell its variance.
public struct RAdam: OptimizerSettings {
  /// `radam`.
  public static let type = "radam"
  /// The step size before the schedule.
  public var learningRate = 0.001
  /// The share of the first moment that a step keeps.
  public var beta1 = 0.9
  /// The share of the second moment that a step keeps.
  public var beta2 = 0.999
  /// Keeps the quotient finite.
  public var epsilon = 1e-8
  /// The factor of weight decay.
  public var weightDecay = 0.0
  /// Whether weight decay acts on the parameter, not on its gradient.
  public var isDecayDecoupled = false

  /// PyTorch's settings.
  public init() {}

  /// Reads the settings.
  public init(from settings: Settings) throws {
    learningRate = try settings.learningRate(default: learningRate)
    beta1 = try settings.decayRate("beta1", default: beta1, of: "the first moment")
    beta2 = try settings.decayRate("beta2", default: beta2, of: "the second moment")
    epsilon = try settings.epsilon(default: epsilon)
    weightDecay = try settings.weightDecay(default: weightDecay)
    isDecayDecoupled = try settings.isDecayDecoupled()
  }

  /// Weight decay and the scaling, in the order that the kind of weight decay wants.
  public var transformations: [any GradientTransformation] {
    let scaling = ScaleByRAdam(beta1: beta1, beta2: beta2, epsilon: epsilon)
    return isDecayDecoupled
      ? [scaling] + Optimizers.weightDecay(weightDecay) : Optimizers.weightDecay(weightDecay) + [scaling]
  }
}

/// m̂ r / (√v̂ + ε) where the variance of v̂ is tractable (ρₜ > 5), with the rectification r; otherwise m̂. As PyTorch's
/// `RAdam`, which adds ε before it corrects the bias of v.
public struct ScaleByRAdam: GradientTransformation {
  /// β₁.
  public let beta1: Double
  /// β₂.
  public let beta2: Double
  /// ε.
  public let epsilon: Double
  /// The moments.
  public let stateNames = ["firstMoment", "secondMoment"]

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = (state[0], state[1])
    first.combine(block.update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    second.combineSquare(block.update, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    let step = Double(block.step)
    let (correction1, correction2) = (1 - pow(beta1, step), 1 - pow(beta2, step))
    let limit = 2 / (1 - beta2) - 1
    let length = limit - 2 * step * pow(beta2, step) / correction2
    guard length > 5 else {
      block.update.assign(first)
      block.update.scale(by: 1 / correction1)
      return
    }
    let rectification =
      ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)).squareRoot()
    block.update.assign(
      first, scaledBy: rectification * correction2.squareRoot() / correction1, overRootOf: second, scaledBy: 1,
      plus: epsilon)
  }
}
