import Kernels

/// Heavy-ball momentum (Polyak, 1964), v ← μ v + g, update v; or Nesterov's (1983) in the form of Sutskever et al.
/// (2013), update g + μ v. As in PyTorch's `SGD`.
public struct Momentum: GradientTransformation {
  /// μ, the share of the velocity that a step keeps.
  public let momentum: Double
  /// Whether the update looks ahead by one step.
  public let isNesterov: Bool
  /// The velocity.
  public let stateNames = ["momentum"]

  /// Creates the transformation.
  public init(_ momentum: Double, isNesterov: Bool = false) {
    self.momentum = momentum
    self.isNesterov = isNesterov
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let velocity = state[0]
    velocity.combine(block.update, scaledBy: 1, plusSelfScaledBy: momentum)
    if isNesterov {
      block.update.add(velocity, scaledBy: momentum)
    } else {
      block.update.assign(velocity)
    }
  }
}
