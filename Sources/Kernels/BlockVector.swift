import CKernels

/// A stretch of a flat vector that fits the first-level cache, with the arithmetic that optimizers are written in.
///
/// Every method is one pass over the block. A multiply-add rounds once where the instruction set has one.
public struct BlockVector<Scalar: KernelElement> {
  /// The first element.
  let pointer: UnsafeMutablePointer<Scalar>
  /// The number of elements.
  public let count: Int
  private let kernels: Kernels<Scalar>

  /// A block of `count` elements from `pointer` on.
  package init(_ pointer: UnsafeMutablePointer<Scalar>, count: Int, kernels: Kernels<Scalar>) {
    self.pointer = pointer
    self.count = count
    self.kernels = kernels
  }

  /// The elements in a range of the block.
  public subscript(range: Range<Int>) -> BlockVector {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range leaves the block")
    return BlockVector(pointer + range.lowerBound, count: range.count, kernels: kernels)
  }

  /// Copies `other`.
  public func assign(_ other: BlockVector) { kernels.copyLoop(count, other.pointer, pointer) }
  /// self += a · x.
  public func add(_ x: BlockVector, scaledBy a: Double) { kernels.addScaled(a, x.pointer, to: pointer, count: count) }
  /// self = a · x + b · self.
  public func combine(_ x: BlockVector, scaledBy a: Double, plusSelfScaledBy b: Double) {
    kernels.combine(a, x.pointer, b, pointer, count: count)
  }
  /// self = a · x² + b · self.
  public func combineSquare(_ x: BlockVector, scaledBy a: Double, plusSelfScaledBy b: Double) {
    kernels.combineSquare(a, x.pointer, b, pointer, count: count)
  }
  /// self = a · x / (b · √y + c).
  public func assign(
    _ x: BlockVector, scaledBy a: Double, overRootOf y: BlockVector, scaledBy b: Double, plus c: Double
  ) {
    kernels.rootQuotient(a, x.pointer, b, y.pointer, c, into: pointer, count: count)
  }
  /// self = self limited to −bound … bound.
  public func clamp(to bound: Double) { kernels.clamp(pointer, to: bound, into: pointer, count: count) }
  /// Σ self · y in double precision, in a fixed order.
  public func dot(_ y: BlockVector) -> Double { kernels.dot(pointer, y.pointer, count: count) }
  /// self = a · self.
  public func scale(by a: Double) { kernels.scale(pointer, by: a, into: pointer, count: count) }
  /// self = self + a.
  public func offset(by a: Double) { kernels.offset(pointer, by: a, into: pointer, count: count) }
  /// self = f(x).
  public func assign(_ function: UnaryFunction, of x: BlockVector) { kernels.loop(function)(count, x.pointer, pointer) }
  /// self = f(self, y).
  public func apply(_ function: BinaryFunction, _ y: BlockVector) {
    kernels.loop(function)(count, pointer, y.pointer, pointer)
  }
}
