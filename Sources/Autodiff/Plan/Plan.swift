import Foundations
import Kernels

/// What a plan computes.
package struct PlanOutput {
  /// Where a result goes.
  package enum Place: Sendable {
    /// Into the workspace, to be read under this name after the run.
    case result(String)
    /// Into the gradient slot, from this element on.
    case slot(offset: Int)
    /// Nowhere: the node is a product over samples (`Node.sampleProduct(of:)`), and its operands are kept for whoever wants
    /// to compute it, all of it or some rows, after the run; see `Plan.products`. A left operand that is an input
    /// (`SampleProductShape.readsInput`) may be left to be read there once more.
    case product(rereadsInput: Bool)
  }

  let node: Node
  let place: Place

  var isProduct: Bool { if case .product = place { true } else { false } }

  /// Creates an output.
  package init(_ node: Node, _ place: Place) {
    self.node = node
    self.place = place
  }
}

/// A graph compiled for fixed shapes: instructions in order, with every buffer laid out.
///
/// A plan is immutable; any number of threads may run it at once, each with a `Workspace` of its own. A run allocates
/// nothing.
package final class Plan<Scalar: KernelElement>: Sendable {
  /// One step of a plan.
  struct Instruction: Sendable {
    let name: String
    let body: KernelBody<Scalar>
    let output: Operand
    let outputShape: Shape
    let inputs: [Operand]
    let floatingPointOperations: Int
    /// The same work some columns at a time, where it can be cut so.
    var columnProduct: ColumnProduct?
  }

  /// A product by a packed matrix, of which some columns can be computed alone.
  struct ColumnProduct: Sendable {
    let matrix: PackedMatrices.Matrix
    let body: ColumnBody<Scalar>
  }

  /// An array that each run must be given.
  package struct InputSlot: Sendable {
    /// The name of the graph's input.
    package let name: String
    /// Its shape.
    package let shape: Shape
  }

  /// The arrays that each run must be given, in the order in which `run` takes them.
  package let inputs: [InputSlot]
  let instructions: [Instruction]
  /// The code of all instructions: what a run goes through.
  private let body: KernelBody<Scalar>
  let results: [String: ResultPlace]
  /// Elements of the buffers that a workspace holds for this plan.
  package let bufferCount: Int
  /// Elements of scratch space that a workspace holds for this plan.
  package let scratchCount: Int
  let constantCount: Int
  // Safe to share: written once, before anyone else has the plan.
  nonisolated(unsafe) private let constants: UnsafeMutablePointer<Scalar>
  /// The products that a run leaves to others, in the order of the outputs.
  package let products: [SampleProduct]
  /// Elements of the memory that a run leaves the products' operands in.
  package let keptCount: Int
  /// The weights that a run reads in the kernels' own order; see Note [Packed matrices].
  package let packedMatrices: Set<PackedMatrices.Matrix>

  /// Floating-point operations of one run, counting a multiply-add as two.
  package var floatingPointOperations: Int { instructions.reduce(0) { $0 + $1.floatingPointOperations } }

  /// Compiles what `outputs` need.
  ///
  /// - Parameters:
  ///   - layout: Where the graph's parameters lie in the flat parameter vector.
  ///   - simplifications: The rewrites to use.
  ///   - packed: Weights that lie in the kernels' own order too, in memory that every run must be given.
  /// - Throws: `TrainerError` if the layout lacks a parameter of the graph or has it with another shape.
  package init(
    _ outputs: [PlanOutput], layout: ParameterLayout, kernels: Kernels<Scalar> = .best,
    simplifications: Simplification = .all, packed: PackedMatrices? = nil
  ) throws {
    var compiler = PlanCompiler(layout: layout, kernels: kernels, simplifications: simplifications, packed: packed)
    let compiled = try compiler.compile(outputs)
    inputs = compiled.inputs
    instructions = compiled.instructions
    body = Self.sequence(compiled.instructions.map(\.body)[...])
    results = compiled.results
    bufferCount = compiled.bufferCount
    scratchCount = compiled.scratchCount
    constantCount = compiled.constants.count
    constants = .allocate(unwritten: constantCount)
    constants.update(from: compiled.constants, count: constantCount)
    products = compiled.products
    keptCount = compiled.keptCount
    packedMatrices = compiled.packedMatrices
  }

  deinit { constants.deallocate() }

  /// Runs the plan.
  ///
  /// - Parameters:
  ///   - workspace: Made for this plan or for several of which this is one; its results are valid until its next run.
  ///   - parameters: The flat parameter vector.
  ///   - slot: Where outputs placed in the slot go.
  ///   - inputs: One pointer for each of `inputs`, in that order.
  package func run(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    inputs: [UnsafePointer<Scalar>], randomness: Randomness = Randomness()
  ) {
    inputs.withUnsafeBufferPointer {
      run(workspace, parameters: parameters, slot: slot, inputs: $0, randomness: randomness)
    }
  }

  /// Runs the plan: the form that allocates nothing.
  ///
  /// - Parameters:
  ///   - kept: Room for `keptCount` elements, which must stay until the plan's products are computed.
  ///   - packed: The memory of `packedMatrices`.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func run(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    kept: UnsafeMutablePointer<Scalar>? = nil, packed: UnsafePointer<Scalar>? = nil,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness
  ) {
    body(
      begin(
        workspace, parameters: parameters, slot: slot, kept: kept, packed: packed, inputs: inputs,
        randomness: randomness))
  }

  /// The same, one instruction after the other.
  ///
  /// - Parameter each: Runs an instruction, by its number in `summary`, for a benchmark that takes its time.
  package func run(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    kept: UnsafeMutablePointer<Scalar>?, packed: UnsafePointer<Scalar>?,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness, each: (Int, () -> Void) -> Void
  ) {
    let frame = begin(
      workspace, parameters: parameters, slot: slot, kept: kept, packed: packed, inputs: inputs, randomness: randomness)
    for (index, instruction) in instructions.enumerated() { each(index) { instruction.body(frame) } }
  }

  /// Prepares a run that goes on piece by piece (`PlanPiece`).
  @inline(__always)
  @discardableResult
  package func begin(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    kept: UnsafeMutablePointer<Scalar>?, packed: UnsafePointer<Scalar>?,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness
  ) -> Frame<Scalar> {
    precondition(inputs.count == self.inputs.count, "the plan takes \(self.inputs.count) inputs")
    precondition(workspace.fits(self), "the workspace was made for other plans")
    precondition(packed != nil || packedMatrices.isEmpty, "the plan reads packed matrices")
    return workspace.begin(
      parameters: parameters, slot: slot, kept: kept, packed: packed, constants: constants, inputs: inputs,
      randomness: randomness)
  }

  /// One body after the other, as a function of functions: calling what a closure holds counts no reference, where going
  /// through an array counts one for each element, on cache lines that all workers write.
  static func sequence(_ bodies: ArraySlice<KernelBody<Scalar>>) -> KernelBody<Scalar> {
    guard let only = bodies.first else { return { _ in } }
    guard bodies.count > 1 else { return only }
    let middle = bodies.startIndex + bodies.count / 2
    let (first, second) = (sequence(bodies[..<middle]), sequence(bodies[middle...]))
    return { frame in
      first(frame)
      second(frame)
    }
  }

  /// Where a result lies in a workspace after a run; `nil` if the plan has no result of that name.
  package func place(of result: String) -> ResultPlace? { results[result] }
}
