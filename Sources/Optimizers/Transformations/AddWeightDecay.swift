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

  /// Adds the decay.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    block.update.add(block.parameters, scaledBy: factor)
  }
}
