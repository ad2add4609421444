import Foundation
import Foundations
import TestSupport
import Testing

/// What is opened, what is replaced and what is printed: never a pipe that nobody writes to, a device or an input.
@Suite struct FileRulesTests {
  // MARK: Reading

  // A program trains on arrays in memory, and its run's config then names no dataset.
  @Test func aRunOnArraysGoesOnWithAFileOfTheSameNumbers() throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      #expect(
        try TrainerBinary.run(
          "run", Repository.config("softmax"), "--output", run, "--set", "training.epochs=2", "--quiet"
        ).status == 0)
      let config = try String(contentsOfFile: run + "/config.json", encoding: .utf8).components(separatedBy: "\n")
      let rest = config.filter { !$0.contains("\"path\":") }
      #expect(rest.count == config.count - 1)
      try rest.joined(separator: "\n").write(toFile: run + "/config.json", atomically: true, encoding: .utf8)
      try TrainerBinary.run("resume", run, "--set", "training.epochs=3")
        .expectError(2, "the run was trained on arrays in memory", "--data FILE")
      let resumed = try TrainerBinary.run(
        "resume", run, "--set", "training.epochs=3", "--data", Repository.data("digits"))
      #expect(resumed.status == 0 && resumed.output.contains("goes on"), "\(resumed.errors)")
      let other = try TrainerBinary.run(
        "resume", run, "--set", "training.epochs=4", "--data", Repository.data("iris"))
      #expect(other.status == 2 && other.errors.contains("run on other data"), "\(other.errors)")
    }
  }

  @Test func onlyRegularFilesAreRead() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let checkpoint = try workshop.makeCheckpoint()
      #expect(mkfifo(workshop.path("pipe"), 0o666) == 0 && mkdir(workshop.path("folder"), 0o777) == 0)
      for (path, kind) in [
        (workshop.path("pipe"), "a named pipe"), (workshop.path("folder"), "a directory"), ("/dev/zero", "a device"),
      ] {
        for command in [
          ["evaluate"], ["checkpoint", "verify"], ["checkpoint", "info"], ["checkpoint", "digest"],
          ["checkpoint", "diff", checkpoint],
        ] { try TrainerBinary.run(command + [path]).expectError(4, path, "it is \(kind)") }
        try TrainerBinary.run("run", config, "--resume", path).expectError(4, path, "it is \(kind)")
        try TrainerBinary.run("run", path).expectError(2, path, "it is \(kind)")
        try TrainerBinary.run("run", config, "--set", "data.path=\(path)").expectError(3, path, "it is \(kind)")
        try TrainerBinary.run("data", "info", path).expectError(3, path, "it is \(kind)")
        // Rows to predict may come from a pipe: PredictStreamsTests.
        if kind != "a named pipe" {
          // A folder may be one of images.
          try TrainerBinary.run("predict", checkpoint, path, "-o", workshop.path("p.h5"))
            .expectError(3, path, kind == "a directory" ? "holds no images" : kind)
        }
        try TrainerBinary.run("evaluate", checkpoint, "--data", path).expectError(3, path, "it is \(kind)")
        try TrainerBinary.run("data", "import", path, "--format", "csv", "-o", workshop.path("p.h5"))
          .expectError(3, path, "it is \(kind)")
        #expect(try TrainerBinary.run("resume", path).status == 2)
        #expect(try TrainerBinary.run("plot", path).status == 2)
      }
      #expect(!FileManager.default.fileExists(atPath: workshop.path("p.h5")))
    }
  }

  @Test(arguments: ["config.json", "metrics.jsonl", ".lock"])
  func aPipeInARunDirectoryIsRefused(name: String) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let run = workshop.path("run")
      #expect(mkdir(run, 0o777) == 0 && mkfifo("\(run)/\(name)", 0o666) == 0)
      try TrainerBinary.run("run", try workshop.makeConfig(), "--output", run)
        .expectError(2, "\(run)/\(name)", "is a named pipe, expected a regular file")
      #expect(try files(in: run) == [name])
    }
  }

  @Test func aCheckpointThatIsAPipeIsRefused() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let checkpoint = try workshop.makeCheckpoint()
      #expect(unlink(checkpoint) == 0 && mkfifo(checkpoint, 0o666) == 0)
      try TrainerBinary.run("resume", workshop.path("trained"), "--set", "training.epochs=4")
        .expectError(4, checkpoint, "a named pipe")
    }
  }

  @Test func aLockThatIsALinkIsNotFollowed() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try workshop.write("victim", "precious")
      let run = workshop.path("run")
      #expect(mkdir(run, 0o777) == 0 && symlink("../victim", run + "/.lock") == 0)
      try TrainerBinary.run("run", try workshop.makeConfig(), "--output", run)
        .expectError(2, run, ".lock is a symbolic link")
      #expect(try String(contentsOfFile: workshop.path("victim"), encoding: .utf8) == "precious")
      #expect(try files(in: run) == [".lock"])
    }
  }

  @Test func whatIsMissingNamesItsNeighbour() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let checkpoint = try workshop.makeCheckpoint()
      let hint = "did you mean"
      try TrainerBinary.run("run", workshop.path("confg.json")).expectError(2, "\(hint) \(config)?")
      try TrainerBinary.run("run", config, "--set", "data.path=\(workshop.path("dta.h5"))")
        .expectError(3, "\(hint) \(workshop.dataset)?")
      try TrainerBinary.run("evaluate", checkpoint.replacing("step-", with: "stp-")).expectError(4, "\(hint) ")
      try TrainerBinary.run("resume", workshop.path("traind")).expectError(2, "\(hint) \(workshop.path("trained"))?")
      try TrainerBinary.run("plot", workshop.path("traind")).expectError(2, "\(hint) \(workshop.path("trained"))?")
      try TrainerBinary.run("data", "info", "data.h6", in: workshop.directory).expectError(3, "\(hint) data.h5?")
      try TrainerBinary.run("data", "import", workshop.path("no/x.csv"), "-o", workshop.path("x.h5"))
        .expectError(3, "there is no directory \(workshop.path("no")) either")
    }
  }

  // MARK: Writing

  @Test func predictionsReplaceOnlyWhatTheyMay() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let checkpoint = try workshop.makeCheckpoint()
      let predict = ["predict", checkpoint, workshop.dataset, "--group", "train", "-o"]
      let bytes = { try SystemFileSystem().contents(of: $0) }
      let before = [try bytes(checkpoint), try bytes(workshop.dataset)]
      #expect(mkfifo(workshop.path("pipe"), 0o666) == 0)
      #expect(link(checkpoint, workshop.path("twin")) == 0 && symlink("data.h5", workshop.path("link")) == 0)
      for (path, part) in [
        (checkpoint, "is an input"), (workshop.dataset, "is an input"), (workshop.path("twin"), "is an input"),
        (workshop.path("link"), "is an input"), (workshop.path("pipe"), "a named pipe"),
        (workshop.directory, "a directory"), ("", "is empty"), (workshop.path("no/p.h5"), "there is no directory"),
      ] {
        try TrainerBinary.run(predict + [path, "--overwrite"]).expectError(2, part)
      }
      #expect(try [bytes(checkpoint), bytes(workshop.dataset)] == before)
      let output = workshop.path("p.h5")
      #expect(try TrainerBinary.run(predict + [output]).status == 0)
      try TrainerBinary.run(predict + [output]).expectError(2, output, "exists already", "--overwrite")
      #expect(try TrainerBinary.run(predict + [output, "--overwrite"]).status == 0)
      #expect(chmod(output, 0o444) == 0)
      try TrainerBinary.run(predict + [output, "--overwrite"]).expectError(2, output, "read-only")
    }
  }

  @Test func importsReplaceNoInput() throws {
    try withWorkshop { workshop in
      try workshop.write("t.csv", "a,y\n1,x\n2,z\n3,x\n4,z\n")
      let path = workshop.path("t.csv")
      try TrainerBinary.run("data", "import", path, "-o", path, "--overwrite").expectError(2, path, "is an input")
      let output = workshop.path("t.h5")
      #expect(try TrainerBinary.run("data", "import", path, "-o", output).status == 0)
      try TrainerBinary.run("data", "import", path, "-o", output).expectError(2, output, "--overwrite")
      #expect(try TrainerBinary.run("data", "import", path, "-o", output, "--overwrite").status == 0)
      try TrainerBinary.run("data", "import", path, "-o", workshop.path("u.h5"), "--no-header", "--drop", "1")
        .expectError(3, "no column left for inputs", "--drop")
      try workshop.write("n.csv", "1,2\n3,4\n")
      try TrainerBinary.run("data", "import", workshop.path("n.csv"), "-o", workshop.path("u.h5"))
        .expectError(3, "add --no-header")
      #expect(try !files(in: workshop.directory).contains("u.h5"))
    }
  }

  @Test func graphsReplaceNothingUnasked() throws {
    try withScratchDirectory { directory in
      let path = directory + "/a.dot"
      #expect(try TrainerBinary.run("graph", "x^2", "--output", path).status == 0)
      try TrainerBinary.run("graph", "x^3", "--output", path).expectError(2, path, "--overwrite")
      #expect(try TrainerBinary.run("graph", "x^3", "--output", path, "--overwrite").status == 0)
      #expect(try files(in: directory) == ["a.dot"])
    }
  }

  @Test func emptyNamesAreNoPlaces() throws {
    try withScratchDirectory { directory in
      let config = Repository.config("softmax")
      for command in [
        ["run", config], ["sweep", config, "--over", "seed=[1]"], ["verify-resume", config, "--kills", "1"],
        ["bench", "scaling", config, "--seconds", "0.01", "--rounds", "1"], ["graph", "x"],
      ] {
        let result = try TrainerBinary.run(command + ["--output", ""], in: directory)
        #expect(result.status == 2 && result.errors.hasPrefix("error: "), "\(command) \(result.errors)")
      }
      #expect(try files(in: directory).isEmpty)
    }
  }

  // MARK: Printing

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "the system has no /dev/full"))
  func whatCannotBePrintedIsAnError() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let checkpoint = try workshop.makeCheckpoint()
      try workshop.write("t.csv", "a,y\n1,x\n2,z\n3,x\n4,z\n")
      for arguments in [
        ["--help"], ["--version"], ["help", "run"], ["data", "--help"], ["data", "info", workshop.dataset],
        ["data", "import", workshop.path("t.csv"), "-o", workshop.path("t.h5")], ["checkpoint", "info", checkpoint],
        ["checkpoint", "digest", checkpoint], ["checkpoint", "verify", checkpoint], ["gradient", "x^2", "--at", "x=1"],
        ["graph", "x^2"], ["evaluate", checkpoint, "--group", "train"],
        ["run", config, "--output", workshop.path("r")],
        ["gradcheck", config],
      ] {
        let errors = workshop.path("errors")
        let command = arguments.map { "'\($0)'" }.joined(separator: " ")
        // The shell opens the device for writing; nothing here could replace it.
        let result = try Tool.run("sh", ["-c", "'\(TrainerBinary.path)' \(command) >/dev/full 2>'\(errors)'"])
        let text = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(result.status == 2, "\(arguments) \(text)")
        #expect(text.contains("error: standard output cannot be written: No space left on device"), "\(arguments)")
      }
      // The work itself is done.
      #expect(try Run(workshop.path("r")).digest.hasPrefix("sha256:"))
    }
  }

  // With a closed standard output, the next file that is opened would be the one that is printed to.
  @Test func aClosedOutputIsNoFile() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let run = workshop.path("r")
      let result = try Tool.run("sh", ["-c", "exec '\(TrainerBinary.path)' run '\(config)' --output '\(run)' >&-"])
      #expect(result.status == 2 && result.output.contains("Bad file descriptor"), "\(result.output)")
      #expect(try TrainerBinary.run("checkpoint", "verify", Run(run).newestCheckpoint).status == 0)
      #expect(try Run(run).digest.hasPrefix("sha256:"))
    }
  }

  @Test func aMisspeltCommandIsRecognized() throws {
    try TrainerBinary.run("rnu").expectError(2, "no command 'rnu'; did you mean 'run'?")
    try TrainerBinary.run("data", "imprt", "x").expectError(2, "'trainer data' has no command 'imprt'", "'import'")
    try TrainerBinary.run("help", "swep").expectError(2, "did you mean 'sweep'?")
    try TrainerBinary.run("trian").expectError(2, "no command 'trian'; did you mean 'run'?")
    try TrainerBinary.run("fit", "a.json").expectError(2, "no command 'fit'; did you mean 'run'?")
    try TrainerBinary.run("test").expectError(2, "did you mean 'evaluate'?")
    try TrainerBinary.run("inference").expectError(2, "did you mean 'predict'?")
    try TrainerBinary.run("convert").expectError(2, "did you mean 'data import'?")
    try TrainerBinary.run("help", "benchmark").expectError(2, "did you mean 'bench'?")
    // Only at the top: each of these is a command of its own there.
    try TrainerBinary.run("checkpoint", "list").expectError(2, "its commands are info, digest, verify, diff")
    try TrainerBinary.run(Repository.config("softmax")).expectError(
      2, "did you mean 'trainer run \(Repository.config("softmax"))'?")
    try TrainerBinary.run("data/iris.h5", in: Repository.path).expectError(
      2, "did you mean 'trainer init data/iris.h5'?")
    try TrainerBinary.run("data/nothing.h5", in: Repository.path).expectError(2, "its commands are init, ")
    try TrainerBinary.run("quux").expectError(2, "its commands are init, config, run, resume, ")
  }

  // MARK: Other programs

  private static func sum(_ terms: Int) -> String { (0..<terms).map { "w[\($0)]^2" }.joined(separator: " + ") }

  @Test func aLargeGraphIsNotDrawn() throws {
    try withScratchDirectory { directory in
      for format in ["png", "svg"] {
        try TrainerBinary.run("graph", Self.sum(200), "--output", "\(directory)/a.\(format)")
          .expectError(2, "600 nodes, and a picture at most 200", "ends with .dot")
      }
      #expect(try TrainerBinary.run("graph", Self.sum(200), "--output", directory + "/a.dot").status == 0)
      #expect(try files(in: directory) == ["a.dot"])
    }
  }

  @Test(arguments: [SIGTERM, SIGKILL]) func whatDrawsDiesWithTheProgram(number: Int32) throws {
    try withScratchDirectory { directory in
      // In place of Graphviz, a program that never ends and leaves its number.
      let dot = directory + "/dot"
      try "#!/bin/sh\necho $$ >'\(directory)/number'\nexec sleep 1000\n".write(
        toFile: dot, atomically: true, encoding: .utf8)
      #expect(chmod(dot, 0o755) == 0)
      let process = Process()
      process.executableURL = URL(filePath: TrainerBinary.path)
      process.arguments = ["graph", "x^2", "--output", directory + "/a.svg"]
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      process.environment = ProcessInfo.processInfo.environment.merging(["PATH": "\(directory):\(path)"]) { $1 }
      process.standardError = FileHandle.nullDevice
      try process.run()
      var child: pid_t = 0
      for _ in 0..<3000 where child == 0 && process.isRunning {
        let text = FileManager.default.contents(atPath: directory + "/number").map {
          String(decoding: $0, as: UTF8.self)
        }
        child = text.flatMap { Int32($0.filter { !$0.isWhitespace }) } ?? 0
        usleep(10_000)
      }
      try #require(child > 0)
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal, "exit code \(process.terminationStatus)")
      // Gone, or dead and not yet collected by whoever inherits it.
      func isAlive() -> Bool {
        guard let status = FileManager.default.contents(atPath: "/proc/\(child)/stat") else { return false }
        let fields = String(decoding: status, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
        return fields?.first != "Z" && fields?.first != "X"
      }
      for _ in 0..<3000 where isAlive() { usleep(10_000) }
      #expect(!isAlive())
      #expect(try files(in: directory) == ["dot", "number"])
    }
  }
}
