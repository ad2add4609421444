import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct SweepTests {
  /// An interruption saves the run that is going on, whichever it is, and the same command goes on from there.
  @Test func anInterruptedSweepGoesOn() throws {
    try withScratchDirectory { directory in
      let config = directory + "/config.json"
      try """
      {"data": {"path": "\(Repository.data("digits"))"},
       "model": {"layers": [{"type": "dense", "units": 512, "activation": "relu"}, {"type": "dense", "units": 10}]},
       "loss": {"type": "softmaxCrossEntropy"}, "optimizer": {"type": "sgd", "learningRate": 0.1},
       "training": {"batchSize": 32}}
      """.write(toFile: config, atomically: true, encoding: .utf8)
      let command = [
        "sweep", config, "--over", "training.epochs=[1, 100000]", "--output", directory + "/sweep", "--quiet",
      ]
      let second = directory + "/sweep/training.epochs=100000"
      var steps = 0
      // The second run of the sweep, then the same once it goes on.
      for _ in 1...2 {
        let process = try TrainerBinary.start(command)
        try waitForStep(after: steps, in: second)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 75)
        let last = try #require(try Run(second).lines.last)
        #expect(last["event"]?.text == "stopped" && last["reason"]?.text == "interrupted")
        let stopped = try #require(last["step"]?.int)
        #expect(stopped > steps)
        #expect(try files(in: second).contains("checkpoints/step-" + String(format: "%09d", stopped) + ".h5"))
        steps = stopped
      }
    }
  }

  /// Of several runs at once, an interruption saves all that train, and a kill costs no bit.
  @Test func runsAtOnceAreSavedTogether() throws {
    try withScratchDirectory { directory in
      let command = [
        "sweep", Repository.path + "/configs/softmax.json", "--over", "seed=[1,2,3]", "--set", "training.epochs=100000",
        "--set", "checkpoints.every={\"seconds\": 3600}", "--jobs", "2", "--output", directory + "/sweep", "--quiet",
      ]
      let process = try TrainerBinary.start(command)
      let runs = (1...3).map { "\(directory)/sweep/seed=\($0)" }
      for run in runs.prefix(2) { try waitForStep(after: 0, in: run) }
      kill(process.processIdentifier, SIGTERM)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      for run in runs.prefix(2) {
        let last = try #require(try Run(run).lines.last)
        #expect(last["reason"]?.text == "interrupted")
        #expect(
          try files(in: run).contains("checkpoints/step-" + String(format: "%09d", last["step"]?.int ?? 0) + ".h5"))
      }
      #expect(try !files(in: directory + "/sweep").contains("sweep.json"))
    }
  }

  /// What is drawn depends on the seed alone, more runs keep those before, and the number of jobs changes no digest.
  @Test func randomRunsAtOnce() throws {
    try withScratchDirectory { directory in
      func sweep(_ arguments: String...) throws -> JSONValue {
        let result = try TrainerBinary.run(
          [
            "sweep", Repository.path + "/configs/softmax.json", "--over", "optimizer.learningRate=log[0.001..1]",
            "--over",
            "training.batchSize=[16..128]", "--over", #"optimizer.momentum={"from": 0.5, "to": 0.9}"#, "--set",
            "training.epochs=2", "--format", "json",
          ] + arguments, in: directory)
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        return try JSONDocument(text: result.output, source: "the output").root
      }
      func digests(_ result: JSONValue) -> [String: String] {
        let rows = (result["runs"]?.elements ?? []).map { ($0["name"]?.text ?? "", $0["digest"]?.text ?? "") }
        return Dictionary(uniqueKeysWithValues: rows)
      }
      let few = try sweep("--random", "3", "--output", "few")
      let many = try sweep("--random", "5", "--output", "many", "--jobs", "3")
      let other = try sweep("--random", "3", "--seed", "1", "--output", "other")
      #expect(digests(few).count == 3 && digests(many).count == 5)
      #expect(digests(few).allSatisfy { digests(many)[$0.key] == $0.value && $0.value.hasPrefix("sha256:") })
      #expect(Set(digests(other).keys).isDisjoint(with: digests(few).keys))
      for run in many["runs"]?.elements ?? [] {
        let values = ["optimizer.learningRate", "optimizer.momentum"].map { run["values"]?[$0]?.double ?? .nan }
        #expect(0.001...1 ~= values[0] && 0.5...0.9 ~= values[1])
        #expect(16...128 ~= run["values"]?["training.batchSize"]?.int ?? 0)
      }
      // The best first, by what no validation group and no best checkpoint leave.
      let scores = (many["runs"]?.elements ?? []).map { $0["score"]?.double ?? .nan }
      #expect(many["metric"] == "train.loss" && many["direction"] == "minimize" && scores == scores.sorted())
      #expect(many["best"] == many["runs"]?.elements?[0]["name"])
      let best = try #require(many["bestConfig"]?.text)
      try TrainerBinary.run("run", best, "--output", directory + "/best", "--quiet")
      #expect(try Run(directory + "/best").digest == many["runs"]?.elements?[0]["digest"]?.text)
    }
  }

  /// Killed in the middle, successive halving chooses and ends as it would have.
  @Test func halvingGoesOnAfterAKill() throws {
    try withScratchDirectory { directory in
      func command(_ output: String) -> [String] {
        [
          "sweep", Repository.path + "/configs/mlp.json", "--over", "optimizer.learningRate=log[0.0001..0.1]",
          "--random",
          "9", "--halving", "--set", "training.epochs=9", "--set", "checkpoints.best={\"metric\": \"test.accuracy\"}",
          "--jobs", "2", "--format", "json", "--output", output,
        ]
      }
      let whole = try TrainerBinary.run(command("whole"), in: directory)
      #expect(whole.status == 0 && whole.errors == "", "\(whole.errors)")
      for index in 0..<3 {
        let process = try TrainerBinary.start(command("killed"), in: directory)
        usleep(UInt32(150_000 * (index + 1)))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      let killed = try TrainerBinary.run(command("killed"), in: directory)
      #expect(killed.status == 0, "\(killed.errors)")
      func rows(_ result: CommandResult) throws -> [[JSONValue?]] {
        let root = try JSONDocument(text: result.output, source: "the output").root
        #expect(root["metric"] == "test.accuracy" && root["direction"] == "maximize")
        return (root["runs"]?.elements ?? []).map { row in
          ["name", "status", "steps", "epochs", "score", "digest"].map { row[$0] }
        }
      }
      let expected = try rows(whole)
      #expect(try rows(killed) == expected)
      #expect(expected.map { $0[3] } == [9, 3, 3, 1, 1, 1, 1, 1, 1])
    }
  }

  @Test func whatCannotBeSweptIsOneSentence() throws {
    try withScratchDirectory { directory in
      func expect(_ arguments: [String], _ part: String) throws {
        try TrainerBinary.run(
          ["sweep", Repository.path + "/configs/softmax.json", "--output", directory + "/sweep"] + arguments
        ).expectError(2, part)
      }
      try expect(["--over", "seed"], "there is no '='")
      try expect(["--over", "seed=1"], "found the one value 1")
      try expect(["--over", "seed=[]"], "the array is empty")
      try expect(["--over", "seed=[1,2"], "neither JSON nor a range")
      try expect(["--over", "seed=[1..5]"], "a range is for --random N")
      try expect(["--random", "2", "--over", "seed=[5..1]"], "from 5 to 1, which does not rise")
      try expect(["--random", "2", "--over", "seed=log[0..1]"], "must be greater than 0")
      try expect(["--random", "2", "--over", #"seed={"from": 1, "too": 2}"#], "found the key \"too\"")
      try expect(["--random", "2", "--over", "seed=[0..9223372036854775807]"], "integers of more than 52 bits")
      try expect(["--random", "0", "--over", "seed=[1]"], "--random is 0, expected 1 to 10000")
      try expect(["--over", "seed=[1]", "--factor", "2"], "--factor is for --halving")
      try expect(["--over", "seed=[1]", "--seed", "2"], "--seed is for --random")
      try expect(["--over", "training.epochs=[1,2]", "--halving"], "runs of different length cannot be compared")
      try expect(["--over", "seed=[1]", "--metric", "test.acuracy"], "did you mean \"test.accuracy\"?")
      #expect(try files(in: directory).isEmpty)
      let few = try TrainerBinary.run(
        "sweep", Repository.path + "/configs/softmax.json", "--over", "seed=[1..2]", "--random", "5", "--set",
        "training.epochs=1", "--output", directory + "/sweep", "--quiet")
      #expect(few.status == 0 && few.errors.contains("only 2 different combinations"))
      // Layers are longer than a file's name may be.
      let layers = (0..<2).map { units in
        "[" + Array(repeating: #"{"type":"dense","units":\#(4 + units)}"#, count: 12).joined(separator: ",")
          + #",{"type":"dense","units":10}]"#
      }
      let long = try TrainerBinary.run(
        "sweep", Repository.path + "/configs/softmax.json", "--over", "model.layers=[\(layers.joined(separator: ","))]",
        "--set", "training.epochs=1", "--output", directory + "/long", "--quiet")
      #expect(long.status == 0 && long.output.split(separator: "\n").count == 3, "\(long.errors)")
    }
  }

  /// Waits until a run has written a line of a later step.
  private func waitForStep(after step: Int, in directory: String) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while Date() < deadline {
      let metrics = directory + "/metrics.jsonl"
      if FileManager.default.fileExists(atPath: metrics) {
        // What is behind the last line break may be half a line.
        let lines = try String(contentsOfFile: metrics, encoding: .utf8).components(separatedBy: "\n").dropLast()
        let steps = try lines.filter { $0.hasPrefix("{\"event\":\"epoch\"") }.map {
          try JSONDocument(text: $0, source: metrics).root["step"]?.int ?? 0
        }
        if let last = steps.last, last > step { return }
      }
      usleep(20_000)
    }
    Issue.record("no step after \(step) within a minute")
  }

  /// Without the program that draws, the message says what to install, and no file is left.
  @Test func missingPlottersAreNamed() throws {
    try withScratchDirectory { directory in
      let bowl = Repository.path + "/configs/notes/bowl.json"
      try TrainerBinary.run("run", bowl, "--output", directory + "/run", "--quiet")
      let commands = [
        (["plot", directory + "/run", "--output", directory + "/a.svg"], "gnuplot"),
        (["graph", "x^2", "--output", directory + "/a.svg"], "graphviz"),
      ]
      for (arguments, package) in commands {
        let (result, errors) = (Process(), Pipe())
        result.executableURL = URL(filePath: TrainerBinary.path)
        result.arguments = arguments
        result.environment = ProcessInfo.processInfo.environment.merging(["PATH": directory]) { _, new in new }
        result.standardError = errors
        result.standardOutput = FileHandle.nullDevice
        try result.run()
        let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        result.waitUntilExit()
        #expect(result.terminationStatus == 2 && text.hasPrefix("error: ") && text.contains(package), "\(text)")
        #expect(text.contains("not on the PATH") && text.contains("install"))
        #expect(try !files(in: directory).contains("a.svg"))
      }
    }
  }
}
