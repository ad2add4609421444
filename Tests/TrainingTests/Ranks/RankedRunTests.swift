import Checkpoints
import DataParallel
import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// A run on several ranks is the run of one process, to the last bit of each file that it leaves but for times.
@Suite struct RankedRunTests {
  private static let layers = """
    "model": {"layers": [{"type": "dense", "units": 8, "activation": "relu"}, {"type": "dropout", "rate": 0.3},
      {"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"]
    """

  private static func iris(_ name: String, _ settings: String) -> TrainingCase {
    TrainingCase(name: name, data: "iris", preprocessing: #"["standardize"]"#, settings: "\(layers), \(settings)")
  }

  /// Products of several rows a sample, and rows of a table that samples name.
  private static let rowsAndPlaces = TrainingCase(
    name: "several rows a sample, and places",
    settings: """
      "precision": "float32", "parameters": {"W": {"shape": [16, 1100], "initializer": "normal"},
        "U": {"shape": [1100, 17], "initializer": "normal"}, "E": {"shape": [10, 2000], "initializer": "normal"}},
      "objective": "mean((tanh(reshape(inputs, [4, 16]) @ W) @ U)^2) + mean((take(E, targets) - 1)^2)",
      "optimizer": {"type": "sgd", "learningRate": 0.05}, "training": {"epochs": 1, "batchSize": 16, "shards": 8}
      """)

  // 120 samples in batches of 26: five steps an epoch, the last batch has 16 samples.
  static let cases = [
    iris(
      "momentum, seven shards",
      #"""
      "optimizer": {"type": "sgd", "learningRate": 0.05, "momentum": 0.9},
      "training": {"epochs": 3, "batchSize": 26, "shards": 7}
      """#),
    iris(
      "Adam with the average of parameters, eight shards",
      #"""
      "precision": "float64", "optimizer": {"type": "adam", "learningRate": 0.02, "averaging": {"decay": 0.9}},
      "schedule": {"type": "cosine"}, "training": {"epochs": 3, "batchSize": 26, "shards": 8}
      """#),
    iris(
      "early stopping and the best checkpoint",
      #"""
      "optimizer": {"type": "sgd", "learningRate": 0.5, "momentum": 0.9},
      "earlyStopping": {"metric": "test.accuracy", "patience": 3},
      "checkpoints": {"every": {"epochs": 3}, "keep": 1, "best": {"metric": "test.loss"}},
      "training": {"epochs": 30, "batchSize": 26, "shards": 8}
      """#),
    iris(
      "a rate that falls where nothing improves",
      #"""
      "optimizer": {"type": "sgd", "learningRate": 0.4},
      "schedule": {"type": "plateau", "metric": "test.loss", "patience": 1, "factor": 0.5},
      "training": {"epochs": 8, "batchSize": "full", "shards": 7}
      """#),
    TrainingCase(
      name: "convolutions with running averages, under a clipped norm", data: "iris",
      preprocessing: #"["standardize"]"#,
      settings: #"""
        "model": {"layers": [{"type": "reshape", "shape": [4, 1]}, {"type": "convolution", "filters": 6, "kernel": 2},
          {"type": "batchNormalization"}, {"type": "activation", "activation": "relu"}, {"type": "dense", "units": 3}]},
        "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
        "optimizer": {"type": "adam", "learningRate": 0.02, "clipNorm": 0.5, "averaging": {"decay": 0.9}},
        "training": {"epochs": 3, "batchSize": 26, "shards": 7}
        """#),
    rowsAndPlaces,
  ]

  @Test(arguments: cases) func ranksChangeNoBit(case training: TrainingCase) throws {
    try withScratchDirectory { directory in
      let alone = try train(
        training.configuration(output: "\(directory)/alone"), options: RunOptions(workers: 2),
        observers: [MetricsFile()])
      let wanted = try LeftByRun("\(directory)/alone")
      for count in [2, 3, 5] {
        let output = "\(directory)/\(count)"
        let results = try trainOnRanks(count, seed: UInt64(count)) { _ in try training.configuration(output: output) }
        for result in results {
          let outcome = try result.get()
          #expect(outcome.kind == "finished" && outcome.summary.digest == alone.summary.digest, "\(count) ranks")
          #expect(outcome.summary.ranks == count && outcome.summary.best?.step == alone.summary.best?.step)
        }
        try LeftByRun(output).expectSame(as: wanted, "\(count) ranks")
        #expect(
          try RunDirectory(output).checkpoints.steps() == RunDirectory("\(directory)/alone").checkpoints.steps())
      }
    }
  }

  @Test func aFormulaTrainsOnRanksWhereItHasData() throws {
    try withScratchDirectory { directory in
      let text = #"""
        {"parameters": {"a": 0, "b": 0}, "objective": "(a + b*x - y)^2",
         "data": {"path": "\#(Repository.data("line"))"}, "optimizer": {"type": "sgd", "learningRate": 0.01},
         "training": {"epochs": 3, "batchSize": "full", "shards": 5}, "output": "\#(directory)/OUT"}
        """#
      @Sendable func configuration(_ name: String) throws -> RunConfiguration {
        try RunConfiguration(text: text.replacing("OUT", with: name), source: "f.json", directory: "/")
      }
      _ = try train(configuration("alone"), observers: [MetricsFile()])
      for result in try trainOnRanks(3, { _ in try configuration("ranks") }) { _ = try result.get() }
      try LeftByRun("\(directory)/ranks").expectSame(as: LeftByRun("\(directory)/alone"), "three ranks")
      let error = try sharedError(
        trainOnRanks(2) { _ in
          try RunConfiguration(
            text:
              #"{"parameters": {"w": 1}, "objective": "w^2", "training": {"steps": 2}, "output": "\#(directory)/w"}"#,
            source: "f.json", directory: "/")
        })
      #expect(
        error.message
          == "the formula has no data, so that a step is one shard, but there are 2 ranks; start one process")
    }
  }

  /// Any rank may be asked to stop, and another number of ranks goes on.
  @Test(arguments: [cases[1], cases[4]]) func aRunGoesOnWithOtherRanks(case training: TrainingCase) throws {
    try withScratchDirectory { directory in
      _ = try train(training.configuration(output: "\(directory)/alone"), observers: [MetricsFile()])
      let output = "\(directory)/run"
      var stops: [Int] = []
      for (session, count) in [3, 1, 2, 5].enumerated() {
        let stopping = StoppingStarter(afterRegions: 2, seed: UInt64(session))
        let results = try trainOnRanks(
          count,
          part: { rank in
            rank == count - 1 ? RankPart(control: stopping.control, starter: stopping.start) : RankPart()
          }
        ) { _ in try training.configuration(output: output) }
        for result in results {
          let outcome = try result.get()
          #expect(outcome.kind == "interrupted" && outcome.summary.reason == "interrupted", "session \(session)")
          stops.append(outcome.summary.step)
        }
        // All of a session at the same step.
        #expect(Set(stops.suffix(count)).count == 1 && stops.last ?? 0 > 0)
      }
      for result in try trainOnRanks(2, { _ in try training.configuration(output: output) }) {
        #expect(try result.get().kind == "finished")
      }
      try LeftByRun(output).expectSame(as: LeftByRun("\(directory)/alone"), "gone on with")
      // Complete: all ranks end as they should.
      for result in try trainOnRanks(3, { _ in try training.configuration(output: output) }) {
        #expect(try result.get().kind == "alreadyFinished" && result.get().summary.step == 15)
      }
    }
  }

  /// Clocks differ from rank to rank; rank 0's counts.
  @Test func savesByTheClockAndTheEndOfTimeAreRankZeros() throws {
    try withScratchDirectory { directory in
      let training = Self.iris(
        "by the clock",
        #"""
        "optimizer": {"type": "sgd", "learningRate": 0.05}, "checkpoints": {"every": {"seconds": 0.001}, "keep": "all"},
        "training": {"epochs": 4, "batchSize": 26, "shards": 7}
        """#)
      _ = try train(training.configuration(output: "\(directory)/alone"), observers: [MetricsFile()])
      let output = "\(directory)/run"
      // The time of rank 1 is over at once, that of rank 0 never.
      let results = try trainOnRanks(
        3, part: { RankPart(stopAfter: $0 == 1 ? .nanoseconds(1) : nil) }
      ) { _ in try training.configuration(output: output) }
      for result in results {
        #expect(try result.get().kind == "finished")
      }
      try LeftByRun(output).expectSame(as: LeftByRun("\(directory)/alone"), "by the clock")
      #expect(try RunDirectory(output).checkpoints.steps().count > 1)
      // By rank 0's clock a minute passes between any two looks at it, by the others' none.
      let standing = ContinuousClock.now
      let looks = Atomic<Int>(0)
      let paced = try trainOnRanks(
        3,
        part: { rank in
          var part = RankPart()
          part.now = {
            rank > 0 ? standing : standing.advanced(by: .seconds(60 * looks.add(1, ordering: .relaxed).newValue))
          }
          return part
        }
      ) { _ in
        try training.configuration(output: "\(directory)/paced", #"checkpoints={"best": {"metric": "test.loss"}}"#)
      }
      for result in paced { #expect(try result.get().kind == "finished") }
      #expect(try RunDirectory("\(directory)/paced").checkpoints.steps() == [10, 15, 20], "one each epoch")
      let stopped = try trainOnRanks(
        3, part: { RankPart(stopAfter: $0 == 0 ? .nanoseconds(1) : nil) }
      ) { _ in try training.configuration(output: "\(directory)/stopped") }
      for result in stopped {
        let outcome = try result.get()
        #expect(outcome.kind == "interrupted" && outcome.summary.reason == "time is over" && outcome.summary.step == 1)
      }
    }
  }
}
