import Autodiff
import Foundations
import TestSupport
import Testing

/// What goes back through a pooling is masked and summed before it is spread, and is what it would be behind.
@Suite struct PooledGradientTests {
  struct Case: Sendable {
    var size = [2, 2]
    var stride = [2, 2]
    var before = [0, 0]
    var after = [0, 0]
    var dilation = [1, 1]
    /// Whether each window has an element, so that sums may come first.
    var meets = true
  }

  static let cases = [
    Case(), Case(size: [3, 2], stride: [1, 2]), Case(size: [3, 3], stride: [2, 2], before: [1, 1], after: [1, 1]),
    // Windows that are all padding: nothing of them arrives.
    Case(before: [2, 0], after: [0, 2], meets: false),
    Case(size: [2, 2], stride: [1, 1], before: [6, 0], after: [16, 0], dilation: [20, 1], meets: false),
  ]

  @Test(arguments: cases.indices) func sameGradientsByLess(index: Int) throws {
    let row = Self.cases[index]
    let height = 8
    var generator = SeededGenerator(UInt64(index))
    let graph = Graph()
    let x = try graph.input("x", shape: [3, height, 9, 2])
    let filters = try graph.input("filters", shape: [1, 1, 2, 5])
    let bias = try graph.input("bias", shape: [5])
    let geometry = try WindowGeometry(
      size: row.size, stride: row.stride, dilation: row.dilation, before: row.before, after: row.after)
    let y = try (x.convolution(filters, WindowGeometry(size: [1, 1]), groups: 1) + bias).relu().maxPool(geometry)
    // A function of each window's own, so that a wrong place shows.
    let loss = try (y * y.graph.input("factors", shape: y.shape)).sum()
    let outputs = try [loss] + graph.gradient(of: loss, withRespectTo: [x, filters, bias])
    var given: [String: [Double]] = [:]
    for (name, shape) in [("x", x.shape), ("filters", filters.shape), ("bias", bias.shape), ("factors", y.shape)] {
      given[name] = generator.numbers(shape.reduce(1, *))
    }
    let found = try [Simplification.all, .all.subtracting(.pooling)].map {
      try graph.evaluate(outputs, inputs: given, simplifications: $0)
    }
    for (place, values) in zip(found[0], found[1]).enumerated() {
      #expect(values.0.isClose(to: values.1, within: 1e-13), "output \(place)")
      // Only the sum has another order.
      if place != 3 { #expect(values.0.map(\.bitPattern) == values.1.map(\.bitPattern), "output \(place)") }
    }
    #expect(found[0][3].contains { $0 != 0 } && found[0][1].contains { $0 != 0 })

    func instructions(_ passes: Simplification) throws -> [PlanSummary.Instruction] {
      let plan = try Plan<Double>(
        outputs.enumerated().map { PlanOutput($1, .result("\($0)")) }, layout: ParameterLayout(),
        simplifications: passes)
      return plan.summary.instructions
    }
    func shapes(_ passes: Simplification) throws -> [Shape] {
      try instructions(passes).filter { $0.name.contains("less") }.map(\.shape)
    }
    // The mask is of the windows' size, and in one pass with what comes before them.
    #expect(try shapes(.all) == [y.shape] && shapes(.all.subtracting(.pooling)) == [[3, height, 9, 5]])
    // So is the sum for the bias, where all of it arrives.
    let sums = try instructions(.all).filter { $0.name == "sum" && $0.shape == [1, 1, 1, 5] }
    #expect(sums.map(\.floatingPointOperations) == [(row.meets ? y.shape : [3, height, 9, 5]).reduce(1, *)])
  }

  /// A mask of another array, or one that is no mask of a ReLU, stays where it is.
  @Test func othersStayBehind() throws {
    let graph = Graph()
    let x = try graph.input("x", shape: [2, 4, 4, 3])
    let other = try graph.input("other", shape: [2, 4, 4, 3])
    let geometry = try WindowGeometry(size: [2, 2], stride: [2, 2])
    let loss = try x.maxPool(geometry).square().sum()
    let spread = try graph.gradient(of: loss, withRespectTo: [x])[0]
    for mask in [try other.graph.constant(0).isLess(than: other), try x.graph.constant(1).isLess(than: x)] {
      let plan = try Plan<Double>([PlanOutput(spread * mask, .result("y"))], layout: ParameterLayout())
      #expect(
        plan.summary.instructions.last?.shape == x.shape
          && plan.summary.instructions.last?.name.contains("multiply") == true)
    }
  }
}
