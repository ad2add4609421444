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
