import Foundations
import Models
import TestSupport
import Testing

private func settings(_ text: String) throws -> Settings {
  try Settings(text: text, source: "x.json", directory: "/")
}

/// All types of layers as messages list them.
private let layerTypes = Registry.layers.entries.map { "\"\($0.type)\"" }.joined(separator: ", ")

@Suite struct LayerSettingsTests {
  // What was read is what is written, with defaults and with other values.
  @Test(arguments: [
    #"{"type": "dense", "units": 3}"#,
    #"{"type": "dense", "name": "a", "units": 3, "activation": "gelu", "useBias": false, "weightInitializer": "heNormal"}"#,
    #"{"type": "dense", "units": 3, "activation": {"type": "elu", "alpha": 3}, "biasInitializer": {"type": "normal", "standardDeviation": 3}}"#,
    #"{"type": "dense", "units": 3, "activation": {"type": "leakyRelu", "slope": 3}, "weightInitializer": {"type": "uniform", "limit": 3}}"#,
    #"{"type": "dropout"}"#, #"{"type": "dropout", "name": "b", "rate": 0.25}"#, #"{"type": "layerNormalization"}"#,
    #"{"type": "layerNormalization", "name": "c", "epsilon": 0.1}"#, #"{"type": "prelu"}"#,
    #"{"type": "prelu", "name": "d", "initialSlope": -0.5}"#,
  ])
  func layersAreWrittenBack(text: String) throws {
    let read = try settings(text)
    let layer = try Registry.layers.read(read)
    #expect(JSONValue.object(layer.typedJSON) == read.resolved)
  }

  @Test(arguments: [
    #"{"type": "softmaxCrossEntropy"}"#,
    #"{"type": "softmaxCrossEntropy", "labelSmoothing": 0.1, "classWeights": [1, 2]}"#,
    #"{"type": "binaryCrossEntropy", "labelSmoothing": 0.1, "classWeights": [1, 2]}"#,
    #"{"type": "huber", "delta": 3}"#, #"{"type": "klDivergence"}"#, #"{"type": "poisson"}"#, #"{"type": "quantile"}"#,
    #"{"type": "quantile", "quantile": [0.1, 0.9]}"#,
    #"{"type": "meanSquaredError"}"#, #"{"type": "meanAbsoluteError"}"#,
  ])
  func lossesAreWrittenBack(text: String) throws {
    let read = try settings(text)
    let loss = try Registry.losses.read(read)
    #expect(JSONValue.object(loss.typedJSON) == read.resolved)
  }

  @Test func denseWithDefaults() throws {
    let read = try settings(#"{"type": "dense", "units": 3}"#)
    let dense = try #require(Registry.layers.read(read) as? Dense)
    #expect(dense.name == nil && dense.units == 3 && dense.activation == nil && dense.usesBias)
    #expect(dense.weightInitialization == Initialization(.glorotUniform) && dense.biasInitialization == .zeros)
    #expect(
      read.resolved.compactText
        == #"{"type":"dense","units":3,"activation":"linear","useBias":true,"#
        + #""weightInitializer":{"type":"glorotUniform"},"biasInitializer":{"type":"constant","value":0}}"#)
    let relu = try Registry.layers.read(settings(#"{"type": "dense", "units": 1, "activation": "relu"}"#))
    #expect((relu as? Dense)?.weightInitialization == Initialization(.heUniform))
  }

  @Test func denseWithEverything() throws {
    let dense = try #require(
      Registry.layers.read(
        settings(
          """
          {"type": "dense", "name": "out", "units": 3, "activation": "tanh", "useBias": false,
           "weightInitializer": {"type": "normal", "standardDeviation": 0.3}, "biasInitializer": "lecunNormal"}
          """)) as? Dense)
    #expect(dense.name == "out" && dense.activation == .tanh && !dense.usesBias)
    #expect(dense.weightInitialization == Initialization(.normal, scale: 0.3))
    #expect(dense.biasInitialization == Initialization(.lecunNormal))
  }

  @Test(arguments: [
    ("uniform", "limit", 0.05), ("normal", "standardDeviation", 0.05), ("constant", "value", 0),
  ])
  func initializersWithAScale(type: String, key: String, standard: Double) throws {
    func read(_ text: String) throws -> Initialization { try Initialization(from: settings(text)) }
    let initializer = try #require(Initializer(rawValue: type))
    #expect(try read(#"{"type": "\#(type)"}"#) == Initialization(initializer, scale: standard))
    #expect(try read(#"{"type": "\#(type)", "\#(key)": 2.5}"#) == Initialization(initializer, scale: 2.5))
  }

  @Test func activationsWithSettings() throws {
    func read(_ activation: String) throws -> (Activation?, String) {
      let read = try settings(#"{"type": "dense", "units": 1, "activation": \#(activation)}"#)
      let dense = try Registry.layers.read(read) as? Dense
      return (dense?.activation, read.resolved["activation"]?.compactText ?? "")
    }
    #expect(try read(#""leakyRelu""#) == (.leakyReLU(slope: 0.01), #"{"type":"leakyRelu","slope":0.01}"#))
    #expect(try read(#"{"type": "elu", "alpha": 0.5}"#) == (.elu(alpha: 0.5), #"{"type":"elu","alpha":0.5}"#))
    #expect(try read(#"{"type": "gelu"}"#) == (.gelu, #"{"type":"gelu"}"#))
    #expect(try read(#""geluTanh""#) == (.geluTanh, #""geluTanh""#))
    #expect(throws: TrainerError.self) { try read(#"{"type": "relu", "slope": 1}"#) }
    #expect(throws: TrainerError.self) { try read(#"{"type": "elu", "alpha": 0}"#) }
    #expect(throws: TrainerError.self) { try read("3") }
  }

  @Test func layerNormalization() throws {
    let standard = try settings(#"{"type": "layerNormalization"}"#)
    #expect((try Registry.layers.read(standard) as? LayerNormalization)?.epsilon == 1e-5)
    #expect(standard.resolved.compactText == #"{"type":"layerNormalization","epsilon":1e-05,"axes":1}"#)
  }

  @Test func dropout() throws {
    let standard = try settings(#"{"type": "dropout"}"#)
    #expect((try Registry.layers.read(standard) as? Dropout)?.rate == 0.5)
    #expect(standard.resolved.compactText == #"{"type":"dropout","rate":0.5}"#)
    let named = try Registry.layers.read(settings(#"{"type": "dropout", "rate": 0, "name": "d"}"#)) as? Dropout
    #expect(named?.rate == 0 && named?.name == "d")
  }

  @Test(arguments: [
    (#"{"units": 3}"#, #"x.json:1:1: the required key "type" is missing"#),
    (
      #"{"type": "Dense", "units": 3}"#,
      #"x.json:1:2: type: found the string "Dense", expected one of \#(layerTypes); did you mean "dense"?"#
    ),
    (#"{"type": "dense"}"#, #"x.json:1:1: the required key "units" is missing"#),
    (#"{"type": "dense", "units": 0}"#, "x.json:1:19: units: found 0, expected an integer from 1 to 1000000000000"),
    (
      #"{"type": "dense", "units": 1, "activation": "Relu"}"#,
      #"x.json:1:31: activation: found the string "Relu", expected one of "relu", "leakyRelu", "elu", "#
        + #""gelu", "geluTanh", "silu", "hardSwish", "mish", "softplus", "sigmoid", "tanh", "linear"; "#
        + #"did you mean "relu"?"#
    ),
    (
      #"{"type": "dense", "units": 1, "usebias": true}"#,
      #"x.json:1:31: usebias: unknown key; did you mean "useBias"?"#
    ),
    (
      #"{"type": "dense", "units": 1, "weightInitializer": "he"}"#,
      #"x.json:1:31: weightInitializer: found the string "he", expected one of "glorotUniform", "glorotNormal", "#
        + #""heUniform", "heNormal", "lecunUniform", "lecunNormal", "uniform", "normal", "constant""#
    ),
    (
      #"{"type": "dense", "units": 1, "weightInitializer": {"type": "heNormal", "limit": 1}}"#,
      "x.json:1:73: weightInitializer.limit: unknown key; the valid keys here are type"
    ),
    (
      #"{"type": "dense", "units": 1, "biasInitializer": {"type": "uniform", "limit": 0}}"#,
      "x.json:1:70: biasInitializer.limit: found 0, expected a number greater than 0"
    ),
    (
      #"{"type": "dropout", "rate": 1}"#,
      "x.json:1:21: rate: found 1, expected a number at least 0 and less than 1"
    ),
    (#"{"type": "dropout", "p": 0.5}"#, "x.json:1:21: p: unknown key; the valid keys here are type, name, rate"),
  ])
  func faultsOfLayers(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try Registry.layers.read(settings(text)) }
  }
}

@Suite struct ModelSettingsTests {
  @Test func layersInOrder() throws {
    let read = try settings(
      """
      {"layers": [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dropout", "rate": 0.2},
                  {"type": "dense", "units": 2, "name": "out"}]}
      """)
    let model = try Model(from: read)
    #expect(model.names == ["dense1", "dropout1", "out"])
    #expect(model.layers.map { type(of: $0).type } == ["dense", "dropout", "dense"])
    // The resolved settings describe the same model.
    let again = try Model(from: Settings(text: read.resolved.compactText, source: "y.json", directory: "/"))
    #expect(try again.parameters(inputShape: [3]).layout == model.parameters(inputShape: [3]).layout)
  }

  @Test(arguments: [
    (#"{"layers": []}"#, "x.json:1:2: layers: a model needs at least one layer"),
    (#"{}"#, #"x.json:1:1: the required key "layers" is missing"#),
    (
      #"{"layers": [{"type": "dense", "units": 1, "name": "a"}, {"type": "dense", "units": 1, "name": "a"}]}"#,
      #"x.json:1:2: layers: two layers are named 'a'; give one of them another "name""#
    ),
    (
      #"{"layers": [{"type": "dropout"}, {"type": "dense", "unit": 1}]}"#,
      #"x.json:1:52: layers[1].unit: unknown key, and the required key "units" is missing; did you mean "units"?"#
    ),
    (
      #"{"layers": [{"type": "dropout"}], "layer": 1}"#,
      #"x.json:1:35: layer: unknown key; did you mean "layers"?"#
    ),
  ])
  func faultsOfModels(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try Model(from: settings(text)) }
  }
}

@Suite struct LossSettingsTests {
  @Test func lossesReadTheirSettings() throws {
    let plain = try settings(#"{"type": "softmaxCrossEntropy"}"#)
    let standard = try #require(Registry.losses.read(plain) as? SoftmaxCrossEntropy)
    #expect(standard.labelSmoothing == 0 && standard.classWeights == nil)
    let softmax =
      try Registry.losses.read(
        settings(#"{"type": "softmaxCrossEntropy", "labelSmoothing": 0.1, "classWeights": [1, 0, 2.5]}"#))
      as? SoftmaxCrossEntropy
    #expect(softmax?.labelSmoothing == 0.1 && softmax?.classWeights == [1, 0, 2.5])
    let binary =
      try Registry.losses.read(
        settings(#"{"type": "binaryCrossEntropy", "labelSmoothing": 0.2, "classWeights": [1, 3]}"#))
      as? BinaryCrossEntropy
    #expect(binary?.labelSmoothing == 0.2 && binary?.classWeights == [1, 3])
    #expect(try Registry.losses.read(settings(#"{"type": "meanSquaredError"}"#)) is MeanSquaredError)
  }

  // What is resolved is read back as the same.
  @Test(arguments: [
    #"{"type":"softmaxCrossEntropy","labelSmoothing":0}"#,
    #"{"type":"softmaxCrossEntropy","labelSmoothing":0.1,"classWeights":[1,2]}"#,
    #"{"type":"binaryCrossEntropy","labelSmoothing":0}"#, #"{"type":"meanSquaredError"}"#,
  ])
  func resolvedSettingsAreWhole(text: String) throws {
    let read = try settings(text)
    _ = try Registry.losses.read(read)
    #expect(read.resolved.compactText == text)
  }

  @Test(arguments: [
    (
      #"{"type": "crossEntropy"}"#,
      #"x.json:1:2: type: found the string "crossEntropy", expected one of "softmaxCrossEntropy", "#
        + #""binaryCrossEntropy", "meanSquaredError", "meanAbsoluteError", "huber", "klDivergence", "poisson", "#
        + #""quantile"; did you mean "binaryCrossEntropy"?"#
    ),
    (
      #"{"type": "softmaxCrossEntropy", "labelSmoothing": 1}"#,
      "x.json:1:33: labelSmoothing: found 1, expected a number at least 0 and less than 1"
    ),
    (
      #"{"type": "softmaxCrossEntropy", "classWeights": [1, -1]}"#,
      "x.json:1:53: classWeights[1]: found -1, expected a number at least 0"
    ),
    (
      #"{"type": "softmaxCrossEntropy", "classWeights": [0, 0]}"#,
      "x.json:1:33: classWeights: no weight is greater than 0, so nothing would be learnt"
    ),
    (
      #"{"type": "binaryCrossEntropy", "classWeights": [1, 2, 3]}"#,
      "x.json:1:32: classWeights: binaryCrossEntropy takes the weights of the classes 0 and 1, but there are 3"
    ),
    (
      #"{"type": "meanSquaredError", "labelSmoothing": 0.1}"#,
      "x.json:1:30: labelSmoothing: unknown key; the valid keys here are type"
    ),
  ])
  func faultsOfLosses(text: String, message: String) {
    #expect(throws: TrainerError(.usage, message)) { try Registry.losses.read(settings(text)) }
  }
}
