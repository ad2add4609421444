import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// The systems of the gradient notes: every number that `docs/gradients.md` states, and its pictures.
@Suite struct NotesTests {
  // MARK: Numbers

  @Test func theBowlStartsAtItsGradientAndEndsAtItsMinimum() throws {
    try withRun("bowl") { run in
      #expect(run.losses[0] == 75)
      // w − 0.1 · gradient, with the gradient (−15, 15) at (−5, 5).
      #expect(run.parameters("w")[1] == [-3.5, 3.5])
      let end = try #require(run.parameters("w").last)
      #expect(end.allSatisfy { abs($0) < 1e-12 }, "\(end)")
      let text = try String(contentsOfFile: "\(Repository.path)/docs/gradients.md", encoding: .utf8)
      #expect(text.contains(run.lines.prefix(2).map { $0.compactText + "\n" }.joined()))
    }
  }

  @Test(arguments: [(7, 7), (1000, 1000), (1001, 501), (2500, 834)])
  func aLongRunWithoutDataWritesAboutAThousandLines(_ steps: Int, _ count: Int) throws {
    try withRun("bowl", "--set", "training.steps=\(steps)") { run in
      // Of step 0, of each period's end, and of the last step.
      #expect(run.losses.count == count + 1)
      #expect(run.lines.dropLast().last?["step"]?.int == steps)
    }
  }

  @Test func aFaultyObjectiveIsShownWithItsPlace() throws {
    try withScratchDirectory { directory in
      for (objective, message, indentation) in [
        (
          "w[0]^2 + ww", "column 10: 'ww' is neither a parameter nor, without \"data\", a dataset; did you mean \"w\"?",
          9
        ),
        ("w[0] + sqtr(w)", "column 8: unknown function 'sqtr'; did you mean \"sqrt\"?", 7),
        ("(w[0] + 1", "column 1: this bracket is never closed: ')' is missing", 0),
        (
          "w*[1, 2]",
          "column 1: the formula's value has the shape [2], expected a single number; join it with sum or mean", 0
        ),
      ] {
        let result = try TrainerBinary.run(
          "run", Repository.path + "/configs/notes/bowl.json", "--output", directory + "/run", "--set",
          "objective=\"\(objective)\"")
        let caret = String(repeating: " ", count: indentation) + "^"
        #expect(result.status == 2 && result.output == "")
        #expect(result.errors == "error: objective, \(message)\n  \(objective)\n  \(caret)\n")
      }
      // What needs more memory than there is, ends in a sentence too.
      for setting in [
        "objective=\"sum(one_hot(w, 1000000000000)) + w[0]\"",
        "parameters={\"w\": {\"shape\": [99999999999, 99999999999], \"initializer\": \"normal\"}}",
      ] {
        let result = try TrainerBinary.run(
          "run", Repository.path + "/configs/notes/bowl.json", "--output", directory + "/run", "--set", setting)
        #expect(result.status == 2 && result.errors.hasPrefix("error: "), "\(result.errors.prefix(300))")
      }
      #expect(try files(in: directory).isEmpty)
    }
  }

  @Test func maximizingTheNegativeReachesTheMinimum() throws {
    try withRun("maximize") { run in
      let end = try #require(run.parameters("b").last?.first)
      #expect(abs(end - 7.5) < 1e-12)
      // The loss is the objective, never negated.
      #expect(run.losses.last == -12.5)
    }
  }

  @Test func maximizingWithoutAMaximumDiverges() throws {
    try withRun("maximize-unbounded", status: 5) { run in
      #expect(run.lines.last?["event"]?.text == "stopped")
      #expect(run.lines.last?["reason"]?.text?.hasPrefix("diverged") == true)
    }
  }

  @Test(arguments: [(0.2, [10, 8, 7.6]), (0.25, [10, 7.5, 7.5]), (0.5, [10, 5, 10, 5]), (0.55, [10, 4.5, 11.1])])
  func learningRates(_ rate: Double, _ path: [Double]) throws {
    try withRun("rates", "--set", "optimizer.learningRate=\(rate)", status: rate > 0.5 ? 5 : 0) { run in
      for (found, expected) in zip(run.parameters("b"), path) { #expect(abs(found[0] - expected) < 1e-12) }
    }
  }

  @Test func momentumLeavesTheEndlessSwing() throws {
    try withRun("momentum") { run in
      let path = run.parameters("b").map { $0[0] }
      #expect(path.prefix(5) == [10, 5, 7.5, 8.75, 6.875])
      let end = try #require(path.last)
      #expect(abs(end - 7.5) < 1e-7)
    }
  }

  @Test func dataFromAFile() throws {
    try withRun("data") { run in
      // One step from 10 with rate 0.1 and J′(10) = 10.
      #expect(run.parameters("b")[0] == [10] && run.parameters("b")[1] == [9])
      let end = try #require(run.parameters("b").last?.first)
      #expect(abs(end - 7.5) < 1e-12)
      #expect(run.losses.last == 12.5)
    }
  }

  @Test(arguments: ["\"full\"", "8", "1"])
  func batchesOfAnySizeReachTheLine(_ batchSize: String) throws {
    try withRun("batches", "--set", "training.batchSize=\(batchSize)") { run in
      // Least squares on these 24 points, from NumPy's lstsq: w = 1.98347826, c = -1.0.
      let (w, c) = (try #require(run.parameters("w").last?.first), try #require(run.parameters("c").last?.first))
      // The full batch has taken 20 steps only, and single samples keep pushing to and fro.
      let near = batchSize == "8" ? 0.05 : 0.15
      #expect(abs(w - 1.98347826) < near && abs(c + 1) < near, "\(w) \(c)")
    }
  }

  @Test func logisticRegressionIsTheSoftmaxOfTwoClassesAtHalfTheRate() throws {
    try withRun("logistic") { logistic in
      try withRun("two-class-softmax") { softmax in
        for step in 1...25 {
          let (p, q) = (try logistic.probabilities(atStep: step), try softmax.probabilities(atStep: step))
          #expect(q.count == 2 * 113 && p.count == 2 * 113)
          for row in 0..<113 {
            #expect(abs(p[2 * row + 1] - q[2 * row + 1]) <= 1e-12, "step \(step), row \(row)")
            #expect(abs(q[2 * row] + q[2 * row + 1] - 1) <= 1e-12)
          }
        }
      }
    }
  }

  @Test func softmaxOfLogitsAsLargeAsTenThousand() throws {
    try withRun("softmax") { run in
      // −log p₁ = 10000 − (−10000); the gradient p − (0, 1, 0) is (1, −1, 0), and the rate is 1000.
      #expect(run.losses[0] == 20_000)
      #expect(run.parameters("z")[1] == [9000, -9000, 0])
      #expect(run.losses.last == 0)
    }
  }

  @Test func oneHotLabelsTrainASoftmaxRegression() throws {
    try withRun("one-hot") { run in
      // Zero weights give each of three classes 1/3.
      #expect(abs(run.losses[0] - 1.0986122886681098) < 1e-12)
      let end = try #require(run.losses.last)
      #expect(end < 0.6)
    }
  }

  // MARK: Pictures

  @Test(.enabled(if: Tool.path(of: "gnuplot") != nil && Tool.path(of: "dot") != nil, "gnuplot or Graphviz is missing"))
  func theDocumentShowsWhatTheProgramDoes() throws {
    try withScratchDirectory { directory in
      let result = try Tool.run("\(Repository.path)/scripts/pictures", [directory, TrainerBinary.path])
      #expect(result.status == 0, "\(result.output)")
      let pictures = try files(in: "\(Repository.path)/docs/pictures").filter { $0.hasSuffix(".svg") }
      let drawn = try files(in: directory)
      #expect(drawn.count == 16)
      let text = try String(contentsOfFile: "\(Repository.path)/docs/gradients.md", encoding: .utf8)
      let sweeps = try String(contentsOfFile: "\(Repository.path)/docs/sweeps.md", encoding: .utf8)
      for name in drawn.sorted() {
        let now = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
        let committed = try Data(contentsOf: URL(filePath: "\(Repository.path)/docs/pictures/\(name)"))
        #expect(pictures.contains(name))
        // How Graphviz sets text depends on the machine's fonts; gnuplot's SVG leaves that to the reader.
        if name != "chain-graph.svg" {
          #expect(now == committed, "\(name) has changed; scripts/pictures draws it anew")
        }
        #expect((text + sweeps).contains("(pictures/\(name))"), "no page shows \(name)")
      }
      for table in result.output.split(separator: "\n\n") {
        #expect(text.contains(table), "docs/gradients.md does not hold the table\n\(table)")
      }
    }
  }

  @Test func aSweepGoesOnAfterARunThatDiverges() throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        "sweep", Repository.path + "/configs/notes/rates.json", "--over", "optimizer.learningRate=[0.55,0.25]",
        "--over", "training.steps=[90,60]", "--output", directory, "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(rows.count == 5)
      #expect(rows[3].prefix(2) == ["0.55", "90"] && rows[3].last == "DIVERGED")
      #expect(rows[2] == ["0.25", "60", "60", "12.500", "finished"])
      #expect(try files(in: directory).contains("optimizer.learningRate=0.25,training.steps=60/metrics.jsonl"))
    }
  }

  @Test func plotsSayWhatTheyCannotDraw() throws {
    try withRun("one-hot") { run in
      try TrainerBinary.run("plot", run.directory, "--path").expectError(2, "a formula of one to three numbers")
      try TrainerBinary.run("plot", run.directory, "--parameters").expectError(
        2, "the formula has 15 parameters", "at most 14")
    }
    try withRun("softmax") { run in
      try TrainerBinary.run("plot", run.directory, "--metric", "accuracy").expectError(2, "accuracy", "it has loss")
      try TrainerBinary.run("plot", run.directory, "--output", "loss.gif").expectError(2, "loss.gif", ".svg or .png")
      try TrainerBinary.run("plot", run.directory + "/none").expectError(2, "there is no such run directory")
    }
  }
}

/// A run of a config of `configs/notes/`.
private struct NotesRun {
  let directory: String
  let lines: [JSONValue]

  private var records: [JSONValue] { lines.filter { $0["train"] != nil } }

  /// The training loss of each line; the first is that of the start.
  var losses: [Double] { records.map { $0["train"]?["loss"]?.double ?? .nan } }

  /// A parameter's elements on each line; the first are those of the start.
  func parameters(_ name: String) -> [[Double]] {
    records.map { line in
      guard let value = line["parameters"]?[name] else { return [] }
      return value.elements?.map { $0.double ?? .nan } ?? [value.double ?? .nan]
    }
  }

  /// The probabilities of the test group after a step.
  func probabilities(atStep step: Int) throws -> [Double] {
    let checkpoint = "\(directory)/checkpoints/step-" + String(format: "%09d", step) + ".h5"
    let output = "\(directory)/predictions-\(step).h5"
    let result = try TrainerBinary.run(
      "predict", checkpoint, Repository.data("breast-cancer"), "--group", "test", "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    return try HDF5.File.open(at: output).root.dataset("probabilities").read(as: Double.self)
  }
}

private func withRun(
  _ name: String, _ arguments: String..., status: Int32 = 0, _ body: (NotesRun) throws -> Void
) throws {
  try withScratchDirectory { scratch in
    let directory = scratch + "/run"
    let result = try TrainerBinary.run(
      ["run", "\(Repository.path)/configs/notes/\(name).json", "--output", directory, "--quiet"] + arguments)
    // Without a run there is nothing to look at.
    try #require(result.status == status, "\(result.errors)")
    let text = try String(contentsOfFile: directory + "/metrics.jsonl", encoding: .utf8)
    let lines = try text.split(separator: "\n").map { try JSONDocument(text: String($0), source: "metrics").root }
    try body(NotesRun(directory: directory, lines: lines))
  }
}
