import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// A start that is refused leaves nothing, and what happens to a run's files while it trains costs it nothing.
@Suite struct RunStartTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 3, "batchSize": 32}
      """)

  private var withoutRoom: RunOptions {
    var options = RunOptions(workers: 1)
    options.fileSystem = InstrumentedFileSystem { event in if case .freeSpace = event { .free(1000) } else { .proceed }
    }
    return options
  }

  private func names(_ directory: String) throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: directory))
  }

  @Test func aStartThatIsRefusedForLackOfRoomLeavesNothing() throws {
    try withScratchDirectory { directory in
      let run = directory + "/deep/below/run"
      #expect(throws: TrainerError.self) {
        try train(Self.softmax.configuration(output: run), options: withoutRoom, observers: [MetricsFile()])
      }
      #expect(try names(directory) == [])
      // The next one, with another config, has the place for itself.
      let other = try Self.softmax.configuration(output: run).with("optimizer.learningRate=0.2", in: directory)
      guard case .finished = try train(other, observers: [MetricsFile()]) else {
        Issue.record("the run did not end")
        return
      }
    }
  }

  @Test func whatWasThereBeforeStays() throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      #expect(mkdir(run, 0o777) == 0 && mkdir(run + "/checkpoints", 0o777) == 0)
      try AtomicFile.replace(run + "/notes.txt", contents: [[1]])
      #expect(throws: TrainerError.self) {
        try train(Self.softmax.configuration(output: run), options: withoutRoom, observers: [MetricsFile()])
      }
      #expect(try names(run) == ["notes.txt", "checkpoints"])
    }
  }

  @Test func aRunThatCannotBecomeLongerStaysTheOneItWas() throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      let configuration = try Self.softmax.configuration(output: run)
      _ = try train(configuration, observers: [MetricsFile()])
      let before = try SystemFileSystem().contents(of: run + "/config.json")
      #expect(throws: TrainerError.self) {
        try train(
          configuration.with("training.epochs=9", in: directory), options: withoutRoom, observers: [MetricsFile()])
      }
      #expect(try SystemFileSystem().contents(of: run + "/config.json") == before)
      guard case .alreadyFinished = try train(configuration) else {
        Issue.record("the run is another one")
        return
      }
    }
  }

  @Test(arguments: ["{broken", nil])
  func aConfigThatChangesMeanwhileCostsNoSummary(text: String?) throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      let history = History()
      history.reaction = { event in
        guard case .started = event else { return }
        try FileManager.default.removeItem(atPath: run + "/config.json")
        if let text { try Data(text.utf8).write(to: URL(filePath: run + "/config.json")) }
      }
      let outcome = try train(
        Self.softmax.configuration(output: run), observers: [MetricsFile(), history])
      guard case .finished(let summary) = outcome else {
        Issue.record("the run did not end")
        return
      }
      #expect(summary.name == "test" && summary.digest.hasPrefix("sha256:") && !summary.measures.isEmpty)
    }
  }

  @Test func metricsThatChangeMeanwhileChangeNothing() throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      let history = History()
      history.reaction = { event in
        guard case .epoch(let report) = event, report.epoch == 1 else { return }
        try Data("{broken\n".utf8).write(to: URL(filePath: run + "/metrics.jsonl"))
      }
      let outcome = try train(
        Self.softmax.configuration(output: run), observers: [MetricsFile(), history])
      guard case .finished(let summary) = outcome else {
        Issue.record("the run did not end")
        return
      }
      #expect(summary.digest.hasPrefix("sha256:") && !summary.measures.isEmpty)
      #expect(history.warnings.isEmpty)
    }
  }

  @Test func epochsTimesStepsHaveABound() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: directory + "/run")
        .with("training.epochs=1000000000000", in: directory)
      let error = #expect(throws: TrainerError.self) { try train(configuration) }
      #expect(error?.message.hasPrefix("training.epochs: found 1000000000000, expected at most ") == true)
      #expect(try !names(directory).contains("run"))
    }
  }
}

extension RunConfiguration {
  /// The same with a change as by `--set`.
  fileprivate func with(_ change: String, in directory: String) throws -> RunConfiguration {
    let path = directory + ".changed.json"
    try AtomicFile.replace(path, contents: [Array(resolved.prettyText.utf8)])
    defer { unlink(path) }
    return try RunConfiguration(file: path, overrides: [SettingsOverride(change)])
  }
}
