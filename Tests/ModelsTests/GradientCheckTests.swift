import Autodiff
import Foundations
import Models
import TestSupport
import Testing

// Whole models against central differences: a wrong rule of any operation that layers and losses are made of shows.
@Suite struct GradientCheckTests {
  private static let losses: [(name: String, loss: any Loss, outputs: Int, targets: [Double], targetShape: Shape)] = [
    ("softmax", SoftmaxCrossEntropy(), 3, [0, 2, 1, 1, 0], [5]),
    (
      "softmax, weighted and smoothed", SoftmaxCrossEntropy(labelSmoothing: 0.1, classWeights: [0.5, 2, 1.25]), 3,
      [0, 2, 1, 1, 0], [5]
    ),
    (
      "softmax, distributions", SoftmaxCrossEntropy(), 3, [1, 0, 0, 0.2, 0.3, 0.5, 0, 1, 0, 0, 0.5, 0.5, 0.9, 0, 0.1],
      [5, 3]
    ),
    ("binary", BinaryCrossEntropy(), 1, [0, 1, 1, 0, 1], [5]),
    (
      "binary, weighted and smoothed", BinaryCrossEntropy(labelSmoothing: 0.2, classWeights: [0.5, 3]), 1,
      [0, 1, 1, 0, 1], [5]
    ),
    ("binary, several", BinaryCrossEntropy(), 2, [0, 1, 1, 0, 1, 1, 0.5, 0, 0, 0], [5, 2]),
    ("squares", MeanSquaredError(), 2, [0, 1.5, 1, -2, 0.1, 1, 0.5, 0, 3, 0], [5, 2]),
    ("absolutes", MeanAbsoluteError(), 2, [0, 1.5, 1, -2, 0.1, 1, 0.5, 0, 3, 0], [5, 2]),
    ("huber", Huber(delta: 0.7), 2, [0, 1.5, 1, -2, 0.1, 1, 0.5, 0, 3, 0], [5, 2]),
  ]

  @Test(arguments: Activation.allCases, losses.indices)
  func gradientsEqualCentralDifferences(activation: Activation, lossIndex: Int) throws {
    let (name, loss, outputs, targets, targetShape) = Self.losses[lossIndex]
    let model = try Model([
      Dense(units: 4, activation: activation, biasInitialization: .init(.normal, scale: 0.3)), LayerNormalization(),
      Dropout(rate: 0.3),
      Dense(units: 3, activation: activation, usesBias: false), Dense(units: outputs),
    ])
    let inputs: [Double] = {
      var generator = SeededGenerator(11)
      return generator.numbers(5 * 6)
    }()
    let check = try LossGraph(model, loss, inputs: [5, 2, 3], targets: targetShape)
    let layout = check.parameters.layout
    let start = check.parameters.initialValues(seed: 5)
    func evaluate(_ nodes: [Node], at parameters: [Double]) throws -> [[Double]] {
      try check.graph.evaluate(
        nodes, inputs: ["inputs": inputs, "targets": targets], parameters: parameters, layout: layout,
        randomness: Randomness(seed: 3, step: 1))
    }
    let gradient = try evaluate(check.gradients, at: start).flatMap { $0 }
    let step = 1e-5
    let differences = try start.indices.map { index in
      func loss(_ offset: Double) throws -> Double {
        var moved = start
        moved[index] += offset
        return try evaluate([check.loss], at: moved)[0][0]
      }
      return try (loss(step) - loss(-step)) / (2 * step)
    }
    let scale = differences.map(abs).max() ?? 0
    #expect(scale > 1e-3, "the check would see nothing")
    #expect(difference(gradient, differences, within: 1e-8) == nil, "\(activation), \(name)")
  }
}
