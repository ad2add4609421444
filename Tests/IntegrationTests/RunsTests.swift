import Foundation
import Foundations
import TestSupport
import Testing

/// Several runs as a user looks at them: lists, comparisons, run directories in place of checkpoints, the search for a
/// learning rate, and a run trained anew.
@Suite struct RunsTests {
  private let softmax = Repository.path + "/configs/softmax.json"

  @Test func runsInAListAndSideBySide() throws {
    try withScratchDirectory { directory in
      for (name, rate) in [("slow", "0.01"), ("fast", "0.5")] {
        try TrainerBinary.run(
          "run", softmax, "--set", "optimizer.learningRate=\(rate)", "--set", "training.epochs=3", "--set",
          "name=\(name)",
          "--output", "\(directory)/\(name)", "--quiet")
      }
      let list = try TrainerBinary.run("runs", directory, "--sort", "test.accuracy")
      let rows = list.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(list.status == 0 && list.errors == "" && rows.count == 3)
      #expect(rows.map(\.[0]) == ["run", "fast", "slow"] && rows[1][1...3] == ["finished", "3", "69"])
      let digest = try Run(directory + "/fast").digest
      #expect(rows[1].last.map { digest.hasPrefix("sha256:\($0)") } == true)
      let json = try JSONDocument(
        text: TrainerBinary.run("runs", directory, "--format", "json").output, source: "the output"
      ).root
      #expect(json["runs"]?.elements?.map { $0["name"] } == ["fast", "slow"])
      #expect(json["runs"]?.elements?[0]["digest"]?.text == digest)

      // By a link, with a slash, and one run itself.
      try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: directory)
      for place in ["/link", "/link/", "/"] {
        let again = try TrainerBinary.run("runs", directory + place, "--sort", "test.accuracy")
        #expect(again.output == list.output, "\(place)")
      }
      for place in ["/fast", "/fast/"] {
        #expect(try TrainerBinary.run("runs", directory + place).output.contains("\n.    finished "))
      }

      let comparison = try TrainerBinary.run("compare", directory + "/slow", directory + "/fast")
      #expect(comparison.status == 0 && comparison.errors == "")
      let lines = comparison.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(lines[0] == ["setting", "slow", "fast"] && lines[1] == ["optimizer.learningRate", "0.01", "0.5"])
      let accuracy = try #require(lines.first { $0[0] == "test.accuracy" })
      #expect(accuracy.count == 4 && accuracy[3] == "*")
      try TrainerBinary.run("compare", directory + "/slow").expectError(2, "expected two or more")
      try TrainerBinary.run("runs", directory + "/none").expectError(2, "there is no such directory")
      try TrainerBinary.run("runs", directory, "--sort", "tests.loss").expectError(2, "did you mean \"test.loss\"?")
    }
  }

  @Test func aRunDirectoryStandsForItsBestCheckpoint() throws {
    try withScratchDirectory { directory in
      let run = directory + "/run"
      let trained = try TrainerBinary.run(
        "run", softmax, "--set", "training.epochs=4", "--set", "optimizer.learningRate=3", "--set",
        "checkpoints={\"keep\": \"all\", \"best\": {\"metric\": \"test.loss\"}}", "--output", run)
      let best = try #require(
        trained.output.split(separator: "\n").first { $0.hasPrefix("  best ") }?.firstMatch(of: #/at step ([0-9]+), /#)?
          .1)
      #expect(try TrainerBinary.run("run", "\(run)/config.json", "--output", run).output.contains("at step \(best), "))
      let last = try #require(try Run(run).lines.last?["step"]?.int)
      for command in [
        ["checkpoint", "digest"], ["evaluate"], ["checkpoint", "info"], ["checkpoint", "verify"], ["reproduce"],
      ] {
        let quiet = command == ["reproduce"] ? ["--quiet"] : []
        for (option, word, step) in [
          ([], "best", Int(best)), (["--best"], "best", Int(best)), (["--last"], "last", last),
        ] {
          let result = try TrainerBinary.run(command + [run] + option + quiet)
          let name = "step-" + String(format: "%09d", step ?? 0) + ".h5"
          #expect(
            result.status == 0 && result.errors == "uses the \(word) checkpoint, \(run)/checkpoints/\(name)\n",
            "\(command) \(option): \(result.errors)")
        }
      }
      // A run goes on from the last.
      let on = try TrainerBinary.run(
        "run", softmax, "--set", "training.epochs=5", "--set", "optimizer.learningRate=3", "--resume", run, "--output",
        directory + "/on")
      #expect(on.status == 0 && on.output.contains("from step \(last)\n"), "\(on.errors)")
    }
  }

  @Test func aDirectoryStandsForTheRunsInIt() throws {
    try withScratchDirectory { directory in
      let sweep = directory + "/sweep"
      let made = try TrainerBinary.run(
        "sweep", softmax, "--over", "training.batchSize=[64,512]", "--over", "optimizer.learningRate=[0.1,0.5]",
        "--set",
        "training.epochs=2", "--output", sweep, "--quiet")
      #expect(made.status == 0, "\(made.errors)")
      // A half-made run is left out with a word, a file beside the runs without one.
      try FileManager.default.createDirectory(atPath: sweep + "/broken/checkpoints", withIntermediateDirectories: true)
      let names = ["learningRate 0.1, batchSize 64", "learningRate 0.5, batchSize 512"]
      if Tool.path(of: "gnuplot") != nil {
        let plot = try TrainerBinary.run("plot", sweep)
        #expect(plot.status == 0 && plot.output == "wrote \(sweep)/loss.svg\n", "\(plot.errors)")
        #expect(
          plot.errors.hasPrefix("warning: \(sweep)/broken is left out: ") && plot.errors.count { $0 == "\n" } == 1)
        let picture = try String(contentsOfFile: sweep + "/loss.svg", encoding: .utf8)
        for name in names { #expect(picture.contains(name)) }
        // The number of shards goes by the batch, and says nothing more.
        #expect(!picture.contains("shards") && picture.contains("prefers-color-scheme: dark"))
        let report = try TrainerBinary.run("report", sweep)
        #expect(report.status == 0 && report.output == "wrote \(sweep)/report.html\n", "\(report.errors)")
        let page = try String(contentsOfFile: sweep + "/report.html", encoding: .utf8)
        #expect(page.contains("<title>4 runs</title>"))
        let header = try #require(page.firstMatch(of: #/<thead>.*<\/thead>/#)).output
        #expect(
          header.matches(of: #/<th[^>]*>([^<]*)<\/th>/#).prefix(5).map { String($0.1) }
            == ["run", "learningRate", "batchSize", "shards", "status"])
      }
      let comparison = try TrainerBinary.run("compare", sweep)
      #expect(comparison.status == 0 && comparison.output.contains("training.batchSize"), "\(comparison.errors)")
      let pattern = try TrainerBinary.run(
        ["compare"] + FileManager.default.contentsOfDirectory(atPath: sweep).sorted().map { "\(sweep)/\($0)" })
      #expect(pattern.status == 0, "\(pattern.errors)")
      try FileManager.default.createDirectory(atPath: directory + "/empty", withIntermediateDirectories: true)
      for command in ["plot", "report", "compare"] {
        try TrainerBinary.run(command, directory + "/empty")
          .expectError(2, "empty: there is no run in this directory or below")
        try TrainerBinary.run(command, sweep + "/best.json").expectError(2, "best.json: these are files")
      }
    }
  }

  @Test func aLearningRateIsFound() throws {
    try withScratchDirectory { directory in
      let text = try TrainerBinary.run("lr-find", softmax, in: directory)
      #expect(text.status == 0 && text.errors == "", "\(text.errors)")
      #expect(text.output.hasPrefix("steps ") && text.output.contains("use it with --set optimizer.learningRate="))
      let json = try JSONDocument(
        text: TrainerBinary.run("lr-find", softmax, "--format", "json", "--from", "1e-4", "--to", "100").output,
        source: "the output"
      ).root
      let rates = (json["steps"]?.elements ?? []).map { $0["learningRate"]?.double ?? .nan }
      #expect(rates.first == 1e-4 && rates == rates.sorted() && json["learningRate"] == 0.1)
      #expect(0.005...1 ~= json["suggestion"]?.double ?? .nan)
      try TrainerBinary.run("lr-find", softmax, "--from", "1", "--to", "1").expectError(2, "expected a positive rate")
      #expect(try files(in: directory).isEmpty)
      guard Tool.path(of: "gnuplot") != nil else { return }
      try TrainerBinary.run("lr-find", softmax, "-o", directory + "/rates.svg")
      let picture = try String(contentsOfFile: directory + "/rates.svg", encoding: .utf8)
      #expect(picture.contains("suggestion 0.") && picture.contains("learning rate") && picture.contains("smoothed"))
    }
  }

  @Test func aCheckpointIsReproduced() throws {
    try withScratchDirectory { directory in
      try TrainerBinary.run(
        "run", softmax, "--set", "training.epochs=3", "--output", directory + "/run", "--quiet")
      let checkpoint = try Run(directory + "/run").newestCheckpoint
      let equal = try TrainerBinary.run("reproduce", checkpoint, "--quiet", "--workers", "3")
      #expect(equal.status == 0 && equal.errors == "" && equal.output.hasPrefix("equal: 69 steps trained anew"))
      let json = try TrainerBinary.run("reproduce", checkpoint, "--format", "json")
      let root = try JSONDocument(text: json.output, source: "the output").root
      #expect(json.status == 0 && root["equal"] == true && root["found"] == root["expected"])
      let other = try TrainerBinary.run("reproduce", checkpoint, "--data", Repository.data("iris"), "--quiet")
      #expect(other.status == 1 && other.output.contains("the data are others"), "\(other.errors)")
      try TrainerBinary.run("reproduce", checkpoint, "--data", directory + "/none.h5", "--quiet")
        .expectError(3, "none.h5")
      try TrainerBinary.run(
        "run", Repository.path + "/configs/notes/bowl.json", "--output", directory + "/bowl", "--quiet")
      let bowl = try Run(directory + "/bowl").newestCheckpoint
      #expect(try TrainerBinary.run("reproduce", bowl, "--quiet").status == 0)
      try TrainerBinary.run("reproduce", bowl, "--data", Repository.data("iris")).expectError(
        2, "a formula without data")
    }
  }
}
