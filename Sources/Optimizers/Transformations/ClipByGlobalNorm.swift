import Kernels

/// Scales the whole gradient by min(1, bound / (‖g‖ + 1e-6)), where ‖g‖ is its Euclidean norm over all parameters
/// (Pascanu, Mikolov and Bengio, 2013), as PyTorch's `clip_grad_norm_`.
public struct ClipByGlobalNorm: GlobalTransformation {
  /// The largest norm.
  public let bound: Double
  /// None.
  public let stateNames: [String] = []
  /// All parameters.
  public let extent = SumExtent.allParameters
  /// Σg².
  public let sumCount = 1

  /// Creates the transformation.
  public init(_ bound: Double) { self.bound = bound }

  /// Σg² of the block.
  public func measure<Scalar: KernelElement>(
    _ block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>, into sums: inout MutableSpan<Double>
  ) {
    sums[0] = block.update.dot(block.update)
  }

  /// Scales the gradient if its norm is beyond the bound; one that is not a number makes the update such.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let factor = bound / (block.sum(0).squareRoot() + 1e-6)
    if !(factor >= 1) { block.update.scale(by: factor) }
  }
}
