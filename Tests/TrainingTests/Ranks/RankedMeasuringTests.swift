import DataParallel
import Datasets
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// What `evaluate` and `predict` give on several ranks is what they give in one process, to the last bit.
@Suite struct RankedMeasuringTests {
  private static let columns = 2048
  private static let rows = 900

  /// A model of many columns, so that the rows of its training group are four blocks of predictions.
  private static func model(in directory: String) throws -> (checkpoint: String, data: String) {
    let data = "\(directory)/wide.h5"
    let inputs = (0..<rows * columns).map { UInt8(truncatingIfNeeded: $0 * 7919 % 251) }
    try DatasetWriter().write(
      groups: [
        .init(
          name: "train", inputs: NumberTable(shape: [rows, columns], values: inputs),
          targets: NumberTable(shape: [rows], values: (0..<rows).map { UInt8($0 * $0 % 7 % 3) }))
      ], to: data)
    let text = """
      {"data": {"path": "\(data)", "preprocessing": [{"type": "scale", "factor": 0.004}]},
       "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
       "metrics": ["accuracy", "rocAUC", "f1", "precision", "averagePrecision", "logLoss", "expectedCalibrationError"], "optimizer": {"type": "sgd", "learningRate": 0.01},
       "training": {"epochs": 1, "batchSize": 100}, "output": "\(directory)/run"}
      """
    return (try trainToEnd(RunConfiguration(text: text, source: "wide.json", directory: "/")).checkpoint, data)
  }

  private static func options(_ ranks: any Communicator) -> RunOptions {
    var options = RunOptions(workers: 1 + ranks.rank % 2)
    options.communicator = ranks
    return options
  }

  @Test func figuresAreThoseOfOneProcess() throws {
    try withScratchDirectory { directory in
      let (checkpoint, data) = try Self.model(in: directory)
      let alone = try evaluate(checkpoint: checkpoint, data: data, group: "train")
      #expect(alone.measurement["rocAUC"].map { $0 > 0 && $0 < 1 } == true)
      // Four shards, so that the fifth rank has none.
      for count in [2, 3, 5] {
        let reports = try onRanks(count) { ranks in
          try evaluate(checkpoint: checkpoint, data: data, group: "train", options: Self.options(ranks))
        }
        for report in reports { #expect(try report.get().measurement == alone.measurement, "\(count) ranks") }
      }
      let missing = try sharedError(
        onRanks(3) { ranks in
          try evaluate(
            checkpoint: checkpoint, data: ranks.rank == 2 ? "/nowhere.h5" : data, group: "train",
            options: Self.options(ranks))
        })
      #expect(
        missing.code == .data && missing.message.hasPrefix("rank 2 on host host2: cannot open '/nowhere.h5'"),
        "\(missing)")
    }
  }

  @Test func filesOfPredictionsAreThoseOfOneProcess() throws {
    try withScratchDirectory { directory in
      let (checkpoint, data) = try Self.model(in: directory)
      for ending in ["csv", "jsonl", "h5"] {
        let alone = "\(directory)/alone.\(ending)"
        _ = try predict(checkpoint: checkpoint, input: data, output: alone)
        for count in [2, 3, 4, 5] {
          let output = "\(directory)/\(count).\(ending)"
          let reports = try onRanks(count) { ranks in
            try predict(checkpoint: checkpoint, input: data, output: output, options: Self.options(ranks))
          }
          for report in reports { #expect(try report.get().samples == Self.rows) }
          #expect(
            try Data(contentsOf: URL(filePath: output)) == Data(contentsOf: URL(filePath: alone)),
            "\(ending) by \(count) ranks")
        }
      }
    }
  }

  /// A row that is refused in the third block: all ranks say so, and no file is left.
  @Test func aRefusedRowEndsAllRanks() throws {
    try withScratchDirectory { directory in
      let (checkpoint, _) = try Self.model(in: directory)
      let names = (0..<Self.columns).map { "c\($0)" }.joined(separator: ",")
      let line = (0..<Self.columns).map { String($0 % 9) }.joined(separator: ",")
      var lines = [String](repeating: line, count: 900)
      lines[700] = "x" + line
      let input = "\(directory)/rows.csv"
      try (([names] + lines).joined(separator: "\n") + "\n").write(toFile: input, atomically: true, encoding: .utf8)
      let alone = try #require(
        try trainerError { try predict(checkpoint: checkpoint, input: input, output: "\(directory)/alone.csv") })
      for count in [2, 3] {
        let output = "\(directory)/ranks.csv"
        let error = try sharedError(
          onRanks(count) { ranks in
            try predict(checkpoint: checkpoint, input: input, output: output, options: Self.options(ranks))
          })
        #expect(error.message == alone.message && error.code == .data)
        #expect(!FileManager.default.fileExists(atPath: output))
      }
    }
  }

  /// What only rank 0 can find wrong: the output is there already, or it takes no more.
  @Test func anOutputThatTakesNoMoreEndsAllRanks() throws {
    try withScratchDirectory { directory in
      let (checkpoint, data) = try Self.model(in: directory)
      let output = "\(directory)/there.csv"
      try Data("mine".utf8).write(to: URL(filePath: output))
      let there = try sharedError(
        onRanks(2) { ranks in
          try predict(checkpoint: checkpoint, input: data, output: output, options: Self.options(ranks))
        })
      #expect(there.code == .usage && there.message.hasPrefix(output), "\(there)")
      #expect(try String(contentsOfFile: output, encoding: .utf8) == "mine")
      let kept = try sharedError(
        onRanks(3) { ranks in
          try predict(
            checkpoint: checkpoint, input: data, output: "/dev/full", settings: PredictionSettings(format: .csv),
            options: Self.options(ranks))
        })
      #expect(kept.code == .usage, "\(kept)")
      // Found out when the file is made: no file can be in that place.
      let place = "/proc/predictions.csv"
      let name = try sharedError(
        onRanks(3) { ranks in
          try predict(checkpoint: checkpoint, input: data, output: place, options: Self.options(ranks))
        })
      #expect(name.code == .usage, "\(name)")
      // What one rank cannot read.
      let missing = try sharedError(
        onRanks(3) { ranks in
          try predict(
            checkpoint: checkpoint, input: ranks.rank == 1 ? "\(directory)/none.h5" : data,
            output: "\(directory)/o.csv",
            options: Self.options(ranks))
        })
      #expect(missing.code == .data && missing.message.hasPrefix("rank 1 on host host1: "), "\(missing)")
    }
  }
}
