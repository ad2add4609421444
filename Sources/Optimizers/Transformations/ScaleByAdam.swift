import Foundation
import Kernels

/// Adam (Kingma and Ba, 2015): m̂ / (√v̂ + ε) with bias-corrected first and second moments, as PyTorch computes it.
public struct ScaleByAdam: GradientTransformation {
  /// The decay rate of the first moment.
  public let beta1: Double
  /// The decay rate of the second moment.
  public let beta2: Double
  /// Keeps the quotient finite.
  public let epsilon: Double
  /// The moments.
  public let stateNames = ["firstMoment", "secondMoment"]

  /// Creates the transformation.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Turns the gradient into the update.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second, scratch, update) = (state[0], state[1], block.scratch, block.update)
    first.combine(update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    scratch.assign(.square, of: update)
    second.combine(scratch, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    let step = Double(block.step)
    scratch.assign(.sqrt, of: second)
    scratch.scale(by: 1 / (1 - pow(beta2, step)).squareRoot())
    scratch.offset(by: epsilon)
    update.assign(first)
    update.scale(by: 1 / (1 - pow(beta1, step)))
    update.apply(.divide, scratch)
  }
}
