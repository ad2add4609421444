import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// A checkpoint alone is enough to measure and to predict.
@Suite struct PredictTests {
  @Test func evaluationGivesTheMeasuresOfTraining() throws {
    try withTrainedRun("softmax") { run in
      let result = try TrainerBinary.run("evaluate", run.newestCheckpoint, "--format", "json")
      #expect(result.status == 0, "\(result.errors)")
      let report = try JSONDocument(text: result.output, source: "standard output").root
      #expect(report["metrics"] == run.lastEpoch["test"])
      #expect(report["group"]?.text == "test" && report["samples"]?.int == 355)
      // Of the 355 samples, those on the confusion matrix's diagonal were predicted right.
      let matrix = try #require(report["confusion"]?.elements)
      let right = matrix.enumerated().reduce(0) { $0 + ($1.element.elements?[$1.offset].int ?? 0) }
      #expect(Double(right) / 355 == run.lastEpoch["test"]?["accuracy"]?.double)
      let text = try TrainerBinary.run("evaluate", run.newestCheckpoint).output
      #expect(text.contains("355 samples") && text.contains("\n  accuracy  0.9"), "\(text)")
      let train = try TrainerBinary.run("evaluate", run.newestCheckpoint, "--group", "train", "--workers", "3")
      #expect(train.output.contains("1442 samples"))
    }
  }

  @Test func predictionsOfClassesAgreeWithTheAccuracy() throws {
    try withTrainedRun("softmax") { run in
      let output = run.directory + "/predictions.h5"
      let result = try TrainerBinary.run(
        "predict", run.newestCheckpoint, Repository.data("digits"), "--group", "test", "--output", output)
      #expect(result.output == "\(output): predictions and probabilities for 355 samples\n", "\(result.errors)")
      let file = try HDF5.File.open(at: output)
      let predictions = try file.root.dataset("predictions").read(as: Int.self)
      let probabilities = try file.root.dataset("probabilities").read(as: Double.self)
      let targets = try HDF5.File.open(at: Repository.data("digits")).root.dataset("test/targets").read(as: Int.self)
      #expect(predictions.count == 355 && probabilities.count == 3550)
      let right = zip(predictions, targets).count { $0 == $1 }
      #expect(Double(right) / 355 == run.lastEpoch["test"]?["accuracy"]?.double)
      for (row, prediction) in predictions.enumerated() {
        let values = probabilities[10 * row..<10 * row + 10]
        #expect(abs(values.reduce(0, +) - 1) < 1e-5)
        #expect(values.max() == values[10 * row + prediction])
      }
    }
  }

  @Test func predictionsOfNumbersAgreeWithTheError() throws {
    try withTrainedRun("linear") { run in
      // Inputs at the root, as files of new data have them.
      let source = try HDF5.File.open(at: Repository.data("diabetes")).root
      let input = run.directory + "/new.h5"
      let file = try HDF5.File.create(at: input)
      try file.root.createDataset(
        "inputs", shape: [88, 10], values: source.dataset("test/inputs").read(as: Double.self)
      )
      .close()
      try file.close()
      let output = run.directory + "/predictions.h5"
      let result = try TrainerBinary.run("predict", run.newestCheckpoint, input, "--output", output)
      #expect(result.output == "\(output): predictions for 88 samples\n", "\(result.errors)")
      let root = try HDF5.File.open(at: output).root
      #expect(try root.memberNames() == ["predictions"])
      let predictions = try root.dataset("predictions").read(as: Double.self)
      let targets = try source.dataset("test/targets").read(as: Double.self)
      let error = zip(predictions, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 88
      let loss = try #require(run.lastEpoch["test"]?["loss"]?.double)
      #expect(abs(error - loss) < 1e-4 * loss)
    }
  }

  @Test func predictionsOfYesOrNoAgreeWithTheAccuracy() throws {
    try withTrainedRun("logistic") { run in
      let output = run.directory + "/predictions.h5"
      try TrainerBinary.run(
        "predict", run.newestCheckpoint, Repository.data("breast-cancer"), "--group", "train", "--output", output)
      let root = try HDF5.File.open(at: output).root
      let predictions = try root.dataset("predictions").read(as: Int.self)
      let probabilities = try root.dataset("probabilities").read(as: Double.self)
      #expect(predictions.count == 456 && probabilities.count == 912)
      for (row, prediction) in predictions.enumerated() {
        #expect((prediction == 1) == (probabilities[2 * row + 1] > 0.5))
        #expect(abs(probabilities[2 * row] + probabilities[2 * row + 1] - 1) < 1e-6)
      }
    }
  }

  private func withTrainedRun(_ config: String, _ body: (Run) throws -> Void) throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        "run", Repository.config(config), "--output", directory + "/run", "--quiet", "--set", "training.epochs=12")
      #expect(result.status == 0, "\(result.errors)")
      try body(Run(directory + "/run"))
    }
  }
}
