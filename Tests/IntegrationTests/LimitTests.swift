import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Limits of the system, and numbers beyond all of them: one sentence, and never a signal.
@Suite struct LimitTests {
  // MARK: Numbers

  @Test(arguments: ["0", "-1", "4097", "1000000000000000000", "9223372036854775807"])
  func numbersOfOptionsHaveBounds(number: String) throws {
    let config = Repository.config("softmax")
    for (command, option) in [
      (["run", config], "--workers"), (["bench", "steps", config], "--workers"),
      (["bench", "scaling", config], "--workers"),
    ] {
      let result = try TrainerBinary.run(command + ["\(option)=\(number)"])
      #expect(result.status == 2 && result.errors.hasPrefix("error: "), "\(command) \(result.errors)")
      #expect(result.errors.contains("\(option) is \(number), expected 1 to 4096"), "\(result.errors)")
    }
  }

  @Test(arguments: [
    (["gradcheck"], "--samples", "9223372036854775807"), (["gradcheck"], "--samples", "0"),
    (["gradcheck"], "--coordinates", "9223372036854775807"), (["gradcheck"], "--tolerance", "1e300"),
    (["gradcheck"], "--tolerance", "nan"), (["bench", "steps"], "--seconds", "1e300"),
    (["bench", "steps"], "--seconds", "inf"), (["bench", "scaling"], "--seconds", "nan"),
    (["bench", "scaling"], "--rounds", "9223372036854775807"), (["verify-resume"], "--kills", "9223372036854775807"),
  ])
  func otherNumbersOfOptionsHaveBoundsToo(command: [String], option: String, number: String) throws {
    let result = try TrainerBinary.run(command + [Repository.config("softmax"), "\(option)=\(number)"])
    #expect(result.status == 2 && result.errors.hasPrefix("error: \(option) is "), "\(result.errors)")
    #expect(result.errors.contains("expected"), "\(result.errors)")
  }

  @Test(arguments: [
    "training.epochs=9223372036854775807", "training.epochs=1000000000000", "training={\"steps\": 1e300}",
    "training.batchSize=9223372036854775807", "model.layers.0.units=1000000000000",
    "model.layers.0.units=1000000000", "checkpoints.every.steps=9223372036854775807",
  ])
  func numbersOfConfigsHaveBounds(change: String) throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        "run", Repository.config("softmax"), "--output", directory + "/run", "--set", change)
      result.expectError(2)
      #expect(try files(in: directory).isEmpty)
    }
  }

  // More elements than any machine of today holds.
  @Test func arraysOfFormulasAreHeldAgainstMemory() throws {
    try TrainerBinary.run("gradient", "sum(pad(x,(100000000000,2)))", "--at", "x=1,2").expectMemoryError(2)
    try TrainerBinary.run("gradient", "sum(pad(x,(100000000000,2)))", "--at", "x=1,2", "--hessian").expectMemoryError(2)
  }

  // MARK: Threads

  /// A command that runs another as a user whom limits of processes bind: they do not bind root.
  private static let unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "prlimit"]
  private static let canLimitThreads =
    geteuid() == 0 && Tool.path(of: "setpriv") != nil && Tool.path(of: "prlimit") != nil

  /// Runs the body in a directory where that user may write, with a copy of the program, which may lie where it may not
  /// read.
  private func asUnprivileged(
    processes: Int, _ body: (String, ([String]) throws -> (output: String, status: Int32)) throws -> Void
  ) throws {
    try withScratchDirectory { directory in
      let program = directory + "/trainer"
      try FileManager.default.copyItem(atPath: TrainerBinary.path, toPath: program)
      for name in ["digits.h5", "softmax.json"] {
        let folder = name.hasSuffix(".h5") ? "data" : "configs"
        try FileManager.default.copyItem(atPath: "\(Repository.path)/\(folder)/\(name)", toPath: "\(directory)/\(name)")
      }
      #expect(chmod(directory, 0o777) == 0)
      try body(directory) { arguments in
        try Tool.run(
          Self.unprivileged[0], Self.unprivileged.dropFirst() + ["--nproc=\(processes)", program] + arguments)
      }
    }
  }

  private func arguments(_ directory: String, _ run: String, _ more: String...) -> [String] {
    [
      "run", directory + "/softmax.json", "--set", "data.path=\(directory)/digits.h5", "--output",
      "\(directory)/\(run)", "--quiet",
    ] + more
  }

  // With no thread but the first, with some, and with all: the same bits.
  @Test(.enabled(if: canLimitThreads, "limits of processes bind others than root only"))
  func aRunTrainsWithTheThreadsThereAre() throws {
    var digests: Set<String> = []
    for processes in [1, 3, 1000] {
      try asUnprivileged(processes: processes) { directory, run in
        let result = try run(arguments(directory, "run", "--workers", "4"))
        #expect(result.status == 0, "\(result.output)")
        #expect(
          result.output.contains("can be made beside the first") == (processes < 1000),
          "\(processes): \(result.output)")
        digests.insert(try Run(directory + "/run").digest)
        let checkpoint = try Run(directory + "/run").newestCheckpoint
        let evaluated = try run(["evaluate", checkpoint, "--format", "json"])
        #expect(evaluated.status == 0 && evaluated.output.contains("accuracy"), "\(evaluated.output)")
        let predicted = try run(["predict", checkpoint, directory + "/digits.h5", "-o", directory + "/p.h5"])
        #expect(predicted.status == 0, "\(predicted.output)")
      }
    }
    #expect(digests.count == 1)
  }

  @Test(.enabled(if: canLimitThreads, "limits of processes bind others than root only"))
  func aSignalSavesAlsoWithoutThreads() throws {
    try asUnprivileged(processes: 1) { directory, _ in
      let process = Process()
      process.executableURL = URL(filePath: try #require(Tool.path(of: Self.unprivileged[0])))
      process.arguments =
        Self.unprivileged.dropFirst() + ["--nproc=1", directory + "/trainer"]
        + arguments(directory, "run", "--set", "training.epochs=1000000", "--set", "checkpoints.every.epochs=1000000")
      process.standardError = FileHandle.nullDevice
      try process.run()
      for _ in 0..<3000 where process.isRunning {
        if FileManager.default.contents(atPath: directory + "/run/metrics.jsonl")?.isEmpty == false { break }
        usleep(10_000)
      }
      kill(process.processIdentifier, SIGTERM)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 75)
      #expect(try Run(directory + "/run").checkpoints.count == 1)
    }
  }

  @Test(.enabled(if: canLimitThreads, "limits of processes bind others than root only"))
  func aProcessThatCannotBeStartedIsAnError() throws {
    try asUnprivileged(processes: 1) { directory, run in
      let proof = try run([
        "verify-resume", directory + "/softmax.json", "--kills", "1", "--output", directory + "/proof",
      ])
      #expect(proof.status == 2 && proof.output.contains("cannot be started"), "\(proof.output)")
    }
  }

  // MARK: Files and memory

  @Test(.enabled(if: Tool.path(of: "prlimit") != nil), arguments: [4, 8, 16])
  func fewOpenFilesAreAnError(count: Int) throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        ["run", Repository.config("softmax"), "--output", directory + "/run"], under: ["prlimit", "--nofile=\(count)"])
      result.expectError(
        2, "files can be opened, expected at least 20: the limit of open files is \(count)", "ulimit -n")
      #expect(try files(in: directory).isEmpty)
    }
  }

  @Test(.enabled(if: Tool.path(of: "prlimit") != nil)) func dataAreHeldAgainstTheLimitOfMemory() throws {
    try withScratchDirectory { directory in
      // A gigabyte of rows of which none was ever written: the file itself is small.
      let path = directory + "/huge.h5"
      let file = try HDF5.File.create(at: path)
      for (name, shape) in [("train/inputs", [1 << 30, 1]), ("train/targets", [1 << 30])] {
        try file.root.createDataset(
          name, shape: shape, type: .number(.float32), properties: .datasetCreation(chunk: shape.map { min($0, 4096) })
        ).close()
      }
      try file.close()
      let config = directory + "/config.json"
      try """
      {"data": {"path": "huge.h5", "preprocessing": ["standardize"]}, "loss": "meanSquaredError",
       "model": {"layers": [{"type": "dense", "units": 1}]}}
      """.write(toFile: config, atomically: true, encoding: .utf8)
      for option in ["--as", "--data"] {
        let result = try TrainerBinary.run(["run", config], under: ["prlimit", "\(option)=2000000000"])
        // Inputs, once more for standardizing, and targets.
        result.expectMemoryError(3)
        #expect(result.errors.contains("huge.h5") && result.errors.contains("12.9 GB"), "\(result.errors)")
      }
      #expect(try files(in: directory) == ["huge.h5", "config.json"])
    }
  }

  // A column of half a megabyte becomes five thousand, which only the categories tell.
  @Test(.enabled(if: Tool.path(of: "prlimit") != nil)) func categoriesAreHeldAgainstTheLimitOfMemory() throws {
    try withScratchDirectory { directory in
      let rows = 200_000
      let file = try HDF5.File.create(at: directory + "/d.h5")
      let group = try file.root.createGroup("train")
      try group.createDataset("inputs", shape: [rows, 1], values: (0..<rows).map { UInt16($0 % 5000) }).close()
      try group.createDataset("targets", shape: [rows], values: [Float](repeating: 1, count: rows)).close()
      try file.close()
      let config = directory + "/config.json"
      try """
      {"data": {"path": "d.h5", "preprocessing": ["oneHot"]}, "loss": "meanSquaredError",
       "model": {"layers": [{"type": "dense", "units": 1}]}}
      """.write(toFile: config, atomically: true, encoding: .utf8)
      let result = try TrainerBinary.run(["run", config], under: ["prlimit", "--data=2000000000"])
      result.expectError(2, "since the rows take 4.00 GB of memory, and only", "set data.shuffle to {\"block\":")
      #expect(try files(in: directory) == ["d.h5", "config.json"])
      // In blocks it is made of the file's rows while the run goes on.
      let streamed = try TrainerBinary.run(
        ["run", config, "--set", "training.batchSize=500", "--set", #"data.shuffle={"block": 1000, "window": 2}"#],
        under: ["prlimit", "--data=2000000000"])
      #expect(streamed.status == 0 && streamed.output.contains("streamed"), "\(streamed.errors)")
    }
  }

  @Test(.enabled(if: Tool.path(of: "prlimit") != nil)) func aTableMayBeLargerThanTheMemory() throws {
    try withScratchDirectory { directory in
      // 80 MB of numbers, of which 120 MB of data would not hold two copies beside the program.
      let line = String(repeating: "1.5,", count: 10_000) + "p\n"
      let path = directory + "/long.csv"
      try String(repeating: line, count: 1000).write(toFile: path, atomically: true, encoding: .utf8)
      let result = try TrainerBinary.run(
        ["data", "import", path, "--no-header", "-o", directory + "/out.h5"], under: ["prlimit", "--data=120000000"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(try files(in: directory) == ["long.csv", "out.h5"])
    }
  }

  @Test(.enabled(if: Tool.path(of: "prlimit") != nil)) func aModelIsHeldAgainstTheLimitOfMemory() throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        [
          "run", Repository.config("softmax"), "--output", directory + "/run", "--set",
          "model.layers=[{\"type\":\"dense\",\"units\":100000},{\"type\":\"dense\",\"units\":10}]",
        ], under: ["prlimit", "--as=400000000"])
      result.expectMemoryError(2)
      #expect(try files(in: directory).isEmpty)
    }
  }
}

extension CommandResult {
  /// Expects an error that says how much memory is needed and how much there is.
  fileprivate func expectMemoryError(_ code: Int32, sourceLocation: SourceLocation = #_sourceLocation) {
    expectError(code, sourceLocation: sourceLocation)
    let hasNumbers = errors.contains(#/needs [\d.]+ [MGT]B of memory, but only [\d.]+ [MGT]B can be had/#)
    #expect(hasNumbers, "\(errors)", sourceLocation: sourceLocation)
  }
}
