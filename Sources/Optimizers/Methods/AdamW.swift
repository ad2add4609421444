import Foundations

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019), or AMSGrad with it.
public struct AdamW: OptimizerSettings {
  public static let type = "adamw"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How gradients and their squares are averaged.
  public var moments: Moments
  /// Whether the second moment's largest value so far counts.
  public var isAMSGrad: Bool
  /// The share of a parameter that a step of learning rate 1 takes off.
  public var weightDecay: Double

  /// PyTorch's settings, but for those that are given.
  public init(
    learningRate: Double = 0.001, moments: Moments = Moments(), isAMSGrad: Bool = false, weightDecay: Double = 0.01
  ) {
    self.learningRate = learningRate
    self.moments = moments
    self.isAMSGrad = isAMSGrad
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<AdamW>] = [
    .learningRate(\.learningRate), .part(\.moments, Moments.settings), .amsgrad(\.isAMSGrad),
    .weightDecay(\.weightDecay, isDecoupled: true),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: AdamW()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Scaling by the moments, then weight decay.
  public var transformations: [any GradientTransformation] {
    [ScaleByAdam(moments, isAMSGrad: isAMSGrad)] + AddWeightDecay.unlessZero(weightDecay)
  }
}
