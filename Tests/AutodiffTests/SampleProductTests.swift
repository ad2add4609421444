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
        let isProduct = gradient.sampleProduct(of: samples) != nil
        #expect(isProduct == name.hasPrefix("w"), "\(name)")
        return try leavingProducts && isProduct
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
          case .kept(let offset), .places(let offset): kept + offset
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

  /// A layer over four positions of a sample, whose weight is seen through a view, and a table whose rows each position
  /// names: their gradients too are left, and are those computed.
  @Test(arguments: [1, 3, 16]) func productsOverPositionsAndPlaces(samples: Int) throws {
    var layout = ParameterLayout()
    layout.append(name: "weight", shape: [1, 5, 40])
    layout.append(name: "table", shape: [9, 40])
    var generator = SeededGenerator(UInt64(samples))
    let parameters: [Double] = generator.numbers(layout.count)
    let numbers: [Double] = generator.numbers(samples * 4 * 5)
    // Some rows several times, one also counted from the end, and some never.
    let places = (0..<samples * 4).map { [7.0, 2, -2, 0, 7, 8][$0 % 6] }

    func plan(leavingProducts: Bool) throws -> Plan<Double> {
      let graph = Graph()
      let (x, k) = (try graph.input("x", shape: [samples, 4, 5]), try graph.input("k", shape: [samples, 4]))
      let weight = try graph.parameter("weight", shape: [1, 5, 40])
      let table = try graph.parameter("table", shape: [9, 40])
      let hidden = try (x.matmul(weight.reshape([5, 40])) + table.gather(k)).tanh()
      let gradients = try graph.gradient(of: hidden.square().sum(), withRespectTo: [weight, table])
      let shapes = try gradients.map { try #require($0.sampleProduct(of: samples)) }
      #expect(
        shapes.map(\.rowsOfSample) == [4, 4] && shapes.map(\.rows) == [5, 9] && shapes.map(\.columns) == [40, 40])
      #expect(shapes.map(\.isScatter) == [false, true] && shapes.map(\.readsInput) == [false, false])
      #expect(shapes.map { $0.operandCount(samples: samples) } == [samples * 4 * 45, samples * 4 * 41])
      // Rows that do not belong to whole samples are no product over them.
      #expect(gradients.allSatisfy { $0.sampleProduct(of: 4 * samples + 1) == nil })
      let outputs = try zip(["weight", "table"], gradients).map { name, gradient in
        try PlanOutput(
          gradient,
          leavingProducts ? .product(rereadsInput: false) : .slot(offset: #require(layout[name]).offset))
      }
      return try Plan(outputs, layout: layout)
    }

    let (whole, leaving) = (try plan(leavingProducts: false), try plan(leavingProducts: true))
    let kernels = Kernels<Double>.best
    let (found, expected) = withMemory { memory in
      let flat = memory.place(parameters)
      let (x, k) = (UnsafePointer(memory.place(numbers)), UnsafePointer(memory.place(places)))
      let inputs: UnsafeMutablePointer<UnsafePointer<Double>> = memory.place([x, k])
      let kept = memory.room(leaving.keptCount, of: Double.self)
      func run(_ plan: Plan<Double>) -> [Double] {
        let slot = memory.place([Double](repeating: 0, count: layout.count))
        plan.run(
          Workspace(for: [plan]), parameters: flat, slot: slot, kept: kept,
          inputs: UnsafeBufferPointer(start: inputs, count: 2), randomness: Randomness())
        return array(slot, layout.count)
      }
      let expected = run(whole)
      var found = run(leaving)
      for (product, name) in zip(leaving.products, ["weight", "table"]) {
        guard let entry = layout[name] else { continue }
        let out = memory.place([Double](repeating: 0, count: product.rows * product.columns))
        switch product.left {
        case .input: Issue.record("the left operand of several rows a sample is kept")
        case .kept(let offset):
          kernels.multiplyTree(
            left: memory.place([UnsafeRawPointer(kept + offset)]), leftStride: product.rows,
            right: memory.place([UnsafeRawPointer(kept + product.rightOffset)]), depths: memory.place([product.depth]),
            shards: 1, rows: product.rows, columns: product.columns, into: out,
            scratch: memory.room(kernels.multiplyTreeScratch(rows: product.rows, shards: 1)))
        case .places(let offset):
          // A few rows at a time, as blocks are.
          for rows in [0..<4, 4..<8, 8..<9] {
            kernels.scatterRows(
              kept + product.rightOffset, indices: kept + offset, extent: product.rows, rows: rows,
              inner: product.columns, count: product.depth, into: out + rows.lowerBound * product.columns)
          }
        }
        found.replaceSubrange(entry.range, with: array(out, product.rows * product.columns))
      }
      return (found, expected)
    }
    #expect(leaving.products.count == 2 && bitDifference(found, expected) == nil, "\(samples) samples")
  }
}
