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

  /// Seconds of training on a fast machine, so that no run is over before it is stopped.
  private func length(_ config: String) -> [String] {
    let epochs = config == "logistic" ? 6000 : 1000
    return ["--set", "training.epochs=\(epochs)", "--set", "checkpoints.every={\"seconds\":0.02}"]
  }

  /// An uninterrupted run of the length.
  private func wholeRun(_ config: String, in directory: String) throws -> Run {
    let result = try TrainerBinary.run(
      ["run", Repository.config(config), "--output", directory, "--quiet"] + length(config))
    #expect(result.status == 0, "\(result.errors)")
    return try Run(directory)
  }

  @Test(arguments: ["mlp", "logistic"])
  func anInterruptedRunGoesOnWithTheSameBits(config: String) throws {
    try withScratchDirectory { directory in
      let whole = try wholeRun(config, in: directory + "/whole")
      let output = directory + "/interrupted"
      let arguments = ["run", Repository.config(config), "--output", output] + length(config)
      var interruptions = 0
      for delay in [0.3, 0.15, 0.5] {
        let process = try TrainerBinary.start(arguments)
        // Checkpoints are there from the second session on: what shows that it has begun is its lock.
        try waitForFile(named: ".lock", in: output, of: process)
        try waitForFile(in: output + "/checkpoints", of: process)
        Thread.sleep(forTimeInterval: delay)
        process.interrupt()
        process.waitUntilExit()
        if process.terminationStatus == 75 {
          interruptions += 1
          let stopped = try #require(try Run(output).lines.last)
          #expect(stopped["event"]?.text == "stopped" && stopped["reason"]?.text == "interrupted")
        } else {
          #expect(process.terminationStatus == 0)
        }
      }
      #expect(interruptions > 0, "the run was over before it could be interrupted")
      let result = try TrainerBinary.run("resume", output)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("goes on"))
      try expectEqual(Run(output), whole)
    }
  }

  @Test(arguments: ["mlp", "logistic"])
  func aKilledRunGoesOnWithTheSameBits(config: String) throws {
    try withScratchDirectory { directory in
      let whole = try wholeRun(config, in: directory + "/whole")
      let output = directory + "/killed"
      let arguments = ["run", Repository.config(config), "--output", output, "--quiet"] + length(config)
      var kills = 0
      for delay in [0.05, 0.2, 0.1, 0.33, 0.01, 0.25] {
        let process = try TrainerBinary.start(arguments)
        try waitForFile(in: output + "/checkpoints", of: process)
        Thread.sleep(forTimeInterval: delay)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        if process.terminationReason == .uncaughtSignal { kills += 1 }
      }
      #expect(kills > 0, "the run was over before it could be killed")
      let result = try TrainerBinary.run(arguments)
      #expect(result.status == 0, "\(result.errors)")
      try expectEqual(Run(output), whole)
      #expect(try files(in: output).filter { $0.hasSuffix(".partial") } == [])
    }
  }

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

  /// Waits until a directory has a file; by default a checkpoint.
  private func waitForFile(named name: String = "step-", in directory: String, of process: Process) throws {
    for _ in 0..<6000 where process.isRunning {
      if FileManager.default.fileExists(atPath: directory),
        try FileManager.default.contentsOfDirectory(atPath: directory).contains(where: { $0.hasPrefix(name) })
      {
        return
      }
      usleep(10_000)
    }
  }
}
