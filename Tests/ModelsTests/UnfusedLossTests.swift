import Autodiff
import Models
import TestSupport
import Testing

/// Losses that are one with their activation, held to the probabilities and logarithms that they replace.
@Suite struct UnfusedLossTests {
  private let logits: (values: [Double], shape: Shape)

  init() {
    var generator = SeededGenerator(3)
    logits = (generator.numbers(12, in: -4...4), [4, 3])
  }

  /// The value of a composition of logits and targets, and its gradient with respect to the logits.
  private func composed(
    targets: [Double], _ composition: (Node, Node) throws -> Node
  ) throws -> (value: Double, gradient: [Double]) {
    let graph = Graph()
    let z = try graph.variable(logits.values, shape: logits.shape)
    let loss = try composition(z, graph.variable(targets, shape: logits.shape))
    return (try loss.value()[0], try loss.gradient(of: z))
  }

  @Test func softmaxCrossEntropyIsTheLogarithmOfTheSoftmax() throws {
    let fused = try evaluate(SoftmaxCrossEntropy(), outputs: logits, targets: ([2, 0, 1, 1], [4]))
    let unfused = try composed(targets: [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0]) { z, t in
      try -(t * (z.exp() / z.exp().sum(axes: [1], keepingAxes: true)).log()).sum() / 4
    }
    #expect(difference([fused.value] + fused.gradient, [unfused.value] + unfused.gradient, within: 1e-14) == nil)
  }

  @Test func binaryCrossEntropyIsTheLogarithmOfTheSigmoid() throws {
    let targets = [0, 1, 1, 0, 1, 0, 0.25, 1, 0, 1, 1, 0]
    let fused = try evaluate(BinaryCrossEntropy(), outputs: logits, targets: (targets, [4, 3]))
    let unfused = try composed(targets: targets) { z, t in
      let p = try 1 / (1 + (-z).exp())
      return try -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    }
    #expect(difference([fused.value] + fused.gradient, [unfused.value] + unfused.gradient, within: 1e-13) == nil)
  }
}
