import Autodiff
import Foundation
import Foundations
import Models
import TestSupport
import Testing

@Suite struct LossTests {
  /// The fixture's loss; `nil` for one that the trainer does not have yet.
  private func loss(named name: String, _ settings: JSONValue) throws -> (any Loss)? {
    guard settings["positiveWeight"] == nil, settings["sampleWeights"] == nil else { return nil }
    let smoothing = settings["labelSmoothing"]?.double ?? 0
    let weights = settings["classWeights"]?.numbers
    switch name {
    case SoftmaxCrossEntropy.type: return SoftmaxCrossEntropy(labelSmoothing: smoothing, classWeights: weights)
    case BinaryCrossEntropy.type: return BinaryCrossEntropy(labelSmoothing: smoothing, classWeights: weights)
    case MeanSquaredError.type: return MeanSquaredError()
    case MeanAbsoluteError.type: return MeanAbsoluteError()
    case Huber.type: return Huber(delta: settings["delta"]?.double ?? 1)
    case KLDivergence.type: return KLDivergence()
    case Poisson.type: return Poisson()
    case Quantile.type:
      let quantiles = Settings(
        json: ["quantile": settings["quantiles"] ?? .null], source: "fixture", directory: "/")
      return try Quantile(from: quantiles)
    default: return nil
    }
  }

  // Value and gradient; among the cases are logits of ±1e4, class weights and label smoothing.
  @Test func valuesAndGradientsEqualPyTorch() throws {
    let cases = try #require(Fixture.read("losses").member("cases").elements)
    var compared: [String: Int] = [:]
    for reference in cases {
      let name = try #require(reference.member("loss").text)
      let settings = try reference.member("settings")
      guard let loss = try loss(named: name, settings) else { continue }
      let inputs = try reference.member("inputs")
      let samples = inputs.shape[0]
      let outputShape = [samples, inputs.values.count / samples]
      let labels = settings["labels"]?.numbers
      let targets = labels ?? (settings["distributions"] ?? settings["targets"])?.numbers ?? []
      let (value, gradient) = try evaluate(
        loss, outputs: (inputs.values, outputShape), targets: (targets, labels == nil ? outputShape : [samples]))
      let title = "\(name), \(try reference.member("name").text ?? "")"
      #expect(difference([value], try reference.member("value").numbers, within: 1e-12, scale: 0) == nil, "\(title)")
      #expect(difference(gradient, try reference.member("gradient").values, within: 1e-12) == nil, "\(title)")
      compared[name, default: 0] += 1
    }
    #expect(
      compared == [
        "softmaxCrossEntropy": 12, "binaryCrossEntropy": 4, "meanSquaredError": 1, "meanAbsoluteError": 1, "huber": 2,
        "klDivergence": 3, "poisson": 1, "quantile": 4,
      ])
  }

  // With class weights they are not: the fixture has both, and PyTorch divides by the samples where targets are rows.
  @Test(arguments: [0, 0.1])
  func oneHotTargetsAreLabels(smoothing: Double) throws {
    let loss = SoftmaxCrossEntropy(labelSmoothing: smoothing)
    var generator = SeededGenerator(1)
    let logits: (values: [Double], shape: Shape) = (generator.numbers(12, in: -5...5), [4, 3])
    let labels = try evaluate(loss, outputs: logits, targets: ([2, 0, 1, 1], [4]))
    let column = try evaluate(loss, outputs: logits, targets: ([2, 0, 1, 1], [4, 1]))
    let oneHot = try evaluate(loss, outputs: logits, targets: ([0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0], [4, 3]))
    #expect(labels.value == column.value && labels.gradient == column.gradient)
    #expect(difference([oneHot.value] + oneHot.gradient, [labels.value] + labels.gradient, within: 1e-15) == nil)
  }

  @Test func hugeLogitsStayFiniteInSinglePrecision() throws {
    func check(_ loss: any Loss, logits: [Float], shape: Shape, targets: [Float], targetShape: Shape, expected: Float)
      throws
    {
      let graph = Graph()
      let z = try graph.input("z", shape: shape)
      let value = try loss.terms(outputs: z, targets: graph.input("t", shape: targetShape)).batchLoss
      let gradient = try graph.gradient(of: value, withRespectTo: [z])[0]
      let results = try graph.evaluate([value, gradient], inputs: ["z": logits, "t": targets])
      #expect(results[0] == [expected])
      #expect(results[1].allSatisfy { $0.isFinite })
    }
    try check(
      SoftmaxCrossEntropy(), logits: [1e4, -1e4, -1e4, 1e4], shape: [2, 2], targets: [0, 0], targetShape: [2],
      expected: 1e4)
    try check(
      BinaryCrossEntropy(), logits: [1e4, -1e4, 1e4, -1e4], shape: [4, 1], targets: [1, 0, 0, 1], targetShape: [4],
      expected: 5e3)
  }

  // Smoothing by ε mixes the targets with 1/2: the loss is that of the targets t (1 − ε) + ε / 2.
  @Test func binarySmoothingMixesTheTargets() throws {
    let logits: (values: [Double], shape: Shape) = ([-2, 0.5, 3], [3, 1])
    let smoothed = try evaluate(BinaryCrossEntropy(labelSmoothing: 0.2), outputs: logits, targets: ([0, 1, 1], [3]))
    let mixed = try evaluate(BinaryCrossEntropy(), outputs: logits, targets: ([0.1, 0.9, 0.9], [3]))
    #expect(difference([smoothed.value] + smoothed.gradient, [mixed.value] + mixed.gradient, within: 1e-15) == nil)
  }

  @Test func weightsAreThoseOfTheTargets() throws {
    let graph = Graph()
    let targets = try graph.input("t", shape: [3])
    func weights(_ loss: any Loss, outputs: Int) throws -> [Double]? {
      let terms = try loss.terms(
        outputs: graph.constant(Array(repeating: 0, count: 3 * outputs), shape: [3, outputs]),
        targets: targets)
      return try terms.sampleWeights.map { try graph.evaluate($0, inputs: ["t": [1, 0, 1]]) }
    }
    #expect(try weights(SoftmaxCrossEntropy(classWeights: [0.25, 3]), outputs: 2) == [3, 0.25, 3])
    #expect(try weights(BinaryCrossEntropy(classWeights: [0.25, 3]), outputs: 1) == [3, 0.25, 3])
    #expect(try weights(SoftmaxCrossEntropy(), outputs: 2) == nil)
    #expect(try weights(BinaryCrossEntropy(), outputs: 1) == nil)
    #expect(try weights(MeanSquaredError(), outputs: 1) == nil)
  }

  @Test func probabilities() throws {
    let graph = Graph()
    let z = try graph.constant([0, log(3.0)], shape: [1, 2])
    let softmax = try #require(try SoftmaxCrossEntropy().probabilities(of: z))
    #expect(difference(try graph.evaluate(softmax), [0.25, 0.75], within: 1e-15) == nil)
    let sigmoid = try #require(try BinaryCrossEntropy().probabilities(of: z))
    #expect(difference(try graph.evaluate(sigmoid), [0.5, 0.75], within: 1e-15) == nil)
    #expect(try MeanSquaredError().probabilities(of: z) == nil)
  }

  // The rates are what predictions and metrics are of.
  @Test func valuesOfOutputs() throws {
    let graph = Graph()
    let z = try graph.constant([0, log(3.0)], shape: [1, 2])
    #expect(difference(try graph.evaluate(Poisson().values(of: z)), [1, 3], within: 1e-15) == nil)
    #expect(try graph.evaluate(MeanSquaredError().values(of: z)) == [0, log(3.0)])
  }

  @Test(arguments: [
    ("0", "found 0, expected a number greater than 0 and less than 1, or a list of them"),
    ("1", "found 1, expected a number greater than 0 and less than 1, or a list of them"),
    ("[]", "found [], expected a number greater than 0 and less than 1, or a list of them"),
    ("[0.5, 2]", "found [0.5,2], expected a number greater than 0 and less than 1, or a list of them"),
    (#""half""#, #"found "half", expected a number greater than 0 and less than 1, or a list of them"#),
  ])
  func faultyQuantiles(text: String, message: String) throws {
    let settings = try Settings(text: "{\"quantile\": \(text)}", source: "x.json", directory: "/")
    let error = #expect(throws: TrainerError.self) { try Quantile(from: settings) }
    #expect(error?.message == "x.json:1:2: quantile: \(message)")
  }

  @Test func quantilesOfAConfig() throws {
    for (text, json) in [
      ("{}", ["quantile": 0.5] as JSONObject), (#"{"quantile": 0.9}"#, ["quantile": 0.9]),
      (#"{"quantile": [0.1, 0.9]}"#, ["quantile": [0.1, 0.9]]), (#"{"quantile": [0.25]}"#, ["quantile": 0.25]),
    ] {
      let settings = try Settings(text: text, source: "x.json", directory: "/")
      #expect(try Quantile(from: settings).json == json)
      #expect(settings.resolved == .object(json))
    }
  }

  @Test func tasks() throws {
    #expect(
      try KLDivergence().task(outputCount: 3, targets: .values(count: 3))
        == .multiclass(classes: 3, oneHotTargets: true))
    #expect(try Poisson().task(outputCount: 1, targets: .integers(0...9)) == .regression(outputs: 1))
    #expect(Poisson().rule(of: .regression(outputs: 1), for: .integers(0...9)) == .nonNegative)
    #expect(try Quantile(0.1, 0.9).task(outputCount: 2, targets: .values(count: 2)) == .regression(outputs: 2))
    #expect(
      try SoftmaxCrossEntropy().task(outputCount: 10, targets: .integers(0...7))
        == .multiclass(classes: 10, oneHotTargets: false))
    #expect(
      try SoftmaxCrossEntropy().task(outputCount: 3, targets: .values(count: 3))
        == .multiclass(classes: 3, oneHotTargets: true))
    #expect(try BinaryCrossEntropy().task(outputCount: 1, targets: .integers(0...1)) == .binary(outputs: 1))
    #expect(try BinaryCrossEntropy().task(outputCount: 4, targets: .values(count: 4)) == .binary(outputs: 4))
    #expect(try MeanSquaredError().task(outputCount: 2, targets: .values(count: 2)) == .regression(outputs: 2))
    #expect(try MeanSquaredError().task(outputCount: 1, targets: .integers(-3...4)) == .regression(outputs: 1))
    #expect(LearningTask.multiclass(classes: 3, oneHotTargets: true).targetCount == 3)
    #expect(LearningTask.multiclass(classes: 3, oneHotTargets: false).targetCount == 1)
    #expect(LearningTask.binary(outputs: 4).targetCount == 4)
  }

  @Test(arguments: [
    (
      SoftmaxCrossEntropy() as any Loss, 1, TargetKind.integers(0...1), ExitCode.usage,
      "softmaxCrossEntropy needs an output for each class, but the model has 1 output; give the last layer more "
        + "units, or use binaryCrossEntropy"
    ),
    (
      SoftmaxCrossEntropy(classWeights: [1, 2]), 3, .integers(0...2), .usage,
      "loss.classWeights has 2 weights, but the model has 3 outputs"
    ),
    (
      SoftmaxCrossEntropy(), 3, .values(count: 4), .usage,
      "softmaxCrossEntropy needs one integer class label or 3 columns of probabilities a sample for a model with 3 "
        + "outputs, but the targets have 4 columns; give the last layer a unit for each of them"
    ),
    (
      SoftmaxCrossEntropy(), 3, .values(count: 1), .data,
      "softmaxCrossEntropy needs one integer class label or 3 columns of probabilities a sample for a model with 3 "
        + "outputs, but the targets have one floating-point number; if these are class labels, add \"labels\": "
        + "\"sorted\" to data, or number the classes from 0"
    ),
    (
      BinaryCrossEntropy(), 2, .integers(0...1), .usage,
      "binaryCrossEntropy with one label a sample needs a model with 1 output, but it has 2"
    ),
    (
      BinaryCrossEntropy(), 1, .values(count: 3), .usage,
      "the targets have 3 columns, but the model has 1 outputs"
    ),
    (
      BinaryCrossEntropy(classWeights: [1, 2]), 3, .values(count: 3), .usage,
      "loss.classWeights of binaryCrossEntropy needs a model with 1 output"
    ),
    (
      KLDivergence(), 3, .integers(0...2), .usage,
      "klDivergence needs 3 columns of probabilities a sample for a model with 3 outputs, but the targets have one whole "
        + "number; for class labels take the loss softmaxCrossEntropy"
    ),
    (
      KLDivergence(), 1, .values(count: 1), .usage,
      "klDivergence needs 2 columns of probabilities a sample for a model with 1 output, but the targets have one number; "
        + "give the last layer a unit for each class"
    ),
    (
      Quantile(0.1, 0.5, 0.9), 2, .values(count: 2), .usage,
      "loss.quantile has 3 quantiles, but the model has 2 outputs; give one for each, and a column of targets for each"
    ),
    (
      MeanSquaredError(), 2, .values(count: 1), .usage,
      "the targets have 1 values a sample, but the model has 2 outputs"
    ),
  ])
  func targetsThatDoNotFit(loss: any Loss, outputs: Int, targets: TargetKind, code: ExitCode, message: String) {
    #expect(throws: TrainerError(code, message)) { try loss.task(outputCount: outputs, targets: targets) }
  }
}
