import Foundation
import TestSupport
import Testing

/// What a run takes in memory whose rows are left in the file.
@Suite struct StreamingMemoryTests {
  private static let rows = 160_000
  private static let columns = 784

  /// Ten times what is left of the budget.
  private static func write(_ path: String) throws {
    let inputs = packableRows(rows, columns: columns)
    try writeFile(path) { root in
      for (name, count) in [("train", rows), ("test", 6000)] {
        let group = try root.createGroup(name)
        try group.createDataset(
          "inputs", shape: [count, columns], values: Array(inputs[..<(count * columns)]),
          properties: .datasetCreation(chunk: [256, columns], deflate: 1, shuffle: true))
        try group.createDataset("targets", shape: [count], values: (0..<count).map { UInt8($0 % 10) })
      }
    }
  }

  private static func config(_ directory: String, memory: String) throws -> String {
    let path = directory + "/config.json"
    try """
    {"name": "a", "seed": 3, "data": {"path": "data.h5"\(memory), "shuffle": {"block": 512, "window": 2},
      "preprocessing": [{"type": "scale", "factor": 0.25}]},
     "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy",
     "optimizer": {"type": "sgd", "learningRate": 0.01}, "training": {"epochs": 3, "batchSize": 250, "shards": 2}}
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The bytes of a process that are its own, and not the file's.
  private static func anonymousBytes(_ process: Int32) -> Double {
    let status = String(
      decoding: FileManager.default.contents(atPath: "/proc/\(process)/status") ?? Data(), as: UTF8.self)
    let words =
      status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count > 1 ? (Double(words[1]) ?? 0) * 1024 : 0
  }

  @Test func theMemoryThatIsAnnouncedIsEnough() throws {
    try withScratchDirectory { directory in
      try Self.write(directory + "/data.h5")
      let output = directory + "/output"
      try Data().write(to: URL(filePath: output))
      let process = try TrainerBinary.start(
        [
          "run", Self.config(directory, memory: #", "memory": "80MB""#), "--output", directory + "/run", "--workers",
          "2",
        ],
        output: FileHandle(forWritingTo: URL(filePath: output)))
      var peak = 0.0
      while process.isRunning {
        peak = max(peak, Self.anonymousBytes(process.processIdentifier))
        usleep(2000)
      }
      process.waitUntilExit()
      let text = try String(contentsOfFile: output, encoding: .utf8)
      #expect(process.terminationStatus == 0, "\(text)")
      let match = try #require(
        try /streamed, .* the run takes up to ([0-9.]+) MB of memory/.firstMatch(in: text), "\(text)")
      let announced = try #require(Double(match.1)) * 1e6
      #expect(peak > 0.5 * announced && peak <= 1.1 * announced, "\(peak) of \(announced)")
    }
  }

  /// Where the machine lets a test make a control group: the rows stay in the file, and nothing is killed.
  @Test func aControlGroupIsKeptTo() throws {
    let group = "/sys/fs/cgroup/memory/trainer-test-\(UUID().uuidString)"
    guard (try? FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)) != nil else {
      return
    }
    defer { rmdir(group) }
    guard FileManager.default.fileExists(atPath: group + "/memory.limit_in_bytes"),
      (try? "\(160 << 20)".write(toFile: group + "/memory.limit_in_bytes", atomically: false, encoding: .utf8)) != nil
    else { return }
    try withScratchDirectory { directory in
      try Self.write(directory + "/data.h5")
      let config = try Self.config(directory, memory: "")
      let limited = try TrainerBinary.run(
        ["run", config, "--output", directory + "/limited", "--workers", "2"],
        under: ["bash", "-c", "echo $BASHPID > \(group)/cgroup.procs && exec \"$@\"", "-"])
      #expect(limited.status == 0 && limited.output.contains("streamed"), "\(limited.output)\(limited.errors)")
      let free = try TrainerBinary.run("run", config, "--output", directory + "/free", "--workers", "2")
      #expect(free.status == 0 && !free.output.contains("streamed"), "\(free.errors)")
      #expect(try Run(directory + "/limited").digest == Run(directory + "/free").digest)
    }
  }
}
