import Autodiff
import Formulas
import Foundations
import TestSupport
import Testing

/// A formula for one sample, computed for many at once: the same as one by one.
@Suite struct BatchingTests {
  @Test(arguments: [
    "sum((x - w)^2)", "x[0]*x[1] + w[2]", "sum(m @ x) * b", "m[0] @ x", "logsumexp(m @ x) + w[y]",
    "sum(softmax(x)*w)", "sum(where(x > b, x, w))", "max(x) - min(x*w)", "sum(transpose(reshape(x, (3, 1)) @ [w])^2)",
    "sum(concatenate([x, w])^2)", "sum(pad(x, 1)*[1, 2, 3, 4, 5])", "sum(one_hot(y, 3)*w)", "sum(take(x, [2, 0]))",
    "sum(scatter_add(x, [1, 0, 1], 2)^2)", "sum(m[:, y]*[1, 2])", "(x[0] - b)^2", "sum(broadcast_to(x, (2, 3))*m)",
    "b + 1",
    "x[1:] @ w[:2]", "sum(x[::-1]*x) + stop_gradient(y)", "argmax(x)", "var(x) + mean(x*m)", "sum(log_softmax(x)*x)",
    "x[y]^2",
  ])
  func formulas(formula: String) throws {
    let samples = 4
    var generator = SeededGenerator(3)
    let x: [Double] = generator.numbers(samples * 3)
    let y: [Double] = [0, 2, 1, 2]
    let (w, m): ([Double], [Double]) = (generator.numbers(3), generator.numbers(6))
    func shared(_ graph: Graph) throws -> [String: Node] {
      ["w": try graph.variable(w), "m": try graph.variable(m, shape: [2, 3]), "b": try graph.variable(0.25)]
    }
    let graph = Graph()
    let names = try shared(graph)
    let all = try Formula(formula).build(
      in: graph, names: names,
      rows: ["x": graph.variable(x, shape: [samples, 3]), "y": graph.variable(y)], samples: samples)
    // "m[0] @ x" and its like must be numbers: one for each sample.
    #expect(all.shape == [samples])
    let single = try (0..<samples).map { sample in
      let graph = Graph()
      let own = try ["x": graph.variable(Array(x[3 * sample..<3 * sample + 3])), "y": graph.variable(y[sample])]
      return try Formula(formula).build(in: graph, names: shared(graph).merging(own) { _, new in new }).value()[0]
    }
    #expect(difference(try all.value(), single, within: 1e-14) == nil)
    // The gradient of the joined objective is that of the sum.
    guard formula != "argmax(x)" else { return }
    let whole = try all.sum().gradient(of: #require(names["w"]))
    var sum = [Double](repeating: 0, count: 3)
    for sample in 0..<samples {
      let graph = Graph()
      let shared = try shared(graph)
      let own = try ["x": graph.variable(Array(x[3 * sample..<3 * sample + 3])), "y": graph.variable(y[sample])]
      let value = try Formula(formula).build(in: graph, names: shared.merging(own) { _, new in new })
      sum = zip(sum, try value.gradient(of: #require(shared["w"]))).map(+)
    }
    #expect(difference(whole, sum, within: 1e-14) == nil)
  }

  @Test func aSampleWithoutOneNumberIsAnError() throws {
    let graph = Graph()
    let rows = ["x": try graph.input("x", shape: [4, 3])]
    #expect(
      message { _ = try Formula("x*2").build(in: graph, names: [:], rows: rows, samples: 4) }
        == "formula, column 1: the value for one sample has the shape [3], expected a single number; "
        + "join it with sum or mean")
  }
}
