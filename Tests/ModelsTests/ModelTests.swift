import Autodiff
import Foundation
import Foundations
import Models
import TestSupport
import Testing

@Suite struct ModelTests {
  @Test func layersAreNamedByTypeAndOrdinal() throws {
    let model = try Model([
      Dense(units: 4), Dropout(rate: 0.1), Dense(name: "middle", units: 3), Dropout(rate: 0.1), Dense(units: 2),
    ])
    #expect(model.names == ["dense1", "dropout1", "middle", "dropout2", "dense3"])
  }

  @Test(arguments: [
    (
      [Dense(name: "a", units: 1), Dense(name: "a", units: 1)] as [any Layer],
      #"two layers are named 'a'; give one of them another "name""#
    ),
    (
      [Dense(units: 1), Dense(name: "dense1", units: 1)],
      #"two layers are named 'dense1'; give one of them another "name""#
    ),
    (
      [Dense(name: "a/b", units: 1)],
      "'a/b' cannot name a layer: names become HDF5 groups and must not contain '/'"
    ),
    ([Dense(name: "", units: 1)], "'' cannot name a layer: names become HDF5 groups and must not contain '/'"),
    ([Dropout(name: ".", rate: 0)], "'.' cannot name a layer: names become HDF5 groups and must not contain '/'"),
  ])
  func faultsOfNames(layers: [any Layer], message: String) {
    #expect(throws: TrainerError(.usage, message)) { try Model(layers) }
  }

  @Test func theLayoutIsInLayerOrderWeightBeforeBias() throws {
    let model = try Model([
      Dense(units: 4, activation: .relu), Dropout(rate: 0.5), Dense(name: "out", units: 3),
      Dense(units: 2, usesBias: false),
    ])
    let parameters = try model.parameters(inputShape: [2, 5])
    var expected = ParameterLayout()
    expected.append(name: "dense1/weight", shape: [10, 4])
    expected.append(name: "dense1/bias", shape: [4])
    expected.append(name: "out/weight", shape: [4, 3])
    expected.append(name: "out/bias", shape: [3])
    expected.append(name: "dense3/weight", shape: [3, 2])
    #expect(parameters.layout == expected)
    #expect(parameters.layout.count == 65)
    #expect(parameters.outputShape == [2])
  }

  @Test func firstValuesFollowEachLayersInitialization() throws {
    let model = try Model([
      Dense(units: 50, activation: .relu), Dense(units: 50, activation: .tanh),
      Dense(
        units: 2, weightInitialization: .init(.constant, scale: 7), biasInitialization: .init(.constant, scale: -1)),
    ])
    let parameters = try model.parameters(inputShape: [100])
    let values = parameters.initialValues(seed: 3)
    #expect(values.count == parameters.layout.count)
    func extent(_ name: String) throws -> Double {
      values[try #require(parameters.layout[name]).range].map(abs).max() ?? 0
    }
    // He's limit after ReLU, else Glorot's.
    let (he, glorot) = ((6 / 100.0).squareRoot(), (6 / 100.0).squareRoot())
    #expect(try extent("dense1/weight") <= he && extent("dense1/weight") > 0.99 * he)
    #expect(try extent("dense2/weight") <= glorot && extent("dense2/weight") > 0.99 * glorot)
    #expect(try extent("dense1/bias") == 0)
    #expect(Set(values.suffix(102)) == [7, -1])
    #expect(parameters.initialValues(seed: 3) == values)
    #expect(parameters.initialValues(seed: 4) != values)
  }

  @Test func denseComputesItsFormula() throws {
    let weight: [Double] = [1, -2, 0.5, 3, 0, -1]
    let bias: [Double] = [0.25, -0.5]
    let inputs: [Double] = [1, 2, 3, -1, 0.5, 4]
    for activation in Activation.allCases {
      let model = try Model([Dense(units: 2, activation: activation)])
      let graph = Graph()
      let output = try model.apply(to: graph.input("x", shape: [2, 3, 1]), isTraining: true)
      #expect(output.shape == [2, 2])
      let found = try graph.evaluate(
        output, inputs: ["x": inputs], parameters: weight + bias,
        layout: model.parameters(inputShape: [3, 1]).layout)
      let sums = Naive.multiply(inputs, weight, rows: 2, columns: 2, depth: 3).enumerated().map { $1 + bias[$0 % 2] }
      let expected = sums.map { x in
        switch activation {
        case .relu: max(x, 0)
        case .leakyReLU(let slope): x > 0 ? x : slope * x
        case .elu(let alpha): x > 0 ? x : alpha * expm1(x)
        case .gelu: x / 2 * erfc(-x / 2.0.squareRoot())
        case .geluTanh: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .silu: x / (1 + exp(-x))
        case .hardSwish: x * min(max(x + 3, 0), 6) / 6
        case .mish: x * tanh(log1p(exp(x)))
        case .softplus: log1p(exp(x))
        case .sigmoid: 1 / (1 + exp(-x))
        case .tanh: tanh(x)
        case .linear: x
        }
      }
      #expect(difference(found, expected, within: 1e-15) == nil, "\(activation)")
    }
  }

  @Test func samplesOfAnyRankAreFlattened() throws {
    let model = try Model([Dense(units: 2)])
    #expect(try model.parameters(inputShape: [28, 28]).layout["dense1/weight"]?.shape == [784, 2])
    #expect(try model.parameters(inputShape: []).layout["dense1/weight"]?.shape == [1, 2])
  }

  @Test func dropoutActsInTrainingOnly() throws {
    let model = try Model([Dropout(rate: 0.25), Dropout(rate: 0.5)])
    let graph = Graph()
    let x = try graph.input("x", shape: [100, 40])
    let ones = [Float](repeating: 1, count: 4000)
    func run(isTraining: Bool, _ randomness: Randomness) throws -> [Float] {
      try graph.evaluate(
        [model.apply(to: x, isTraining: isTraining)], inputs: ["x": ones], randomness: randomness)[0]
    }
    #expect(try run(isTraining: false, Randomness(seed: 1)) == ones)
    let first = try run(isTraining: true, Randomness(seed: 1))
    // Each layer has a mask of its own: 3/4 · 1/2 of the elements are left, scaled by 4/3 · 2.
    #expect(Set(first) == [0, Float(1 / 0.75) * 2])
    let kept = Double(first.filter { $0 != 0 }.count) / 4000
    let deviation = (0.375 * 0.625 / 4000).squareRoot()
    #expect(abs(kept - 0.375) < 5 * deviation)
    #expect(try run(isTraining: true, Randomness(seed: 1)) == first)
    #expect(try run(isTraining: true, Randomness(seed: 2)) != first)
    #expect(try run(isTraining: true, Randomness(seed: 1, step: 1)) != first)
  }

  // A sample's mask depends on its place in the batch, not on the shard that computes it.
  @Test func dropoutMasksDoNotDependOnShards() throws {
    let model = try Model([Dense(units: 3, activation: .tanh), Dropout(rate: 0.5)])
    var generator = SeededGenerator(1)
    let inputs: [Float] = generator.numbers(10 * 4)
    let parameters = try model.parameters(inputShape: [4])
    let values = parameters.initialValues(seed: 1).map { Float($0) }
    func run(_ samples: Range<Int>) throws -> [Float] {
      let graph = Graph()
      let output = try model.apply(to: graph.input("x", shape: [samples.count, 4]), isTraining: true)
      return try graph.evaluate(
        [output], inputs: ["x": Array(inputs[samples.lowerBound * 4..<samples.upperBound * 4])], parameters: values,
        layout: parameters.layout, randomness: Randomness(seed: 9, step: 2, firstSample: UInt64(samples.lowerBound)))[0]
    }
    let whole = try run(0..<10)
    for cut in [1, 3, 7] { #expect(try run(0..<cut) + run(cut..<10) == whole, "cut at \(cut)") }
    #expect(whole.contains(0))
  }

  // A model without a dense layer leaves its inputs' shape; losses need a row of outputs for each sample.
  @Test(arguments: [[5], [5, 2, 3]])
  func lossesNeedRowsOfOutputs(shape: [Int]) throws {
    let losses: [any Loss] = [SoftmaxCrossEntropy(), BinaryCrossEntropy(), MeanSquaredError()]
    for loss in losses {
      let graph = Graph()
      let outputs = try Model([Dropout(rate: 0.5)]).apply(to: graph.input("x", shape: shape), isTraining: true)
      let message =
        "\(type(of: loss).type) takes one row of outputs a sample, but the model's outputs have the shape "
        + "\(Array(shape.dropFirst())) a sample; end the model with a dense layer"
      #expect(throws: TrainerError(.usage, message)) {
        try loss.terms(outputs: outputs, targets: graph.input("t", shape: shape))
      }
    }
  }
}
