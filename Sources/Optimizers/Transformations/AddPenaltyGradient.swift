import Kernels

/// Adds the gradient of the penalty l1 Σ|w| + l2/2 Σw² to the gradients of some parameters: the weights, not the
/// biases.
///
/// It acts in the update, not in the graph, so that the reported loss leaves the penalty out.
public struct AddPenaltyGradient: GradientTransformation {
  /// The factor of Σ|w|, whose subgradient at 0 is 0.
  public let l1: Double
  /// The factor of Σw² / 2.
  public let l2: Double
  /// The elements of the flat vector that are penalized, ascending.
  public let ranges: [Range<Int>]
  /// None.
  public let stateNames: [String] = []

  /// Creates the transformation.
  public init(l1: Double, l2: Double, ranges: [Range<Int>]) {
    self.l1 = l1
    self.l2 = l2
    self.ranges = ranges
  }

  /// Adds the penalty's gradient.
  public func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    for range in ranges {
      let part = range.clamped(to: block.range)
      guard !part.isEmpty else { continue }
      let local = part.lowerBound - block.range.lowerBound..<part.upperBound - block.range.lowerBound
      let (update, parameters) = (block.update[local], block.parameters[local])
      if l2 != 0 { update.add(parameters, scaledBy: l2) }
      if l1 != 0 {
        let sign = block.scratch[local]
        sign.assign(.sign, of: parameters)
        update.add(sign, scaledBy: l1)
      }
    }
  }
}
