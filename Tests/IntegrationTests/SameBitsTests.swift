import Foundation
import Foundations
import TestSupport
import Testing

/// The number of workers, interruptions and kills change no bit.
@Suite struct SameBitsTests {
  @Test(arguments: ["softmax", "mlp", "logistic", "linear", "fashion-softmax", "fashion-mlp", "fashion-cnn"])
  func workersChangeNoBit(config: String) throws {
    guard !config.hasPrefix("fashion") || Repository.hasFashionMNIST else {
      print("SKIPPED: \(config), because data/fashion-mnist.h5 is absent (make data/fashion-mnist.h5)")
      return
    }
    let length = config.hasPrefix("fashion") ? "training={\"steps\":40,\"batchSize\":256}" : "training.epochs=3"
    try withScratchDirectory { directory in
      var digests: [String] = []
      for workers in ["1", "2", "3", "8"] {
        let output = "\(directory)/\(workers)"
        let result = try TrainerBinary.run(
          "run", Repository.config(config), "--set", length, "--workers", workers, "--output", output, "--quiet")
        #expect(result.status == 0, "\(result.errors)")
        digests.append(try Run(output).digest)
      }
      #expect(Set(digests).count == 1, "\(digests)")
    }
  }

  @Test func anEnvironmentVariableCapsTheInstructionSet() throws {
    try withScratchDirectory { directory in
      let bench = ["bench", "steps", Repository.config("softmax"), "--seconds", "0.02", "--format", "json"]
      func kernels(_ environment: String...) throws -> String {
        let result = try TrainerBinary.run(bench, under: ["env"] + environment)
        #expect(result.status == 0, "\(result.errors)")
        return try #require(try JSONDocument(text: result.output, source: "bench").root["instructionSet"]?.text)
      }
      #expect(try kernels("TRAINER_ISA=plain") == "plain")
      let best = try kernels("-u", "TRAINER_ISA")
      #expect(try kernels("TRAINER_ISA=") == best && kernels("TRAINER_ISA=\(best)") == best)
      try TrainerBinary.run(bench, under: ["env", "TRAINER_ISA=avx1"]).expectError(2, "TRAINER_ISA", "'avx1'", best)
      // Nothing was capped where the processor has nothing better than the baseline.
      guard best != "plain" else { return }
      let digests = try ["plain", best].map { name in
        let result = try TrainerBinary.run(
          ["run", Repository.config("softmax"), "--set", "training.epochs=1", "--output", "\(directory)/\(name)"],
          under: ["env", "TRAINER_ISA=\(name)"])
        #expect(result.status == 0 && result.output.contains("\(name) kernels"), "\(result.errors)")
        return try Run("\(directory)/\(name)").digest
      }
      #expect(digests[0] != digests[1], "with and without fused multiply-add, bits differ")
    }
  }

  // As on a machine with several memory nodes.
  @Test func placedMemoryAndPinnedWorkersChangeNoBit() throws {
    try withScratchDirectory { directory in
      func digest(_ name: String, _ place: String, _ options: String...) throws -> String {
        let output = "\(directory)/\(name)"
        let result = try TrainerBinary.run(
          ["run", Repository.config("mlp"), "--set", "training.epochs=2", "--output", output, "--quiet"] + options,
          under: ["env", "TRAINER_PLACE_MEMORY=\(place)"])
        #expect(result.status == 0, "\(result.errors)")
        return try Run(output).digest
      }
      let plain = try digest("plain", "never", "--workers", "1")
      #expect(try digest("placed", "always", "--workers", "3") == plain)
      #expect(try digest("pinned", "always", "--workers", "4", "--pin-workers") == plain)
      #expect(try digest("neither", "", "--workers", "4") == plain)
      try TrainerBinary.run(["run", Repository.config("mlp")], under: ["env", "TRAINER_PLACE_MEMORY=sometimes"])
        .expectError(2, "TRAINER_PLACE_MEMORY", "'sometimes'", "\"always\" or \"never\"")
    }
  }

  @Test(arguments: ["mlp", "logistic"])
  func anInterruptedRunGoesOnWithTheSameBits(config: String) throws {
    try withScratchDirectory { directory in
      let run = try stoppedRun(of: config, in: directory, after: [0.1, 0.05, 0.2]) { process, output in
        process.interrupt()
        process.waitUntilExit()
        guard process.terminationStatus == 75 else {
          #expect(process.terminationStatus == 0)
          return false
        }
        let stopped = try #require(try Run(output).lines.last)
        #expect(stopped["event"]?.text == "stopped" && stopped["reason"]?.text == "interrupted")
        return true
      }
      let result = try TrainerBinary.run("resume", run.output)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("goes on"))
      try expectEqual(Run(run.output), run.whole())
    }
  }

  @Test(arguments: ["mlp", "logistic"])
  func aKilledRunGoesOnWithTheSameBits(config: String) throws {
    try withScratchDirectory { directory in
      let run = try stoppedRun(of: config, in: directory, after: [0.05, 0.1, 0.02, 0.15, 0.01]) { process, _ in
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal
      }
      let result = try TrainerBinary.run(run.arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("goes on"))
      try expectEqual(Run(run.output), run.whole())
      #expect(try files(in: run.output).filter { $0.hasSuffix(".partial") } == [])
    }
  }

  private struct StoppedRun {
    let output: String
    let config: String
    let length: [String]

    var arguments: [String] { ["run", config, "--output", output] + length }

    /// An uninterrupted run of the same length.
    func whole() throws -> Run {
      let result = try TrainerBinary.run(["run", config, "--output", output + "-whole", "--quiet"] + length)
      #expect(result.status == 0, "\(result.errors)")
      return try Run(output + "-whole")
    }
  }

  /// A run that was stopped once after each of the delays and is not over. No number here knows how fast a machine
  /// is: a run that is over before its last stop is tried anew, four times as long.
  private func stoppedRun(
    of config: String, in directory: String, after delays: [Double], by stop: (Process, String) throws -> Bool
  ) throws -> StoppedRun {
    for epochs in [1, 4, 16, 64].map({ $0 * (config == "logistic" ? 6000 : 1000) }) {
      let run = StoppedRun(
        output: "\(directory)/\(epochs)", config: Repository.config(config),
        length: ["--set", "training.epochs=\(epochs)", "--set", "checkpoints.every={\"seconds\":0.02}"])
      let wasStopped = try delays.allSatisfy { delay in
        // Checkpoints are there from the second session on: what shows that one has begun is a checkpoint of its own.
        let earlier = try names(in: run.output + "/checkpoints")
        let process = try TrainerBinary.start(run.arguments)
        try waitForFile(in: run.output + "/checkpoints", besides: earlier, of: process)
        Thread.sleep(forTimeInterval: delay)
        return try stop(process, run.output)
      }
      if wasStopped { return run }
    }
    throw RunsTooFast()
  }

  private struct RunsTooFast: Error {}

  @Test func aTornLineIsCut() throws {
    try withScratchDirectory { directory in
      let arguments = ["run", Repository.config("softmax"), "--output", directory + "/run", "--quiet"]
      try TrainerBinary.run(arguments)
      let whole = try Run(directory + "/run")
      let metrics = directory + "/run/metrics.jsonl"
      // As if the machine had lost power before the last line was whole.
      let size = try #require(try FileManager.default.attributesOfItem(atPath: metrics)[.size] as? Int)
      #expect(truncate(metrics, size - 10) == 0)
      let result = try TrainerBinary.run(arguments)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try Run(directory + "/run").timeless == whole.timeless)
    }
  }

  @Test func aSignalToSaveLetsTheRunGoOn() throws {
    try withScratchDirectory { directory in
      let process = try TrainerBinary.start([
        "run", Repository.config("mlp"), "--output", directory + "/run", "--set", "training.epochs=100000", "--set",
        "checkpoints.every={\"epochs\":100000}",
      ])
      try waitForFile(named: "metrics.jsonl", in: directory + "/run", of: process)
      kill(process.processIdentifier, SIGUSR1)
      try waitForFile(in: directory + "/run/checkpoints", of: process)
      #expect(process.isRunning)
      process.interrupt()
      process.waitUntilExit()
      #expect(process.terminationStatus == 75)
    }
  }

  private func expectEqual(_ run: Run, _ whole: Run) throws {
    #expect(run.digest == whole.digest)
    #expect(run.timeless == whole.timeless)
    let difference = try TrainerBinary.run("checkpoint", "diff", run.newestCheckpoint, whole.newestCheckpoint)
    #expect(difference.output.hasPrefix("equal"), "\(difference.output)")
  }

  /// Waits until a directory has a new file; by default a checkpoint.
  private func waitForFile(
    named name: String = "step-", in directory: String, besides earlier: Set<String> = [], of process: Process
  ) throws {
    for _ in 0..<6000 where process.isRunning {
      if try names(in: directory).contains(where: { $0.hasPrefix(name) && !earlier.contains($0) }) { return }
      usleep(10_000)
    }
  }
  private func names(in directory: String) throws -> Set<String> {
    guard FileManager.default.fileExists(atPath: directory) else { return [] }
    return Set(try FileManager.default.contentsOfDirectory(atPath: directory))
  }
}
