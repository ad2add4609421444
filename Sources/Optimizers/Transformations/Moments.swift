import Foundations
import Kernels

/// How the methods of Adam's family average gradients and their squares: the settings that they share.
public struct Moments: Sendable, Equatable {
  /// β₁, the share of the first moment that a step keeps.
  public var beta1: Double
  /// β₂, the share of the second moment that a step keeps.
  public var beta2: Double
  /// ε, which keeps the quotient finite.
  public var epsilon: Double

  /// PyTorch's settings, but for those that are given.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// `beta1`, `beta2` and `epsilon`.
  public static let settings: [Setting<Moments>] = [
    .decayRate("beta1", \.beta1, of: "the first moment"), .decayRate("beta2", \.beta2, of: "the second moment"),
    .epsilon(\.epsilon),
  ]

  /// The names of the state vectors.
  static let stateNames = ["firstMoment", "secondMoment"]

  /// m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², in the first two state vectors.
  ///
  /// - Returns: m and v.
  @inline(__always)
  func add<Scalar: KernelElement>(
    _ gradient: BlockVector<Scalar>, to state: UpdateState<Scalar>
  ) -> (first: BlockVector<Scalar>, second: BlockVector<Scalar>) {
    let (first, second) = (state[0], state[1])
    first.combine(gradient, scaledBy: 1 - beta1, plusSelfScaledBy: beta1)
    second.combineSquare(gradient, scaledBy: 1 - beta2, plusSelfScaledBy: beta2)
    return (first, second)
  }
}
