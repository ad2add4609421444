import Foundations
import Kernels

extension Graph {
  /// The value of a node in double precision, in row-major order: for formulas, folding and tests.
  ///
  /// - Parameters:
  ///   - inputs: Values of the graph's inputs by name.
  ///   - parameters: The flat parameter vector.
  ///   - layout: Where the graph's parameters lie in it.
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
  public func evaluate<Scalar: KernelElement>(
    _ nodes: [Node], inputs: [String: [Scalar]] = [:], parameters: [Scalar] = [],
    layout: ParameterLayout = ParameterLayout(), kernels: Kernels<Scalar> = .best, randomness: Randomness = .init(),
    simplifications: Simplification = .all
  ) throws -> [[Scalar]] {
    let outputs = nodes.enumerated().map { PlanOutput($1, .result("\($0)")) }
    let plan = try Plan(outputs, layout: layout, kernels: kernels, simplifications: simplifications)
    let arrays = try plan.inputs.map { slot in
      guard let values = inputs[slot.name], values.count == slot.shape.elementCount else {
        throw TrainerError(.usage, "the graph's input '\(slot.name)' needs a value of shape \(slot.shape)")
      }
      return values
    }
    guard parameters.count == layout.count else {
      throw TrainerError(.usage, "the layout has \(layout.count) parameters, but \(parameters.count) values were given")
    }
    // Results are copied out of the buffers, and once more where they become numbers for people.
    try plan.requireMemory(copies: 3)
    let flat = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: arrays.reduce(1) { $0 + $1.count })
    defer { flat.deallocate() }
    _ = flat.initialize(from: arrays.joined() + [0])
    var start = 0
    let pointers = arrays.compactMap { array in
      defer { start += array.count }
      return flat.baseAddress.map { UnsafePointer($0 + start) }
    }
    let workspace = Workspace(for: [plan])
    return parameters.withUnsafeBufferPointer { parameters in
      plan.run(workspace, parameters: parameters.baseAddress, slot: nil, inputs: pointers, randomness: randomness)
      return nodes.indices.compactMap { workspace.result("\($0)", of: plan).map(Array.init) }
    }
  }
}
