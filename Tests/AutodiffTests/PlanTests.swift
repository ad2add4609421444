import Autodiff
import Foundations
import Kernels
import TestSupport
import Testing

/// The value of each node by itself, in a graph of its own: no plan of more than one instruction, no shared buffer, no
/// simplification. What plans are compared with.
private func interpret(_ graph: Graph, _ point: TestPoint) throws -> [[Double]] {
  var values: [[Double]] = []
  for node in graph.nodes {
    let alone = Graph()
    if node.operation.name == "parameter" {
      let entry = try #require(point.layout[node.operation.detail])
      values.append(Array(point.parameters[entry.range]))
      continue
    }
    let inputs = try node.inputs.map { try alone.constant(values[$0.index], shape: $0.shape) }
    values.append(try alone.evaluate(alone.apply(node.operation, to: inputs), simplifications: []))
  }
  return values
}

@Suite struct PlanTests {
  private static let everySet = (0..<32).map { Simplification(rawValue: $0) }

  @Test func randomGraphsEqualTheirInterpretation() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 25)
      let objective = try random.objective()
      let outputs =
        try random.nodes + [objective] + random.graph.gradient(of: objective, withRespectTo: random.parameters)
      let expected = try interpret(random.graph, random.point)
      for passes in Self.everySet {
        let found = try random.graph.evaluate(
          outputs, parameters: random.point.parameters, layout: random.point.layout, simplifications: passes)
        for (node, values) in zip(outputs, found) {
          #expect(
            values.isClose(to: expected[node.index], within: 1e-12),
            "seed \(seed), passes \(passes.rawValue), node \(node.index) '\(node.operation.name)'")
        }
      }
    }
  }

  /// With only the objective and the gradient kept, almost every buffer is reused: a wrong lifetime shows as a wrong
  /// number. The gradient goes to the slot, as in training.
  @Test func reusedBuffersHoldTheRightNumbers() throws {
    for seed in 1000..<1300 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 40)
      let objective = try random.objective()
      let gradients = try random.graph.gradient(of: objective, withRespectTo: random.parameters)
      let expected = try interpret(random.graph, random.point)
      for passes in [Simplification.all, [.commonSubexpressions, .constants, .deadNodes]] {
        let outputs =
          [PlanOutput(objective, .result("loss"))]
          + zip(gradients, random.point.layout.entries).map { .init($0, .slot(offset: $1.offset)) }
        let plan = try Plan<Double>(outputs, layout: random.point.layout, simplifications: passes)
        let workspace = Workspace(for: [plan])
        // Twice, so that what the first run left behind would show.
        for _ in 0..<2 {
          let slot = withMemory { memory in
            let slot = memory.room(random.point.layout.count, of: Double.self)
            plan.run(workspace, parameters: memory.place(random.point.parameters), slot: slot, inputs: [])
            return array(slot, random.point.layout.count)
          }
          let loss = try #require(workspace.result("loss", of: plan))
          #expect(loss[0].isClose(to: expected[objective.index][0], within: 1e-12), "seed \(seed)")
          #expect(slot.isClose(to: gradients.flatMap { expected[$0.index] }, within: 1e-12), "seed \(seed)")
        }
      }
    }
  }

  @Test func singlePrecisionFollowsDouble() throws {
    for seed in 2000..<2100 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 20, usesKinks: false)
      let objective = try random.objective()
      let outputs = try [objective] + random.graph.gradient(of: objective, withRespectTo: random.parameters)
      let double = try random.graph.evaluate(
        outputs, parameters: random.point.parameters, layout: random.point.layout)
      let single = try random.graph.evaluate(
        outputs, parameters: random.point.parameters.map(Float.init), layout: random.point.layout)
      for (a, b) in zip(double, single) { #expect(a.isClose(to: b.map(Double.init), within: 1e-3), "seed \(seed)") }
    }
  }

  @Test func everyInstructionSetComputesTheSame() throws {
    for seed in 3000..<3050 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 20)
      let objective = try random.objective()
      let results = try InstructionSet.available.map { set in
        try random.graph.evaluate(
          [objective], parameters: random.point.parameters, layout: random.point.layout,
          kernels: set.kernels(for: Double.self))[0]
      }
      for result in results { #expect(result.isClose(to: results[0], within: 1e-12), "seed \(seed)") }
    }
  }

  @Test func chainsAreFusedBuffersShared() throws {
    let graph = Graph()
    let x = try graph.parameter("x", shape: [1000])
    var y = x
    for _ in 0..<6 { y = try (y * 1.5 + x).tanh() }
    let layout = {
      var layout = ParameterLayout()
      layout.append(name: "x", shape: [1000])
      return layout
    }()
    func summary(_ passes: Simplification) throws -> PlanSummary {
      try Plan<Float>([.init(y.sum(), .result("sum"))], layout: layout, simplifications: passes).summary
    }
    let (fused, plain) = (try summary(.all), try summary([.constants, .commonSubexpressions, .deadNodes]))
    #expect(fused.instructions.count == 2)
    #expect(plain.instructions.count == 19)
    #expect(fused.floatingPointOperations == plain.floatingPointOperations)
    // Three buffers are enough for a chain in which each instruction needs the one before.
    #expect(plain.bufferByteCount <= 3 * 4032)
    #expect(plain.unsharedByteCount == 18 * 4000 + 4)
    #expect(fused.text.contains("19 floating-point") == false)
    #expect(fused.text.contains("2 instructions, 19000 floating-point operations"))
  }

  /// Sums and rounding stay where they are: fused and unfused element-wise chains give the same bits.
  @Test func fusionChangesNoBit() throws {
    for seed in 4000..<4100 as Range<UInt64> {
      var random = try RandomGraph(seed: seed, size: 30)
      let objective = try random.objective()
      let outputs = try [objective] + random.graph.gradient(of: objective, withRespectTo: random.parameters)
      func values(_ passes: Simplification) throws -> [[UInt64]] {
        try random.graph.evaluate(
          outputs, parameters: random.point.parameters, layout: random.point.layout, simplifications: passes
        ).map { $0.map(\.bitPattern) }
      }
      #expect(try values(.all) == values([.constants, .commonSubexpressions, .deadNodes]), "seed \(seed)")
    }
  }

  @Test func deadNodesAreLeftOutOrComputed() throws {
    let graph = Graph()
    let x = try graph.variable([1, 2, 3])
    _ = try x.exp().sum()
    let sum = try x.sum()
    func count(_ passes: Simplification) throws -> Int {
      try Plan<Double>([.init(sum, .result("sum"))], layout: ParameterLayout(), simplifications: passes)
        .summary.instructions.count
    }
    #expect(try count(.all) == 1)
    #expect(try count([.fusion]) == 3)
  }

  @Test func simplificationRules() throws {
    let graph = Graph()
    let x = try graph.variable([1, 2, 3])
    func name(_ node: Node) throws -> String { try graph.simplified([node])[0].operation.name }
    #expect(try name(x + 0) == "variable")
    #expect(try name(1 * x) == "variable")
    #expect(try name(x / 1) == "variable")
    #expect(try name(-(-x)) == "variable")
    #expect(try name(x.power(1)) == "variable")
    #expect(try name(x.power(2)) == "square")
    #expect(try name(select(graph.constant(1), x, -x)) == "variable")
    #expect(try name(select(graph.constant(0), x, -x)) == "negate")
    #expect(try name((graph.constant(2) + graph.constant(3)).exp()) == "constant")
    // A scalar that broadcasting widens is not idle, and 0 and -0 are not the same constant.
    #expect(try name(graph.variable(2) * graph.constant([1, 1], shape: [2])) == "multiply")
    let reciprocals = try (1 / graph.constant(0) + 1 / graph.constant(-0.0)).value()
    #expect(reciprocals[0].isNaN)
  }

  @Test func aMissingParameterIsAnError() throws {
    let graph = Graph()
    let w = try graph.parameter("w", shape: [2])
    #expect(
      message { _ = try Plan<Double>([.init(w.sum(), .result("s"))], layout: ParameterLayout()) }
        == "the layout has no parameter 'w' of shape [2]")
    let x = try graph.input("x", shape: [2])
    #expect(message { _ = try graph.evaluate(x.sum()) } == "the graph's input 'x' needs a value of shape [2]")
  }
}
