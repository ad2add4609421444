import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A run on a split is the run on a file that has these groups, and the split can be measured again.
@Suite struct SplitRunTests {
  private static let settings = """
    "model": {"layers": [{"type": "dense", "units": 6, "activation": "tanh"}, {"type": "dense", "units": 3}]},
    "loss": "softmaxCrossEntropy", "metrics": ["accuracy", "f1"], "optimizer": {"type": "sgd", "learningRate": 0.2},
    "training": {"epochs": 3, "batchSize": 8, "shards": 2}
    """

  private func configuration(_ path: String?, split: String?, output: String?) throws -> RunConfiguration {
    let data = [
      path.map { #""path": "\#($0)""# }, split.map { #""split": \#($0)"# }, #""preprocessing": ["standardize"]"#,
    ]
    return try RunConfiguration(
      json: #"{"seed": 5, "data": {\#(data.compactMap(\.self).joined(separator: ", "))}, \#(Self.settings)}"#,
      output: output)
  }

  /// Rows of three classes whose columns have another mean and spread towards the end, so that fitting to other rows than
  /// the training group's would show.
  private static let samples: [(inputs: [Double], target: Int)] = (0..<90).map { row in
    let drift = Double(row) / 30
    return (
      [sin(Double(row)) * (1 + drift) + drift, cos(Double(row * row)) - drift, Double(row % 7)], row * row % 7 % 3
    )
  }

  private func write(_ path: String, _ groups: [(name: String, rows: [Int])]) throws {
    try writeFile(path) { root in
      for (name, rows) in groups where !rows.isEmpty {
        let group = try root.createGroup(name)
        try group.createDataset(
          "inputs", shape: [rows.count, 3], values: rows.flatMap { Self.samples[$0].inputs })
        try group.createDataset("targets", shape: [rows.count], values: rows.map { UInt8(Self.samples[$0].target) })
      }
    }
  }

  private func arrays(_ rows: some Collection<Int>) throws -> TrainingArrays.Group {
    try TrainingArrays.Group(
      inputs: rows.flatMap { Self.samples[$0].inputs }, inputShape: [3],
      targets: rows.map { UInt8(Self.samples[$0].target) })
  }

  /// Each fifth of a class is tested.
  private static let tested: [Int] = (0..<3).flatMap { label in
    samples.indices.filter { samples[$0].target == label }.enumerated().filter { $0.offset % 5 == 4 }.map(\.element)
  }.sorted()

  @Test(arguments: [
    (#"{"test": 0.2, "by": "every"}"#, [Int](), tested),
    (#"{"validation": 0.1, "test": 0.2, "by": "order"}"#, Array(63..<72), Array(72..<90)),
    (#"{"folds": 3, "fold": 2, "by": "order"}"#, Array(30..<60), []),
  ])
  func aSplitIsAFileWithTheseGroups(split: String, validation: [Int], test: [Int]) throws {
    try withScratchDirectory { directory in
      let all = Array(Self.samples.indices)
      let train = all.filter { !validation.contains($0) && !test.contains($0) }
      try write("\(directory)/all.h5", [("train", all)])
      try write("\(directory)/parts.h5", [("train", train), ("validation", validation), ("test", test)])
      let parts = try trainToEnd(configuration("\(directory)/parts.h5", split: nil, output: "\(directory)/parts"))
      let whole = try trainToEnd(
        configuration("\(directory)/all.h5", split: split, output: "\(directory)/all"), workers: 3,
        starter: ThreadStarter(seed: 1).start)
      #expect(whole.summary.digest == parts.summary.digest)
      #expect(whole.summary.measures == parts.summary.measures)

      // Arrays are divided as files are.
      let ofArrays = try Training.train(
        configuration(nil, split: split, output: "\(directory)/arrays"), on: TrainingArrays(train: arrays(all)))
      #expect(ofArrays.summary.digest == parts.summary.digest)
      #expect(ofArrays.summary.measures == parts.summary.measures)

      for (group, rows) in [("validation", validation), ("test", test), ("train", train)] where !rows.isEmpty {
        let checkpoint = whole.checkpoint
        let report = try evaluate(checkpoint: checkpoint, group: group)
        #expect(report.samples == rows.count)
        let expected = try evaluate(checkpoint: parts.checkpoint, group: group)
        #expect(report.measurement == expected.measurement)
        if group != "train" {
          #expect(whole.summary.value("loss", of: group) == report.measurement.loss)
          #expect(whole.summary.value("f1", of: group) == report.measurement["f1"])
        }
        // Other data have groups of their own; the arrays that were trained on are divided as they were.
        #expect(try evaluate(checkpoint: checkpoint, data: "\(directory)/all.h5", group: "train").samples == 90)
        let path = try #require(ofArrays.summary.checkpoint)
        let own = try evaluate(checkpoint: path, on: TrainingArrays(train: arrays(all)), group: group)
        #expect(own.measurement == report.measurement)
        #expect(try evaluate(checkpoint: path, on: TrainingArrays(train: arrays(0..<20)), group: "train").samples == 20)
      }
      let message = message {
        _ = try evaluate(checkpoint: whole.checkpoint, data: "\(directory)/all.h5", group: "validation")
      }
      #expect(message.contains("there is no group 'validation'"))
    }
  }

  @Test func aPartThatTheFileHasIsRefused() throws {
    try withScratchDirectory { directory in
      let data = Repository.data("iris")
      for (split, sentence) in [
        (
          #"{"validation": 0.1, "test": 0.1}"#,
          "data.split.test: \(data) has a group 'test' already; leave it out of the "
        ),
        (#"{"validation": 0.001}"#, "data.split leaves no row for 'validation': of 120 rows train 120, validation 0"),
      ] {
        let error = try trainerError {
          try requireTrainable(configuration(data, split: split, output: "\(directory)/run"))
        }
        #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
      }
      // Beside the file's own test group the rest is divided.
      let trained = try trainToEnd(configuration(data, split: #"{"validation": 0.25}"#, output: "\(directory)/run"))
      #expect(trained.summary.measures.map(\.group) == ["train", "validation", "test"])
      #expect(try evaluate(checkpoint: trained.checkpoint, group: "validation").samples == 30)
    }
  }

  @Test func aSplitIsReadAndWrittenOut() throws {
    func split(_ text: String, seed: Int = 5) throws -> JSONValue? {
      let configuration = try configuration("/d.h5", split: text, output: nil)
      let again = try RunConfiguration(json: configuration.resolved.compactText)
      #expect(again.resolved["data"] == configuration.resolved["data"])
      #expect(configuration.data?.split.map { JSONValue.object($0.json) } == configuration.resolved["data"]?["split"])
      return configuration.resolved["data"]?["split"]
    }
    #expect(
      try split(#"{"validation": 0.1}"#)
        == ["validation": 0.1, "by": "random", "stratify": true, "seed": 5])
    #expect(
      try split(#"{"test": 0.5, "by": "every", "stratify": false, "seed": 0}"#)
        == ["test": 0.5, "by": "every", "stratify": false, "seed": 0])
    #expect(
      try split(#"{"folds": 4, "fold": 4, "by": {"column": "site"}}"#)
        == ["folds": 4, "fold": 4, "by": ["column": "site"], "stratify": false, "seed": 5])
    #expect(try configuration("/d.h5", split: nil, output: nil).resolved["data"]?["split"] == nil)
    let regression = try RunConfiguration(
      json:
        #"{"data": {"split": {"test": 0.1}}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "huber"}"#)
    #expect(regression.data?.split?.isStratified == false)
  }

  @Test(arguments: [
    (#"{"validation": 0}"#, "data.split.validation: found 0, expected a number greater than 0 and less than 1"),
    (#"{"validation": 0.5, "test": 0.5}"#, "leave nothing to train on: together they are 1 of the rows"),
    (#"{"validation": 0.5, "folds": 3, "fold": 1}"#, "data.split.validation: found beside \"folds\""),
    (#"{"folds": 3}"#, "\"fold\" is missing: say which of the 3 folds is held out"),
    (#"{"fold": 3}"#, "data.split.fold: found without \"folds\""),
    (#"{"folds": 3, "fold": 4}"#, "data.split.fold: found 4, expected an integer from 1 to 3"),
    (#"{"folds": 1, "fold": 1}"#, "data.split.folds: found 1, expected an integer from 2 to 10000"),
    (#"{"tset": 0.1}"#, "unknown key; did you mean \"test\"?"),
    (#"{"by": "order"}"#, "found no part, expected \"validation\" or \"test\" or both, or \"folds\" and \"fold\""),
    (
      #"{"test": 0.1, "by": "chance"}"#,
      "data.split.by: found \"chance\", expected \"random\", \"order\", \"every\" or {"
    ),
    (#"{"test": 0.1, "by": {"columns": "a"}}"#, "the required key \"column\" is missing; did you mean \"column\"?"),
    (#"{"test": 0.1, "by": "order", "stratify": true}"#, "only a split by \"random\" or \"every\" divides each class"),
    (#"{"tests": 0.1, "test": 0.1}"#, "did you mean \"test\"?"),
  ])
  func faultsAreNamed(split: String, sentence: String) {
    let message = message { _ = try configuration("/d.h5", split: split, output: nil) }
    #expect(message.contains(sentence), "\(message)")
  }

  /// A formula on data is divided by the rows of its datasets.
  @Test func aFormulaIsTrainedOnItsPart() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/line.h5") { root in
        let group = try root.createGroup("train")
        // The second half is another line.
        try group.createDataset("x", shape: [8], values: (0..<8).map { Double($0 % 4) })
        try group.createDataset("y", shape: [8], values: (0..<8).map { $0 < 4 ? Double(2 * $0) : -7 })
      }
      let text = """
        {"data": {"path": "line.h5", "split": {"test": 0.5, "by": "order"}}, "parameters": {"a": 0, "b": 0},
         "objective": "(a * x + b - y)^2", "optimizer": "lbfgs", "training": {"epochs": 20, "batchSize": "full"},
         "output": "run"}
        """
      let outcome = try Training.train(RunConfiguration(text: text, source: "x.json", directory: directory))
      let found = try outcome.parameters().flatMap(\.doubles)
      #expect(difference(found, [2, 0], within: 1e-6) == nil)
      #expect(outcome.summary.measures.map(\.group) == ["train", "test"])
      // At a = 2 and b = 0 the other line's errors are 7, 9, 11 and 13.
      #expect(abs((outcome.summary.value("loss", of: "test") ?? 0) - 105) < 1e-4)
    }
  }
}
