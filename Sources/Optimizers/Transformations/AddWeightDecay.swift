import Foundations
import Kernels

/// Adds λ w, to a gradient or to an update.
///
/// In front of an optimizer's other transformations it is the gradient of λ/2 Σw², an L2 penalty. Behind them it is
/// decoupled weight decay (Loshchilov and Hutter, 2019): each step takes the share rate · λ off the parameters.
public struct AddWeightDecay: GradientTransformation {
  /// λ.
  public let factor: Double
  /// None.
  public let stateNames: [String] = []

  /// Creates the transformation.
  public init(_ factor: Double) { self.factor = factor }

  /// Weight decay, if there is any.
  static func unlessZero(_ factor: Double) -> [any GradientTransformation] {
    factor > 0 ? [AddWeightDecay(factor)] : []
  }

  /// Adds the decay.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    block.update.add(block.parameters, scaledBy: factor)
  }
}

/// Weight decay of either kind: the settings of methods that have both.
public struct WeightDecay: Sendable, Equatable {
  /// The factor.
  public var factor: Double
  /// Whether it acts on the parameter, not on its gradient.
  public var isDecoupled: Bool

  /// Creates a weight decay; a factor of 0 is none.
  public init(_ factor: Double = 0, isDecoupled: Bool = false) {
    self.factor = factor
    self.isDecoupled = isDecoupled
  }

  /// `weightDecay` and `decoupledWeightDecay`.
  public static let settings: [Setting<WeightDecay>] = [
    .weightDecay(\.factor),
    .boolean(
      "decoupledWeightDecay", \.isDecoupled, help: "Whether weight decay acts on the parameter, not on its gradient."),
  ]

  /// The transformation that makes the updates, with the decay in front of it or behind it.
  public func around(_ scaling: some GradientTransformation) -> [any GradientTransformation] {
    guard factor > 0 else { return [scaling] }
    let decay = AddWeightDecay(factor)
    return isDecoupled ? [scaling, decay] : [decay, scaling]
  }
}
