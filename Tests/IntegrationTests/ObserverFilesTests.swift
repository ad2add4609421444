import Foundation
import Foundations
import TestSupport
import Testing

/// What a run writes for other tools, by the real program: read back by these tools, and killed and gone on with.
@Suite struct ObserverFilesTests {
  private static let observers = #"observers=["csv",{"type":"tensorboard","histograms":{"steps":50}}]"#
  private static let arguments = [
    "run", Repository.config("mlp"), "--quiet", "--set", observers, "--set", "training.epochs=12", "--set",
    #"checkpoints.every={"steps":7}"#,
  ]

  private func run(_ directory: String) throws {
    let result = try TrainerBinary.run(Self.arguments + ["--output", directory])
    try #require(result.status == 0 && result.errors == "", "\(result.errors)")
  }

  /// The rows of a run's `metrics.csv`, without the two columns of times.
  private func table(_ run: String) throws -> [[Substring]] {
    let text = try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8)
    #expect(text.hasSuffix("\n"))
    return text.split(separator: "\n").map { Array($0.split(separator: ",").dropLast(2)) }
  }

  // Killed at any time, again and again: what is written in the end is what a run writes that nobody disturbs.
  @Test func killedRunsWriteEachStepOnce() throws {
    try withScratchDirectory { directory in
      try run("\(directory)/whole")
      let begin = ContinuousClock.now
      try run("\(directory)/timed")
      let whole = begin.duration(to: .now) / .seconds(1)
      let killed = "\(directory)/killed"
      var kills = 0
      for attempt in 0..<Torture.count(12, 100) {
        let process = try TrainerBinary.start(Self.arguments + ["--output", killed])
        // At other times in each attempt; a run that has come to its end before is begun anew.
        usleep(UInt32(1e6 * whole * (0.1 + 0.8 * Double(attempt * 7 % 12) / 12)))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        if process.terminationReason == .uncaughtSignal { kills += 1 } else { break }
      }
      #expect(kills > 0)
      try run(killed)
      let expected = try EventFiles("\(directory)/whole/tensorboard")
      let files = try EventFiles("\(killed)/tensorboard")
      #expect(files.timeless == expected.timeless)
      #expect(try table(killed) == table("\(directory)/whole"))
      #expect(try Run(killed).digest == Run("\(directory)/whole").digest)
      let steps = files.values.filter { $0.tag == "train/loss" }.map(\.step)
      #expect(steps == (1...12).map { 23 * $0 })
    }
  }

  @Test(.enabled(if: Tool.pythonHas("tensorboard"), "Python has no tensorboard"))
  func tensorBoardReadsWhatIsWritten() throws {
    try withScratchDirectory { directory in
      try run("\(directory)/run")
      let script = "\(Repository.path)/scripts/references/read_events.py"
      let printed = try Tool.run("python3", ["-W", "ignore", script, "\(directory)/run/tensorboard"])
      try #require(printed.status == 0, "\(printed.output)")
      let text = printed.output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
      let found = try JSONDocument(text: String(text), source: "read_events.py").root

      let epochs = try Run("\(directory)/run").lines.filter { $0["event"]?.text == "epoch" }
      #expect(epochs.count == 12)
      for group in ["train", "test"] {
        for measure in ["loss", "accuracy"] {
          let rows = try found.member("scalars").member("\(group)/\(measure)").elements ?? []
          #expect(rows.compactMap { $0.elements?[0].int } == epochs.compactMap { $0["step"]?.int })
          let values = epochs.compactMap { $0[group]?[measure]?.double.map { Double(Float($0)) } }
          #expect(rows.compactMap { $0.elements?[1].double } == values, "\(group)/\(measure)")
        }
      }
      // Steps 50 to 250; each histogram has all elements, and the last bucket ends at the largest.
      let sizes = ["dense1/weight": 64 * 128, "dense1/bias": 128, "dense2/weight": 1280, "dense2/bias": 10]
      for (name, size) in sizes {
        for kind in ["parameters", "updates"] {
          let rows = try found.member("histograms").member("\(kind)/\(name)").elements ?? []
          #expect(rows.compactMap { $0.elements?[0].int } == [50, 100, 150, 200, 250], "\(kind)/\(name)")
          for row in rows {
            let counts = row.elements?[1].elements?.compactMap { $0.elements?[2].double } ?? []
            #expect(counts.reduce(0, +) == Double(size), "\(kind)/\(name)")
          }
        }
      }
      let pictures = try found.member("images").member("test/confusion").elements ?? []
      #expect(pictures.count == 12)
      for picture in pictures {
        let numbers = picture.numbers
        #expect(numbers[1] == numbers[3] && numbers[2] == numbers[4])
        #expect(numbers[5] == (3 * numbers[1] + 1) * numbers[2])
      }
      #expect(found["graph"]?["dense1/dense"]?.elements == ["dense", "inputs", "dense1/weight", "dense1/bias"])
      #expect(found["graph"]?["loss"]?.elements?.last == "targets")
      #expect(found["hparams"]?["optimizer.type"] == "adam" && found["hparams"]?["training.epochs"]?.double == 12)
      #expect(found["ends"] == 1 && found["other"] == [])
      #expect(found["charts"]?["loss"] == ["^train/loss$", "^test/loss$"])
    }
  }

  @Test(.enabled(if: Tool.pythonHas("pandas"), "Python has no pandas")) func pandasReadsTheTable() throws {
    try withScratchDirectory { directory in
      try run("\(directory)/run")
      let program = """
        import pandas, sys
        table = pandas.read_csv(sys.argv[1])
        print(",".join(table.columns), table.shape, table.step.is_monotonic_increasing, table.isna().any().any())
        print(table.dtypes.iloc[0], table.dtypes.iloc[1], set(map(str, table.dtypes.iloc[2:])))
        """
      let printed = try Tool.run("python3", ["-c", program, "\(directory)/run/metrics.csv"])
      #expect(
        printed.output == """
          step,epoch,train.loss,train.accuracy,test.loss,test.accuracy,learningRate,samplesPerSecond,seconds (12, 9) True False
          int64 int64 {'float64'}

          """)
    }
  }
}
