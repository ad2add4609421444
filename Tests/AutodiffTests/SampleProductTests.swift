import Autodiff
import Foundations
import Kernels
import TestSupport
import Testing

/// Gradients that are products over samples, left by one plan and computed afterwards, against the same computed by
/// another.
@Suite struct SampleProductTests {
  @Test(arguments: [1, 7, 16, 33]) func productsLeftAreThoseComputed(samples: Int) throws {
    try check(Float.self, samples: samples)
    try check(Double.self, samples: samples)
  }

  private func check<Scalar: KernelElement>(_ type: Scalar.Type, samples: Int) throws {
    var layout = ParameterLayout()
    for (name, shape) in [
      ("w1", [5, 40]), ("b1", [40]), ("w2", [40, 70]), ("b2", [70]), ("w3", [70, 3]),
    ] { layout.append(name: name, shape: shape) }
    var generator = SeededGenerator(UInt64(samples))
    let parameters: [Scalar] = generator.numbers(layout.count)
    let inputs: [Scalar] = generator.numbers(samples * 5)

    func plan(leavingProducts: Bool) throws -> Plan<Scalar> {
      let graph = Graph()
      func parameter(_ name: String) throws -> Node {
        try graph.parameter(name, shape: #require(layout[name]).shape)
      }
      let x = try graph.input("x", shape: [samples, 5])
      let first = try (x.matmul(parameter("w1")) + parameter("b1")).relu()
      let second = try (first.matmul(parameter("w2")) + parameter("b2")).tanh()
      let loss = try second.matmul(parameter("w3")).square().sum()
      let nodes = graph.nodes.filter { $0.parameterName != nil }
      let gradients = try graph.gradient(of: loss, withRespectTo: nodes)
      let outputs = try zip(nodes, gradients).map { node, gradient in
        let name = try #require(node.parameterName)
        #expect(gradient.isSampleProduct(of: samples) == name.hasPrefix("w"), "\(name)")
        return try leavingProducts && gradient.isSampleProduct(of: samples)
          ? PlanOutput(gradient, .product(rereadsInput: true))
          : PlanOutput(gradient, .slot(offset: #require(layout[name]).offset))
      }
      return try Plan(outputs, layout: layout)
    }

    let (whole, leaving) = (try plan(leavingProducts: false), try plan(leavingProducts: true))
    #expect(whole.products.isEmpty && whole.keptCount == 0)
    #expect(leaving.products.map(\.rows) == [5, 40, 70] && leaving.products.map(\.columns) == [40, 70, 3])
    let kernels = Kernels<Scalar>.best
    let (found, expected) = withMemory { memory in
      let (flat, input) = (memory.place(parameters), memory.place(inputs))
      let kept = memory.room(leaving.keptCount, of: Scalar.self)
      func run(_ plan: Plan<Scalar>) -> [Scalar] {
        let slot = memory.place([Scalar](repeating: 0, count: layout.count))
        let pointers = memory.place([UnsafePointer(input)])
        plan.run(
          Workspace(for: [plan]), parameters: flat, slot: slot, kept: kept,
          inputs: UnsafeBufferPointer(start: pointers, count: 1), randomness: Randomness())
        return array(slot, layout.count)
      }
      let expected = run(whole)
      var found = run(leaving)
      for (product, name) in zip(leaving.products, ["w1", "w2", "w3"]) {
        guard let entry = layout[name] else { continue }
        let left =
          switch product.left {
          case .input: input
          case .kept(let offset): kept + offset
          }
        let out = memory.room(product.rows * product.columns, of: Scalar.self)
        kernels.multiplyTree(
          left: memory.place([UnsafeRawPointer(left)]), leftStride: product.rows,
          right: memory.place([UnsafeRawPointer(kept + product.rightOffset)]), depths: memory.place([product.depth]),
          shards: 1, rows: product.rows, columns: product.columns, into: out,
          scratch: memory.room(kernels.multiplyTreeScratch(rows: product.rows, shards: 1)))
        found.replaceSubrange(entry.range, with: array(out, product.rows * product.columns))
      }
      return (found, expected)
    }
    #expect(bitDifference(found, expected) == nil, "\(Scalar.self), \(samples) samples")
  }
}
