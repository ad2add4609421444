import Kernels

/// Limits each number of the gradient to −bound … bound, as PyTorch's `clip_grad_value_`.
public struct ClipByValue: GradientTransformation {
  /// The largest magnitude.
  public let bound: Double
  /// None.
  public let stateNames: [String] = []

  /// Creates the transformation.
  public init(_ bound: Double) { self.bound = bound }

  /// Clips the gradient.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    block.update.clamp(to: bound)
  }
}
