import Foundations
import Kernels

/// LAMB (You et al., 2020): Adam with weight decay whose step in each tensor is as long as the tensor's parameters, for
/// large batches.
public struct LAMB: OptimizerSettings {
  public static let type = "lamb"
  /// The step size before the schedule.
  public var learningRate: Double
  /// How gradients and their squares are averaged.
  public var moments: Moments
  /// The factor of the parameter that is added to its update, before that is scaled.
  public var weightDecay: Double

  /// optax's settings, with Adam's learning rate, but for those that are given: PyTorch has no LAMB.
  public init(
    learningRate: Double = 0.001, moments: Moments = Moments(epsilon: 1e-6), weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.moments = moments
    self.weightDecay = weightDecay
  }

  private static let settings: [Setting<LAMB>] = [
    .learningRate(\.learningRate), .part(\.moments, Moments.settings),
    .number(
      "weightDecay", \.weightDecay, in: .nonNegative,
      help: "The factor of the parameter that is added to its update, before that is scaled."),
  ]

  /// Reads the settings.
  public init(from settings: Settings) throws { self = try Self.settings.read(settings, over: LAMB()) }

  /// All settings.
  public var json: JSONObject { Self.settings.json(of: self) }

  /// Scaling by the moments, weight decay, and scaling of each tensor's update.
  public var transformations: [any GradientTransformation] {
    [ScaleByAdam(moments)] + AddWeightDecay.unlessZero(weightDecay) + [ScaleByTrustRatio()]
  }
}

/// Scales the update of each tensor by ‖w‖ / ‖u‖, the Euclidean norms of its parameters and of its update (You et al.,
/// 2017 and 2020); where either is 0 by 1. As optax's `scale_by_trust_ratio`.
public struct ScaleByTrustRatio: GlobalTransformation {
  /// None.
  public let stateNames: [String] = []
  /// Each tensor.
  public let extent = SumExtent.tensor
  /// Σw² and Σu².
  public let sumCount = 2

  /// Creates the transformation.
  public init() {}

  /// Σw² and Σu² of the block.
  public func measure<Scalar: KernelElement>(
    _ block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>, into sums: inout MutableSpan<Double>
  ) {
    sums[0] = block.parameters.dot(block.parameters)
    sums[1] = block.update.dot(block.update)
  }

  /// Scales the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    guard block.sum(0) != 0, block.sum(1) != 0 else { return }
    block.update.scale(by: (block.sum(0) / block.sum(1)).squareRoot())
  }
}
