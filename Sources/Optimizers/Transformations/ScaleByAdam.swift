import Foundation
import Kernels

/// Adam (Kingma and Ba, 2015): m̂ / (√v̂ + ε) with bias-corrected first and second moments, as PyTorch computes it; with
/// the largest second moment so far in place of the last it is AMSGrad (Reddi, Kale and Kumar, 2018).
public struct ScaleByAdam: GradientTransformation {
  /// The share of the first moment that a step keeps.
  public let beta1: Double
  /// The share of the second moment that a step keeps.
  public let beta2: Double
  /// Keeps the quotient finite.
  public let epsilon: Double
  /// Whether the second moment's largest value so far counts.
  public let isAMSGrad: Bool
  /// The moments.
  public let stateNames: [String]

  /// Creates the transformation.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, isAMSGrad: Bool = false) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.isAMSGrad = isAMSGrad
    stateNames = ["firstMoment", "secondMoment"] + (isAMSGrad ? ["largestSecondMoment"] : [])
  }

  /// Turns the gradient into the update.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    let (first, second) = (state[0], state[1])
    first.combine(block.update, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    second.combineSquare(block.update, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    var denominator = second
    if isAMSGrad {
      denominator = state[2]
      denominator.apply(.maximum, second)
    }
    let step = Double(block.step)
    block.update.assign(
      first, scaledBy: 1 / (1 - pow(beta1, step)), overRootOf: denominator,
      scaledBy: 1 / (1 - pow(beta2, step)).squareRoot(), plus: epsilon)
  }
}
