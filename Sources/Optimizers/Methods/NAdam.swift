import Foundation
import Foundations
import Kernels

/// NAdam: Adam with Nesterov's momentum (Dozat, 2016).
public struct NAdam: OptimizerSettings {
  public static let type = "nadam"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How gradients and their squares are averaged.
  public var moments: Moments
  /// How fast momentum grows from half of `beta1` to `beta1`.
  public var momentumDecay: Double
  /// Weight decay, of either kind.
  public var weightDecay: WeightDecay

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.002, moments: Moments = Moments(), momentumDecay: Double = 0.004,
    weightDecay: WeightDecay = WeightDecay()
  ) {
    self.learningRate = learningRate
    self.moments = moments
    self.momentumDecay = momentumDecay
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<NAdam>] = [
    .learningRate(\.learningRate), .part(\.moments, Moments.settings),
    .number(
      "momentumDecay", \.momentumDecay, in: .nonNegative,
      help: "How fast momentum grows from half of beta1 to beta1."),
    .part(\.weightDecay, WeightDecay.settings),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: NAdam()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and the scaling, in the order that the kind of weight decay wants.
  public var transformations: [any GradientTransformation] {
    weightDecay.around(ScaleByNAdam(moments, momentumDecay: momentumDecay))
  }
}

/// Adam's moments with momentum μₜ = β₁ (1 − ½ 0.96^(t ψ)): the update is
/// ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − μₜ₊₁ Πμ)) / (√v̂ + ε), where Πμ = μ₁ ⋯ μₜ. As PyTorch's `NAdam`.
public struct ScaleByNAdam: GradientTransformation {
  /// β₁, β₂ and ε.
  public let moments: Moments
  /// ψ.
  public let momentumDecay: Double
  /// The moments.
  public let stateNames = Moments.stateNames

  /// Creates the transformation.
  public init(_ moments: Moments = Moments(), momentumDecay: Double = 0.004) {
    self.moments = moments
    self.momentumDecay = momentumDecay
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = moments.add(block.update, to: state)
    let (momentum, next, product) = momenta(at: block.step)
    block.update.combine(
      first, scaledBy: next / (1 - product * next), plusSelfScaledBy: (1 - momentum) / (1 - product))
    block.update.assign(
      block.update, scaledBy: 1, overRootOf: second,
      scaledBy: 1 / (1 - pow(moments.beta2, Double(block.step))).squareRoot(), plus: moments.epsilon)
  }

  /// μₜ, μₜ₊₁ and Πμ: functions of the step alone, so that there is no number to save.
  private func momenta(at step: Int) -> (momentum: Double, next: Double, product: Double) {
    func momentum(_ step: Int) -> Double { moments.beta1 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay)) }
    let ratio = pow(0.96, momentumDecay)
    var product = 1.0
    var power = 1.0
    for _ in 0..<step {
      power *= ratio
      product *= moments.beta1 * (1 - 0.5 * power)
      // From here on 1 − product rounds to 1, which happens within some dozens of steps.
      if product < 0x1p-60 { break }
    }
    return (momentum(step), momentum(step + 1), product)
  }
}
