import Foundation
import Foundations
import Kernels

/// Rectified Adam (Liu et al., 2020): no scaling by the second moment while too few gradients tell its variance.
public struct RAdam: OptimizerSettings {
  public static let type = "radam"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How gradients and their squares are averaged.
  public var moments: Moments
  /// Weight decay, of either kind.
  public var weightDecay: WeightDecay

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.001, moments: Moments = Moments(), weightDecay: WeightDecay = WeightDecay()
  ) {
    self.learningRate = learningRate
    self.moments = moments
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<RAdam>] = [
    .learningRate(\.learningRate), .part(\.moments, Moments.settings),
    .part(\.weightDecay, WeightDecay.settings),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: RAdam()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and the scaling, in the order that the kind of weight decay wants.
  public var transformations: [any GradientTransformation] {
    weightDecay.around(ScaleByRAdam(moments))
  }
}

/// m̂ r / (√v̂ + ε) where the variance of v̂ is tractable (ρₜ > 5), with the rectification r; otherwise m̂. As PyTorch's
/// `RAdam`, which adds ε before it corrects the bias of v.
public struct ScaleByRAdam: GradientTransformation {
  /// β₁, β₂ and ε.
  public let moments: Moments
  /// The moments.
  public let stateNames = Moments.stateNames

  /// Creates the transformation.
  public init(_ moments: Moments = Moments()) { self.moments = moments }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = moments.add(block.update, to: state)
    let step = Double(block.step)
    let (correction1, correction2) = (1 - pow(moments.beta1, step), 1 - pow(moments.beta2, step))
    let limit = 2 / (1 - moments.beta2) - 1
    let length = limit - 2 * step * pow(moments.beta2, step) / correction2
    guard length > 5 else {
      block.update.assign(first)
      block.update.scale(by: 1 / correction1)
      return
    }
    let rectification =
      ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)).squareRoot()
    block.update.assign(
      first, scaledBy: rectification * correction2.squareRoot() / correction1, overRootOf: second, scaledBy: 1,
      plus: moments.epsilon)
  }
}
