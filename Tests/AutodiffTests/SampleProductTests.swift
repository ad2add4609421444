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
    var expected = [Scalar](repeating: 0, count: layout.count)
    var found = expected
    var kept = [Scalar](repeating: 0, count: leaving.keptCount)
    parameters.withUnsafeBufferPointer { parameters in
      inputs.withUnsafeBufferPointer { inputs in
        guard let first = inputs.baseAddress else { return }
        for (plan, isLeaving) in [(whole, false), (leaving, true)] {
          let workspace = Workspace(for: [plan])
          withUnsafeTemporaryAllocation(of: UnsafePointer<Scalar>.self, capacity: 1) { pointers in
            pointers.initialize(repeating: first)
            kept.withUnsafeMutableBufferPointer { kept in
              func run(_ slot: UnsafeMutableBufferPointer<Scalar>) {
                plan.run(
                  workspace, parameters: parameters.baseAddress, slot: slot.baseAddress, kept: kept.baseAddress,
                  inputs: UnsafeBufferPointer(pointers), randomness: Randomness())
              }
              if isLeaving {
                found.withUnsafeMutableBufferPointer { run($0) }
              } else {
                expected.withUnsafeMutableBufferPointer { run($0) }
              }
            }
          }
        }
        for (product, name) in zip(leaving.products, ["w1", "w2", "w3"]) {
          guard let entry = layout[name] else { continue }
          let block = withMemory { memory in
            let out = memory.room(product.rows * product.columns, of: Scalar.self)
            kept.withUnsafeBufferPointer { kept in
              guard let base = kept.baseAddress else { return }
              let left: UnsafeRawPointer
              switch product.left {
              case .input: left = UnsafeRawPointer(first)
              case .kept(let offset): left = UnsafeRawPointer(base + offset)
              }
              withUnsafePointer(to: left) { left in
                withUnsafePointer(to: UnsafeRawPointer(base + product.rightOffset)) { right in
                  withUnsafePointer(to: product.depth) { depth in
                    kernels.multiplyTree(
                      left: left, leftStride: product.rows, right: right, depths: depth, shards: 1,
                      rows: product.rows, columns: product.columns, into: out,
                      scratch: memory.room(kernels.multiplyTreeScratch(rows: product.rows, shards: 1)))
                  }
                }
              }
            }
            return array(out, product.rows * product.columns)
          }
          found.replaceSubrange(entry.range, with: block)
        }
      }
    }
    #expect(bitDifference(found, expected) == nil, "\(Scalar.self), \(samples) samples")
  }
}
