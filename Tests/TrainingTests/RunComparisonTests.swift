import Checkpoints
import Foundation
import Foundations
import Reporting
import TestSupport
import Testing
import Training

/// Lists of runs, runs side by side, a run trained anew, and the search for a learning rate.
@Suite struct RunComparisonTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "sgd", "learningRate": 0.1}, "checkpoints": {"best": {"metric": "test.accuracy"}},
      "training": {"epochs": 4, "batchSize": 32, "shards": 2}
      """)

  private func train(_ name: String, in directory: String, _ changes: String...) throws -> RunSummary {
    let path = "\(directory)/\(name)"
    let configuration = try Self.softmax.configuration(
      output: path, changes.first ?? "seed=3", changes.last ?? "seed=3")
    return try Training.train(configuration, options: RunOptions(workers: 1), observers: [MetricsFile()]).summary
  }

  @Test func theListSaysHowFarRunsHaveCome() throws {
    try withScratchDirectory { directory in
      try SystemFileSystem().makeDirectory("\(directory)/sweep")
      let first = try train("sweep/run-10", in: directory)
      _ = try train("sweep/run-9", in: directory, "optimizer.learningRate=0.001")
      // Half a run: its config is gone. And what is no run.
      try SystemFileSystem().makeDirectory("\(directory)/half")
      try AtomicFile.replace("\(directory)/half/metrics.jsonl", contents: [Array("{}\n".utf8)])
      try SystemFileSystem().makeDirectory("\(directory)/other")
      try AtomicFile.replace("\(directory)/other/config.json", contents: [Array("{}".utf8)])
      let found = try RunOverview.directories(in: directory)
      #expect(found == ["half", "sweep/run-9", "sweep/run-10"].map { "\(directory)/\($0)" })
      let runs = found.map { RunOverview(directory: $0) }
      #expect(runs.map(\.status) == [.unreadable, .finished, .finished])
      #expect(runs[0].reason?.contains("there is no run in this directory") == true)
      #expect(runs[2].trace?.digest == first.digest && runs[2].best?.value == first.best?.value)
      #expect(runs[2].best?.step == first.best?.step && runs[2].trace?.epochs == 4)
      var list = RunList(runs, under: directory)
      let lines = list.text.split(separator: "\n")
      #expect(lines[0].split(separator: " ").prefix(4) == ["run", "status", "epoch", "step"])
      #expect(lines[1].hasPrefix("half ") && lines[3].hasPrefix("sweep/run-10  finished "))
      #expect(lines[3].hasSuffix(String(first.digest.dropFirst(7).prefix(12))))
      try list.sort(by: "accuracy")
      #expect(list.runs.map(\.directory) == ["sweep/run-10", "sweep/run-9", "half"].map { "\(directory)/\($0)" })
      try list.sort(by: "train.loss")
      #expect(list.runs[0].directory.hasSuffix("run-10") && list.runs[2].trace == nil)
      #expect {
        try list.sort(by: "acuracy")
      } throws: {
        "\($0)".contains("did you mean \"accuracy\"?")
      }
    }
  }

  @Test(arguments: [
    ("fold-9", "fold-10"), ("rate=0.02", "rate=0.1"), ("a/b", "a/b/c"), ("a", "b1"), ("x1.5", "x2"), ("a01", "a1"),
  ])
  func numbersGoByTheirValues(first: String, second: String) {
    #expect(RunOverview.isBefore(first, second) && !RunOverview.isBefore(second, first))
    #expect(!RunOverview.isBefore(first, first))
  }

  @Test func whatDiffersAndWhichIsBetter() throws {
    try withScratchDirectory { directory in
      _ = try train("a", in: directory, "name=\"a\"")
      _ = try train("b", in: directory, "name=\"b\"", "optimizer.learningRate=0.0123")
      let comparison = try RunComparison([directory + "/a", directory + "/b", directory + "/none"])
      #expect(comparison.settings.map(\.name) == ["optimizer.learningRate"])
      #expect(comparison.settings[0].values == [0.1, 0.0123, nil] && comparison.settings[0].best == [])
      let loss = try #require(comparison.measures.first { $0.name == "train.loss" })
      #expect(loss.best == [0] && loss.values[2] == nil)
      #expect(comparison.measures.contains { $0.name == "best test.accuracy" })
      let text = comparison.text
      #expect(text.contains("optimizer.learningRate  0.1  0.0123  -\n"), "\(text)")
      #expect(text.contains("there is no such run directory"))
      let same = try RunComparison([directory + "/a", directory + "/a"])
      #expect(same.settings.isEmpty && same.measures.allSatisfy { $0.best.isEmpty })
      #expect { try RunComparison([directory + "/none"]) } throws: { ($0 as? TrainerError)?.code == .usage }
    }
  }

  @Test func aCheckpointIsTrainedAnew() throws {
    try withScratchDirectory { directory in
      let summary = try train("run", in: directory, "checkpoints.keep=\"all\"")
      let checkpoints = try SystemFileSystem().list("\(directory)/run/checkpoints").sorted()
      #expect(checkpoints.count == 4)
      for (index, name) in checkpoints.enumerated() {
        let result = try #require(
          try Reproduction.run(
            checkpoint: "\(directory)/run/checkpoints/\(name)", in: "\(directory)/anew-\(index)",
            options: RunOptions(workers: 3)))
        #expect(result.isEqual && result.step == 4 * (index + 1) && result.circumstances.isEmpty, "\(result)")
      }
      // Other parameters than those of its config.
      let path = try #require(summary.checkpoint)
      var checkpoint = try CheckpointFile.read(path)
      checkpoint.parameters[0] = checkpoint.parameters[0].negated
      checkpoint.provenance["cpu"] = "another"
      try CheckpointFile.write(checkpoint, to: "\(directory)/forged.h5")
      let forged = try #require(
        try Reproduction.run(checkpoint: "\(directory)/forged.h5", in: "\(directory)/anew"))
      #expect(!forged.isEqual && forged.found == summary.digest && forged.expected != summary.digest)
      #expect(forged.circumstances.contains { $0.hasPrefix("cpu was 'another'") })
      #expect(forged.text.contains("parameters/dense1/weight"))
      // Other data are not trained on.
      let other = try #require(
        try Reproduction.run(
          checkpoint: path, data: Repository.data("breast-cancer"), in: "\(directory)/other"))
      #expect(!other.isEqual && other.found == nil && other.circumstances.last?.contains("the data are others") == true)
      #expect(try SystemFileSystem().status(of: "\(directory)/other") == nil)
    }
  }

  /// Of w² the loss of each step follows from the rates: w ← w (1 − 2 r).
  @Test func theLossAnswersToTheRate() throws {
    let configuration = try RunConfiguration(
      json: """
        {"parameters": {"w": 3}, "objective": "w^2", "optimizer": {"type": "sgd", "learningRate": 0.5},
         "schedule": "cosine", "training": {"steps": 7}}
        """)
    let range = try LearningRateRange(configuration, from: 1e-4, to: 100, steps: 61)
    var w = 3.0
    for (index, step) in range.steps.enumerated() {
      let rate = 1e-4 * pow(1e6, Double(index) / 60)
      #expect(abs(step.rate - rate) <= 1e-12 * rate && abs(step.loss - w * w) <= 1e-9 * max(w * w, 1e-300))
      w *= 1 - 2 * rate
    }
    #expect(range.ending == .exploded && range.steps.count < 61 && range.configured == 0.5)
    let suggestion = try #require(range.suggestion)
    // Half of the way down is where the sum of the rates is about ln(2)/4; at 0.5 the minimum is hit.
    #expect(suggestion > 0.01 && suggestion < 0.3, "\(suggestion)")
    #expect(throws: TrainerError.self) { try LearningRateRange(configuration, from: 1, to: 1) }
    let newton = try RunConfiguration(
      json: #"{"parameters": {"w": 3}, "objective": "w^2", "optimizer": "lbfgs", "training": {"steps": 7}}"#)
    #expect { try LearningRateRange(newton) } throws: { "\($0)".contains("no learning rate to find") }
  }

  @Test func theSearchDoesNotDependOnWorkers() throws {
    let configuration = try Self.softmax.configuration(output: "/nowhere/run")
    let ranges = try [1, 3].map { try LearningRateRange(configuration, options: RunOptions(workers: $0)) }
    #expect(ranges[0].steps == ranges[1].steps && ranges[0].suggestion == ranges[1].suggestion)
    #expect(ranges[0].suggestion != nil)
  }
}

extension CheckpointTensor {
  /// The same with all numbers negated.
  fileprivate var negated: CheckpointTensor {
    CheckpointTensor(name: name, shape: shape, offset: offset, values: .float32(doubles.map { Float(-$0) }))
  }
}
