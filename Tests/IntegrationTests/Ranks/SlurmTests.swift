import Foundation
import TestSupport
import Testing

/// `trainer slurm`: what the script says, and what it does.
@Suite struct SlurmTests {
  private static let config = Repository.config("softmax")

  private func script(_ arguments: String...) throws -> String {
    let result = try TrainerBinary.run(["slurm", Self.config] + arguments)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    return result.output
  }

  /// The settings that Slurm reads.
  private func directives(_ script: String) -> [String] {
    script.split(separator: "\n").filter { $0.hasPrefix("#SBATCH ") }.map { String($0.dropFirst(8)) }
  }

  private func command(_ script: String) throws -> String {
    String(try #require(script.split(separator: "\n").first { $0.hasPrefix("srun ") }))
  }

  @Test func whatIsAskedForStandsInTheScript() throws {
    let whole = try script("--nodes", "4", "--time", "1h")
    #expect(
      directives(whole).filter { !$0.hasPrefix("--chdir") } == [
        "--job-name=softmax", "--output=softmax-%j.log", "--open-mode=append", "--nodes=4", "--ntasks-per-node=1",
        "--exclusive", "--mem=0", "--time=01:00:00", "--signal=USR1@180", "--requeue",
      ])
    let line = try command(whole)
    #expect(line.hasPrefix("srun --wait=60 --cpu-bind=none /"))
    #expect(line.hasSuffix("/trainer run \(Self.config) --stop-after 54m"))

    let part = try script(
      "--nodes", "1", "--tasks-per-node", "2", "--cpus-per-task", "16", "--time", "2-12:00:00", "--margin", "90s",
      "--partition", "long", "--account", "lab", "--mpi", "pmix", "--set", "name=my run", "--set", "seed=3")
    #expect(
      directives(part).filter { !$0.hasPrefix("--chdir") } == [
        "--job-name=my_run", "--output=my_run-%j.log", "--open-mode=append", "--partition=long", "--account=lab",
        "--nodes=1", "--ntasks-per-node=2", "--cpus-per-task=16", "--time=2-12:00:00", "--signal=USR1@45", "--requeue",
      ])
    #expect(try command(part).hasPrefix("srun --mpi=pmix --wait=60 --cpus-per-task=16 /"))
    #expect(
      try command(part).hasSuffix(
        "run \(Self.config) --set 'name=my run' --set seed=3 --stop-after 59h58m30s --workers 16"))
  }

  @Test(arguments: [
    ("1h", "01:00:00"), ("90m", "01:30:00"), ("1h30m", "01:30:00"), ("2d", "2-00:00:00"), ("1:30:00", "01:30:00"),
    ("2-12:00:00", "2-12:00:00"), ("100:00:00", "4-04:00:00"), ("5m", "00:05:00"),
  ]) func timesAreRead(text: String, slurm: String) throws {
    #expect(directives(try script("--nodes", "1", "--time", text)).contains("--time=\(slurm)"))
  }

  @Test(arguments: [
    "30", "1:30", "1:60:00", "1-24:00:00", "0", "30s", "366d", "1h 30m", "h", "", "-1h", "1.5h",
    "99999999999999999999h",
  ]) func otherTimesAreRefused(text: String) throws {
    let result = try TrainerBinary.run("slurm", Self.config, "--nodes", "1", "--time=\(text)")
    #expect(result.status == 2 && result.errors.hasPrefix("error: ") && result.errors.contains("--time"), "\(result)")
    #expect(result.output == "")
  }

  @Test func whatCannotRunIsRefused() throws {
    try TrainerBinary.run("slurm", Self.config, "--nodes", "5", "--time", "1h")
      .expectError(2, "5 nodes are 5 ranks", "4 shards", "training.shards to 5 or more", "changes the trained bits")
    try TrainerBinary.run("slurm", Repository.config("notes/bowl"), "--nodes", "2", "--time", "1h")
      .expectError(2, "a formula without data is computed by one")
    try TrainerBinary.run("slurm", Self.config, "--nodes", "1", "--time", "1h", "--partition", "a b\n#SBATCH --x")
      .expectError(2, "--partition")
    try TrainerBinary.run("slurm", Self.config, "--nodes", "1", "--time", "5m", "--margin", "5m")
      .expectError(2, "--margin is 5m")
    try TrainerBinary.run("slurm", "nowhere.json", "--nodes", "1", "--time", "5m").expectError(2, "nowhere.json")
  }

  /// The script, run by bash with an `srun` and an `scontrol` in place of Slurm's.
  private func carryOut(code: Int, saves: Bool, requeues: Bool = true) throws -> (status: Int32, queued: Bool) {
    try withScratchDirectory { directory in
      let script = directory + "/job one.sbatch"
      let result = try TrainerBinary.run(
        "slurm", Self.config, "--nodes", "2", "--time", "1h", "--set", "output=\(directory)/my run", "-o", script)
      #expect(result.status == 0 && result.output.hasSuffix("next: sbatch '\(script)'\n"), "\(result)")
      #expect(try Tool.run("bash", ["-n", script]).status == 0)
      let checkpoints = "\(directory)/my run/checkpoints"
      try FileManager.default.createDirectory(atPath: checkpoints, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: "\(checkpoints)/step-000000010.h5"))
      let tools = [
        "srun": (saves ? "touch '\(checkpoints)/step-000000020.h5'; " : "") + "exit \(code)",
        "scontrol": "echo \"$@\" > '\(directory)/queued'; exit \(requeues ? 0 : 1)",
      ]
      for (name, body) in tools {
        try "#!/bin/sh\n\(body)\n".write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/\(name)")
      }
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let ended = try Tool.run(
        "env", ["PATH=\(directory):\(path)", "SLURM_JOB_ID=17", "bash", script])
      let queued = FileManager.default.fileExists(atPath: directory + "/queued")
      if queued { #expect(try String(contentsOfFile: directory + "/queued", encoding: .utf8) == "requeue 17\n") }
      return (ended.status, queued)
    }
  }

  @Test func theJobIsQueuedAgainOnlyWhereThatBringsTheRunOn() throws {
    #expect(try carryOut(code: 0, saves: true) == (0, false))
    #expect(try carryOut(code: 75, saves: true) == (0, true))
    #expect(try carryOut(code: 137, saves: true) == (0, true))
    // No checkpoint came of it: the next job would do as little.
    #expect(try carryOut(code: 75, saves: false) == (75, false))
    for code in [1, 2, 3, 4, 5, 130] { #expect(try carryOut(code: code, saves: true) == (Int32(code), false)) }
    #expect(try carryOut(code: 75, saves: true, requeues: false) == (75, true))
  }

  /// Whether a Slurm takes jobs here.
  static let slurmAnswers: Bool = {
    guard Tool.path(of: "sbatch") != nil, Tool.path(of: "sinfo") != nil else { return false }
    do { return try Tool.run("timeout", ["10", "sinfo", "-h"]).status == 0 } catch { return false }
  }()

  @Test(.enabled(if: slurmAnswers, "no Slurm answers sinfo here"))
  func slurmRunsTheScript() throws {
    try withScratchDirectory { directory in
      let script = directory + "/job.sbatch"
      let written = try TrainerBinary.run(
        "slurm", Self.config, "--nodes", "1", "--cpus-per-task", "1", "--mpi", "pmi2", "--time", "5m", "--set",
        "output=\(directory)/run", "--set", "training.epochs=2", "-o", script, in: directory)
      #expect(written.status == 0, "\(written.errors)")
      let job = try Tool.run("timeout", ["120", "sbatch", "--wait", script])
      let logs = try files(in: directory).filter { $0.hasSuffix(".log") }
      let log = try logs.first.map { try String(contentsOfFile: "\(directory)/\($0)", encoding: .utf8) } ?? ""
      #expect(job.status == 0 && logs.count == 1, "\(job.output)\(log)")
      #expect(try Run(directory + "/run").digest.hasPrefix("sha256:"), "\(log)")
    }
  }
}
