import Foundation
import TestSupport
import Testing

/// What a disk does while rows are read from it: strace has the system's answers come late, or be errors.
@Suite(.enabled(if: Tool.path(of: "strace") != nil)) struct StreamingDiskTests {
  private static let rows = 50_000
  private static let columns = 784

  private static func write(_ path: String) throws {
    let inputs = packableRows(rows, columns: columns)
    try writeFile(path) { root in
      let group = try root.createGroup("train")
      try group.createDataset(
        "inputs", shape: [rows, columns], values: inputs,
        properties: .datasetCreation(chunk: [256, columns], deflate: 1, shuffle: true))
      try group.createDataset("targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 10) })
    }
  }

  private static let config = """
    {"name": "a", "seed": 3, "data": {"path": "data.h5", "memory": "68MB", "shuffle": {"block": 512, "window": 2},
      "preprocessing": [{"type": "scale", "factor": 0.25}]},
     "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy",
     "optimizer": {"type": "sgd", "learningRate": 0.01}, "training": {"epochs": 30, "batchSize": 250, "shards": 2}}
    """

  /// The reads of the thread that reads ahead, of which an epoch has 196, from this one on; no other thread has as many.
  private static let laterReads = "1200+"

  private static func prefix(_ fault: String, _ directory: String) -> [String] {
    [
      "strace", "-D", "-f", "-qq", "-o", "\(directory)/trace", "-e", "trace=pread64", "-e",
      "inject=pread64:\(fault):when=\(laterReads)",
    ]
  }

  private static func prepare(_ directory: String) throws -> [String] {
    try write(directory + "/data.h5")
    try config.write(toFile: directory + "/config.json", atomically: true, encoding: .utf8)
    return [
      "run", directory + "/config.json", "--workers", "2", "--quiet", "--set", "checkpoints.every.epochs=1", "--output",
    ]
  }

  @Test func anErrorOfTheDiskEndsTheRunWithItsRows() throws {
    try withScratchDirectory { directory in
      let command = try Self.prepare(directory)
      let failed = try TrainerBinary.run(
        command + [directory + "/run"], under: Self.prefix("error=EIO", directory))
      failed.expectError(
        3, "/data.h5: /train/inputs: the chunk (", ") with the rows ", "cannot be read: input/output error",
        "see to the disk or the network, and go on with the run")
      #expect(try !Run(directory + "/run").checkpoints.isEmpty)
      let resumed = try TrainerBinary.run(command + [directory + "/run"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      try TrainerBinary.run(command + [directory + "/whole"])
      #expect(try Run(directory + "/run").digest == Run(directory + "/whole").digest)
    }
  }

  @Test func aDiskThatIsSilentForAMinuteEndsTheRun() throws {
    try withScratchDirectory { directory in
      let command = try Self.prepare(directory)
      let failed = try TrainerBinary.run(
        command + [directory + "/run"], under: Self.prefix("delay_enter=70000000", directory))
      // strace has a word of its own to say of a process that ends while it is held.
      #expect(failed.status == 3)
      #expect(failed.errors.contains("/data.h5: /train/inputs: nothing has come of the rows "), "\(failed.errors)")
      #expect(failed.errors.contains(" for 60 s; see to the disk or the network"), "\(failed.errors)")
      #expect(try !Run(directory + "/run").checkpoints.isEmpty)
    }
  }

  @Test func aSignalStopsARunThatWaitsForTheDisk() throws {
    try withScratchDirectory { directory in
      let command = try Self.prepare(directory)
      let process = try TrainerBinary.start(
        command + [directory + "/run"], under: Self.prefix("delay_enter=40000000", directory))
      func count(_ event: String) -> Int {
        let lines = FileManager.default.contents(atPath: directory + "/run/metrics.jsonl") ?? Data()
        return String(decoding: lines, as: UTF8.self).split(separator: "\n").count {
          $0.contains("\"event\":\"\(event)\"")
        }
      }
      // Until no epoch has ended for a while.
      var (last, unchanged) = (0, 0)
      for _ in 0..<1000 where process.isRunning && unchanged < 30 {
        usleep(100_000)
        let epochs = count("epoch")
        unchanged = epochs > 0 && epochs == last ? unchanged + 1 : 0
        last = epochs
      }
      #expect(process.isRunning && last < 30)
      kill(process.processIdentifier, SIGTERM)
      // The process itself is held by strace until the answer comes.
      var isStopped = false
      for _ in 0..<200 where !isStopped {
        usleep(100_000)
        isStopped = count("stopped") == 1
      }
      #expect(isStopped)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      let resumed = try TrainerBinary.run(command + [directory + "/run"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      try TrainerBinary.run(command + [directory + "/whole"])
      #expect(try Run(directory + "/run").digest == Run(directory + "/whole").digest)
    }
  }
}
