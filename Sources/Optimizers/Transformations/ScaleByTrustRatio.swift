import Kernels

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
    _ block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>, into sums: UnsafeMutablePointer<Double>
  ) {
    sums[0] = block.parameters.dot(block.parameters)
    sums[1] = block.update.dot(block.update)
  }

  /// Scales the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    guard block.sums[0] != 0, block.sums[1] != 0 else { return }
    block.update.scale(by: (block.sums[0] / block.sums[1]).squareRoot())
  }
}
