import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Training on arrays in memory is the same run as training on a file with the same numbers.
@Suite struct ArraysTests {
  /// Bytes, standardized numbers, two classes, regression.
  static let cases = [0, 3, 8, 9].map { WorkerCountTests.cases[$0] }

  @Test(arguments: cases) func theSameNumbersGiveTheSameBits(training: TrainingCase) throws {
    try withScratchDirectory { directory in
      let expected = try trainToEnd(training.configuration(output: "\(directory)/run"))
      let history = History()
      let configuration = try training.configurationInMemory()
      #expect(configuration.output == nil && configuration.data?.path == nil)
      let outcome = try train(
        configuration, on: TrainingArrays(file: Repository.data(training.data)),
        options: RunOptions(workers: 3, starter: ThreadStarter(seed: 1).start), observers: [history])
      #expect(outcome.summary.digest == expected.summary.digest)
      #expect(outcome.summary.measures == expected.summary.measures && outcome.summary.measures.count == 2)
      #expect(outcome.summary.step == expected.summary.step && outcome.summary.epoch == expected.summary.epoch)
      #expect(history.entries == expected.history.entries && history.warnings == expected.history.warnings)
      #expect(outcome.summary.directory == nil && outcome.summary.checkpoint == nil)
      #expect(history.starts.map(\.directory) == [nil] && history.saved.isEmpty)
      #expect(try outcome.parameters() == CheckpointFile.read(expected.checkpoint).parameters)
    }
  }

  @Test func rowsOfNumbersAreWhatAFlatArrayIs() throws {
    let training = WorkerCountTests.cases[3]
    let numbers = (0..<60).map { number in number * number % 17 }
    let labels = (0..<20).map { $0 % 3 }
    let flat = try TrainingArrays(
      inputs: numbers.map { Float($0) }, inputShape: [3], targets: labels.map { UInt8($0) })
    let nested: [[Double]] = (0..<20).map { row in numbers[3 * row..<3 * row + 3].map { Double($0) } }
    let rows = try TrainingArrays(inputs: nested, targets: labels)
    let configuration = try RunConfiguration(
      json: #"{"data": {"preprocessing": ["standardize"]}, \#(training.settings.replacing("32", with: "8"))}"#)
    let digests = try [flat, rows].map { try train(configuration, on: $0).summary.digest }
    #expect(digests[0] == digests[1])
  }

  @Test func aRunWithADirectoryGoesOn() throws {
    try withScratchDirectory { directory in
      let training = Self.cases[1]
      let whole = try trainToEnd(training.configuration(output: "\(directory)/whole"))
      let arrays = try TrainingArrays(file: Repository.data(training.data))
      let configuration = try training.configurationInMemory(output: "\(directory)/run")
      let control = RunControl()
      control.stop()
      let begun = try train(configuration, on: arrays, options: RunOptions(workers: 1, control: control))
      guard case .interrupted(let summary) = begun else {
        Issue.record("\(begun)")
        return
      }
      #expect(summary.step == 1 && summary.checkpoint == "\(directory)/run/checkpoints/step-000000001.h5")

      // Other numbers would be another run.
      let other = try TrainingArrays(
        inputs: [[1.0, 2, 3, 4], [2, 3, 4, 5]], targets: [0, 1],
        test: TrainingArrays.Group(inputs: [[1.0, 2, 3, 4]], targets: [2]))
      let text = try trainerError {
        try train(
          RunConfiguration(
            json: #"{"seed": 3, "data": {"preprocessing": ["standardize"]}, \#(training.settings)}"#
              .replacing(#""batchSize": 32"#, with: #""batchSize": 2"#), output: "\(directory)/run"), on: other)
      }?.message
      #expect(text?.contains("training.batchSize: 32 in the directory, 2 now") == true)
      let changed = try arraysWithOneOtherNumber(training)
      let refusal = try trainerError { try train(configuration, on: changed) }
      #expect(refusal?.message.contains("run on other data: the contents of the arrays are not those") == true)

      // A file with the same numbers is the same data.
      let fromFile = try MovedData.configuration(
        of: "\(directory)/run",
        overrides: [SettingsOverride("data.path=\"\(Repository.data(training.data))\"")])
      let stopped = RunControl()
      stopped.stop()
      let second = try train(fromFile, options: RunOptions(workers: 2, control: stopped))
      #expect(second.summary.step == 2)

      let history = History()
      let rest = try train(configuration, on: arrays, options: RunOptions(workers: 1), observers: [history])
      #expect(rest.summary.digest == whole.summary.digest && history.starts.first?.resumedStep == 2)
      guard case .alreadyFinished(let again) = try train(configuration, on: arrays, observers: []) else {
        // Without a metrics file nothing tells that the run is complete; it goes on from its last step.
        return
      }
      #expect(again.digest == whole.summary.digest)
    }
  }

  private func arraysWithOneOtherNumber(_ training: TrainingCase) throws -> TrainingArrays {
    let file = try HDF5.File.open(at: Repository.data(training.data))
    func group(_ name: String, _ change: Double) throws -> TrainingArrays.Group {
      var inputs = try file.root.dataset("\(name)/inputs").read(as: Double.self)
      inputs[5] += change
      return try TrainingArrays.Group(
        inputs: inputs, inputShape: [4], targets: file.root.dataset("\(name)/targets").read(as: UInt8.self))
    }
    return TrainingArrays(train: try group("train", 0.1), test: try group("test", 0))
  }

  @Test func anInterruptedRunInMemoryHoldsItsModel() throws {
    let control = RunControl()
    control.stop()
    let outcome = try train(
      Self.cases[0].configurationInMemory(), on: TrainingArrays(file: Repository.data("digits")),
      options: RunOptions(workers: 1, control: control))
    guard case .interrupted(let summary) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(summary.step == 1 && summary.reason == "interrupted" && summary.checkpoint == nil)
    #expect(try outcome.predictor().step == 1)
  }

  @Test func aFormulaWithoutDataRunsInMemory() throws {
    let outcome = try train(
      RunConfiguration(
        json: """
          {"parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2 - w[0]*w[1]",
           "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"steps": 200}}
          """))
    let values = try outcome.parameters().first?.doubles ?? []
    #expect(values.count == 2 && values.allSatisfy { abs($0) < 1e-6 })
    let error = try trainerError { try outcome.predictor() }
    #expect(error?.message.hasPrefix("the run 'run': the checkpoint is of a formula") == true)
  }

  @Test func faultsNameTheArrays() throws {
    func message(_ body: () throws -> Void) throws -> String { try trainerError(body)?.message ?? "no error" }
    #expect(
      try message { _ = try TrainingArrays(inputs: [[1.0, 2], [3]], targets: [0, 1]) }
        == "row 1 of the inputs has 1 numbers, but row 0 has 2; all need the same")
    #expect(
      try message { _ = try TrainingArrays(inputs: [[1.0, 2]], targets: [0, 1]) }
        == "the arrays have 1 rows of inputs and 2 of targets; each sample needs one of both")
    #expect(
      try message { _ = try TrainingArrays(inputs: [1.0, 2, 3], inputShape: [2], targets: [0]) }
        == "the inputs have 3 numbers, which are no whole number of rows of the shape [2]")
    func run(_ arrays: TrainingArrays) throws -> String {
      try message { _ = try train(Self.cases[1].configurationInMemory(), on: arrays) }
    }
    let rows = [[1.0, 2], [2, 1], [0, 3]]
    #expect(
      try run(TrainingArrays(inputs: rows, targets: [0, 3, 1]))
        .hasPrefix("the arrays: /train/targets has the class label 3 in row 1 (counted from 0); expected labels from 0")
    )
    #expect(
      try run(TrainingArrays(inputs: [[1.0, .nan]], targets: [0]))
        .hasPrefix("the arrays: /train/inputs has NaN in row 0, column 1"))
    #expect(
      try run(TrainingArrays(inputs: [[Double]](), targets: [Int]())).hasPrefix("the arrays: /train/inputs is empty"))
    #expect(
      try run(TrainingArrays(inputs: rows, targets: [0, 1, 1], features: ["a", "b", "c"]))
        .hasPrefix("the arrays: 3 features are named, but a row of inputs in the group 'train' has 2 numbers"))
  }

  @Test func whatAConfigurationMayLack() throws {
    let training = Self.cases[1]
    let inFile = #"{"data": {"preprocessing": ["standardize"]}, \#(training.settings)}"#
    let missing = try trainerError { try RunConfiguration(text: inFile, source: "x.json", directory: "/") }
    #expect(missing?.message.contains("path") == true && missing?.message.contains("missing") == true)
    let absent = try trainerError { try train(training.configurationInMemory()) }
    #expect(absent?.message.hasPrefix("data.path: the config names no dataset file") == true)
    let best = #"\#(training.settings), "checkpoints": {"best": {"metric": "train.loss"}}"#
    let kept = try trainerError {
      try train(
        RunConfiguration(json: #"{"data": {}, \#(best)}"#),
        on: TrainingArrays(inputs: [[1.0, 2], [2, 1], [0, 3]], targets: [0, 1, 2]))
    }
    #expect(kept?.message.hasPrefix("checkpoints.best: found \"train.loss\", but the run has no \"output\"") == true)
  }

  @Test func aCheckpointOfArraysNeedsADatasetToBeMeasured() throws {
    try withScratchDirectory { directory in
      let training = Self.cases[1]
      let outcome = try train(
        training.configurationInMemory(output: "\(directory)/run"),
        on: TrainingArrays(file: Repository.data(training.data)))
      let path = try #require(outcome.summary.checkpoint)
      #expect(
        try trainerError { try evaluate(checkpoint: path) }?.message
          == "\(path): the model was trained on arrays in memory, so the checkpoint names no dataset; name one")
      let report = try evaluate(checkpoint: path, data: Repository.data(training.data))
      let inMemory = try evaluate(checkpoint: path, on: TrainingArrays(file: Repository.data(training.data)))
      #expect(inMemory.measurement == report.measurement && inMemory.data == "the arrays")
      #expect(outcome.summary.value("loss", of: "test") == report.measurement.loss)
      #expect(outcome.summary.value("loss", of: "validation") == nil)
    }
  }
}
