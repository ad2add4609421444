import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// Sweeps: which runs go on, that stopping early changes no bit, and what one run's fault does to the others.
@Suite struct SweepTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9}, "schedule": "cosine",
      "training": {"epochs": 9, "batchSize": 32, "shards": 2}
      """)

  /// A run that is told how far to go goes on to the bits of one that went through, also where its schedule goes by its length.
  @Test(arguments: [0, 1, 4, 17, 35])
  func aPausedRunGoesOnToTheSameBits(step: Int) throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole"))
      let configuration = try Self.softmax.configuration(output: "\(directory)/paused")
      for _ in 1...2 {
        let history = History()
        var options = RunOptions(workers: 1)
        options.stopAtStep = step
        guard case .interrupted(let summary) = try train(configuration, options: options, observers: [history]) else {
          Issue.record("the run was not paused")
          return
        }
        #expect(summary.step == step && history.stops == ["\(step): paused"])
        #expect(summary.checkpoint?.hasSuffix(String(format: "%09d.h5", step)) == true)
      }
      let end = try trainToEnd(configuration)
      #expect(
        end.summary.digest == whole.summary.digest && end.history.starts[0].resumedStep == (step > 0 ? step : nil))
    }
  }

  @Test func aPauseBeyondTheEndIsNone() throws {
    try withScratchDirectory { directory in
      var options = RunOptions(workers: 1)
      options.stopAtStep = 36
      let outcome = try train(Self.softmax.configuration(output: "\(directory)/run"), options: options)
      guard case .finished = outcome else {
        Issue.record("the run ended as \(outcome)")
        return
      }
    }
  }

  /// The counts and lengths of Jamieson and Talwalkar's rungs.
  @Test(arguments: [
    (runs: 9, factor: 3, epochs: 9, counts: [9, 3, 1], stops: [1, 3]),
    (runs: 27, factor: 3, epochs: 27, counts: [27, 9, 3, 1], stops: [1, 3, 9]),
    (runs: 8, factor: 2, epochs: 40, counts: [8, 4, 2, 1], stops: [5, 10, 20]),
    (runs: 10, factor: 3, epochs: 10, counts: [10, 3, 1], stops: [1, 3]),
    // Too short for as many rungs: the last one keeps more.
    (runs: 27, factor: 3, epochs: 3, counts: [27, 9], stops: [1]),
    (runs: 9, factor: 3, epochs: 2, counts: [9], stops: []),
    (runs: 2, factor: 3, epochs: 6, counts: [2, 1], stops: [2]),
    (runs: 1, factor: 3, epochs: 6, counts: [1], stops: []),
  ])
  func rungs(runs: Int, factor: Int, epochs: Int, counts: [Int], stops: [Int]) {
    let extent = RunExtent(steps: 23 * epochs, stepsPerMeasurement: 23, groups: ["train"])
    let halving = SuccessiveHalving(Array(repeating: extent, count: runs), factor: factor)
    #expect(halving.counts == counts)
    #expect((0..<counts.count).map { halving.stop(of: 0, rung: $0) } == stops.map { $0 * 23 } + [nil])
    let all = SuccessiveHalving(Array(repeating: extent, count: runs), factor: nil)
    #expect(all.counts == [runs] && all.stop(of: 0, rung: 0) == nil)
  }

  private func sweep(_ rates: [Double], in directory: String, _ changes: String...) throws -> Sweep {
    try SystemFileSystem().makeDurableDirectory(directory)
    return try Sweep(
      keys: ["optimizer.learningRate"],
      runs: rates.enumerated().map { index, rate in
        let file = "\(directory)/config.json"
        let configuration = try Self.softmax.configuration(output: "\(directory)/config", "seed=3")
        try AtomicFile.replace(file, contents: [Array(configuration.resolved.compactText.utf8)])
        return SweepRun(
          name: "rate=\(rate)", values: [.number(rate)],
          configuration: try RunConfiguration(
            file: file,
            overrides: (["optimizer.learningRate=\(rate)"] + changes).map { try SettingsOverride($0) },
            output: "\(directory)/sweep/\(index)"))
      }, directory: "\(directory)/sweep")
  }

  private let rates = [1e-5, 0.003, 0.1, 1e-4, 0.03, 1e38, 0.001, 1e-3, 1e-6]

  /// Whatever the number of jobs, the same runs go on, with the bits of runs of their own; a second call trains nothing.
  @Test(arguments: [1, 3]) func halvingKeepsTheBest(jobs: Int) throws {
    try withScratchDirectory { directory in
      let sweep = try sweep(rates, in: directory)
      let beginnings = Beginnings()
      func run() throws -> SweepReport {
        let report = try sweep.run(
          metric: "train.loss", halvingBy: 3, jobs: jobs, options: RunOptions(workers: 3),
          makeObservers: { [MetricsFile(), Counter(beginnings)] })
        return try #require(report)
      }
      let report = try run()
      #expect(report.rows.map(\.status.rawValue) == ["finished"] + Array(repeating: "stopped", count: 7) + ["diverged"])
      #expect(report.rows.map(\.epoch).prefix(8) == [9, 3, 3, 1, 1, 1, 1, 1])
      let best = try #require(report.best)
      #expect(best.run.name == "rate=0.1" && best.score == best.trace?.last("loss", of: "train"))
      let straight = try trainToEnd(
        Self.softmax.configuration(output: "\(directory)/straight", "optimizer.learningRate=0.1"))
      #expect(best.trace?.digest == straight.summary.digest)
      // Nine begin, three go on, one of them to the end.
      #expect(beginnings.count == 13)
      // The config of the best trains the same.
      let configuration = try RunConfiguration(file: "\(directory)/sweep/best.json")
      #expect(configuration.output == "\(directory)/sweep/runs/test-best")
      #expect(try trainToEnd(configuration).summary.digest == straight.summary.digest)
      let again = try run()
      #expect(again.json == report.json)
      // What was paused or finished is only read again.
      #expect(beginnings.count == 13)
      let text = String(decoding: try SystemFileSystem().contents(of: "\(directory)/sweep/sweep.json"), as: UTF8.self)
      #expect(try JSONDocument(text: text, source: "sweep.json").root == report.json.namingNonFinite)
    }
  }

  /// A run whose directory cannot be made fails; the others go on, and the error is told in the end.
  @Test func aFailureDoesNotStopTheOthers() throws {
    try withScratchDirectory { directory in
      let sweep = try sweep([0.1, 0.2, 0.3], in: directory, "training.epochs=1")
      try SystemFileSystem().makeDirectory("\(directory)/sweep")
      try AtomicFile.replace("\(directory)/sweep/1", contents: [Array("a file".utf8)])
      let report = try #require(try sweep.run(makeObservers: { [MetricsFile()] }))
      #expect(report.rows.map(\.status.rawValue) == ["finished", "finished", "failed"])
      #expect(
        report.fault?.code == .usage
          && report.fault?.message.hasPrefix("1 of 3 runs failed, the first with rate=0.2: ") == true)
      #expect(report.best != nil)
    }
  }

  @Test func allRunsMayDiverge() throws {
    try withScratchDirectory { directory in
      let report = try #require(try sweep([1e37, 1e38], in: directory).run(makeObservers: { [MetricsFile()] }))
      #expect(report.best == nil && report.bestPath == nil && report.fault?.code == .diverged)
      let mixed = try #require(
        try sweep([0.1, 1e38], in: directory + "/mixed").run(makeObservers: { [MetricsFile()] }))
      #expect(mixed.fault == nil && mixed.rows.map(\.status.rawValue) == ["finished", "diverged"])
    }
  }

  @Test func aStopEndsAllRunsAndTheSameCallGoesOn() throws {
    try withScratchDirectory { directory in
      let sweep = try sweep([0.1, 0.2, 0.3, 0.4], in: directory, "training.epochs=200")
      let control = RunControl()
      let stopped = try sweep.run(
        jobs: 2, options: RunOptions(workers: 2, control: control),
        makeObservers: { [MetricsFile(), Stopper(control, atStep: 40)] })
      #expect(stopped == nil)
      let traces = try (0..<2).map { try RunTrace(directory: "\(directory)/sweep/\($0)") }
      #expect(traces.allSatisfy { $0.ending == .unfinished && $0.reason == "interrupted" })
      #expect(try SystemFileSystem().status(of: "\(directory)/sweep/3") == nil)
      let report = try #require(try sweep.run(jobs: 4, makeObservers: { [MetricsFile()] }))
      #expect(report.rows.allSatisfy { $0.status == .finished })
    }
  }

  @Test func theMetricMustBeMeasured() throws {
    try withScratchDirectory { directory in
      let sweep = try sweep([0.1], in: directory)
      for (metric, parts) in [
        ("accuracy", "expected a group"), ("train.accurcy", "did you mean \"train.accuracy\"?"),
        ("validation.loss", "no group 'validation'"), ("test.f1", "add \"f1\" to the config's \"metrics\""),
      ] {
        #expect {
          try sweep.run(metric: metric, makeObservers: { [MetricsFile()] })
        } throws: { error in
          (error as? TrainerError)?.code == .usage && "\(error)".contains(parts)
        }
      }
      #expect(try SystemFileSystem().status(of: "\(directory)/sweep") == nil)
    }
  }
}

/// Counts how often runs begin.
private final class Beginnings: Sendable {
  private let number = Atomic<Int>(0)
  var count: Int { number.load(ordering: .relaxed) }
  func add() { number.add(1, ordering: .relaxed) }
}

private final class Counter: RunObserver {
  private let beginnings: Beginnings

  init(_ beginnings: Beginnings) { self.beginnings = beginnings }

  func observe(_ event: RunEvent) { if case .started = event { beginnings.add() } }
}

/// Asks all runs to stop when its own has come to a step.
private final class Stopper: RunObserver {
  private let control: RunControl
  private let step: Int

  init(_ control: RunControl, atStep step: Int) {
    self.control = control
    self.step = step
  }

  func observe(_ event: RunEvent) {
    if case .epoch(let report) = event, report.step >= step { control.stop() }
  }
}
