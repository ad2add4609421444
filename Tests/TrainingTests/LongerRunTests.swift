import Checkpoints
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// A run becomes longer where that changes no step done so far, and is refused with the reason where it would.
@Suite struct LongerRunTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
      "training": {"epochs": 3, "batchSize": 32, "shards": 2}
      """)

  private static func bowl(_ settings: String, output: String) throws -> RunConfiguration {
    try RunConfiguration(
      text: """
        {"parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2 - w[0]*w[1]",
         "optimizer": {"type": "sgd", "learningRate": 0.1}, \(settings), "output": "\(output)"}
        """, source: "bowl.json", directory: "/")
  }

  @Test(arguments: [
    "constant", #"{"type": "step", "every": 2, "gamma": 0.5}"#,
    #"{"type": "plateau", "metric": "train.loss", "patience": 0}"#,
    #"{"type": "exponential", "gamma": 0.9, "warmup": {"epochs": 2}}"#,
  ])
  func aLongerRunIsTheOneThatWasLongFromTheBeginning(schedule: String) throws {
    try withScratchDirectory { directory in
      let setting = "schedule=\(schedule)"
      let long = try trainToEnd(
        Self.softmax.configuration(output: "\(directory)/long", setting, "training.epochs=7"))
      let output = "\(directory)/grown"
      let line = FinishedLine("\(output)/metrics.jsonl")
      _ = try train(
        Self.softmax.configuration(output: output, setting), options: RunOptions(workers: 1), observers: [line])
      let longer = try Self.softmax.configuration(output: output, setting, "training.epochs=7")
      let grown = try trainToEnd(longer)
      #expect(grown.summary.digest == long.summary.digest)
      #expect(grown.history.starts.first?.resumedStep == 12)
      #expect(grown.history.entries == Array(long.history.entries.dropFirst(3)))
      #expect(try RunDirectory(output).storedConfiguration() == longer.shuffling(by: .rows).resolved)
      // Killed between the new config and the first new step: the old end is not taken for the new one.
      let (checkpoints, metrics) = ("\(output)/checkpoints", "\(output)/metrics.jsonl")
      for step in [16, 20, 24, 28] where FileManager.default.fileExists(atPath: "\(checkpoints)/\(name(step))") {
        try FileManager.default.removeItem(atPath: "\(checkpoints)/\(name(step))")
      }
      try #"{"event":"finished","step":12,"digest":"sha256:00"}"#.appending("\n").write(
        toFile: metrics, atomically: true, encoding: .utf8)
      #expect(try trainToEnd(longer).summary.digest == long.summary.digest)
    }
  }

  private func name(_ step: Int) -> String { "step-" + String(format: "%09d", step) + ".h5" }

  @Test func aFormulaCanHaveMoreSteps() throws {
    try withScratchDirectory { directory in
      let long = try trainToEnd(Self.bowl(#""training": {"steps": 30}"#, output: "\(directory)/long"))
      _ = try trainToEnd(Self.bowl(#""training": {"steps": 10}"#, output: "\(directory)/grown"))
      let grown = try trainToEnd(Self.bowl(#""training": {"steps": 30}"#, output: "\(directory)/grown"))
      #expect(grown.summary.digest == long.summary.digest && grown.history.starts.first?.resumedStep == 10)
    }
  }

  @Test(arguments: [
    ("cosine", "cosine"), (#"{"type": "oneCycle"}"#, "oneCycle"), (#"{"type": "polynomial"}"#, "polynomial"),
  ])
  func aScheduleOverTheWholeRunIsAReasonAgainst(schedule: String, type: String) throws {
    try withScratchDirectory { directory in
      let setting = "schedule=\(schedule)"
      let run = "\(directory)/run"
      let checkpoint = try trainToEnd(Self.softmax.configuration(output: run, setting)).checkpoint
      let reason =
        "(training.epochs: 3 in PLACE, 4 now): the schedule '\(type)' depends on the run's length, so the steps done so "
        + "far would have had other learning rates; "
      let longer = try Self.softmax.configuration(output: run, setting, "training.epochs=4")
      let error = try trainerError { try train(longer) }
      #expect(error?.code == .usage)
      #expect(
        error?.message == "\(run): the directory holds a run of another config "
          + reason.replacing("PLACE", with: "the directory") + "choose another directory")
      let elsewhere = try Self.softmax.configuration(output: "\(directory)/new", setting, "training.epochs=4")
      #expect(
        try trainerError { try train(elsewhere, options: RunOptions(resume: .file(checkpoint))) }?.message
          == "\(checkpoint): the checkpoint is of a run of another config "
          + reason.replacing("PLACE", with: "the checkpoint") + "go on with its own config")
    }
  }

  // Without data an epoch is the whole run.
  @Test func aFormulasScheduleByEpochsIsAReasonAgainst() throws {
    try withScratchDirectory { directory in
      func bowl(_ steps: Int) throws -> RunConfiguration {
        try Self.bowl(
          #""schedule": {"type": "exponential", "gamma": 0.5, "warmup": {"epochs": 1}}, "training": {"steps": \#(steps)}"#,
          output: directory)
      }
      _ = try trainToEnd(bowl(10))
      #expect(try trainerError { try train(bowl(20)) }?.message.contains("depends on the run's length") == true)
    }
  }

  @Test func aShorterRunIsAnother() throws {
    try withScratchDirectory { directory in
      _ = try trainToEnd(Self.softmax.configuration(output: "\(directory)/run"))
      for change in ["training.epochs=2", #"training={"steps": 40, "batchSize": 32, "shards": 2}"#] {
        let other = try Self.softmax.configuration(output: "\(directory)/run", change)
        let error = try trainerError { try train(other) }
        #expect(error?.code == .usage && error?.message.contains("a run of another config (training.") == true)
      }
    }
  }
}
