import Foundation
import TestSupport
import Testing

/// Signals, limits and kills, sent to the real program.
@Suite struct InterruptionTests {
  /// Far longer than any test waits.
  private static let endless = ["--set", "training.epochs=1000000", "--set", "checkpoints.every={\"epochs\":1000000}"]

  private func start(_ directory: String, _ more: [String] = endless) throws -> Process {
    let process = try TrainerBinary.start(
      ["run", Repository.config("mlp"), "--output", directory + "/run", "--quiet"] + more)
    // From its first metrics line on there is something to save.
    let metrics = directory + "/run/metrics.jsonl"
    for _ in 0..<3000 where process.isRunning {
      if FileManager.default.contents(atPath: metrics)?.isEmpty == false { break }
      usleep(10_000)
    }
    return process
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalSavesAndEndsWith75(number: Int32) throws {
    try withScratchDirectory { directory in
      let process = try start(directory)
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      let run = try Run(directory + "/run")
      let end = try #require(run.lines.last)
      #expect(end["event"]?.text == "stopped" && end["reason"]?.text == "interrupted")
      let step = try #require(end["step"]?.int)
      #expect(try run.checkpoints == ["step-" + String(format: "%09d", step) + ".h5"], "the step that it stopped at")
      #expect(try files(in: directory + "/run").allSatisfy { $0 != ".lock" && !$0.hasSuffix(".partial") })
    }
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 143)] as [(Int32, Int32)])
  func aSecondSignalEndsAtOnce(_ signal: (number: Int32, status: Int32)) throws {
    try withScratchDirectory { directory in
      // A model whose single step takes long, so that the first signal cannot have ended the run.
      let process = try TrainerBinary.start([
        "run", Repository.config("mlp"), "--output", directory + "/run", "--quiet", "--workers", "1", "--set",
        "model={\"layers\":[{\"type\":\"dense\",\"units\":3000,\"activation\":\"relu\"},"
          + "{\"type\":\"dense\",\"units\":3000,\"activation\":\"relu\"},{\"type\":\"dense\",\"units\":10}]}",
        "--set", "training={\"epochs\":1000,\"batchSize\":\"full\"}",
      ])
      for _ in 0..<3000 where process.isRunning {
        if FileManager.default.fileExists(atPath: directory + "/run/metrics.jsonl") { break }
        usleep(10_000)
      }
      // Two that come close together are one to the system, so there may be more.
      while process.isRunning {
        kill(process.processIdentifier, signal.number)
        usleep(20_000)
      }
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == signal.status)
      #expect(try !files(in: directory + "/run").contains { $0.hasSuffix(".h5") })
    }
  }

  @Test func timeThatIsOverEndsWith75() throws {
    try withScratchDirectory { directory in
      let arguments = ["run", Repository.config("mlp"), "--output", directory + "/run"] + Self.endless
      let begin = ContinuousClock.now
      let result = try TrainerBinary.run(arguments + ["--stop-after", "0.3s"])
      #expect(result.status == 75 && result.errors == "", "\(result.errors)")
      #expect(begin.duration(to: .now) < .seconds(60))
      #expect(result.output.contains("the same command goes on from there"))
      let end = try #require(try Run(directory + "/run").lines.last)
      #expect(end["reason"]?.text == "time is over")
      let resumed = try TrainerBinary.run("resume", directory + "/run", "--stop-after", "1s")
      #expect(resumed.status == 75 && resumed.output.contains("goes on"))
    }
  }

  @Test(arguments: ["", "5", "5x", "-3s", "0s", "1h30", ".s", "s"])
  func aTimeNeedsItsUnit(text: String) throws {
    let result = try TrainerBinary.run("run", Repository.config("mlp"), "--stop-after=\(text)")
    #expect(result.status == 2 && result.errors.contains("--stop-after"), "\(result.errors)")
  }

  @Test func aSecondProcessIsRefused() throws {
    try withScratchDirectory { directory in
      let process = try start(directory)
      let second = try TrainerBinary.run(
        ["run", Repository.config("mlp"), "--output", directory + "/run"] + Self.endless)
      second.expectError(2, "another process writes in the run directory: process \(process.processIdentifier) on ")
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      // What a killed process leaves behind holds nobody up.
      #expect(try files(in: directory + "/run").contains(".lock"))
      let third = try TrainerBinary.run("resume", directory + "/run", "--stop-after", "0.1s")
      #expect(third.status == 75 && third.errors == "", "\(third.errors)")
    }
  }

  // A limit on the size of files ends the saves, not the training.
  @Test func aLimitOnTheSizeOfFilesIsAFailedSave() throws {
    try withScratchDirectory { directory in
      // Few epochs, so that the limit is far from the size of metrics.jsonl.
      let arguments = [
        "run", Repository.config("softmax"), "--output", directory + "/run", "--quiet", "--set", "training.epochs=6",
      ]
      // Whoever started the tests may ignore the signal that comes with the limit.
      let script = "ulimit -f 10; exec env --default-signal=XFSZ \"$0\" \"$@\""
      let limited = try Tool.run("sh", ["-c", script, TrainerBinary.path] + arguments)
      #expect(limited.status == 4)
      let lines = limited.output.split(separator: "\n")
      #expect(lines.count == 2, "\(limited.output)")
      #expect(lines.first?.contains("the checkpoint cannot be saved: File too large; training goes on") == true)
      #expect(lines.last?.hasPrefix("error: ") == true && lines.last?.contains("there is no good checkpoint") == true)
      #expect(try !files(in: directory + "/run").contains { $0.contains("step-") })
      let result = try TrainerBinary.run(arguments)
      #expect(result.status == 0 && result.errors == "")
    }
  }

  // MARK: The proof that ships

  @Test func killedRunsEndWithTheSameBits() throws {
    for (config, kills) in [("softmax", Torture.count(8, 150)), ("mlp", Torture.count(4, 100))] {
      let result = try TrainerBinary.run(
        "verify-resume", Repository.config(config), "--kills", "\(kills)", "--seed", "\(Torture.count(1, 2))", "--set",
        "training.epochs=6")
      #expect(result.status == 0, "\(result.output)\(result.errors)")
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines.first?.hasPrefix("once through: ") == true && lines.count == kills + 5, "\(result.output)")
      #expect(lines.dropLast(2).last?.hasPrefix("equal: \(kills) kills in ") == true)
      // Kills are planned in equal parts of the run, and half of them for saves.
      let places = try #require(
        lines.dropLast().last?.wholeMatch(
          of: #/the kills fell: (\d+), (\d+), (\d+), (\d+) in the quarters of the run; (\d+) while a .*/#))
      let counts = [places.1, places.2, places.3, places.4].compactMap { Int($0) }
      #expect(counts.reduce(0, +) == kills && counts.allSatisfy { $0 >= 1 }, "\(result.output)")
      #expect(Int(places.5) ?? 0 >= 1, "\(result.output)")
      #expect(lines.last?.wholeMatch(of: #/digest sha256:[0-9a-f]{64}/#) != nil)
    }
  }

  // A config whose result depends on the clock cannot exist; one that fails says why, with its own exit code.
  @Test func theProofOfAConfigThatFailsIsItsError() throws {
    let result = try TrainerBinary.run("verify-resume", "none.json", "--kills", "3")
    #expect(result.status == 2 && result.errors.hasPrefix("error: ") && result.errors.contains("none.json"))
    #expect(try TrainerBinary.run("verify-resume", "none.json", "--kills", "0").status == 2)
  }

  // A file cut at every 512th byte, or with any bit flipped, is refused by the program and does not crash it.
  @Test func aDamagedFileIsRefused() throws {
    try withScratchDirectory { directory in
      let output = directory + "/run"
      try TrainerBinary.run(
        "run", Repository.config("softmax"), "--output", output, "--quiet", "--set", "training.epochs=1")
      let whole = try Data(contentsOf: URL(filePath: Run(output).newestCheckpoint))
      let file = directory + "/damaged.h5"
      func expectRefused(_ data: Data, _ what: String) throws {
        try data.write(to: URL(filePath: file))
        let result = try TrainerBinary.run("checkpoint", "digest", file)
        #expect(result.status == 4 && result.output == "" && result.errors.hasPrefix("error: \(file)"), "\(what)")
      }
      for end in stride(from: 0, to: whole.count, by: 512 * Torture.count(4, 1)) {
        try expectRefused(whole.prefix(end), "cut at \(end)")
      }
      var generator = SeededGenerator(3)
      for _ in 0..<Torture.count(20, 2000) {
        let bit = Int.random(in: 0..<8 * whole.count, using: &generator)
        var flipped = whole
        flipped[bit / 8] ^= 1 << (bit % 8)
        try expectRefused(flipped, "bit \(bit)")
      }
    }
  }
}
