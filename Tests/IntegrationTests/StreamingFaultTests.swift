import Foundation
import HDF5
import TestSupport
import Testing

/// What happens to a file while the real program reads it ends the run with one sentence, and costs nothing but the steps
/// since the last checkpoint.
@Suite struct StreamingFaultTests {
  enum Layout: String, CaseIterable { case packed, plain, contiguous }

  private static let rows = 50_000
  private static let columns = 784

  /// Rows of bytes that take about as much memory as a run is given.
  private static func write(_ path: String, _ layout: Layout) throws {
    let inputs = packableRows(rows, columns: columns)
    try writeFile(path) { root in
      let group = try root.createGroup("train")
      let properties: PropertyList? =
        switch layout {
        case .packed: try PropertyList.datasetCreation(chunk: [256, columns], deflate: 1, shuffle: true)
        case .plain: try PropertyList.datasetCreation(chunk: [256, columns])
        case .contiguous: nil
        }
      if let properties {
        try group.createDataset("inputs", shape: [rows, columns], values: inputs, properties: properties)
      } else {
        try group.createDataset("inputs", shape: [rows, columns], values: inputs)
      }
      try group.createDataset("targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 10) })
    }
  }

  private static func config(epochs: Int) -> String {
    """
    {"name": "a", "seed": 3, "data": {"path": "data.h5", "memory": "68MB", "shuffle": {"block": 512, "window": 2},
      "preprocessing": [{"type": "scale", "factor": 0.25}]},
     "model": {"layers": [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dense", "units": 10}]},
     "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.01},
     "training": {"epochs": \(epochs), "batchSize": 250, "shards": 2}}
    """
  }

  /// Runs the program, lets `harm` be done to the file when a checkpoint is there, and goes on with the file as it was.
  private func check(
    _ layout: Layout, says texts: [String], _ harm: (_ path: String) throws -> Void
  ) throws {
    try withScratchDirectory { directory in
      let (path, copy) = (directory + "/data.h5", directory + "/copy.h5")
      try Self.write(path, layout)
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      let config = directory + "/config.json"
      try Self.config(epochs: 30).write(toFile: config, atomically: true, encoding: .utf8)
      let undisturbed = try TrainerBinary.run("run", config, "--output", directory + "/whole", "--workers", "2")
      #expect(undisturbed.status == 0, "\(undisturbed.errors)")
      let word = layout == .contiguous ? "mapped from the file" : "streamed"
      #expect(undisturbed.output.contains(word), "\(undisturbed.output)")

      let output = directory + "/run"
      let errors = directory + "/errors"
      try Data().write(to: URL(filePath: errors))
      let process = try TrainerBinary.start(
        ["run", config, "--output", output, "--quiet", "--workers", "2", "--set", "checkpoints.every.epochs=1"],
        errors: FileHandle(forWritingTo: URL(filePath: errors)))
      for _ in 0..<3000 where process.isRunning {
        if FileManager.default.subpaths(atPath: output)?.contains(where: { $0.hasSuffix(".h5") }) == true { break }
        usleep(5000)
      }
      // While it stands still, so that it finds all of the harm, or nothing.
      kill(process.processIdentifier, SIGSTOP)
      for _ in 0..<2000 where process.isRunning && !Self.standsStill(process.processIdentifier) { usleep(1000) }
      try harm(path)
      kill(process.processIdentifier, SIGCONT)
      process.waitUntilExit()
      let said = try String(contentsOfFile: errors, encoding: .utf8)
      #expect(process.terminationReason == .exit && process.terminationStatus == 3, "\(said)")
      #expect(said.hasPrefix("error: \(path): /train/inputs: ") && said.count { $0 == "\n" } == 1, "\(said)")
      for text in texts { #expect(said.contains(text), "\(said)") }
      #expect(try !Run(output).checkpoints.isEmpty)
      #expect(try files(in: output).allSatisfy { !$0.hasSuffix(".partial") })

      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: copy, toPath: path)
      let resumed = try TrainerBinary.run("run", config, "--output", output, "--workers", "3")
      #expect(resumed.status == 0 && resumed.output.contains("goes on"), "\(resumed.errors)")
      #expect(try Run(output).digest == Run(directory + "/whole").digest)
    }
  }

  /// Whether all threads of a process are stopped.
  private static func standsStill(_ process: Int32) -> Bool {
    let tasks = "/proc/\(process)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.allSatisfy { thread in
      let status = (try? String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)) ?? ""
      return status.contains("State:\tT")
    }
  }

  private static func truncate(_ path: String, to byteCount: UInt64) throws {
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.truncate(atOffset: byteCount)
    try file.close()
  }

  private static func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  @Test(arguments: [Layout.packed, .plain]) func aFileThatIsCut(layout: Layout) throws {
    try check(layout, says: ["the chunk (", ") with the rows "]) { try Self.truncate($0, to: 2_000_000) }
  }

  // What was cut off is touched by a worker in the middle of steps, or found between two regions.
  @Test func aMappedFileThatIsCut() throws {
    try check(.contiguous, says: ["; copy the file again or make it anew, and go on with the run"]) {
      try Self.truncate($0, to: 2_000_000)
    }
  }

  @Test(arguments: Layout.allCases) func aFileThatIsWrittenTo(layout: Layout) throws {
    try check(layout, says: ["the file was changed while it was read, at the "]) {
      try Self.overwrite($0, at: 3_000_000, with: [1])
    }
  }

  // As a disk does that gives other bytes than it was given: the file has the time that it had.
  @Test func aChunkThatIsDamagedMeanwhile() throws {
    try check(.packed, says: ["the chunk (", ") with the rows ", "is damaged: it does not unpack (deflate)"]) { path in
      var status = stat()
      #expect(stat(path, &status) == 0)
      let file = open(path, O_RDWR)
      let bytes = [UInt8](repeating: 255, count: 3000)
      #expect(pwrite(file, bytes, bytes.count, 2_000_000) == bytes.count)
      let times = [status.st_atim, status.st_mtim]
      #expect(futimens(file, times) == 0)
      close(file)
    }
  }
}
