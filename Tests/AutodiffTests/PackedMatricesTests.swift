import Autodiff
import Foundations
import Kernels
import TestSupport
import Testing

/// Plans that read matrices in the kernels' own order, and gradients computed as their transposes, against plain plans.
@Suite struct PackedMatricesTests {
  private let shapes = [("w1", [5, 40]), ("b1", [40]), ("w2", [40, 80]), ("w3", [80, 3])]

  private func layout() -> ParameterLayout {
    var layout = ParameterLayout()
    for (name, shape) in shapes { layout.append(name: name, shape: shape) }
    return layout
  }

  /// The right operands of a graph's products.
  private func matrices(
    _ layout: ParameterLayout, in graph: Graph
  ) -> [(range: Range<Int>, columns: Int, isTransposed: Bool)] {
    let uses = graph.rightOperands
    return layout.entries.flatMap { entry in
      [false, true].filter { uses[entry.name]?.contains($0) == true }.map { (entry.range, entry.shape[1], $0) }
    }
  }

  /// The loss and all gradients of three layers, of which the first is wide, the last narrow and deep.
  private func nodes(samples: Int) throws -> [(name: String, node: Node)] {
    let graph = Graph()
    func parameter(_ name: String) throws -> Node {
      try graph.parameter(name, shape: #require(shapes.first { $0.0 == name }).1)
    }
    let x = try graph.input("x", shape: [samples, 5])
    let first = try (x.matmul(parameter("w1")) + parameter("b1")).relu()
    let loss = try first.matmul(parameter("w2")).tanh().matmul(parameter("w3")).square().sum()
    let parameters = graph.nodes.filter { $0.parameterName != nil }
    let gradients = try graph.gradient(of: loss, withRespectTo: parameters)
    return [("loss", loss)] + zip(parameters, gradients).map { ($0.parameterName ?? "", $1) }
  }

  private func run<Scalar: KernelElement>(
    _ plan: Plan<Scalar>, _ names: [String], parameters: [Scalar], packed: [Scalar]? = nil, input: [Scalar]
  ) -> [String: [Scalar]] {
    let workspace = Workspace(for: [plan])
    return withMemory { memory in
      let inputs = memory.place([UnsafePointer(memory.place(input))])
      plan.run(
        workspace, parameters: memory.place(parameters), slot: nil,
        packed: packed.map { UnsafePointer(memory.place($0)) }, inputs: UnsafeBufferPointer(start: inputs, count: 1),
        randomness: Randomness())
      return Dictionary(
        uniqueKeysWithValues: names.map { ($0, workspace.result($0, of: plan).map(Array.init) ?? []) })
    }
  }

  @Test(arguments: [1, 2, 7, 33]) func packedMatricesChangeNoBit(samples: Int) throws {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) throws {
      let (layout, nodes, kernels) = (layout(), try nodes(samples: samples), Kernels<Scalar>.best)
      let outputs = nodes.map { PlanOutput($0.node, .result($0.name)) }
      let places = PackedMatrices(of: matrices(layout, in: nodes[0].node.graph), kernels: kernels)
      let plain = try Plan<Scalar>(outputs, layout: layout)
      let packing = try Plan<Scalar>(outputs, layout: layout, packed: places)
      // Each is read forwards; the first layer's inputs have no gradient.
      let used = packing.packedMatrices.sorted {
        ($0.range.lowerBound, $0.isTransposed ? 1 : 0) < ($1.range.lowerBound, $1.isTransposed ? 1 : 0)
      }
      #expect(plain.packedMatrices.isEmpty)
      #expect(used.map(\.columns) == [40, 80, 80, 3, 3])
      #expect(used.map(\.isTransposed) == [false, false, true, false, true])

      var generator = SeededGenerator(UInt64(samples))
      let parameters: [Scalar] = generator.numbers(layout.count)
      let input: [Scalar] = generator.numbers(samples * 5)
      var packed = withMemory { memory in
        let (from, to) = (memory.place(parameters), memory.place([Scalar](repeating: 0, count: places.count)))
        // A few rows at a time, in any order.
        for matrix in used {
          for first in stride(from: 0, to: matrix.rows, by: 7).reversed() {
            matrix.pack(
              first..<min(first + 7, matrix.rows), from: from + matrix.range.lowerBound + first * matrix.columns,
              to: to, kernels: kernels)
          }
        }
        return array(to, places.count)
      }
      let names = nodes.map(\.name)
      let expected = run(plain, names, parameters: parameters, input: input)
      let found = run(packing, names, parameters: parameters, packed: packed, input: input)
      for name in names {
        let (found, expected) = (found[name] ?? [], expected[name] ?? [])
        #expect(!expected.isEmpty && bitDifference(found, expected) == nil, "\(Scalar.self) \(name)")
      }
      // What is packed is what is read.
      packed = packed.map { -$0 }
      let other = run(packing, ["w3"], parameters: parameters, packed: packed, input: input)
      #expect(bitDifference(other["w3"] ?? [], expected["w3"] ?? []) != nil)
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test(arguments: [1, 2, 7, 33, 64, 65]) func theTransposeOfAProductHasItsBits(samples: Int) throws {
    func check<Scalar: KernelElement>(_ type: Scalar.Type) throws {
      let (layout, nodes) = (layout(), try nodes(samples: samples))
      let products = nodes.filter { $0.node.sampleProduct(of: samples) != nil }
      #expect(products.map(\.name) == ["w1", "w2", "w3"])
      let outputs = try products.flatMap { product in
        [
          PlanOutput(product.node, .result(product.name)),
          PlanOutput(try product.node.transposedProduct(), .result("\(product.name) transposed")),
        ]
      }
      let plan = try Plan<Scalar>(outputs, layout: layout)
      var generator = SeededGenerator(UInt64(samples))
      let parameters: [Scalar] = generator.numbers(layout.count)
      let names = products.flatMap { [$0.name, "\($0.name) transposed"] }
      let results = run(plan, names, parameters: parameters, input: generator.numbers(samples * 5))
      for (name, node) in products {
        let (rows, columns) = (node.shape[0], node.shape[1])
        let (plain, transposed) = (results[name] ?? [], results["\(name) transposed"] ?? [])
        try #require(plain.count == rows * columns && transposed.count == rows * columns)
        let back = (0..<rows * columns).map { transposed[$0 % columns * rows + $0 / columns] }
        #expect(bitDifference(back, plain) == nil, "\(Scalar.self) \(name)")
      }
    }
    try check(Float.self)
    try check(Double.self)
  }
}
