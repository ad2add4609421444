import Autodiff
import Foundations
import TestSupport
import Testing

/// Bias and ReLU ride on convolutions as on matrix products, and change no bit there.
@Suite struct WindowFusionTests {
  @Test(arguments: WindowCase.all.indices) func biasAndReLUInsideChangeNoBit(index: Int) throws {
    let row = WindowCase.all[index]
    var generator = SeededGenerator(UInt64(index))
    for isTransposed in [false, true] {
      let graph = Graph()
      let x = try graph.input("x", shape: isTransposed ? row.windows(channels: row.outputs) : row.shape)
      let filters = try graph.input("filters", shape: row.filters)
      let y =
        isTransposed
        ? try x.transposedConvolution(filters, row.geometry, extents: row.extents, groups: row.groups)
        : try x.convolution(filters, row.geometry, groups: row.groups)
      let bias = try graph.input("bias", shape: [y.shape[y.shape.count - 1]])
      func numbers(_ node: Node) -> [Float] { generator.numbers(node.shape.reduce(1, *)) }
      let given = ["x": numbers(x), "filters": numbers(filters), "bias": numbers(bias)]
      for result in [try (y + bias).relu(), try bias + y] {
        let plan = try Plan<Float>([PlanOutput(result, .result("y"))], layout: ParameterLayout())
        #expect(plan.summary.instructions.count == 1, "\(plan.summary.text)")
        let found = try [Simplification.all, .deadNodes].map {
          try graph.evaluate([result], inputs: given, simplifications: $0)[0]
        }
        #expect(found[0].map(\.bitPattern) == found[1].map(\.bitPattern), "\(row.shape), transposed: \(isTransposed)")
      }
    }
  }
}
