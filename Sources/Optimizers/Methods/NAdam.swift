import Foundation
import Foundations
import Kernels

/// NAdam: Adam with Nesterov's momentum (Dozat, 2016).
public struct NAdam: OptimizerSettings {
  /// `nadam`.
  public static let type = "nadam"
  /// The step size before the schedule.
  public var learningRate = 0.002
  /// The share of the first moment that a step keeps in the end.
  public var beta1 = 0.9
  /// The share of the second moment that a step keeps.
  public var beta2 = 0.999
  /// Keeps the quotient finite.
  public var epsilon = 1e-8
  /// How fast momentum grows from half of `beta1` to `beta1`.
  public var momentumDecay = 0.004
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
    momentumDecay = try settings.number(
      "momentumDecay", default: momentumDecay, in: .nonNegative,
      help: "How fast momentum grows from half of beta1 to beta1.")
    weightDecay = try settings.weightDecay(default: weightDecay)
    isDecayDecoupled = try settings.isDecayDecoupled()
  }

  /// Weight decay and the scaling, in the order that the kind of weight decay wants.
  public var transformations: [any GradientTransformation] {
    let scaling = ScaleByNAdam(beta1: beta1, beta2: beta2, epsilon: epsilon, momentumDecay: momentumDecay)
    return isDecayDecoupled
      ? [scaling] + Optimizers.weightDecay(weightDecay) : Optimizers.weightDecay(weightDecay) + [scaling]
  }
}

/// Adam's moments with momentum μₜ = β₁ (1 − ½ 0.96^(t ψ)): the update is
/// ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − μₜ₊₁ Πμ)) / (√v̂ + ε), where Πμ = μ₁ ⋯ μₜ. As PyTorch's `NAdam`.
public struct ScaleByNAdam: GradientTransformation {
  /// β₁.
  public let beta1: Double
  /// β₂.
  public let beta2: Double
  /// ε.
  public let epsilon: Double
  /// ψ.
  public let momentumDecay: Double
  /// The moments.
  public let stateNames = ["firstMoment", "secondMoment"]

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = (state[0], state[1])
    first.combine(block.update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    second.combineSquare(block.update, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    let (momentum, next, product) = momenta(at: block.step)
    block.update.combine(
      first, scaledBy: next / (1 - product * next), plusSelfScaledBy: (1 - momentum) / (1 - product))
    block.update.assign(
      block.update, scaledBy: 1, overRootOf: second,
      scaledBy: 1 / (1 - pow(beta2, Double(block.step))).squareRoot(), plus: epsilon)
  }

  /// μₜ, μₜ₊₁ and Πμ: functions of the step alone, so that there is no number to save.
  private func momenta(at step: Int) -> (momentum: Double, next: Double, product: Double) {
    func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay)) }
    let ratio = pow(0.96, momentumDecay)
    var product = 1.0
    var power = 1.0
    for _ in 0..<step {
      power *= ratio
      product *= beta1 * (1 - 0.5 * power)
      // From here on 1 − product rounds to 1, which happens within some dozens of steps.
      if product < 0x1p-60 { break }
    }
    return (momentum(step), momentum(step + 1), product)
  }
}
