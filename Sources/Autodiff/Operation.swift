import Foundations
import Kernels

/// What a node of a graph computes: the one place for its shape rule, its kernel and its gradient rule.
///
/// An element-wise function or a reduction is a line of C and a row: see ``UnaryRow``. Any other operation is a type that
/// conforms, a name in ``OperationTable``, a row in the gradient check (`OperationRows` in `AutodiffTests`), and reference
/// numbers for its name (`scripts/references/operations.py`), without which tests fail. Code that treats operations by
/// kind has a default for what it does not know: nothing is fused (`ElementwiseOperation`), a formula's samples are
/// computed one by one (`Graph.batch`), and it has no symbolic form (`OperationKind`).
package protocol GraphOperation: Hashable, Sendable {
  /// The name in pictures, plans and errors.
  var name: String { get }

  /// What else distinguishes this operation from others of its name, for pictures: its axes, its target shape.
  var detail: String { get }

  /// The result's shape.
  ///
  /// - Throws: `TrainerError` if the operation does not take inputs of these shapes.
  func shape(of inputs: [Shape]) throws -> Shape

  /// The gradient with respect to each input, as new nodes of the same graph, so that it can be differentiated again;
  /// `nil` where it is zero everywhere.
  ///
  /// - Parameters:
  ///   - node: The node that was computed.
  ///   - upstream: The gradient with respect to `node`, of its shape.
  /// - Throws: `TrainerError` naming the operation if it has no gradient rule.
  func gradient(of node: Node, upstream: Node) throws -> [Node?]

  /// The code that computes the result of one node, with all that does not change between runs worked out.
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar>

  /// Elements of scratch space that the kernel needs.
  func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int

  /// Floating-point operations of one run, counting a multiply-add as two.
  func floatingPointOperations(inputs: [Shape], output: Shape) -> Int

  /// Whether the result depends on a run's randomness too: then it is no constant, whatever the inputs are.
  var isRandom: Bool { get }

  /// Whether the result is the first input's elements in the same order, so that it needs no code of its own.
  var isView: Bool { get }
}

extension GraphOperation {
  /// No rule: an operation that can be differentiated replaces this.
  package func gradient(of node: Node, upstream: Node) throws -> [Node?] {
    throw TrainerError(.usage, "operation '\(name)' has no gradient rule")
  }
  /// Nothing.
  package var detail: String { "" }
  /// None.
  package func scratchCount<Scalar: KernelElement>(inputs: [Shape], kernels: Kernels<Scalar>) -> Int { 0 }
  /// One for each element of the result.
  package func floatingPointOperations(inputs: [Shape], output: Shape) -> Int { output.elementCount }
  /// No.
  package var isRandom: Bool { false }
  /// No.
  package var isView: Bool { false }
}

/// Where the operands of one node lie, while its kernel is prepared.
package struct KernelSite<Scalar: KernelElement> {
  /// The kernels to use.
  package let kernels: Kernels<Scalar>
  /// The operands, in order.
  package let inputs: [Operand]
  /// The operands' shapes.
  package let inputShapes: [Shape]
  /// Where the result goes.
  package let output: Operand
  /// The result's shape.
  package let outputShape: Shape
}

/// A place in one of the memory regions of a run.
package struct Operand: Hashable, Sendable {
  /// The region: see `Frame`.
  package var region: Int
  /// The index of the first element there.
  package var offset: Int
}

/// The code of one node.
package typealias KernelBody<Scalar: KernelElement> = @Sendable (Frame<Scalar>) -> Void

/// The code of some columns of one node's result.
package typealias ColumnBody<Scalar: KernelElement> = @Sendable (Frame<Scalar>, Range<Int>) -> Void

/// What a plan's code sees of one run.
package struct Frame<Scalar: KernelElement> {
  /// Base addresses: the plan's buffers, the parameters, the gradient slot, the constants, the kept memory,
  /// then each input.
  let regions: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>
  /// Scratch space of the kernel that runs, of the size that it asked for.
  package let scratch: UnsafeMutablePointer<Scalar>
  /// What random operations depend on.
  package let randomness: Randomness

  /// The first element of an operand.
  package func pointer(_ operand: Operand) -> UnsafeMutablePointer<Scalar> { regions[operand.region] + operand.offset }
}

/// What random operations depend on: they are pure functions of it and of an element's place in the batch.
package struct Randomness: Sendable {
  /// The run's seed.
  package var seed: UInt64
  /// The optimizer step, counted from 0.
  package var step: UInt64
  /// The position in the batch of the first sample that this run of the plan computes.
  package var firstSample: UInt64

  /// Creates the value.
  package init(seed: UInt64 = 0, step: UInt64 = 0, firstSample: UInt64 = 0) {
    self.seed = seed
    self.step = step
    self.firstSample = firstSample
  }
}
