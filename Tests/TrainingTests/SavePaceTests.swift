import Checkpoints
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// A clock that stands still until it is moved.
private final class HandClock: Sendable {
  private let instant = Mutex(ContinuousClock.now)

  func advance(_ seconds: Double) { instant.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }

  var now: @Sendable () -> ContinuousClock.Instant { { self.instant.withLock { $0 } } }
}

/// How far saves lie apart: at least a second by default, and as a config asks.
@Suite struct SavePaceTests {
  /// Twelve epochs of four steps.
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
      "training": {"epochs": 12, "batchSize": 32, "shards": 2}
      """)

  /// A run whose epochs take so many seconds by the clock that it has.
  private func options(_ history: History, secondsAnEpoch: Double) -> RunOptions {
    let clock = HandClock()
    var options = RunOptions(workers: 1)
    options.now = clock.now
    history.reaction = { event in if case .epoch = event { clock.advance(secondsAnEpoch) } }
    return options
  }

  private func epochsSaved(_ history: History) -> [Int] {
    history.saved.compactMap { Int($0.suffix(12).prefix(9)).map { $0 / 4 } }
  }

  // Epochs of 0.4 seconds.
  @Test(arguments: [
    (#"{}"#, [3, 6, 9, 12]), (#"{"keep": 1}"#, [3, 6, 9, 12]),
    (#"{"keep": "all"}"#, Array(1...12)), (#"{"every": {"epochs": 1}}"#, Array(1...12)),
    (#"{"every": {"epochs": 1, "secondsApart": 0.7}}"#, [2, 4, 6, 8, 10, 12]),
    (#"{"every": {"secondsApart": 3}}"#, [8, 12]), (#"{"every": {"steps": 4, "secondsApart": 1.5}}"#, [4, 8, 12]),
    (#"{"every": {"epochs": 3, "secondsApart": 2}}"#, [6, 12]), (#"{"every": {"epochs": 5}}"#, [5, 10, 12]),
    // Those that stay for their epoch are saved for it.
    (#"{"keepEveryEpochs": 5}"#, [3, 5, 8, 10, 12]),
  ])
  func savesAreApart(settings: String, expected: [Int]) throws {
    try withScratchDirectory { directory in
      let history = History()
      let outcome = try train(
        Self.softmax.configuration(output: "\(directory)/run", "checkpoints=\(settings)"),
        options: options(history, secondsAnEpoch: 0.4), observers: [history])
      #expect(outcome.kind == "finished" && epochsSaved(history) == expected)
    }
  }

  @Test func longEpochsAreSavedEach() throws {
    try withScratchDirectory { directory in
      let history = History()
      _ = try train(
        Self.softmax.configuration(output: "\(directory)/run"), options: options(history, secondsAnEpoch: 1),
        observers: [history])
      #expect(epochsSaved(history) == Array(1...12))
    }
  }

  // As a kill does: what was done since the last checkpoint is done again, to the same bits, and no line is there twice.
  @Test func aRunThatBreaksOffLosesTheWorkSinceTheLastSave() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole"))
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let history = History()
      let options = options(history, secondsAnEpoch: 0.4)
      let move = history.reaction
      history.reaction = { event in
        try move?(event)
        if case .epoch(let report) = event, report.epoch == 8 { throw TrainerError(.usage, "broken off") }
      }
      let error = try trainerError { try train(configuration, options: options, observers: [MetricsFile(), history]) }
      #expect(error?.message == "broken off")
      #expect(try MetricsFile.timelessLines(of: "\(directory)/run/metrics.jsonl").count == 8, "written at once")
      let rest = History()
      let outcome = try train(
        configuration, options: RunOptions(workers: 2), observers: [MetricsFile(), rest])
      #expect(rest.starts.first?.resumedStep == 24)
      #expect(outcome.summary.digest == whole.summary.digest)
      #expect(try MetricsFile.timelessLines(of: "\(directory)/run/metrics.jsonl").count == 13)
    }
  }

  // MARK: The best

  /// With a rate of 0.3 the loss on the test group is best after four of twelve epochs; with 0.4 it grows until it leaves all
  /// bounds.
  private static func unsteady(rate: Double) -> TrainingCase {
    TrainingCase(
      name: "unsteady", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
        "optimizer": {"type": "sgd", "learningRate": \(rate)}, "checkpoints": {"best": {"metric": "test.loss"}},
        "training": {"epochs": 12, "batchSize": 32, "shards": 2}
        """)
  }

  private func bestStep(_ history: History) throws -> Int {
    try #require(history.entries.min { $0.measurements[0].loss < $1.measurements[0].loss }).step
  }

  // No time passes: the best waits in memory until the run is over, or something else is saved.
  @Test func theBestIsSavedOnceItIsSureToBe() throws {
    try withScratchDirectory { directory in
      let training = Self.unsteady(rate: 0.3)
      let history = History()
      let outcome = try train(
        training.configuration(output: "\(directory)/run"), options: options(history, secondsAnEpoch: 0),
        observers: [history])
      let best = try bestStep(history)
      try #require(best < 48, "a best one at the end says nothing")
      #expect(epochsSaved(history) == [best / 4, 12])
      #expect(outcome.summary.best?.step == best)
      // It is the state of its step, as it would be saved at once.
      _ = try train(
        training.configuration(output: "\(directory)/at-once", "checkpoints.keep=all"), options: RunOptions(workers: 1))
      let difference = CheckpointDifference(
        try CheckpointFile.read(RunDirectory("\(directory)/run").checkpoints.path(ofStep: best)),
        try CheckpointFile.read(RunDirectory("\(directory)/at-once").checkpoints.path(ofStep: best)))
      #expect(difference.lines == [])
    }
  }

  @Test func theBestWaitsNoLongerThanASecond() throws {
    try withScratchDirectory { directory in
      let history = History()
      _ = try train(
        Self.unsteady(rate: 0.3).configuration(output: "\(directory)/run", #"checkpoints.every={"epochs": 1000}"#),
        options: options(history, secondsAnEpoch: 0.4), observers: [history])
      // Better by each epoch up to the fourth: the third comes after 1.2 seconds, the fourth has to wait for the sixth.
      try #require(bestStep(history) == 16)
      #expect(epochsSaved(history) == [3, 4, 12])
    }
  }

  @Test func aRunThatDivergesLeavesItsBest() throws {
    try withScratchDirectory { directory in
      let history = History()
      let error = try trainerError {
        try train(
          Self.unsteady(rate: 0.4).configuration(output: "\(directory)/run"),
          options: options(history, secondsAnEpoch: 0), observers: [history])
      }
      #expect(error?.code == .diverged && history.stops.count == 1)
      let best = try bestStep(history)
      #expect(try RunDirectory("\(directory)/run").checkpoints.steps() == [best])
      #expect(epochsSaved(history) == [best / 4])
    }
  }
}
