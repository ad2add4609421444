import Kernels

/// Heavy-ball momentum (Polyak, 1964), v ← μ v + (1 − d) g, update v; or Nesterov's (1983) in the form of Sutskever et
/// al. (2013), update g + μ v. As in PyTorch's `SGD`: the first step takes the whole gradient whatever d is.
public struct Momentum: GradientTransformation {
  /// μ, the share of the velocity that a step keeps.
  public let momentum: Double
  /// d, the share of the gradient that does not enter the velocity.
  public let dampening: Double
  /// Whether the update looks ahead by one step.
  public let isNesterov: Bool
  /// The velocity.
  public let stateNames = ["momentum"]

  /// Creates the transformation.
  public init(_ momentum: Double, dampening: Double = 0, isNesterov: Bool = false) {
    self.momentum = momentum
    self.dampening = dampening
    self.isNesterov = isNesterov
  }

  /// Turns the gradient into the update.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let velocity = state[0]
    velocity.combine(block.update, scaledBy: block.step == 1 ? 1 : 1 - dampening, plusSelfScaledBy: momentum)
    if isNesterov {
      block.update.add(velocity, scaledBy: momentum)
    } else {
      block.update.assign(velocity)
    }
  }
}
