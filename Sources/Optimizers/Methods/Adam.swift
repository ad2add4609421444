import Foundation
import Foundations
import Kernels

/// Adam (Kingma and Ba, 2015) or AMSGrad (Reddi, Kale and Kumar, 2018).
public struct Adam: OptimizerSettings {
  public static let type = "adam"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How gradients and their squares are averaged.
  public var moments: Moments
  /// Whether the second moment's largest value so far counts.
  public var isAMSGrad: Bool
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.001, moments: Moments = Moments(), isAMSGrad: Bool = false, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.moments = moments
    self.isAMSGrad = isAMSGrad
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<Adam>] = [
    .learningRate(\.learningRate), .part(\.moments, Moments.settings), .amsgrad(\.isAMSGrad),
    .weightDecay(\.weightDecay),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Adam()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Weight decay and scaling by the moments.
  public var transformations: [any GradientTransformation] {
    AddWeightDecay.unlessZero(weightDecay) + [ScaleByAdam(moments, isAMSGrad: isAMSGrad)]
  }
}

extension Setting {
  /// `amsgrad`.
  static func amsgrad(_ property: WritableKeyPath<Component, Bool> & Sendable) -> Setting {
    .boolean("amsgrad", property, help: "Whether the second moment's largest value so far counts (AMSGrad).")
  }
}

/// Adam (Kingma and Ba, 2015): m̂ / (√v̂ + ε) with bias-corrected first and second moments, as PyTorch computes it; with
/// the largest second moment so far in place of the last it is AMSGrad (Reddi, Kale and Kumar, 2018).
public struct ScaleByAdam: GradientTransformation {
  /// How gradients and their squares are averaged.
  public let moments: Moments
  /// Whether the second moment's largest value so far counts.
  public let isAMSGrad: Bool
  /// The moments.
  public let stateNames: [String]

  /// Creates the transformation.
  public init(_ moments: Moments = Moments(), isAMSGrad: Bool = false) {
    self.moments = moments
    self.isAMSGrad = isAMSGrad
    stateNames = Moments.stateNames + (isAMSGrad ? ["largestSecondMoment"] : [])
  }

  /// Turns the gradient into the update.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = moments.add(block.update, to: state)
    var denominator = second
    if isAMSGrad {
      denominator = state[2]
      denominator.apply(.maximum, second)
    }
    let step = Double(block.step)
    block.update.assign(
      first, scaledBy: 1 / (1 - pow(moments.beta1, step)), overRootOf: denominator,
      scaledBy: 1 / (1 - pow(moments.beta2, step)).squareRoot(), plus: moments.epsilon)
  }
}
