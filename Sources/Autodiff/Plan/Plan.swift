import Foundations
import Kernels

/// What a plan computes.
public struct PlanOutput {
  /// Where a result goes.
  public enum Place: Sendable {
    /// Into the workspace, to be read under this name after the run.
    case result(String)
    /// Into the gradient slot, from this element on.
    case slot(offset: Int)
  }

  let node: Node
  let place: Place

  /// Creates an output.
  public init(_ node: Node, _ place: Place) {
    self.node = node
    self.place = place
  }
}

/// A graph compiled for fixed shapes: instructions in order, with every buffer laid out.
///
/// A plan is immutable; any number of threads may run it at once, each with a `Workspace` of its own. A run allocates
/// nothing.
public final class Plan<Scalar: KernelElement>: Sendable {
  /// One step of a plan.
  struct Instruction: Sendable {
    let name: String
    let body: KernelBody<Scalar>
    let output: Operand
    let outputShape: Shape
    let inputs: [Operand]
    let floatingPointOperations: Int
  }

  /// An array that each run must be given.
  public struct InputSlot: Sendable {
    /// The name of the graph's input.
    public let name: String
    /// Its shape.
    public let shape: Shape
  }

  /// The arrays that each run must be given, in the order in which `run` takes them.
  public let inputs: [InputSlot]
  let instructions: [Instruction]
  let results: [String: (operand: Operand, shape: Shape)]
  /// Elements of the buffers that a workspace holds for this plan.
  public let bufferCount: Int
  /// Elements of scratch space that a workspace holds for this plan.
  public let scratchCount: Int
  let constants: [Scalar]

  /// Floating-point operations of one run, counting a multiply-add as two.
  public var floatingPointOperations: Int { instructions.reduce(0) { $0 + $1.floatingPointOperations } }

  /// Compiles what `outputs` need.
  ///
  /// - Parameters:
  ///   - layout: Where the graph's parameters lie in the flat parameter vector.
  ///   - simplifications: The rewrites to use.
  /// - Throws: `TrainerError` if the layout lacks a parameter of the graph or has it with another shape.
  public init(
    _ outputs: [PlanOutput], layout: ParameterLayout, kernels: Kernels<Scalar> = .best,
    simplifications: Simplification = .all
  ) throws {
    var compiler = PlanCompiler(layout: layout, kernels: kernels, simplifications: simplifications)
    let compiled = try compiler.compile(outputs)
    inputs = compiled.inputs
    instructions = compiled.instructions
    results = compiled.results
    bufferCount = compiled.bufferCount
    scratchCount = compiled.scratchCount
    constants = compiled.constants
  }

  /// Runs the plan.
  ///
  /// - Parameters:
  ///   - workspace: Made for this plan or for several of which this is one; its results are valid until its next run.
  ///   - parameters: The flat parameter vector.
  ///   - slot: Where outputs placed in the slot go.
  ///   - inputs: One pointer for each of `inputs`, in that order.
  public func run(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    inputs: [UnsafePointer<Scalar>], randomness: Randomness = Randomness()
  ) {
    inputs.withUnsafeBufferPointer {
      run(workspace, parameters: parameters, slot: slot, inputs: $0, randomness: randomness)
    }
  }

  /// Runs the plan: the form that allocates nothing.
  public func run(
    _ workspace: Workspace<Scalar>, parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness
  ) {
    precondition(inputs.count == self.inputs.count, "the plan takes \(self.inputs.count) inputs")
    precondition(workspace.fits(self), "the workspace was made for other plans")
    constants.withUnsafeBufferPointer { constants in
      let frame = workspace.frame(
        parameters: parameters, slot: slot, constants: constants.baseAddress, inputs: inputs, randomness: randomness)
      for instruction in instructions { instruction.body(frame) }
    }
  }
}

/// The memory that runs of plans use; for one thread at a time.
public final class Workspace<Scalar: KernelElement> {
  private let buffers: UnsafeMutablePointer<Scalar>
  private let scratch: UnsafeMutablePointer<Scalar>
  private let regions: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>
  private let bufferCount: Int
  private let scratchCount: Int
  private let inputCount: Int

  static var fixedRegions: Int { 4 }

  /// Memory enough for each of these plans.
  public init(for plans: [Plan<Scalar>]) {
    bufferCount = max(1, plans.map(\.bufferCount).max() ?? 0)
    scratchCount = max(1, plans.map(\.scratchCount).max() ?? 0)
    inputCount = plans.map(\.inputs.count).max() ?? 0
    buffers = Self.allocate(bufferCount)
    scratch = Self.allocate(scratchCount)
    regions = .allocate(capacity: Self.fixedRegions + inputCount)
    regions.initialize(repeating: buffers, count: Self.fixedRegions + inputCount)
  }

  deinit {
    buffers.deallocate()
    scratch.deallocate()
    regions.deallocate()
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Scalar>.stride, alignment: 64)
    let typed = raw.bindMemory(to: Scalar.self, capacity: count)
    typed.initialize(repeating: 0, count: count)
    return typed
  }

  func fits(_ plan: Plan<Scalar>) -> Bool {
    plan.bufferCount <= bufferCount && plan.scratchCount <= scratchCount && plan.inputs.count <= inputCount
  }

  func frame(
    parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?, constants: UnsafePointer<Scalar>?,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness
  ) -> Frame<Scalar> {
    // Instructions write only to their outputs, which are never parameters, constants or inputs.
    regions[1] = UnsafeMutablePointer(mutating: parameters) ?? buffers
    regions[2] = slot ?? buffers
    regions[3] = UnsafeMutablePointer(mutating: constants) ?? buffers
    for index in inputs.indices { regions[Self.fixedRegions + index] = UnsafeMutablePointer(mutating: inputs[index]) }
    return Frame(regions: regions, scratch: scratch, randomness: randomness)
  }

  /// The elements of a result after a run of `plan`, valid until the workspace's next run; `nil` if the plan has no
  /// result of that name.
  public func result(_ name: String, of plan: Plan<Scalar>) -> UnsafeBufferPointer<Scalar>? {
    plan.results[name].map { result in
      UnsafeBufferPointer(
        start: regions[result.operand.region] + result.operand.offset, count: result.shape.elementCount)
    }
  }
}
