import Checkpoints
import DataParallel
import Foundation
import Foundations
import Optimizers
import Synchronization
import TestSupport
import Testing
import Training

/// Starts workers, and asks the run to stop once that many regions have run. A run's regions take 1, 2, 4, … steps, so
/// that it stops in the middle of epochs.
final class StoppingStarter: Sendable {
  private let threads: ThreadStarter
  private let regionsLeft: Atomic<Int>
  let control = RunControl()

  init(afterRegions count: Int, seed: UInt64) {
    threads = ThreadStarter(seed: seed)
    regionsLeft = Atomic(count)
  }

  @Sendable
  func start(count: Int, body: @escaping @Sendable (Int) -> Void) {
    threads.start(count: count, body: body)
    if regionsLeft.wrappingSubtract(1, ordering: .relaxed).newValue <= 0 { control.stop() }
  }
}

/// A run that was stopped and gone on with until it was complete.
struct Interrupted {
  let summary: RunSummary
  let history: History
  let stops: [Int]
}

/// Trains with an interruption after so many regions of each session, on another number of workers each time.
func trainInPieces(
  _ configuration: RunConfiguration, regions: (_ session: Int) -> Int
) throws -> Interrupted {
  let history = History()
  var stops: [Int] = []
  for session in 0..<1000 {
    let starter = StoppingStarter(afterRegions: regions(session), seed: UInt64(session))
    let options = RunOptions(workers: [1, 3, 2, 7][session % 4], starter: starter.start, control: starter.control)
    switch try train(configuration, options: options, observers: [history]) {
    case .finished(let summary):
      return Interrupted(summary: summary, history: history, stops: stops)
    case .interrupted(let summary):
      #expect(summary.step > stops.last ?? 0, "each session gets on")
      #expect(try CheckpointFile.read(#require(summary.checkpoint)).step == summary.step)
      stops.append(summary.step)
    case .alreadyFinished: throw TrainerError(.usage, "a run was complete before its end")
    }
  }
  throw TrainerError(.usage, "the run never ended")
}

/// A run that is interrupted anywhere and gone on with, on any number of workers, is the uninterrupted run.
@Suite struct ResumeTests {
  private static let layers = """
    "model": {"layers": [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dense", "units": 3}]},
    "loss": "softmaxCrossEntropy", "metrics": ["accuracy", "precision"]
    """
  private static let dropout = """
    "model": {"layers": [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dropout", "rate": 0.5},
      {"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"]
    """
  private static func iris(_ name: String, _ settings: String) -> TrainingCase {
    TrainingCase(name: name, data: "iris", preprocessing: #"["standardize"]"#, settings: settings)
  }

  // 120 samples in batches of 13: ten steps an epoch, the last batch has three samples.
  static let cases = [
    iris(
      "sgd",
      """
      \(layers), "optimizer": {"type": "sgd", "learningRate": 0.1},
      "training": {"epochs": 4, "batchSize": 13, "shards": 3}
      """),
    iris(
      "momentum",
      """
      \(layers), "optimizer": {"type": "sgd", "learningRate": 0.05, "momentum": 0.9},
      "training": {"epochs": 4, "batchSize": 13, "shards": 3}
      """),
    iris(
      "Nesterov, step schedule, float64",
      """
      "precision": "float64", \(layers),
      "optimizer": {"type": "sgd", "learningRate": 0.05, "momentum": 0.9, "nesterov": true},
      "schedule": {"type": "step", "every": 1, "gamma": 0.5}, "training": {"epochs": 4, "batchSize": 13, "shards": 3}
      """),
    iris(
      "Adam, cosine, penalties",
      """
      \(layers), "optimizer": {"type": "adam", "learningRate": 0.02}, "schedule": {"type": "cosine", "final": 0.1},
      "penalties": {"l1": 0.001, "l2": 0.01}, "training": {"epochs": 4, "batchSize": 13, "shards": 3}
      """),
    iris(
      "dropout",
      """
      \(dropout), "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.5},
      "training": {"epochs": 4, "batchSize": 13, "shards": 4}
      """),
    iris(
      "early stopping",
      """
      \(layers), "optimizer": {"type": "sgd", "learningRate": 0.5, "momentum": 0.9},
      "earlyStopping": {"metric": "test.accuracy", "patience": 3},
      "training": {"epochs": 50, "batchSize": 13, "shards": 2}
      """),
    iris(
      "best checkpoint, saved every three epochs",
      """
      \(layers), "optimizer": {"type": "sgd", "learningRate": 0.6, "momentum": 0.9},
      "checkpoints": {"every": {"epochs": 3}, "keep": 1, "best": {"metric": "test.loss"}},
      "training": {"epochs": 8, "batchSize": 13, "shards": 2}
      """),
    iris(
      "steps, saved every seven",
      """
      \(dropout), "optimizer": {"type": "adam", "learningRate": 0.02}, "checkpoints": {"every": {"steps": 7}},
      "training": {"steps": 34, "batchSize": 13, "shards": 3}
      """),
    TrainingCase(
      name: "row blocks", data: "iris", preprocessing: #"["standardize"]"#, shuffle: #"{"block": 11, "window": 2}"#,
      settings: """
        \(layers), "optimizer": {"type": "sgd", "learningRate": 0.1},
        "training": {"epochs": 4, "batchSize": 13, "shards": 3}
        """),
  ]

  @Test(arguments: cases + TrainingCase.optimizers)
  func anInterruptedRunIsTheUninterruptedOne(training: TrainingCase) throws {
    try withMemoryDirectory { directory in
      let whole = try trainToEnd(training.configuration(output: "\(directory)/whole"))
      var generator = SeededGenerator(17)
      let random = (0..<1000).map { _ in Int.random(in: 1...8, using: &generator) }
      // After each step, after a few, and at random.
      let patterns: [(name: String, regions: (Int) -> Int)] = [
        ("each", { _ in 1 }), ("few", { _ in 3 }), ("random", { random[$0] }),
      ]
      for (name, regions) in patterns {
        let pieces = try trainInPieces(training.configuration(output: "\(directory)/\(name)"), regions: regions)
        #expect(pieces.summary.digest == whole.summary.digest, "\(name): stopped at \(pieces.stops)")
        #expect(pieces.history.entries == whole.history.entries, "\(name): stopped at \(pieces.stops)")
        #expect(pieces.summary.step == whole.summary.step && pieces.summary.epoch == whole.summary.epoch)
        #expect(pieces.summary.reason == whole.summary.reason)
        #expect(pieces.stops.contains { $0 % 10 != 0 }, "a run was stopped in the middle of an epoch")
        #expect(pieces.history.warnings == [])
        let (one, other) = (
          try CheckpointFile.read(whole.checkpoint), try CheckpointFile.read(#require(pieces.summary.checkpoint))
        )
        #expect(one.optimizer == other.optimizer, "the optimizer's state")
        #expect(one.history == other.history, "the course of the run")
        for key in one.progress.keys where !key.lowercased().contains("seconds") {
          #expect(one.progress[key] == other.progress[key], "\(key)")
        }
      }
    }
  }

  @Test func everyOptimizerAndScheduleHasARow() {
    let types =
      Registry<any OptimizerSettings>.optimizers.entries.map(\.type)
      + Registry<any Schedule>.schedules.entries.map(\.type)
    for type in types {
      #expect(TrainingCase.optimizers.contains { $0.name.contains("\"\(type)\"") }, "\(type) has no row")
    }
  }

  @Test func earlyStoppingAndTheBestCheckpointAreWhatTheHistorySays() throws {
    try withScratchDirectory { directory in
      let stopped = try trainToEnd(Self.cases[5].configuration(output: "\(directory)/stopped"))
      let accuracies = stopped.history.entries.map { $0.measurements[0]["accuracy"] ?? .nan }
      let best = try #require(accuracies.firstIndex(of: accuracies.max() ?? .nan))
      #expect(accuracies.count == best + 4, "three epochs after the best one: \(accuracies)")
      #expect(
        stopped.summary.reason
          == "early stopping: test.accuracy has not improved for 3 measurements; the best was \(accuracies[best]) at step "
          + "\((best + 1) * 10)")

      let kept = try trainToEnd(Self.cases[6].configuration(output: "\(directory)/kept"))
      let losses = kept.history.entries.map { $0.measurements[0].loss }
      let least = try #require(losses.firstIndex(of: losses.min() ?? .nan))
      #expect(least != losses.count - 1 && (least + 1) % 3 != 0, "the case needs another epoch as its best: \(losses)")
      #expect(try CheckpointDirectory("\(directory)/kept/checkpoints").steps() == [(least + 1) * 10, 80])
    }
  }

  @Test func aRunStopsWhereItsTargetIsReached() throws {
    try withScratchDirectory { directory in
      func run(_ name: String, _ stopping: String) throws -> (accuracies: [Double], reason: String?) {
        let trained = try trainToEnd(
          Self.cases[5].configuration(output: "\(directory)/\(name)", "earlyStopping=\(stopping)"))
        return (trained.history.entries.map { $0.measurements[0]["accuracy"] ?? .nan }, trained.summary.reason)
      }
      let free = try run("free", #"{"metric": "test.accuracy", "patience": 50}"#).accuracies
      // The best of the first epochs, which the very first does not reach.
      let target = try #require(free.prefix(20).max())
      let first = try #require(free.firstIndex(of: target))
      try #require(first > 0)
      for delta in ["0", "0.5"] {
        let stopped = try run(
          "stopped-\(delta)",
          #"{"metric": "test.accuracy", "patience": 50, "minDelta": \#(delta), "target": \#(target)}"#)
        #expect(stopped.accuracies == Array(free.prefix(first + 1)))
        #expect(
          stopped.reason
            == "early stopping: test.accuracy has reached \(target): it was \(target) at step \((first + 1) * 10)")
      }
      // Of a loss less is better.
      let loss = try trainToEnd(
        Self.cases[5].configuration(
          output: "\(directory)/loss", #"earlyStopping={"metric": "test.loss", "patience": 50, "target": 1000}"#))
      #expect(loss.history.entries.count == 1 && loss.summary.reason?.contains("test.loss has reached 1000") == true)
    }
  }

  // A stop that comes before the first step: one step is done and saved.
  @Test func aRunStopsAfterTheStepThatItIsAt() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.cases[0].configuration(output: "\(directory)/run")
      let control = RunControl()
      control.stop()
      let history = History()
      let outcome = try train(
        configuration, options: RunOptions(workers: 2, control: control), observers: [history])
      guard case .interrupted(let summary) = outcome, summary.step == 1, let checkpoint = summary.checkpoint else {
        Issue.record("\(outcome)")
        return
      }
      #expect(checkpoint == "\(directory)/run/checkpoints/step-000000001.h5")
      #expect(history.saved == [checkpoint] && history.stops == ["1: interrupted"] && history.entries.isEmpty)
    }
  }

  @Test func aRequestToSaveSavesAndGoesOn() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.cases[0].configuration(
        output: "\(directory)/run", #"checkpoints={"every": {"epochs": 100}}"#)
      let options = RunOptions(workers: 1)
      options.control.save()
      let history = History()
      let outcome = try train(configuration, options: options, observers: [history])
      guard case .finished = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(history.saved.map { String($0.suffix(17)) } == ["step-000000001.h5", "step-000000040.h5"])
    }
  }

  @Test func aRunGoesOnFromAnOlderCheckpointWhereTheNewestIsDamaged() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.cases[1].configuration(output: "\(directory)/whole"))
      let configuration = try Self.cases[1].configuration(
        output: "\(directory)/run", #"checkpoints={"every": {"epochs": 1}}"#)
      let starter = StoppingStarter(afterRegions: 12, seed: 0)
      let options = RunOptions(workers: 2, starter: starter.start, control: starter.control)
      let outcome = try train(configuration, options: options)
      guard case .interrupted(let summary) = outcome, summary.step > 10, let checkpoint = summary.checkpoint else {
        Issue.record("\(outcome)")
        return
      }
      var bytes = try Data(contentsOf: URL(filePath: checkpoint))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(filePath: checkpoint))
      let rest = try trainToEnd(configuration)
      #expect(rest.summary.digest == whole.summary.digest)
      #expect(rest.history.starts.first?.resumedStep.map { $0 % 10 } == 0)
      #expect(rest.history.warnings.count == 1)
      #expect(rest.history.warnings.first?.contains(checkpoint) == true)
    }
  }

  @Test func aRunBeginsAnewWhereEveryCheckpointIsDamaged() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.cases[0].configuration(output: "\(directory)/whole"))
      let configuration = try Self.cases[0].configuration(output: "\(directory)/run")
      let control = RunControl()
      control.stop()
      let outcome = try train(configuration, options: RunOptions(workers: 1, control: control))
      guard case .interrupted(let summary) = outcome, let checkpoint = summary.checkpoint else {
        Issue.record("\(outcome)")
        return
      }
      try Data(Data(contentsOf: URL(filePath: checkpoint)).dropLast()).write(to: URL(filePath: checkpoint))
      let rest = try trainToEnd(configuration)
      #expect(rest.summary.digest == whole.summary.digest)
      #expect(rest.history.starts.first?.resumedStep == nil)
      #expect(rest.history.warnings.first?.hasSuffix("and the run begins anew") == true)
    }
  }

  @Test func aRunGoesOnFromAGivenCheckpoint() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(
        Self.cases[1].configuration(output: "\(directory)/whole", #"checkpoints={"keep": "all"}"#))
      let middle = "\(directory)/whole/checkpoints/step-000000020.h5"
      let history = History()
      let outcome = try train(
        Self.cases[1].configuration(output: "\(directory)/rest"),
        options: RunOptions(workers: 2, resume: .file(middle)), observers: [history])
      guard case .finished(let summary) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(summary.digest == whole.summary.digest && history.starts.first?.resumedStep == 20)
      #expect(history.entries == Array(whole.history.entries.suffix(2)))
    }
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    try withScratchDirectory { directory in
      let other = try trainToEnd(Self.cases[1].configuration(output: "\(directory)/other")).checkpoint
      for (change, difference) in [
        ("optimizer.momentum=0.8", "optimizer.momentum: 0.9 in the checkpoint, 0.8 now"),
        (#"metrics=["accuracy"]"#, #"metrics: ["accuracy", "precision"] in the checkpoint, ["accuracy"] now"#),
      ] {
        let configuration = try Self.cases[1].configuration(output: "\(directory)/run", change)
        let error = try trainerError { try train(configuration, options: RunOptions(workers: 1, resume: .file(other))) }
        #expect(error?.code == .usage)
        #expect(
          error?.message
            == "\(other): the checkpoint is of a run of another config (\(difference)); go on with its own config")
      }
    }
  }
}
