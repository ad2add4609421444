import Checkpoints
import Datasets
import Foundation
import Foundations
import Models
import Optimizers
import TestSupport
import Testing
import Training

/// What a configuration consists of, put together again in Swift.
private func rebuilt(_ read: RunConfiguration) throws -> RunConfiguration {
  let data = read.data.map {
    DataSettings(
      path: $0.path, externalFiles: $0.externalFiles, inputs: $0.inputs, targets: $0.targets,
      weights: $0.weights, split: $0.split, features: $0.features, preprocessing: $0.preprocessing,
      shuffle: $0.shuffle)
  }
  let optimizer = OptimizerConfiguration(
    read.optimizer.settings, clipValue: read.optimizer.clipValue, clipNorm: read.optimizer.clipNorm,
    averageDecay: read.optimizer.averageDecay,
    groups: read.optimizer.groups.map { .init(match: $0.match, settings: $0.settings) })
  let schedule = ScheduleSettings(
    read.schedule.schedule, warmup: read.schedule.warmup.map { Warmup($0.length, $0.unit, start: $0.start) })
  let penalties = PenaltySettings(l1: read.penalties.l1, l2: read.penalties.l2)
  let training =
    data == nil
    ? TrainingSettings(read.training.length)
    : TrainingSettings(
      read.training.length, batchSize: read.training.batchSize, shards: read.training.shards)
  func reference(_ metric: MetricReference) -> MetricReference { MetricReference(metric.group, metric.name) }
  let earlyStopping = read.earlyStopping.map {
    EarlyStoppingSettings(reference($0.metric), patience: $0.patience, minDelta: $0.minDelta, target: $0.target)
  }
  let checkpoints = CheckpointSettings(
    every: read.checkpoints.every, secondsApart: read.checkpoints.secondsApart, retention: read.checkpoints.retention,
    best: read.checkpoints.best.map(reference))
  switch read.objective {
  case .model(let settings):
    return try RunConfiguration(
      name: read.name, seed: read.seed, precision: read.precision, data: try #require(data),
      model: settings.model.layers, loss: settings.loss, metrics: settings.metrics, optimizer: optimizer,
      schedule: schedule, penalties: penalties, training: training, earlyStopping: earlyStopping,
      checkpoints: checkpoints, observers: read.observers, output: read.output)
  case .formula(let settings):
    let formula = FormulaSettings(
      settings.objective, parameters: settings.parameters, direction: settings.direction,
      reduction: settings.reduction)
    return try RunConfiguration(
      name: read.name, seed: read.seed, precision: read.precision, data: data, formula: formula,
      optimizer: optimizer, schedule: schedule, penalties: penalties, training: training,
      earlyStopping: earlyStopping, checkpoints: checkpoints, observers: read.observers, output: read.output)
  }
}

/// Every kind of setting with another value than its default.
private let unusual = [
  """
  {"data": {"path": "d.h5", "features": [
     {"name": ["a", "b"], "transform": [{"type": "impute", "with": 2.5, "indicator": true}, "minMax", "log1p"]},
     {"pattern": "x*", "drop": true},
     {"name": "c", "transform": [{"type": "oneHot", "unknown": "own", "minFrequency": 3, "missing": "error"}]},
     {"kind": "category", "transform": [{"type": "ordinal", "unknown": "error"}, {"type": "impute", "with": "mean"}]},
     {"kind": "date", "transform": [{"type": "parts", "parts": ["year", "hour"]}, "standardize"]},
     {"name": "d", "transform": [{"type": "days", "epoch": "2001-02-28"}, {"type": "clip", "lower": 0, "upper": 0.5}]},
     {"kind": "boolean", "transform": [{"type": "impute", "with": "mostFrequent", "indicator": false}]}]},
   "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError", "training": {"steps": 3},
   "output": "o"}
  """,
  """
  {"name": "a", "seed": 9, "precision": "float64",
   "data": {"path": "d.h5", "externalFiles": true, "inputs": "x", "targets": "y", "weights": "w",
            "split": {"validation": 0.25, "test": 0.125, "by": {"column": "site"}, "seed": 4},
            "preprocessing": [{"type": "oneHot", "columns": [0, 2]}, {"type": "scale", "factor": 2, "offset": 1}, "standardize"]},
   "model": {"layers": [
     {"type": "dense", "name": "first", "units": 7, "activation": {"type": "leakyRelu", "slope": 0.2}, "useBias": false,
      "weightInitializer": {"type": "uniform", "limit": 0.3}, "biasInitializer": {"type": "constant", "value": 2}},
     {"type": "dropout", "rate": 0.3}, {"type": "layerNormalization", "epsilon": 0.01},
     {"type": "dense", "units": 3, "activation": "geluTanh", "weightInitializer": {"type": "normal", "standardDeviation": 2}},
     {"type": "dense", "units": 3, "activation": {"type": "elu", "alpha": 2}}]},
   "loss": {"type": "softmaxCrossEntropy", "labelSmoothing": 0.1, "classWeights": [1, 2, 3]},
   "metrics": ["f1", "accuracy"], "penalties": {"l1": 0.1, "l2": 0.2},
   "optimizer": {"type": "nadam", "learningRate": 0.5, "beta1": 0.8, "momentumDecay": 0.1, "weightDecay": 0.1,
     "decoupledWeightDecay": true, "clipValue": 3, "clipNorm": 2, "averaging": {"decay": 0.5},
     "groups": [{"match": "*/bias", "weightDecay": 0}]},
   "schedule": {"type": "plateau", "metric": "train.loss", "patience": 2, "warmup": {"epochs": 2, "start": 0.1}},
   "training": {"steps": 55, "batchSize": 16, "shards": 3, "shuffle": false},
   "earlyStopping": {"metric": "test.f1", "patience": 4, "minDelta": 0.1, "target": 0.75},
   "checkpoints": {"every": {"seconds": 1.5}, "keep": "all", "keepEveryEpochs": 2, "best": {"metric": "validation.f1"}},
   "observers": ["csv", {"type": "tensorboard", "histograms": {"steps": 5}}], "output": "there"}
  """,
  """
  {"name": "b", "data": {"path": "d.h5"}, "parameters": {"w": [[1, 2], [3, 4.5]], "b": -1,
    "v": {"shape": [2, 3], "initializer": {"type": "normal", "standardDeviation": 2}}, "n": [[[1], [2]]]},
   "objective": "w[0, 0] + b + v[0, 0] + inputs", "direction": "maximize", "reduction": "sum",
   "training": {"epochs": 3, "batchSize": "full"}, "earlyStopping": {}, "checkpoints": {"every": {"steps": 9, "secondsApart": 2.5}}}
  """,
  #"{"name": "c", "data": {"path": "d.h5", "shuffle": {"block": 7, "window": 2}}, "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "huber"}"#,
  #"{"name": "d", "parameters": {"w": 1}, "objective": "w^2", "schedule": "cosine"}"#,
]

@Suite struct SwiftConfigurationTests {
  private static let files: [String] = {
    let names = FileManager.default.enumerator(atPath: "\(Repository.path)/configs")?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted()
  }()

  @Test(arguments: files)
  func aFilesConfigurationCanBeBuiltOfItsParts(name: String) throws {
    let read = try RunConfiguration(file: "\(Repository.path)/configs/\(name)")
    #expect(try rebuilt(read).resolved.prettyText == read.resolved.prettyText)
  }

  @Test func thereAreFiles() { #expect(Self.files.count > 15) }

  @Test(arguments: unusual)
  func everySettingIsEncoded(text: String) throws {
    let read = try RunConfiguration(text: text, source: "x.json", directory: "/home")
    #expect(try rebuilt(read).resolved.prettyText == read.resolved.prettyText)
  }

  @Test func whatIsLeftOutHasTheDefaultsOfAFile() throws {
    let file = try RunConfiguration(
      text: """
        {"name": "n", "data": {"path": "d.h5"}, "loss": "softmaxCrossEntropy",
         "model": {"layers": [{"type": "dense", "units": 1200, "activation": "relu"}, {"type": "dense", "units": 1000}]},
         "training": {"batchSize": 256}, "earlyStopping": {}, "output": "o"}
        """, source: "x.json", directory: FileManager.default.currentDirectoryPath)
    let swift = try RunConfiguration(
      name: "n", data: DataSettings(path: "d.h5"),
      model: [Dense(units: 1200, activation: .relu), Dense(units: 1000)],
      loss: SoftmaxCrossEntropy(), training: TrainingSettings(batchSize: .samples(256)),
      earlyStopping: EarlyStoppingSettings(), output: "o")
    #expect(swift.resolved.prettyText == file.resolved.prettyText)
    // A large model has half as many shards, which only the run's configuration knows.
    #expect(swift.training.shards == 4)
    let alone = try RunConfiguration(
      name: "f", formula: FormulaSettings("w^2", parameters: [.init("w", 3)]), output: "o")
    #expect(alone.training.length == .steps(100) && alone.precision == .float64 && alone.checkpoints.every == nil)
  }

  private static func model(
    _ layers: [any Layer] = [Dense(units: 2)], loss: any Loss = SoftmaxCrossEntropy(),
    metrics: [any Metric] = [], optimizer: OptimizerConfiguration = OptimizerConfiguration(),
    training: TrainingSettings = TrainingSettings(), checkpoints: CheckpointSettings = CheckpointSettings(),
    name: String = "x"
  ) throws -> RunConfiguration {
    try RunConfiguration(
      name: name, data: DataSettings(path: "d.h5"), model: layers, loss: loss, metrics: metrics,
      optimizer: optimizer, training: training, checkpoints: checkpoints, output: "o")
  }

  private static func formula(_ parameters: [FormulaSettings.Parameter], _ text: String = "w") throws
    -> RunConfiguration
  { try RunConfiguration(name: "x", formula: FormulaSettings(text, parameters: parameters), output: "o") }

  private static let modelStart = #"{"data": {"path": "d.h5"}, "output": "o", "#
  private static let modelText = modelStart + #""model": {"layers": [{"type": "dense", "units": 2}]}, "#

  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let swift: @Sendable () throws -> RunConfiguration

    /// - Parameter text: A config with the same fault.
    init(_ text: String, _ swift: @escaping @Sendable () throws -> RunConfiguration) {
      testDescription = text
      self.swift = swift
    }
  }

  private static let faults = [
    Fault(modelStart + #""model": {"layers": [{"type": "dense", "units": 0}]}, "loss": "huber"}"#) {
      try model([Dense(units: 0)], loss: Huber())
    },
    Fault(modelStart + #""model": {"layers": []}, "loss": "huber"}"#) { try model([], loss: Huber()) },
    Fault(
      modelStart
        + #""model": {"layers": [{"type": "dropout", "name": "a", "rate": 0}, {"type": "dropout", "name": "a", "rate": 0}]}, "loss": "huber"}"#
    ) { try model([Dropout(name: "a", rate: 0), Dropout(name: "a", rate: 0)], loss: Huber()) },
    Fault(modelText + #""loss": {"type": "huber", "delta": -1}}"#) { try model(loss: Huber(delta: -1)) },
    Fault(modelText + #""loss": {"type": "softmaxCrossEntropy", "classWeights": [0, 0]}}"#) {
      try model(loss: SoftmaxCrossEntropy(classWeights: [0, 0]))
    },
    Fault(modelText + #""loss": "huber", "metrics": ["r2", "r2"]}"#) {
      try model(loss: Huber(), metrics: [StandardMetric.r2, StandardMetric.r2])
    },
    Fault(modelText + #""loss": "huber", "optimizer": {"type": "sgd", "nesterov": true}}"#) {
      try model(loss: Huber(), optimizer: OptimizerConfiguration(SGD(isNesterov: true)))
    },
    Fault(modelText + #""loss": "huber", "optimizer": {"type": "adam", "clipNorm": 0}}"#) {
      try model(loss: Huber(), optimizer: OptimizerConfiguration(Adam(), clipNorm: 0))
    },
    Fault(
      modelText + #""loss": "huber", "optimizer": {"type": "adam", "groups": [{"match": "*", "type": "sgd"}]}}"#
    ) {
      try model(
        loss: Huber(), optimizer: OptimizerConfiguration(Adam(), groups: [.init(match: "*", settings: SGD())]))
    },
    Fault(modelText + #""loss": "huber", "training": {"epochs": 0}}"#) {
      try model(loss: Huber(), training: TrainingSettings(.epochs(0)))
    },
    Fault(modelText + #""loss": "huber", "training": {"shards": 5000}}"#) {
      try model(loss: Huber(), training: TrainingSettings(shards: 5000))
    },
    Fault(modelText + #""loss": "huber", "checkpoints": {"best": {"metric": "test.r2"}}}"#) {
      try model(loss: Huber(), checkpoints: CheckpointSettings(best: MetricReference(.test, "r2")))
    },
    Fault(modelText + #""loss": "huber", "name": "a/b"}"#) { try model(loss: Huber(), name: "a/b") },
    Fault(#"{"parameters": {}, "objective": "w", "output": "o"}"#) { try formula([]) },
    Fault(#"{"parameters": {"2": 1}, "objective": "w", "output": "o"}"#) { try formula([.init("2", 1)]) },
    Fault(#"{"parameters": {"w": 1}, "objective": " ", "output": "o"}"#) { try formula([.init("w", 1)], " ") },
    Fault(#"{"parameters": {"w": {"shape": [2, 0], "initializer": "constant"}}, "objective": "w", "output": "o"}"#) {
      try formula([.init("w", shape: [2, 0], values: [])])
    },
  ]

  /// The message without where the fault is in a text.
  private func sentence(_ body: () throws -> RunConfiguration) -> String {
    let error = #expect(throws: TrainerError.self) { try body() }
    return (error?.message ?? "none").replacing(#/^(x\.json:\d+:\d+|RunConfiguration): /#, with: "")
  }

  @Test(arguments: faults)
  func faultsAreThoseOfAFile(fault: Fault) {
    let file = sentence {
      try RunConfiguration(text: fault.testDescription, source: "x.json", directory: "/")
    }
    #expect(sentence(fault.swift) == file)
  }

  @Test func faultsThatNoFileCanHave() {
    #expect(
      throws: TrainerError(
        .usage, "RunConfiguration: optimizer.learningRate: found nan, expected a number greater than 0")
    ) { try Self.model(optimizer: OptimizerConfiguration(SGD(learningRate: .nan))) }
    #expect(
      throws: TrainerError(.usage, "RunConfiguration: parameters: 'w' comes twice, name each parameter once")
    ) { try Self.formula([.init("w", 1), .init("w", 2)]) }
  }

  @Test func whatNamesNoFileHasNone() throws {
    let model = try RunConfiguration(model: [Dense(units: 2)], loss: MeanSquaredError())
    #expect(model.name == "run" && model.output == nil && model.data?.path == nil && model.data?.inputs == "inputs")
    #expect(model.resolved["output"] == nil && model.resolved["data"]?["path"] == nil)
    let formula = try RunConfiguration(formula: FormulaSettings("w^2", parameters: [.init("w", 1)]))
    #expect(formula.output == nil && formula.data == nil)
  }
}
