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
      guard let local = part(of: range, in: block) else { continue }
      let (update, parameters) = (block.update[local], block.parameters[local])
      if l2 != 0 { update.add(parameters, scaledBy: l2) }
      if l1 != 0 {
        let sign = block.scratch[local]
        sign.assign(.sign, of: parameters)
        update.add(sign, scaledBy: l1)
      }
    }
  }

  /// The penalty of the block's elements.
  public func penalty<Scalar: KernelElement>(of block: OptimizerBlock<Scalar>) -> Double {
    var sum = 0.0
    for range in ranges {
      guard let local = part(of: range, in: block) else { continue }
      let (parameters, sign) = (block.parameters[local], block.scratch[local])
      sign.assign(.sign, of: parameters)
      sum += l1 * parameters.dot(sign) + l2 / 2 * parameters.dot(parameters)
    }
    return sum
  }

  /// Where the penalized elements of a range are in a block.
  private func part<Scalar: KernelElement>(of range: Range<Int>, in block: OptimizerBlock<Scalar>) -> Range<Int>? {
    let part = range.clamped(to: block.range)
    guard !part.isEmpty else { return nil }
    return part.lowerBound - block.range.lowerBound..<part.upperBound - block.range.lowerBound
  }
}
