import Autodiff
import Foundations
import Kernels
import TestSupport
import Testing

/// Every operation's gradient, and the gradient of its gradient, against central differences in double precision.
@Suite struct OperationTests {
  @Test func everyOperationHasARow() {
    let rows = OperationRow.all.map(\.name) + OperationRow.confirmedElsewhere
    #expect(Set(rows) == Set(OperationTable.names))
    #expect(rows.count == Set(rows).count)
  }

  @Test(arguments: OperationRow.all) func gradientsEqualDifferences(row: OperationRow) throws {
    for (number, shapes) in row.shapes.enumerated() {
      let trial = try Trial(row, shapes, seed: UInt64(number))
      #expect(trial.usesOperation, "the row builds no node '\(row.name)'")
      let first = try trial.check(trial.objective)
      #expect(first <= 1e-7, "\(row.name) of \(shapes): relative error \(first)")
      if row.isSmooth {
        let second = try trial.check(trial.gradientProjection())
        #expect(second <= 1e-7, "second derivative of \(row.name) of \(shapes): relative error \(second)")
      }
    }
  }

  /// What rows and their gradients put into a graph is in the table.
  @Test func gradientsStayInTheTable() throws {
    for row in OperationRow.all {
      let trial = try Trial(row, row.shapes[0], seed: 0)
      _ = try trial.gradientProjection()
      for node in trial.graph.nodes {
        #expect(OperationTable.names.contains(node.operation.name), "\(row.name) made '\(node.operation.name)'")
      }
    }
  }

  @Test func argmaxHasNoRuleAndTheErrorNamesIt() throws {
    let x = try variable([1, 3, 2])
    #expect(try x.argmax().value() == [1])
    #expect(message { _ = try x.argmax().sum().gradient(of: x) } == "operation 'argmax' has no gradient rule")
  }

  @Test func stopGradientStopsIt() throws {
    let x = try variable([3, -2])
    #expect(try (x * x.stopGradient()).sum().gradient(of: x) == [3, -2])
    #expect(try x.stopGradient().sum().gradient(of: x) == [0, 0])
  }

  /// The check itself must see a wrong rule: x² with the derivative x.
  @Test func aWrongRuleIsSeen() throws {
    let graph = Graph()
    var point = TestPoint()
    let x = try point.add("x", [3], [1, -2, 0.5], to: graph)
    let right = try GradientCheck(
      of: graph.apply(Squared(slope: 2), to: [x]).sum(), withRespectTo: [x], parameters: point.parameters,
      layout: point.layout)
    let wrong = try GradientCheck(
      of: graph.apply(Squared(slope: 1), to: [x]).sum(), withRespectTo: [x], parameters: point.parameters,
      layout: point.layout)
    #expect(try #require(right.worst).relativeError < 1e-9)
    #expect(try #require(wrong.worst).relativeError > 0.4)
  }
}

/// An operation from outside the module, with a rule that may be wrong.
private struct Squared: Autodiff.GraphOperation {
  let slope: Double
  var name: String { "squared" }
  func shape(of inputs: [Shape]) throws -> Shape { inputs[0] }
  func kernel<Scalar: KernelElement>(at site: KernelSite<Scalar>) -> KernelBody<Scalar> {
    let (input, output, count) = (site.inputs[0], site.output, site.outputShape.reduce(1, *))
    return { frame in
      for index in 0..<count {
        frame.pointer(output)[index] = frame.pointer(input)[index] * frame.pointer(input)[index]
      }
    }
  }
  func gradient(of node: Node, upstream: Node) throws -> [Node?] { [try upstream * node.inputs[0] * slope] }
}

/// One row at one point.
private struct Trial {
  let graph = Graph()
  let targets: [Node]
  let objective: Node
  let usesOperation: Bool
  private let row: OperationRow
  private let point: TestPoint
  private let sample: [Int]
  private let step: Double

  init(_ row: OperationRow, _ shapes: [Shape], seed: UInt64) throws {
    self.row = row
    var generator = SeededGenerator(seed + 17)
    var point = TestPoint()
    let counts = shapes.map { $0.reduce(1, *) }
    let total = counts.reduce(0, +)
    let values = generator.spread(total, in: row.range)
    var start = 0
    var targets: [Node] = []
    for (position, shape) in shapes.enumerated() {
      targets.append(
        try point.add("p\(position)", shape, Array(values[start..<start + counts[position]]), to: graph))
      start += counts[position]
    }
    let y = try row.build(targets)
    usesOperation = graph.nodes.contains { $0.operation.name == row.name }
    // Each element has a weight of its own, and counts squared too, so that no derivative is the same everywhere.
    let weights = try graph.constant((0..<y.shape.reduce(1, *)).map { 1 + 0.25 * Double($0 % 7) }, shape: y.shape)
    objective = try (weights * y).sum() + (y.square() * 0.3).sum()
    self.targets = targets
    self.point = point
    sample = total > 60 ? (0..<25).map { _ in Int.random(in: 0..<total, using: &generator) } : Array(0..<total)
    let width = (row.range.upperBound - row.range.lowerBound) / Double(max(total, 1))
    step = row.isSmooth ? 1e-3 : min(1e-3, width / 10)
  }

  /// A scalar of the gradient, whose own gradient holds second derivatives.
  func gradientProjection() throws -> Node {
    var sum = try graph.constant(0)
    for (position, gradient) in try graph.gradient(of: objective, withRespectTo: targets).enumerated() {
      let count = gradient.shape.reduce(1, *)
      let weights = try graph.constant(
        (0..<count).map { 0.5 + 0.1 * Double(($0 + 2 * position) % 11) }, shape: gradient.shape)
      sum = try sum + (gradient * weights).sum()
    }
    return sum
  }

  func check(_ output: Node) throws -> Double {
    let check = try GradientCheck(
      of: output, withRespectTo: targets, parameters: point.parameters, layout: point.layout,
      inputs: ["given": [0.3, -1.5, 2]], indices: sample, step: step, randomness: Randomness(seed: 5, step: 2))
    return check.worst?.relativeError ?? 0
  }
}
