import Foundation
import Foundations
import TestSupport
import Testing

/// What the program says of itself, and how its streams behave.
@Suite struct CommandLineTests {
  @Test func version() throws {
    let result = try TrainerBinary.run("--version")
    #expect(result.status == 0 && result.errors == "")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(lines.first?.wholeMatch(of: /trainer (\S+)(?: \(([0-9a-f]{12})(, modified)?\))?/))
    #expect(first.1 == Program.version)
    var rows = [#/  libhdf5  1\.\d+\.\d+/#, #/  Swift    6\.\d.*/#, #/  kernels  (?:avx512|avx2|plain)/#]
    // The commit is there wherever the package was built as a git repository's.
    if first.2 != nil {
      rows.insert(first.3 == nil ? #/  commit   [0-9a-f]{40}/# : #/  commit   [0-9a-f]{40}\+modified/#, at: 0)
      #expect(lines[1].contains(first.2 ?? ""))
    }
    try #require(lines.count == rows.count + 2 && lines.last == "", "\(result.output)")
    for (line, row) in zip(lines.dropFirst(), rows) { #expect(line.wholeMatch(of: row) != nil, "\(line)") }
    #expect(try TrainerBinary.run("run", "--version").output == lines[0] + "\n")
  }

  @Test func checkpointsHaveTheCommit() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let info = try TrainerBinary.run("checkpoint", "info", try workshop.makeCheckpoint(), "--format", "json")
      let provenance = try JSONDocument(text: info.output, source: "info").root["provenance"]
      let line = try #require(TrainerBinary.run("--version").output.split(separator: "\n").dropFirst().first)
      let commit = line.hasPrefix("  commit") ? line.split(separator: " ").last.map(String.init) : nil
      #expect(provenance?["commit"] == commit.map(JSONValue.string))
      #expect(provenance?["program"] == .string("trainer \(Program.version)"))
    }
  }

  @Test func help() throws {
    let result = try TrainerBinary.run("--help")
    #expect(result.status == 0 && result.errors == "")
    #expect(
      result.output == """
        OVERVIEW: Trains dense models on CPUs: the same bits on any number of cores.

        Data and checkpoints are HDF5 files, a run is described by a JSON or YAML file:

          trainer run configs/softmax.json

        The same command goes on with a run that was interrupted.

        USAGE: trainer <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        START SUBCOMMANDS:
          init                    Looks at a data file and writes a config that runs as
                                  it is.
          config                  Checks configs, shows them resolved, and writes their
                                  JSON Schema.
          run                     Trains what a config describes.
          resume                  Goes on with a run.

        MODEL SUBCOMMANDS:
          evaluate                Measures a model on a group of samples.
          predict                 Writes a model's predictions for the rows of a file.
          export                  Writes a model or its parameters for other programs.
          summary                 Prints a model's layers: shapes, parameters,
                                  operations, and the memory of a run.
          checkpoint              Inspects, verifies and compares checkpoints.

        DATA SUBCOMMANDS:
          data                    Makes, inspects and rewrites dataset files.

        LOOK SUBCOMMANDS:
          plot                    Draws the loss curves of runs, the paths of formula
                                  runs, or a formula.
          report                  Writes one page about runs, for a browser.
          runs                    Lists the runs in a directory and below.
          compare                 Says in which settings runs differ, and what they
                                  measured.

        SEARCH SUBCOMMANDS:
          sweep                   Trains a config with many settings, and says which is
                                  best.
          lr-find                 Finds a learning rate by a short training in which it
                                  grows.
          cross-validate          Trains a config once for each fold of its data, and
                                  measures it there.

        FORMULA SUBCOMMANDS:
          gradient                Prints a formula's value and gradient at a point.
          graph                   Draws a computational graph, or prints the plan that
                                  computes it.

        PROOF SUBCOMMANDS:
          gradcheck               Compares the gradients that a run would use with
                                  central differences.
          verify-resume           Proves that a killed run goes on to the same bits.
          reproduce               Trains anew what a checkpoint holds, and compares the
                                  bits.

        MACHINE SUBCOMMANDS:
          bench                   Measures how fast a config trains on this machine,
                                  and how fast data load.
          slurm                   Writes a batch script that trains a config with Slurm.

          See 'trainer help <subcommand>' for detailed help.

        """)
    #expect(try TrainerBinary.run("help").output == result.output)
  }

  // What is printed can be typed: it is, with a table that is there and with none.
  @Test func alone() throws {
    let clone = try TrainerBinary.run(in: Repository.path)
    #expect(clone.status == 0 && clone.errors == "")
    #expect(clone.output.contains("\n  trainer init data/passengers.csv\n  trainer run passengers.json\n"))
    try withScratchDirectory { directory in
      #expect(try TrainerBinary.run(in: directory).output.contains("\n  trainer init mydata.csv\n"))
      try FileManager.default.createDirectory(atPath: directory + "/data", withIntermediateDirectories: false)
      for name in ["passengers.csv", "new-passengers.csv"] {
        try FileManager.default.copyItem(atPath: "\(Repository.path)/data/\(name)", toPath: "\(directory)/data/\(name)")
      }
      let commands = try TrainerBinary.run(in: directory).output.split(separator: "\n").filter {
        $0.hasPrefix("  trainer ")
      }
      #expect(commands.count == 3)
      for command in commands {
        let words = command.split(separator: " ").dropFirst().map(String.init)
        let result = try TrainerBinary.run(words, in: directory)
        #expect(result.status == 0, "\(command): \(result.errors)")
      }
    }
  }

  /// The examples of all commands' help, each on one line as a shell joins them.
  private static func examples() throws -> [(command: String, text: String)] {
    let dump = try TrainerBinary.run("--experimental-dump-help").output
    var found: [(command: String, text: String)] = []
    func visit(_ command: JSONValue, _ path: [String]) throws {
      if case .array(let children)? = command["subcommands"] {
        for child in children {
          guard case .string(let name)? = child["commandName"], name != "help" else { continue }
          try visit(child, path + [name])
        }
      }
      let help = try TrainerBinary.run(path + ["--help"]).output
      for line in help.split(separator: "\n") where !line.hasPrefix("USAGE: ") {
        #expect(line.count <= 80, "\(path.joined(separator: " ")): \(line)")
      }
      guard let section = help.components(separatedBy: "\nEXAMPLES\n").dropFirst().first else { return }
      let lines = section.components(separatedBy: "\n\n")[0]
      let joined = lines.replacing(" \\\n", with: "").split(separator: "\n").map(String.init)
      found += joined.map { (path.joined(separator: " "), $0) }
    }
    try visit(try #require(JSONDocument(text: dump, source: "help").root["command"]), [])
    return found
  }

  @Test func examplesAreWholeLinesThatShellsTake() throws {
    let examples = try Self.examples()
    #expect(examples.count > 70)
    for (command, text) in examples {
      // A line that was wrapped begins at the margin.
      #expect(text.hasPrefix("  ") && text.contains("trainer \(command) "), "\(command): \(text)")
      // What zsh would take for a pattern, and fail for want of a file; other shells would leave it.
      let unquoted = text.replacing(/'[^']*'|"[^"]*"/, with: "")
      #expect(!unquoted.contains(#/[\[\]?{}]|=\S*\*|-\d\*/#), "\(command): \(text)")
      #expect(try Tool.run("bash", ["-n", "-c", text]).status == 0, "\(text)")
    }
  }

  @Test(arguments: [
    ["run"], ["resume"], ["evaluate"], ["predict"], ["export"], ["data"], ["data", "import"], ["data", "info"],
    ["checkpoint"],
    ["checkpoint", "info"], ["checkpoint", "digest"], ["checkpoint", "verify"], ["checkpoint", "diff"], ["gradient"],
    ["graph"], ["gradcheck"], ["plot"], ["sweep"], ["runs"], ["compare"], ["lr-find"], ["reproduce"],
    ["cross-validate"], ["bench"], ["bench", "steps"],
    ["bench", "scaling"],
    ["verify-resume"],
  ])
  func everyCommandHasHelp(command: [String]) throws {
    let result = try TrainerBinary.run(command + ["--help"])
    #expect(result.status == 0 && result.errors == "")
    #expect(result.output.hasPrefix("OVERVIEW: "))
    #expect(result.output.contains("USAGE: trainer \(command.joined(separator: " "))"))
    #expect(!result.output.contains { $0 == "\t" })
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.hasPrefix("USAGE: ") })
  }

  @Test(arguments: [
    (["run"], "Missing expected argument '<config>'"),
    (["run", "a.json", "b.json"], "Unexpected argument 'b.json'"), (["run", "a.json", "--fast"], "--fast"),
    (["run", "a.json", "--workers", "0"], "--workers is 0"), (["run", "a.json", "--workers", "two"], "two"),
    (["evaluate", "a.h5", "--format", "xml"], "xml"), (["predict", "a.h5"], "<input>"),
    (["predict", "a.h5", "b.h5", "--best", "--last"], "--best and --last"),
    (["predict", "a.h5", "b.h5", "--to", "xml"], "xml"),
  ])
  func usageErrors(arguments: [String], part: String) throws {
    let result = try TrainerBinary.run(arguments)
    #expect(result.status == 2 && result.output == "")
    #expect(result.errors.hasPrefix("error: ") && result.errors.contains(part), "\(result.errors)")
    // A question what was meant stands by itself.
    let ends = ["; see 'trainer \(arguments[0]) --help'\n", "?\n"]
    #expect(ends.contains(where: result.errors.hasSuffix), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "one sentence")
  }

  @Test func aFinishedRunIsSummarized() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let first = try TrainerBinary.run("run", config)
      let before = try files(in: workshop.directory)
      let second = try TrainerBinary.run("run", config)
      #expect(second.status == 0 && second.errors == "")
      #expect(second.output.hasPrefix("config is finished already: 2 epochs, 4 steps in "), "\(second.output)")
      let rows = { (text: String) in text.split(separator: "\n").suffix(4) }
      #expect(rows(second.output) == rows(first.output))
      #expect(try files(in: workshop.directory) == before)
      #expect(try TrainerBinary.run("resume", workshop.path("runs/config")).output == second.output)
    }
  }

  @Test func quietMeansSilent() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      for _ in 1...2 {
        let result = try TrainerBinary.run("run", try workshop.makeConfig(), "--quiet")
        #expect(result.status == 0 && result.output == "" && result.errors == "")
      }
    }
  }

  @Test func outputOfTheRunInFull() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let result = try TrainerBinary.run("run", try workshop.makeConfig(), "--workers", "1", in: workshop.directory)
      let lines = result.output.split(separator: "\n").map(String.init)
      try #require(lines.count == 15, "\(result.output)")
      #expect(
        Array(lines[..<6]) == [
          "config", "  parameters  9 float32: dense1 9", "  samples     train 10", "  classes     0: 4, 1: 3, 2: 3",
          "  steps       4: 2 epochs of 2 batches of 5 samples",
          "  shards      1 a batch; their gradients take 256 bytes",
        ])
      #expect(lines[6].wholeMatch(of: #/  workers     1, \w+ kernels/#) != nil)
      #expect(lines[7] == "  directory   runs/config")
      for epoch in 1...2 {
        #expect(
          lines[7 + epoch].wholeMatch(
            of: /\d\d:\d\d:\d\d  epoch [12]\/2  train loss \d\.\d{4}  [\d.]+ [kM]? ?samples\/s/) != nil)
      }
      #expect(lines[10].wholeMatch(of: /finished 2 epochs, 4 steps in 0\.\d\d s of training/) != nil)
      #expect(lines[12] == "  checkpoint  runs/config/checkpoints/step-000000004.h5")
      #expect(lines[13] == "  metrics     runs/config/metrics.jsonl")
      #expect(lines[14] == "  digest      \(try Run(workshop.path("runs/config")).digest)")

      // With a save every step, steps wait.
      let waiting = try TrainerBinary.run(
        "run", try workshop.makeConfig(), "--set", "checkpoints.every.steps=1", "--output", "waiting",
        in: workshop.directory)
      #expect(waiting.output.contains(#/\n  waited      \d\.\d\d s for checkpoints, \d+\.\d % of the run\n/#))
    }
  }

  @Test func aReaderThatGoesAwayStopsNoTraining() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let process = try TrainerBinary.start(["run", try workshop.makeConfig()], output: pipe)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
      #expect(try Run(workshop.path("runs/config")).digest.hasPrefix("sha256:"))
    }
  }

  @Test func aFullDiskUnderTheOutputIsSaid() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let checkpoint = try workshop.makeCheckpoint()
      let errors = Pipe()
      let process = try TrainerBinary.start(["evaluate", checkpoint, "--group", "train"], output: full, errors: errors)
      process.waitUntilExit()
      #expect(process.terminationStatus == 2)
      let text = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
      #expect(text == "error: standard output cannot be written: No space left on device\n")
    }
  }

  @Test func checkpointCommands() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let checkpoint = try workshop.makeCheckpoint()
      let run = try Run(workshop.path("trained"))
      #expect(try TrainerBinary.run("checkpoint", "digest", checkpoint).output == run.digest + "\n")
      let info = try TrainerBinary.run("checkpoint", "info", checkpoint).output
      #expect(info.contains("dense1/weight") && info.contains(run.digest))
      let config = try TrainerBinary.run("checkpoint", "info", checkpoint, "--config").output
      #expect(config == (try String(contentsOfFile: run.directory + "/config.json", encoding: .utf8)))
      let verified = try TrainerBinary.run("checkpoint", "verify", checkpoint)
      #expect(verified.status == 0 && verified.output == "\(checkpoint): every byte is as it was written\n")
      let other = run.directory + "/checkpoints/step-000000002.h5"
      let difference = try TrainerBinary.run("checkpoint", "diff", checkpoint, other)
      #expect(difference.status == 1 && difference.output.hasPrefix("step: 4 and 2\n") && difference.errors == "")
      #expect(try TrainerBinary.run("checkpoint", "diff", checkpoint, checkpoint).status == 0)
    }
  }
}
