import Autodiff
import Foundations
import HDF5
import Models
import Optimizers
import Reporting
import TestSupport
import Testing
import Training

/// A layer that holds layers: what they give is added to their input.
private struct Block: Layer {
  static let type = "block"
  var name: String?
  private let inner: [any Layer] = [Dense(units: 64, activation: .tanh), Dense(units: 64)]

  init(from settings: Settings) throws {}
  let json: JSONObject = [:]

  func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
    var y = x
    for (index, layer) in inner.enumerated() { y = try builder.apply(layer, named: "inner\(index + 1)", to: y) }
    return try x + y
  }
}

/// Gradient descent that may stand still, as an app might write it.
private struct Still: OptimizerSettings {
  static let type = "still"
  var learningRate = 0.0
  static let settings: [Setting<Still>] = [
    .number("learningRate", \.learningRate, in: .nonNegative, help: "The step size.")
  ]
  init() {}
  init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Still()) }
  var json: JSONObject { Self.settings.json(of: self) }
  var transformations: [any GradientTransformation] { [] }
}

/// Layers, shapes, parameters, operations and memory, against numbers that were counted by hand.
@Suite struct ModelSummaryTests {
  private let mlp = TrainingCase(
    name: "mlp",
    settings: #"""
      "model": {"layers": [{"type": "dense", "units": 128, "activation": "relu"},
        {"type": "dropout", "rate": 0.5}, {"type": "dense", "units": 10}]},
      "loss": {"type": "softmaxCrossEntropy"}, "optimizer": {"type": "adam"},
      "training": {"epochs": 1, "batchSize": 64, "shards": 4}
      """#)

  @Test func aModelIsCountedAsByHand() throws {
    let summary = try ModelSummary(of: mlp.configuration(output: "/nowhere"), workers: 2)
    #expect(summary.inputShape == [64])
    #expect(summary.layers.map(\.name) == ["dense1", "dropout1", "dense2"])
    #expect(summary.layers.map(\.outputShape) == [[128], [128], [10]])
    // As Keras's and PyTorch's: inputs x units + units.
    #expect(summary.layers.map(\.parameterCount) == [64 * 128 + 128, 0, 128 * 10 + 10])
    #expect(summary.parameterCount == 9610 && summary.trainedCount == 9610)
    // A multiply-add is two, a bias and a function one for each unit.
    #expect(summary.layers.map(\.operations) == [2 * 64 * 128 + 128 + 128, 0, 2 * 128 * 10 + 10])
    #expect(summary.operations.forward == 2 * 64 * 128 + 256 + 2 * 1280 + 10)
    // The products: forward, both weights' gradients, and the gradient of the second layer's inputs.
    let products = 2 * (2 * 64 * 128 + 2 * 1280) + 2 * 1280
    #expect((products...products + products / 20).contains(summary.operations.trainingStep))
    #expect(summary.memory.parameters == 4 * 9610 && summary.memory.optimizerState == 2 * 4 * 9610)
    #expect(summary.batchSize == 64 && summary.shards == 4 && summary.shardSamples == 16)
    // Activations of 16 samples in all layers, at least.
    #expect(summary.memory.shard >= 16 * (128 + 10) * 4 && summary.memory.shard < 1 << 20)
    let run = try #require(summary.memory.run)
    #expect(run > 9 * 4 * 9610 && run < 10 << 20)
  }

  @Test func manyWorkersTakeMoreMemoryAndNoMoreOperations() throws {
    let configuration = try mlp.configuration(output: "/nowhere")
    let (few, many) = (try ModelSummary(of: configuration, workers: 1), try ModelSummary(of: configuration, workers: 9))
    #expect(try #require(many.memory.run) > #require(few.memory.run))
    #expect(many.operations == few.operations)
  }

  /// Numbers that no run could read are no fault of their shapes.
  @Test func elementsOfDataAreNotRead() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      try writeFile(path) { root in
        let values = [Float](repeating: .nan, count: 200)
        try root.createDataset("train/inputs", shape: [20, 5, 2], values: values).close()
        try root.createDataset("train/targets", shape: [20], values: [UInt8](repeating: 1, count: 20)).close()
      }
      var odd = mlp
      odd.data = path
      let configuration = try odd.configuration(output: directory + "/run")
      let summary = try ModelSummary(of: configuration)
      #expect(summary.inputShape == [5, 2] && summary.parameterCount == 10 * 128 + 128 + 1290)
      #expect(summary.batchSize == 20)
      #expect(throws: TrainerError.self) { try train(configuration) }
    }
  }

  @Test func layersWithinLayersStandBelowThem() throws {
    var registries = Registries.standard
    try registries.layers.add(Block.self)
    let path = Repository.data("digits")
    let configuration = try RunConfiguration(
      text: #"""
        {"data": {"path": "\#(path)"}, "model": {"layers": [{"type": "block"}, {"type": "dense", "units": 10}]},
         "loss": {"type": "softmaxCrossEntropy"}, "training": {"epochs": 1, "batchSize": 64}}
        """#, source: "test.json", directory: "/", registries: registries)
    let summary = try ModelSummary(of: configuration)
    #expect(summary.layers.map(\.name) == ["block1", "block1/inner1", "block1/inner2", "dense1"])
    #expect(summary.layers.map(\.depth) == [0, 1, 1, 0])
    #expect(summary.layers.map(\.parameterCount) == [8320, 4160, 4160, 650])
    #expect(summary.parameters.first?.name == "block1/inner1/weight")
    // The sum is the block's own.
    #expect(summary.layers[0].operations == summary.layers[1].operations + summary.layers[2].operations + 64)
    #expect(summary.operations.forward == summary.layers[0].operations + summary.layers[3].operations)
    #expect(summary.text.contains("\n  inner1  dense"), "\(summary.text)")
  }

  @Test func groupsThatDoNotLearnAreNotTrained() throws {
    var registries = Registries.standard
    try registries.optimizers.add(Still.self)
    let configuration = try RunConfiguration(
      text: #"""
        {"data": {"path": "\#(Repository.data("digits"))"},
         "model": {"layers": [{"type": "dense", "units": 128}, {"type": "dense", "units": 10}]},
         "loss": {"type": "softmaxCrossEntropy"}, "training": {"epochs": 1, "batchSize": 64},
         "optimizer": {"type": "still", "learningRate": 1, "groups": [{"match": "dense1/*", "learningRate": 0}]}}
        """#, source: "test.json", directory: "/", registries: registries)
    let summary = try ModelSummary(of: configuration)
    #expect(summary.trainedCount == 1290)
    #expect(summary.parameters.map(\.isTrained) == [false, false, true, true])
    #expect(summary.text.contains("9610, 1290 trained, 8320 not"), "\(summary.text)")
  }

  @Test func aFormulaListsItsParameters() throws {
    let configuration = try RunConfiguration(
      text: #"""
        {"name": "bowl", "parameters": {"w": [-5, 5], "b": 1}, "objective": "w[0]^2 + w[1]^2*b",
         "training": {"steps": 3}}
        """#, source: "bowl.json", directory: "/")
    let summary = try ModelSummary(of: configuration)
    #expect(summary.formula == "w[0]^2 + w[1]^2*b" && summary.layers.isEmpty && summary.inputShape == nil)
    #expect(Set(summary.parameters.map(\.name)) == ["w", "b"] && summary.parameterCount == 3)
    #expect(summary.memory.parameters == 24)
    // Two squares, a product, a sum.
    #expect(summary.operations.forward == 4)
  }

  @Test func aFormulaTakesTheShapesOfItsData() throws {
    let configuration = try RunConfiguration(
      text: #"""
        {"name": "line", "data": {"path": "\#(Repository.data("diabetes"))"}, "parameters": {"w": {"shape": [10], "initializer": {"type": "constant"}}},
         "objective": "(inputs @ w - targets)^2", "training": {"epochs": 1, "batchSize": "full"}}
        """#, source: "line.json", directory: "/")
    let summary = try ModelSummary(of: configuration)
    #expect(summary.parameters.map(\.shape) == [[10]])
    #expect(summary.operations.forward == 2 * 10 + 2)
    #expect(summary.batchSize == 354)
  }

  @Test func aCheckpointIsSummedUpWithoutItsData() throws {
    try withScratchDirectory { directory in
      let configuration = try mlp.configuration(output: directory + "/run")
      let path = try #require(try train(configuration).summary.checkpoint)
      let (model, config) = (
        try ModelSummary(checkpoint: path, workers: 2), try ModelSummary(of: configuration, workers: 2)
      )
      #expect(model.layers.map(\.operations) == config.layers.map(\.operations))
      #expect(model.parameters == config.parameters && model.operations == config.operations)
      #expect(model.memory.run == nil && model.batchSize == 64)
      #expect(try ModelCheckpoint.isModel(path) && ModelCheckpoint.isModel(directory + "/run"))
      #expect(try !ModelCheckpoint.isModel(Repository.config("mlp")) && !ModelCheckpoint.isModel("/nowhere"))
    }
  }
}
