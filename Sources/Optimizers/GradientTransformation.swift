import Foundations
import Kernels

/// One link of an optimizer: turns gradients into updates, block by block.
///
/// It sees flat vectors and its own state, never a graph. State vectors share the parameters' layout, so that a
/// checkpoint and the blocks of a step treat them alike. Settings are values; state lives in the run and its
/// checkpoints.
public protocol GradientTransformation: Sendable {
  /// The names of the state vectors, which start at zero; unique within an optimizer.
  var stateNames: [String] { get }

  /// Turns the gradient in `block.update` into the update, in place.
  func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>)

  /// The block's part of what the transformation adds to the objective, where it adds to its gradient.
  func penalty<Scalar: KernelElement>(of block: OptimizerBlock<Scalar>) -> Double
}

extension GradientTransformation {
  /// Nothing.
  public func penalty<Scalar: KernelElement>(of block: OptimizerBlock<Scalar>) -> Double { 0 }
}

/// A transformation that needs to know sums over all parameters, or over each tensor, before it can act on a block.
///
/// The chain is cut before it, as Note [Passes] in `UpdatePlan` says.
public protocol GlobalTransformation: GradientTransformation {
  /// What the sums run over.
  var extent: SumExtent { get }
  /// How many sums it needs.
  var sumCount: Int { get }

  /// How many numbers it remembers from step to step, beside its state vectors; they start at zero.
  var numberCount: Int { get }

  /// Whether numbers, as many as it remembers, can be its own: those of a file may be anything.
  func accepts(_ numbers: [Double]) -> Bool

  /// Writes the sums over a block to `sums`; `apply` finds the sums over the whole extent in `block.sums`.
  func measure<Scalar: KernelElement>(
    _ block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>, into sums: inout MutableSpan<Double>)

  /// Decides what to do, once a step; `apply` finds what this makes of the sums.
  ///
  /// - Parameters:
  ///   - sums: The sums over the whole extent.
  ///   - numbers: What is remembered.
  ///   - objective: The batch's objective before the step, negated in a run that maximizes, and penalties.
  ///   - isLast: Whether this is the run's last step.
  /// - Returns: Whether the parameters before the step are where the method stands; a point that it merely tries may
  ///   have any objective, and none at all.
  func decide(
    _ sums: inout MutableSpan<Double>, numbers: inout MutableSpan<Double>, objective: Double, isLast: Bool
  ) -> Bool
}

extension GlobalTransformation {
  /// None.
  public var numberCount: Int { 0 }
  /// Yes.
  public func accepts(_ numbers: [Double]) -> Bool { true }
  /// Leaves the sums as they are.
  public func decide(
    _ sums: inout MutableSpan<Double>, numbers: inout MutableSpan<Double>, objective: Double, isLast: Bool
  ) -> Bool { true }
}

/// What the sums of a global transformation run over.
public enum SumExtent: Sendable {
  /// All parameters.
  case allParameters
  /// Each parameter tensor by itself.
  case tensor
}

/// A block of the flat vectors during one step.
public struct OptimizerBlock<Scalar: KernelElement> {
  /// On entry the gradient, on return the update.
  public let update: BlockVector<Scalar>
  /// The parameters before the step.
  public let parameters: BlockVector<Scalar>
  /// Room for one vector.
  public let scratch: BlockVector<Scalar>
  /// Where the block lies in the flat vectors.
  public let range: Range<Int>
  /// The step, counted from 1.
  public let step: Int
  /// The sums of a global transformation; for any other there are none.
  let sums: UnsafeBufferPointer<Double>
  /// What a global transformation remembers from step to step.
  let numbers: UnsafeBufferPointer<Double>

  /// One of the sums of a global transformation over its whole extent.
  ///
  /// - Precondition: `index` is in 0 ..< `sumCount`, in `apply`.
  public func sum(_ index: Int) -> Double {
    precondition(sums.indices.contains(index), "there is no such sum")
    return sums[index]
  }

  /// One of the numbers that a global transformation remembers from step to step.
  ///
  /// - Precondition: `index` is in 0 ..< `numberCount`.
  public func number(_ index: Int) -> Double {
    precondition(numbers.indices.contains(index), "there is no such number")
    return numbers[index]
  }
}

/// The blocks of the state vectors of one transformation.
public struct UpdateState<Scalar: KernelElement> {
  private let vectors: UnsafePointer<UnsafeMutablePointer<Scalar>>
  private let indices: [Int]
  private let range: Range<Int>
  private let kernels: Kernels<Scalar>

  init(
    _ vectors: UnsafePointer<UnsafeMutablePointer<Scalar>>, indices: [Int], range: Range<Int>, kernels: Kernels<Scalar>
  ) {
    self.vectors = vectors
    self.indices = indices
    self.range = range
    self.kernels = kernels
  }

  /// The block of the state vector numbered as in `stateNames`.
  public subscript(index: Int) -> BlockVector<Scalar> {
    BlockVector(vectors[indices[index]] + range.lowerBound, count: range.count, kernels: kernels)
  }
}
