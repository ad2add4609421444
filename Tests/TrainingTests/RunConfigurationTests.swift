import Checkpoints
import Datasets
import Foundation
import Foundations
import Models
import Optimizers
import TestSupport
import Testing
import Training

/// A config with everything that is required and, in place of the last brace, more.
private func model(_ more: String = "") -> String {
  #"{"data": {"path": "d.h5"}, "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy""#
    + (more.isEmpty ? "" : ",\n") + more + "}"
}

private func formula(_ more: String = "") -> String {
  #"{"parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2""# + (more.isEmpty ? "" : ",\n") + more + "}"
}

private func read(_ text: String) throws -> RunConfiguration {
  try RunConfiguration(text: text, source: "c/x.json", directory: "/home/c")
}

private func message(_ text: String) -> String {
  do {
    _ = try read(text)
    return "no error"
  } catch let error as TrainerError {
    return error.code == .usage ? error.message : "code \(error.code)"
  } catch {
    return "another error: \(error)"
  }
}

@Suite struct RunConfigurationTests {
  @Test func everythingElseHasADefault() throws {
    let configuration = try read(model())
    #expect(configuration.name == "x")
    #expect(configuration.seed == 0)
    #expect(configuration.precision == .float32)
    #expect(configuration.data?.path == "/home/c/d.h5")
    #expect(configuration.output == "/home/c/runs/x")
    #expect(configuration.training.length == .epochs(10))
    #expect(configuration.training.batchSize == .samples(32))
    #expect(configuration.checkpoints.every == .epochs(1))
    #expect(configuration.checkpoints.retention == CheckpointRetention(last: 3))
    #expect(configuration.earlyStopping == nil)
    #expect(
      configuration.resolved.prettyText == """
        {
          "name": "x",
          "seed": 0,
          "precision": "float32",
          "data": {
            "path": "/home/c/d.h5",
            "externalFiles": false,
            "inputs": "inputs",
            "targets": "targets",
            "preprocessing": []
          },
          "model": {
            "layers": [
              {
                "type": "dense",
                "units": 2,
                "activation": "linear",
                "useBias": true,
                "weightInitializer": {
                  "type": "glorotUniform"
                },
                "biasInitializer": {
                  "type": "constant",
                  "value": 0
                }
              }
            ]
          },
          "loss": {
            "type": "softmaxCrossEntropy",
            "labelSmoothing": 0
          },
          "metrics": [],
          "penalties": {
            "l1": 0,
            "l2": 0
          },
          "optimizer": {
            "type": "sgd",
            "learningRate": 0.001,
            "momentum": 0,
            "dampening": 0,
            "nesterov": false,
            "weightDecay": 0,
            "groups": []
          },
          "schedule": {
            "type": "constant"
          },
          "training": {
            "epochs": 10,
            "batchSize": 32,
            "shards": 2
          },
          "checkpoints": {
            "every": {
              "epochs": 1,
              "secondsApart": 1
            },
            "keep": 3
          },
          "observers": [],
          "output": "/home/c/runs/x"
        }
        """)
  }

  @Test func everySettingIsRead() throws {
    let configuration = try read(
      """
      {"name": "n", "seed": 7, "precision": "float64",
       "data": {"path": "/d.h5", "inputs": "x", "targets": "y", "preprocessing": [
         {"type": "scale", "factor": 0.5, "offset": 1}, "standardize", {"type": "oneHot", "columns": [2]}]},
       "model": {"layers": [{"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 1}]},
       "loss": {"type": "meanSquaredError"}, "metrics": ["r2", "meanAbsoluteError"], "penalties": {"l1": 0.1, "l2": 0.2},
       "optimizer": {"type": "adam", "learningRate": 0.1}, "schedule": {"type": "cosine", "final": 0.1},
       "training": {"steps": 500, "batchSize": "full", "shards": 4, "shuffle": false},
       "earlyStopping": {"metric": "validation.r2", "patience": 3, "minDelta": 0.001},
       "checkpoints": {"every": {"seconds": 0.5}, "keep": "all", "keepEveryEpochs": 5,
         "best": {"metric": "test.meanAbsoluteError"}},
       "output": "out"}
      """)
    #expect(configuration.name == "n")
    #expect(configuration.seed == 7)
    #expect(configuration.precision == .float64)
    let data = try #require(configuration.data)
    #expect(data.path == "/d.h5" && data.inputs == "x" && data.targets == "y")
    #expect(
      data.preprocessing == [.scale(factor: 0.5, offset: 1), .standardize, .oneHot(columns: [2])])
    guard case .model(let model) = configuration.objective else {
      Issue.record("expected a model")
      return
    }
    #expect(model.model.names == ["dropout1", "dense1"])
    #expect(model.metrics.map(\.name) == ["r2", "meanAbsoluteError"])
    #expect(configuration.penalties.l1 == 0.1 && configuration.penalties.l2 == 0.2)
    #expect(configuration.optimizer.settings is Adam)
    #expect(configuration.schedule.schedule is CosineSchedule)
    #expect(configuration.training.length == .steps(500))
    #expect(configuration.training.batchSize == .full)
    #expect(configuration.training.shards == 4 && configuration.data?.shuffle == SampleOrder.none)
    let stopping = try #require(configuration.earlyStopping)
    #expect(stopping.metric.description == "validation.r2" && stopping.metric.prefersLarger)
    #expect(stopping.patience == 3 && stopping.minDelta == 0.001)
    #expect(configuration.checkpoints.every == .seconds(0.5))
    #expect(configuration.checkpoints.retention == CheckpointRetention(last: nil, everyEpochs: 5))
    #expect(configuration.checkpoints.best?.description == "test.meanAbsoluteError")
    #expect(configuration.checkpoints.best?.prefersLarger == false)
    #expect(configuration.output == "/home/c/out")
  }

  @Test func formulasAreRead() throws {
    let configuration = try read(
      """
      {"parameters": {"w": [-5, 5], "b": 2, "m": [[1, 2, 3], [4, 5, 6]],
         "r": {"shape": [2, 2], "initializer": "normal"}},
       "objective": "b", "direction": "maximize", "checkpoints": {"every": {"steps": 10}, "best": {"metric": "train.loss"}},
       "earlyStopping": {}}
      """)
    guard case .formula(let formula) = configuration.objective else {
      Issue.record("expected a formula")
      return
    }
    #expect(configuration.precision == .float64)
    #expect(configuration.data == nil)
    #expect(formula.parameters.map(\.name) == ["w", "b", "m", "r"])
    #expect(formula.parameters.map(\.shape) == [[2], [], [2, 3], [2, 2]])
    #expect(formula.parameters[2].start == .values([1, 2, 3, 4, 5, 6]))
    #expect(formula.parameters[3].start == .drawn(Initialization(.normal, scale: 0.05)))
    #expect(formula.direction == .maximize && formula.reduction == nil)
    #expect(configuration.training.length == .steps(100))
    #expect(configuration.training.shards == 1 && configuration.training.batchSize == nil)
    #expect(configuration.checkpoints.best?.prefersLarger == true)
    #expect(configuration.earlyStopping?.metric.description == "train.loss")
    #expect(try read(#"{"parameters": {"w": 1}, "objective": "w"}"#).checkpoints.every == nil)
    #expect(configuration.checkpoints.secondsApart == nil)
    let withData = try read(
      #"{"data": {"path": "d.h5"}, "parameters": {"w": 1}, "objective": "w", "reduction": "sum"}"#)
    #expect(withData.data?.targets == nil)
    #expect(withData.training.length == .epochs(10))
  }

  @Test(arguments: [
    model(), model(#""training": {"steps": 5, "batchSize": "full"}, "checkpoints": {"keep": "all"}"#),
    model(#""earlyStopping": {}, "schedule": {"type": "step", "every": 3}, "optimizer": "adam""#),
    formula(), formula(#""data": {"path": "d.h5", "preprocessing": ["standardize"]}"#),
    #"{"parameters": {"w": {"shape": [2], "initializer": "normal"}}, "objective": "w[0]"}"#,
  ])
  func theResolvedConfigReadsBackAsItself(text: String) throws {
    let resolved = try read(text).resolved
    let again = try RunConfiguration(text: resolved.prettyText, source: "config.json", directory: "/elsewhere")
    #expect(again.resolved.prettyText == resolved.prettyText)
  }

  @Test func shardsFollowFromTheConfigAlone() {
    let sizes = [1, 31, 64, 256, 1024, 100_000]
    #expect(sizes.map { TrainingSettings.defaultShards(for: .samples($0)) } == [1, 2, 4, 8, 16, 32])
    #expect(sizes.map { TrainingSettings.defaultShards(for: .samples($0), model: .large) } == [1, 1, 2, 4, 8, 16])
    #expect(
      [1, 15, 16, 32, 64, 128, 4096].map { TrainingSettings.defaultShards(for: .samples($0), model: .sliding) }
        == [1, 1, 2, 4, 8, 16, 32])
    #expect(TrainingSettings.defaultShards(for: .full) == 16)
  }

  @Test func filesOverridesAndOutput() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/my.run.json"
      try Data(model().utf8).write(to: URL(filePath: path))
      let here = FileManager.default.currentDirectoryPath
      let configuration = try RunConfiguration(
        file: path, overrides: [SettingsOverride("data.path=e.h5"), SettingsOverride("seed=3")], output: "there")
      #expect(configuration.name == "my.run")
      #expect(configuration.seed == 3)
      #expect(configuration.data?.path == "\(here)/e.h5")
      #expect(configuration.output == "\(here)/there")
      #expect(configuration.resolved["output"]?.text == "\(here)/there")
    }
  }

  @Test(arguments: [
    (
      "{}",
      #"c/x.json:1:1: required keys are missing, expected "data", "model" and "loss", or "parameters" and "objective""#
    ),
    (#"{"modle": {}}"#, #"c/x.json:1:2: modle: unknown key; did you mean "model"?"#),
    (
      #"{"model": {}, "objective": "w"}"#,
      #"c/x.json:1:15: objective: found beside "model", expected either "model" and "loss" or "parameters" and "objective""#
    ),
    (#"{"model": {}}"#, #"c/x.json:1:1: the required key "data" is missing"#),
    (#"{"data": {}, "model": {}}"#, #"c/x.json:1:2: data: the required key "path" is missing"#),
    (#"{"data": {"path": "d"}, "loss": "x"}"#, #"c/x.json:1:1: the required key "model" is missing"#),
    (
      #"{"data": {"path": "d"}, "model": {"layers": []}}"#,
      "c/x.json:1:35: model.layers: a model needs at least one layer"
    ),
    (#"{"objective": "w"}"#, #"c/x.json:1:1: the required key "parameters" is missing"#),
    (#"{"parameters": {"w": 1}}"#, #"c/x.json:1:1: the required key "objective" is missing"#),
    (#"{"parameters": {}, "objective": "w"}"#, "c/x.json:1:2: parameters: there is none, expected at least one"),
    (#"{"parameters": {"w": 1}, "objective": " "}"#, "c/x.json:1:26: objective: the formula is empty"),
    (
      #"{"parameters": {"1w": 1}, "objective": "w"}"#,
      "c/x.json:1:17: parameters.1w: cannot name a parameter, expected a letter followed by letters, digits and "
        + "underscores"
    ),
    (
      #"{"parameters": {"w": [[1], [2, 3]]}, "objective": "w"}"#,
      "c/x.json:1:17: parameters.w: found [[1], [2, 3]], expected a number, an array of numbers, or an object with "
        + #""shape" and "initializer"; all rows of an array are equally long"#
    ),
    (
      #"{"parameters": {"w": null}, "objective": "w"}"#,
      "c/x.json:1:17: parameters.w: found null, expected a number, an array of numbers, or an object with "
        + #""shape" and "initializer""#
    ),
  ])
  func faultsOfWhatIsRequired(text: String, expected: String) {
    #expect(message(text) == expected)
  }

  @Test(arguments: [
    (#""name": "a/b""#, #"2:1: name: found "a/b", expected the name of a directory, without '/'"#),
    (#""seed": -1"#, "2:1: seed: found -1, expected an integer from 0"),
    (
      #""precision": "float16""#,
      #"2:1: precision: found the string "float16", expected one of "float32", "float64"; did you mean "float32"?"#
    ),
    (
      #""metrics": ["acc"]"#,
      #"2:13: metrics[0]: found the string "acc", expected one of "accuracy", "precision", "recall", "#
        + #""f1", "meanSquaredError", "meanAbsoluteError", "r2", "topKAccuracy", "rocAUC", "averagePrecision", "logLoss", "#
        + #""expectedCalibrationError"; did you mean "accuracy"?"#
    ),
    (#""metrics": ["f1", "f1"]"#, #"2:1: metrics: "f1" comes twice, name each metric once"#),
    (#""penalties": {"l2": -1}"#, "2:15: penalties.l2: found -1, expected a number at least 0"),
    (
      #""training": {"epochs": 1, "steps": 1}"#,
      #"2:14: training.epochs: found beside "steps", expected only one of them"#
    ),
    (#""training": {"epochs": 0}"#, "2:14: training.epochs: found 0, expected an integer from 1 to 1000000000000"),
    (
      #""training": {"batchSize": "all"}"#,
      #"2:14: training.batchSize: found the string "all", expected an integer from 1 to 1000000000000 or "full""#
    ),
    (#""training": {"shards": 5000}"#, "2:14: training.shards: found 5000, expected an integer from 1 to 4096"),
    (#""training": {"epoch": 1}"#, #"2:14: training.epoch: unknown key; did you mean "epochs"?"#),
    (
      #""earlyStopping": {"metric": "loss"}"#,
      #"2:19: earlyStopping.metric: found "loss", expected a group (train, validation, test), a dot and a metric, such "#
        + #"as "validation.loss""#
    ),
    (
      #""earlyStopping": {"metric": "valid.loss"}"#,
      #"2:19: earlyStopping.metric: found "valid.loss", expected a group (train, validation, test), a dot and a metric, "#
        + #"such as "validation.loss"; did you mean "validation"?"#
    ),
    (
      #""earlyStopping": {"metric": "test.accuracy"}"#,
      #"2:19: earlyStopping.metric: found "test.accuracy", but this run measures only loss; add "accuracy" to "metrics" "#
        + "to measure it"
    ),
    (
      #""earlyStopping": {"metric": "test.los"}"#,
      #"2:19: earlyStopping.metric: found "test.los", but this run measures only loss; did you mean "test.loss"?"#
    ),
    (
      #""earlyStopping": {"patience": 0}"#,
      "2:19: earlyStopping.patience: found 0, expected an integer from 1 to 1000000000000"
    ),
    (
      #""checkpoints": {"every": {}}"#,
      #"2:17: checkpoints.every: found none of "epochs", "steps" and "seconds", expected one"#
    ),
    (
      #""checkpoints": {"every": {"steps": 1, "seconds": 1}}"#,
      #"2:17: checkpoints.every: found more than one of "epochs", "steps" and "seconds", expected one"#
    ),
    (
      #""checkpoints": {"every": {"minutes": 1}}"#,
      "2:27: checkpoints.every.minutes: unknown key; the valid keys here are epochs, steps, seconds, secondsApart"
    ),
    (
      #""checkpoints": {"every": {"seconds": 1, "secondsApart": 2}}"#,
      #"2:41: checkpoints.every.secondsApart: goes with epochs or steps; leave it out beside "seconds""#
    ),
    (
      #""checkpoints": {"every": {"steps": 1, "secondsApart": -1}}"#,
      "2:39: checkpoints.every.secondsApart: found -1, expected a number at least 0"
    ),
    (
      #""checkpoints": {"keep": 0}"#,
      #"2:17: checkpoints.keep: found 0, expected an integer from 1 to 1000000000000 or "all""#
    ),
    (#""checkpoints": {"best": {}}"#, #"2:17: checkpoints.best: the required key "metric" is missing"#),
    (
      #""optimizer": "sdg""#,
      #"2:1: optimizer: found the string "sdg", expected one of "sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "radam", "lion", "lamb", "lbfgs"; did you mean "sgd"?"#
    ),
    (
      #""optimizer": {"type": "sgd", "lerningRate": 1}"#,
      #"2:30: optimizer.lerningRate: unknown key; did you mean "learningRate"?"#
    ),
    (#""optimiser": {}"#, #"2:1: optimiser: unknown key; did you mean "optimizer"?"#),
  ])
  func faultsOfModelConfigs(more: String, expected: String) {
    #expect(message(model(more)) == "c/x.json:" + expected)
  }

  @Test(arguments: [
    (#""training": {"epochs": 1}"#, "2:14: training.epochs: unknown key; the valid keys here are steps"),
    (
      #""reduction": "sum""#,
      #"2:1: reduction: there is no "data" whose samples it could join; remove it or add data"#
    ),
    (
      #""direction": "up""#,
      #"2:1: direction: found the string "up", expected one of "minimize", "maximize""#
    ),
    (
      #""checkpoints": {"every": {"epochs": 1}}"#,
      "2:27: checkpoints.every.epochs: unknown key; the valid keys here are steps, seconds, secondsApart"
    ),
    (
      #""checkpoints": {"best": {"metric": "train.accuracy"}}"#,
      #"2:26: checkpoints.best.metric: found "train.accuracy", but this run measures only loss"#
    ),
  ])
  func faultsOfFormulaConfigs(more: String, expected: String) {
    #expect(message(formula(more)) == "c/x.json:" + expected)
  }

  @Test(arguments: [
    (#"{"type": "scale", "factor": "x"}"#, #"factor: found the string "x", expected a number"#),
    (
      #"{"type": "standardise"}"#,
      #"type: found the string "standardise", expected one of "scale", "standardize", "oneHot"; "#
        + #"did you mean "standardize"?"#
    ),
    (#"{"type": "oneHot", "columns": [1, 1]}"#, "columns: a column comes twice, name each once"),
    (#"{"type": "standardize", "factor": 1}"#, "factor: unknown key; the valid keys here are type"),
  ])
  func faultsOfPreprocessing(step: String, expected: String) {
    let text =
      #"{"data": {"path": "d", "preprocessing": [\#(step)]}, "model": {"layers": [{"type": "dense", "units": 1}]}}"#
    #expect(message(text).hasSuffix("data.preprocessing[0]." + expected))
  }

  private func withOrder(_ data: String, _ training: String = "{}") -> String {
    #"{"data": {"path": "d"\#(data)}, "training": \#(training), "loss": "huber", "#
      + #""model": {"layers": [{"type": "dense", "units": 1}]}}"#
  }

  @Test(arguments: [
    (#", "shuffle": "rows""#, "{}", SampleOrder.rows, #""rows""#), (#", "shuffle": "none""#, "{}", .none, #""none""#),
    (
      #", "shuffle": {"window": 1e1, "block": 8192}"#, "{}", .blocks(rows: 8192, window: 10),
      #"{"block": 8192, "window": 10}"#
    ),
    ("", #"{"shuffle": true}"#, .rows, #""rows""#), ("", #"{"shuffle": false}"#, .none, #""none""#),
    (#", "shuffle": "none""#, #"{"shuffle": false}"#, .none, #""none""#),
  ])
  func ordersAreRead(data: String, training: String, order: SampleOrder, resolved: String) throws {
    let configuration = try read(withOrder(data, training))
    #expect(configuration.data?.shuffle == order)
    #expect(configuration.resolved["data"]?["shuffle"]?.lineText == resolved)
    #expect(configuration.resolved["training"]?["shuffle"] == nil)
    #expect(try read(configuration.resolved.prettyText).resolved.prettyText == configuration.resolved.prettyText)
    #expect(configuration.shuffling(by: .blocks(rows: 1, window: 1)).resolved == configuration.resolved)
  }

  @Test func anOrderThatIsLeftOutComesWithTheData() throws {
    let configuration = try read(withOrder(""))
    #expect(configuration.data?.shuffle == nil && configuration.resolved["data"]?["shuffle"] == nil)
    let completed = configuration.shuffling(by: .blocks(rows: 4, window: 8))
    #expect(try read(completed.resolved.prettyText).resolved.prettyText == completed.resolved.prettyText)
    #expect(completed.data?.shuffle == .blocks(rows: 4, window: 8))
    #expect(try read(formula()).shuffling(by: .rows).resolved == read(formula()).resolved)
  }

  @Test(arguments: [
    (
      #""row""#, #": found "row", expected "rows", "none" or an object with "block" and "window"; did you mean "rows"?"#
    ),
    ("true", #": found true, expected "rows", "none" or an object with "block" and "window""#),
    (#"{"block": 0, "window": 1}"#, ".block: found 0, expected an integer from 1 to 1000000000000"),
    (#"{"block": 1, "window": 0.5}"#, ".window: found 0.5, expected an integer from 1 to 1000000000000"),
    (#"{"block": 1, "window": 1, "seed": 1}"#, ".seed: unknown key; the valid keys here are block, window"),
    (
      #"{"block": 1, "windows": 1}"#,
      #".windows: unknown key, and the required key "window" is missing; did you mean "window"?"#
    ),
    (#"{"block": 1}"#, #": the required key "window" is missing"#),
  ])
  func faultsOfOrders(order: String, expected: String) {
    let found = message(withOrder(#", "shuffle": \#(order)"#))
    #expect(found.hasSuffix("data.shuffle" + expected), "\(found)")
  }

  @Test func twoOrdersThatDifferAreRefused() {
    let found = message(withOrder(#", "shuffle": {"block": 2, "window": 3}"#, #"{"shuffle": true}"#))
    #expect(
      found.hasSuffix(
        #"training.shuffle: found true beside {"block": 2, "window": 3} in data.shuffle, which says the same in another "#
          + "way; remove training.shuffle, the old key"), "\(found)")
  }

  @Test func featuresAreReadWithTheirDefaults() throws {
    let configuration = try read(
      """
      {"data": {"path": "/d.h5", "features": [
         {"kind": "number", "transform": ["impute", "standardize"]}, {"name": "Sex", "transform": ["oneHot"]},
         {"pattern": "id*", "drop": true}, {"name": "born", "transform": ["parts"]}]},
       "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError"}
      """)
    let rules = [
      FeatureRule(.kind(.number), [.impute(.median, indicator: .automatic), .standardize]),
      FeatureRule(.names(["Sex"]), [.oneHot(unknown: .ignore, minFrequency: 1, missing: .own)]),
      FeatureRule(.pattern("id*"), nil),
      FeatureRule(.names(["born"]), [.parts([.year, .month, .day, .weekday, .hour])]),
    ]
    #expect(configuration.data?.features == rules)
    let again = try read(configuration.resolved.compactText)
    #expect(again.data?.features == rules && again.resolved == configuration.resolved)
    let entry = configuration.resolved["data"]?["features"]?.elements?[0]["transform"]?.elements?[0]
    #expect(entry == ["type": "impute", "with": "median", "indicator": "auto"])
  }

  @Test(arguments: [
    (#"{"transform": []}"#, #": the entry says for which columns it is by none of "name", "pattern" and "kind""#),
    (#"{"name": "a"}"#, #": the entry has neither "transform" nor "drop": true"#),
    (
      #"{"name": "a", "kind": "number", "drop": true}"#,
      #".kind: found beside "name", expected one of "name", "pattern" and "kind""#
    ),
    (#"{"name": ["a", "a"], "drop": true}"#, #".name: "a" comes twice, name each column once"#),
    (#"{"name": 7, "drop": true}"#, ".name: found 7, expected a column's name or an array of names"),
    (#"{"knd": "number", "drop": true}"#, #".knd: unknown key; did you mean "kind"?"#),
    (
      #"{"name": "a", "drop": true, "transform": ["log1p"]}"#,
      #".transform: found beside "drop": true; remove one of both"#
    ),
    (
      #"{"name": "a", "transform": [{"type": "clip", "lower": 0.99}]}"#,
      #".transform[0].upper: found 0.99, expected more than "lower""#
    ),
    (
      #"{"name": "a", "transform": [{"type": "impute", "with": "mod"}]}"#,
      #".transform[0].with: found "mod", expected "mean", "median", "mostFrequent" or a number"#
    ),
    (
      #"{"name": "a", "transform": [{"type": "days", "epoch": "2001-02-29"}]}"#,
      #".transform[0].epoch: found "2001-02-29", expected a date such as "2001-12-31""#
    ),
    (
      #"{"name": "a", "transform": [{"type": "ordinal", "unknown": "ignore"}]}"#,
      #".transform[0].unknown: found "ignore", expected "own", which is -1, or "error""#
    ),
  ])
  func faultsOfFeatures(entry: String, expected: String) {
    let text =
      #"{"data": {"path": "d", "features": [\#(entry)]}, "model": {"layers": [{"type": "dense", "units": 1}]}}"#
    #expect(message(text).hasSuffix("data.features[0]" + expected), "\(message(text))")
  }
}

extension JSONObject {
  /// The object that a value is; `nil` if it is none.
  fileprivate init?(_ value: JSONValue) {
    guard case .object(let object) = value else { return nil }
    self = object
  }
}

@Suite struct ConfigurationDifferenceTests {
  @Test func onlyWhatMattersIsCompared() throws {
    let stored = try read(model()).resolved
    let same = try read(model(#""name": "other", "output": "o", "observers": ["csv"], "checkpoints": {"keep": 1}"#))
      .resolved
    #expect(ConfigurationDifference(stored: stored, given: same).isEmpty)
    // Data are told by their contents; configs from before there were other files have no key for them.
    var moved = try #require(JSONObject(stored))
    var data = try #require(moved["data"].flatMap(JSONObject.init))
    (data["path"], data["externalFiles"]) = ("/elsewhere/e.h5", nil)
    moved["data"] = .object(data)
    #expect(ConfigurationDifference(stored: stored, given: .object(moved)).isEmpty)
    let other = try read(
      #"""
      {"data": {"path": "e.h5", "preprocessing": ["standardize"]}, "loss": "softmaxCrossEntropy",
       "model": {"layers": [{"type": "dense", "units": 3}, {"type": "dropout"}]},
       "metrics": ["f1"], "training": {"steps": 5}, "earlyStopping": {}}
      """#
    ).resolved
    #expect(
      ConfigurationDifference(stored: stored, given: other).lines == [
        #"data.preprocessing[0]: absent in the directory, {"type": "standardize"} now"#,
        "model.layers[0].units: 2 in the directory, 3 now",
        #"model.layers[1]: absent in the directory, {"type": "dropout", "rate": 0.5} now"#,
        #"metrics: [] in the directory, ["f1"] now"#,
        "training.epochs: 10 in the directory, absent now",
        "training.steps: absent in the directory, 5 now",
        #"earlyStopping: absent in the directory, {"metric": "validation.loss", "patience": 10, "minDelta": 0} now"#,
      ])
  }

  @Test func improvementIsJudgedByDirection() throws {
    let stopping = try #require(
      read(model(#""earlyStopping": {"metric": "test.loss", "minDelta": 0.5}"#)).earlyStopping)
    #expect(stopping.metric.isBetter(1, than: 2, by: 0.5))
    #expect(!stopping.metric.isBetter(1.6, than: 2, by: 0.5))
    #expect(!stopping.metric.isBetter(.nan, than: stopping.metric.worst))
    #expect(stopping.metric.isBetter(1e300, than: stopping.metric.worst))
  }
}
