import Foundations
import Kernels

extension Graph {
  /// The value of a node in double precision, in row-major order: for formulas, folding and tests.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - inputs: Values of the graph's inputs by name.
  ///   - parameters: The flat parameter vector.
  ///   - layout: Where the graph's parameters lie in it.
  ///   - simplifications: What is done to the graph before it is computed.
  /// - Throws: `TrainerError` if an input or a parameter of the graph is missing.
  public func evaluate(
    _ node: Node, inputs: [String: [Double]] = [:], parameters: [Double] = [],
    layout: ParameterLayout = ParameterLayout(), simplifications: Simplification = .all
  ) throws -> [Double] {
    try evaluate([node], inputs: inputs, parameters: parameters, layout: layout, simplifications: simplifications)[0]
  }

  /// The values of several nodes in the arithmetic of `Scalar`, each in row-major order.
  ///
  /// - Throws: `TrainerError` if an input or a parameter of the graph is missing.
  package func evaluate<Scalar: KernelElement>(
    _ nodes: [Node], inputs: [String: [Scalar]] = [:], parameters: [Scalar] = [],
    layout: ParameterLayout = ParameterLayout(), kernels: Kernels<Scalar> = .best, randomness: Randomness = .init(),
    simplifications: Simplification = .all
  ) throws -> [[Scalar]] {
    try CompiledFunction(
      nodes, inputs: inputs, layout: layout, kernels: kernels, randomness: randomness, simplifications: simplifications
    ).values(at: parameters)
  }
}

/// Nodes as a function of the flat parameter vector: compiled once, run at many points.
package struct CompiledFunction<Scalar: KernelElement> {
  private let plan: Plan<Scalar>
  private let results: [String]
  private let workspace: Workspace<Scalar>
  /// The values of the plan's inputs, one behind the other, and a number, so that there is a first one.
  private let inputs: [Scalar]
  private let layout: ParameterLayout
  private let randomness: Randomness

  /// - Throws: `TrainerError` if an input or a parameter of the graph is missing, or the memory does not do.
  package init(
    _ nodes: [Node], inputs: [String: [Scalar]] = [:], layout: ParameterLayout, kernels: Kernels<Scalar> = .best,
    randomness: Randomness = .init(), simplifications: Simplification = .all
  ) throws {
    results = nodes.indices.map { "\($0)" }
    plan = try Plan(
      zip(nodes, results).map { PlanOutput($0, .result($1)) }, layout: layout, kernels: kernels,
      simplifications: simplifications)
    let arrays = try plan.inputs.map { slot in
      guard let values = inputs[slot.name], values.count == slot.shape.elementCount else {
        throw TrainerError(.usage, "the graph's input '\(slot.name)' needs a value of shape \(slot.shape)")
      }
      return values
    }
    // Results are copied out of the buffers, and once more where they become numbers for people.
    try plan.requireMemory(copies: 3)
    self.inputs = arrays.joined() + [0]
    workspace = Workspace(for: [plan])
    self.layout = layout
    self.randomness = randomness
  }

  /// The nodes' values, each in row-major order.
  ///
  /// - Throws: `TrainerError` if there are not as many parameters as the layout has.
  package func values(at parameters: [Scalar]) throws -> [[Scalar]] {
    guard parameters.count == layout.count else {
      throw TrainerError(.usage, "the layout has \(layout.count) parameters, but \(parameters.count) values were given")
    }
    return inputs.withUnsafeBufferPointer { inputs in
      parameters.withUnsafeBufferPointer { parameters in
        guard var place = inputs.baseAddress else { return [] }
        let pointers = plan.inputs.map { slot in
          defer { place += slot.shape.elementCount }
          return place
        }
        plan.run(
          workspace, parameters: parameters.baseAddress, slot: nil, inputs: pointers, randomness: randomness)
        return results.compactMap { workspace.result($0, of: plan).map(Array.init) }
      }
    }
  }
}
