import Autodiff
import Foundation
import Foundations
import Interchange
import Models
import TestSupport
import Testing
import Training

/// ONNX Runtime gives what the predictor does, for every layer, activation and loss, in both precisions.
@Suite struct ONNXLayerTests {
  /// A model that is trained a little.
  struct Case: Sendable {
    let name: String
    let inputShape: [Int]
    /// The layers in front of the last, dense one.
    let layers: String
    /// The outputs of the last layer; `nil` if there is none.
    var outputs: Int? = 3
    var loss = "softmaxCrossEntropy"
    var preprocessing = "[]"
    var targets: @Sendable (Int) -> [Float] = { [Float($0 % 3)] }

    func config(_ precision: String) -> String {
      let last = outputs.map { "\(layers.isEmpty ? "" : ", "){\"type\": \"dense\", \"units\": \($0)}" } ?? ""
      return """
        {"precision": "\(precision)", "seed": 5, "data": {"preprocessing": \(preprocessing)},
        "model": {"layers": [\(layers)\(last)]}, "loss": \(loss.hasPrefix("{") ? loss : "\"\(loss)\""),
        "optimizer": {"type": "adam", "learningRate": 0.01}, "training": {"epochs": 2, "batchSize": 8, "shards": 2}}
        """
    }
  }

  private static let image = [9, 8, 4]
  private static let padded = #"{"type": "convolution", "filters": 4, "kernel": 3, "padding": "same"}"#

  static let layerCases = [
    Case(
      name: "convolution over one axis", inputShape: [12, 4],
      layers: #"""
        {"type": "convolution", "filters": 4, "kernel": 3, "stride": 2, "activation": "relu"},
        {"type": "convolution", "filters": 4, "kernel": 2, "padding": "same", "dilation": 2}
        """#),
    Case(
      name: "convolution over two axes", inputShape: image,
      layers: #"""
        {"type": "convolution", "filters": 4, "kernel": 3, "stride": [2, 1], "padding": "same"},
        {"type": "convolution", "filters": 6, "kernel": 3, "groups": 2, "padding": 2, "dilation": [1, 2]},
        {"type": "convolution", "kernel": 2, "groups": "depthwise"}
        """#),
    Case(
      name: "convolution over three axes", inputShape: [6, 5, 4, 2],
      layers:
        #"{"type": "convolution", "filters": 4, "kernel": [3, 2, 2], "stride": [2, 1, 1], "padding": "same", "groups": 2}"#
    ),
    Case(
      name: "transposed convolution", inputShape: image,
      layers: #"""
        {"type": "transposedConvolution", "filters": 5, "kernel": [3, 2], "stride": [2, 3], "padding": "same"},
        {"type": "transposedConvolution", "filters": 3, "kernel": 2, "dilation": 2, "activation": "tanh"}
        """#),
    Case(
      name: "transposed convolution with output padding", inputShape: [6, 2],
      layers:
        #"{"type": "transposedConvolution", "filters": 3, "kernel": 3, "stride": 2, "padding": 1, "outputPadding": 1}"#),
    Case(
      name: "pooling", inputShape: image,
      layers: #"""
        {"type": "averagePooling", "size": [3, 2], "stride": 2, "padding": "same"},
        {"type": "maxPooling", "size": 2, "stride": 1, "padding": 1}
        """#),
    Case(
      name: "pooling over three axes", inputShape: [6, 5, 4, 2],
      layers: #"""
        {"type": "maxPooling", "size": 2, "stride": [1, 2, 1], "padding": "same"},
        {"type": "averagePooling", "size": [2, 2, 1]}
        """#),
    Case(name: "global mean", inputShape: image, layers: #"\#(padded), {"type": "globalAveragePooling"}"#),
    Case(name: "global maximum", inputShape: [7, 3], layers: #"{"type": "globalMaxPooling"}"#),
    Case(
      name: "shapes", inputShape: image,
      layers: #"""
        {"type": "reshape", "shape": [12, -1, 4]}, {"type": "permute", "axes": [2, 0, 1]},
        {"type": "padding", "before": [1, 0], "after": 2}, {"type": "flatten"}
        """#),
    Case(
      name: "augmentation and upsampling", inputShape: image,
      layers: #"""
        {"type": "randomShift", "most": 1}, {"type": "randomFlip"}, {"type": "randomCrop", "size": 5},
        {"type": "upsampling", "size": [2, 3]}
        """#),
    Case(
      name: "normalization", inputShape: image,
      layers: #"""
        {"type": "batchNormalization"}, {"type": "groupNormalization", "groups": 2},
        {"type": "layerNormalization", "axes": "all"}, {"type": "layerNormalization"}, {"type": "rmsNormalization"},
        {"type": "prelu"}, {"type": "dropout", "rate": 0.3}, {"type": "gaussianNoise", "standardDeviation": 2}
        """#),
    Case(
      name: "normalization of vectors", inputShape: [7],
      layers: #"""
        {"type": "dense", "units": 6, "useBias": false}, {"type": "batchNormalization"}, {"type": "layerNormalization"},
        {"type": "rmsNormalization"}, {"type": "prelu"}
        """#),
    Case(
      name: "containers", inputShape: image,
      layers: #"""
        {"type": "residual", "layers": [\#(padded)]},
        {"type": "parallel", "branches": [{"layers": [\#(padded)]}, {"layers": [{"type": "dropout"}]}]},
        {"type": "repeat", "count": 2, "layers": [\#(padded)]},
        {"type": "parallel", "join": "add", "branches": [{"layers": [\#(padded)]}, {"layers": [\#(padded)]}]},
        {"type": "residual", "layers": [\#(padded)], "shortcut": [\#(padded)]}
        """#),
    Case(
      name: "activations", inputShape: [7],
      layers: [
        "relu", "gelu", "geluTanh", "silu", "hardSwish", "mish", "softplus", "sigmoid", "tanh", "linear", "elu",
        "leakyRelu",
      ].map { #"{"type": "dense", "units": 6}, {"type": "activation", "activation": "\#($0)"}"# }.joined(
        separator: ", ")
        + #", {"type": "activation", "activation": {"type": "elu", "alpha": 2}}"#),
  ]

  static let otherCases = [
    Case(
      name: "mean squared error", inputShape: [5], layers: "", outputs: 1, loss: "meanSquaredError",
      targets: { [Float($0) * 0.37] }),
    Case(
      name: "two targets", inputShape: [5], layers: "", outputs: 2, loss: "huber",
      targets: { [Float($0) * 0.37, Float(-$0) * 0.11] }),
    Case(
      name: "quantile", inputShape: [5], layers: "", outputs: 1, loss: #"{"type": "quantile", "quantile": 0.3}"#,
      targets: { [Float($0) * 0.37] }),
    Case(name: "poisson", inputShape: [5], layers: "", outputs: 1, loss: "poisson"),
    Case(
      name: "two classes", inputShape: [5], layers: "", outputs: 1, loss: "binaryCrossEntropy",
      targets: { [Float($0 % 2)] }),
    Case(
      name: "labels", inputShape: [5], layers: "", outputs: 3, loss: "binaryCrossEntropy",
      targets: { [Float($0 % 2), Float($0 % 3 / 2), 1] }),
    Case(
      name: "shares", inputShape: [5], layers: "", outputs: 3, loss: "klDivergence",
      targets: { $0 % 2 == 0 ? [0.5, 0.25, 0.25] : [0.125, 0.125, 0.75] }),
    Case(
      name: "a class at each position", inputShape: [4, 2],
      layers: #"{"type": "convolution", "filters": 3, "kernel": 3, "padding": "same"}"#, outputs: nil,
      targets: { row in (0..<4).map { Float((row + $0) % 3) } }),
    Case(
      name: "standardized and scaled", inputShape: [3, 2], layers: "",
      preprocessing: #"["standardize", {"type": "scale", "factor": 0.5, "offset": 3}]"#),
    Case(
      name: "far from 0", inputShape: [4], layers: "",
      preprocessing: #"[{"type": "scale", "factor": 3, "offset": 5000}, "standardize"]"#),
  ]

  @Test func everyLayerIsInACase() {
    let text = Self.layerCases.map(\.layers).joined() + #""type": "dense""#
    for type in Registries.standard.layers.entries.map(\.type) {
      #expect(text.contains(#""type": "\#(type)""#), "\(type)")
    }
    for activation in Activation.allCases { #expect(text.contains(#""\#(activation.type)""#), "\(activation.type)") }
    let losses = Self.otherCases.map(\.loss).joined() + "softmaxCrossEntropy meanAbsoluteError"
    for type in Registries.standard.losses.entries.map(\.type) { #expect(losses.contains(type), "\(type)") }
  }

  @Test(.enabled(if: ONNXRuntime.isThere, "Python has no onnxruntime"), arguments: ["float32", "float64"])
  func onnxRuntimeGivesWhatThePredictorDoes(precision: String) throws {
    try withScratchDirectory { directory in
      var runs: [(model: String, rows: String)] = []
      var expected: [Predictions] = []
      let cases = Self.layerCases + Self.otherCases
      for (number, small) in cases.enumerated() {
        let checkpoint = try SmallRuns.checkpoint(
          small.config(precision), inputShape: small.inputShape, targets: small.targets,
          in: "\(directory)/run\(number)")
        let (model, rows) = ("\(directory)/\(number).onnx", "\(directory)/\(number).json")
        let report = try export(checkpoint: checkpoint, to: model, as: .onnx)
        #expect(report.inputs.map(\.name) == ["inputs"], "\(small.name)")
        let inputs = SmallRuns.rows(11, small.inputShape)
        try Data(JSONValue.array(inputs.map { .number(Double($0)) }).compactText.utf8).write(to: URL(filePath: rows))
        expected.append(try Predictor(checkpoint: checkpoint).predict(rows: inputs))
        runs.append((model, rows))
      }
      for ((small, result), expected) in try zip(zip(cases, ONNXRuntime.run(runs)), expected) {
        let name = "\(small.name), \(precision)"
        guard let classes = expected.classes else {
          #expect(distance(result.numbers("prediction"), expected.outputs) < 1e-5, "\(name)")
          continue
        }
        #expect(distance(result.numbers("logits"), expected.outputs) < 1e-5, "\(name)")
        #expect(result.numbers("prediction") == classes.map(Double.init), "\(name)")
        var probabilities = result.numbers("probabilities")
        // Of two classes both are given, and a predictor gives the second's.
        if small.outputs == 1 {
          probabilities = probabilities.map { all in all.indices.filter { $0 % 2 == 1 }.map { all[$0] } }
        }
        #expect(distance(probabilities, expected.probabilities) < 1e-5, "\(name)")
      }
    }
  }

  /// Scales by a number that is known when the graph is made, and adds a square: made of operations, as an app's layers are.
  private struct OwnLayer: Layer {
    static let type = "own"
    let name: String?
    init(from settings: Settings) throws { name = try settings.optionalString("name", help: "The name.") }
    var json: JSONObject { [:] }
    func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
      let scale = try builder.parameter("scale", shape: [], initialization: .zeros, in: x.graph)
      let places = try x.graph.constant([2, 0], shape: [2])
      let count = try x.graph.constant(0.25).broadcast(to: x.shape)
      return try concatenate(
        [
          x.gather(places, axis: 1) * scale, x.argmax().reshape([x.shape[0]]).oneHot(count: 4), x.square() + count,
          x.elements([.range(), .range(step: -2)]),
        ],
        axis: 1)
    }
  }

  /// Adds up what indices of its input name, for which ONNX has no plain operator.
  private struct AddingLayer: Layer {
    static let type = "adding"
    let name: String?
    init(from settings: Settings) throws { name = try settings.optionalString("name", help: "The name.") }
    var json: JSONObject { [:] }
    func apply(to x: Node, _ builder: LayerBuilder) throws -> Node {
      let places = try x.graph.constant([0, 1, 0, 1, 0], shape: [5])
      return try x.scatterAdd(places, extent: 2, axis: 1)
    }
  }

  /// The mean over the samples that are computed together.
  private struct CouplingLayer: Layer {
    static let type = "coupling"
    let name: String?
    init(from settings: Settings) throws { name = try settings.optionalString("name", help: "The name.") }
    var json: JSONObject { [:] }
    func apply(to x: Node, _ builder: LayerBuilder) throws -> Node { try x - x.mean(axes: [0], keepingAxes: true) }
  }

  @Test(.enabled(if: ONNXRuntime.isThere, "Python has no onnxruntime"))
  func layersOfAnAppAreExportedToo() throws {
    var registries = Registries.standard
    try registries.layers.add(OwnLayer.self)
    try withScratchDirectory { directory in
      let small = Case(name: "own", inputShape: [5], layers: #"{"type": "own"}"#)
      let checkpoint = try SmallRuns.checkpoint(
        small.config("float32"), inputShape: [5], registries: registries, in: "\(directory)/run")
      let (model, rows) = ("\(directory)/own.onnx", "\(directory)/rows.json")
      _ = try export(checkpoint: checkpoint, to: model, as: .onnx, registries: registries)
      let inputs = SmallRuns.rows(7, [5])
      try Data(JSONValue.array(inputs.map { .number(Double($0)) }).compactText.utf8).write(to: URL(filePath: rows))
      let expected = try Predictor(checkpoint: checkpoint, registries: registries).predict(rows: inputs)
      let result = try #require(try ONNXRuntime.run([(model, rows)]).first)
      #expect(distance(result.numbers("probabilities"), expected.probabilities) < 1e-5)
    }
  }

  @Test func whatHasNoFormInONNXIsNamed() throws {
    var registries = Registries.standard
    try registries.layers.add(AddingLayer.self)
    try registries.layers.add(CouplingLayer.self)
    try withScratchDirectory { directory in
      for (type, parts) in [
        ("adding", ["layer 'residual1/inner'", "'scatterAdd' has no counterpart in ONNX", "safetensors"]),
        ("coupling", ["layer 'residual1/inner'", "samples"]),
      ] {
        let small = Case(
          name: type, inputShape: [5],
          layers: #"""
            {"type": "residual", "layers": [{"type": "\#(type)", "name": "inner"}, {"type": "dense", "units": 5}]}
            """#)
        let checkpoint = try SmallRuns.checkpoint(
          small.config("float32"), inputShape: [5], registries: registries, in: "\(directory)/\(type)")
        let output = "\(directory)/\(type).onnx"
        let error = try trainerError {
          try export(checkpoint: checkpoint, to: output, as: .onnx, registries: registries)
        }
        #expect(error?.code == .usage)
        for part in parts { #expect(error?.message.contains(part) == true, "\(error?.message ?? "none")") }
        #expect(!FileManager.default.fileExists(atPath: output))
      }
    }
  }
}
