import Foundation
import Foundations
import TestSupport
import Testing

/// The numbers that commands print, and the runs that a sweep makes of its values.
@Suite struct NumbersTests {
  @Test func infinitiesAndNaNAreStringsInJSON() throws {
    let gradient = try TrainerBinary.run("gradient", "log(x) + 0*y", "--at", "x=0", "--at", "y=1", "--format", "json")
    #expect(gradient.output == #"{"value":"-inf","gradient":{"x":"inf","y":0}}"# + "\n")
    let nan = try TrainerBinary.run("gradient", "sqrt(x)", "--at", "x=-1", "--format", "json")
    #expect(nan.output == #"{"value":"nan","gradient":{"x":"nan"}}"# + "\n")
    #expect(try TrainerBinary.run("gradient", "-log(x)", "--at", "x=0").output.hasPrefix("value: inf\n"))
    try TrainerBinary.run("gradient", "x", "--at", "x=0x10").expectError(2, "found '0x10'")
    try withWorkshop { workshop in
      // One sample has no coefficient of determination.
      try writeFile(workshop.dataset) { root in
        for (name, rows) in [("train", 2), ("test", 1)] {
          let group = try root.createGroup(name)
          _ = try group.createDataset("inputs", shape: [rows, 1], values: Array(repeating: 1.0, count: rows))
          _ = try group.createDataset("targets", shape: [rows], values: Array(repeating: 1.0, count: rows))
        }
      }
      let config = try workshop.makeConfig(
        #""metrics": ["r2"], "training": {"epochs": 1, "batchSize": 1}"#, units: 1, loss: "meanSquaredError")
      try TrainerBinary.run("run", config, "--quiet")
      let run = try Run(workshop.path("runs/config"))
      let result = try TrainerBinary.run("evaluate", run.newestCheckpoint, "--format", "json")
      #expect(result.output.contains(#""r2": "nan""#), "\(result.output)\(result.errors)")
      #expect(run.lines[0]["test"]?["r2"] == .null)
      let info = try TrainerBinary.run("checkpoint", "info", run.newestCheckpoint).output
      #expect(
        info.contains("progress/bestStep         none yet\n") && info.contains("progress/bestValue        none yet\n"))
      #expect(!info.contains("nan") && !info.contains(" -1"))
    }
  }

  // One step from b = 10 leads to b = 9, where J is 17.
  @Test func aFormulasLossIsThatOfItsParameters() throws {
    try withScratchDirectory { directory in
      let result = try TrainerBinary.run(
        "run", "\(Repository.path)/configs/notes/data.json", "--output", directory + "/run")
      #expect(result.output.contains("train loss 25.000  b 10.000\n"))
      #expect(result.output.contains("train loss 17.000  b 9.0000"))
    }
  }

  // MARK: Sweeps

  private let rates = Repository.path + "/configs/notes/rates.json"

  @Test func overlappingKeysAreRefused() throws {
    try withScratchDirectory { directory in
      let output = ["--output", directory + "/sweep"]
      try TrainerBinary.run(
        [
          "sweep", rates, "--over", "seed=[1]", "--over", "optimizer.learningRate=[0.1]", "--over",
          "optimizer=[\"adam\"]",
        ]
          + output
      ).expectError(2, "--over optimizer: it overlaps with --over optimizer.learningRate")
      try TrainerBinary.run(["sweep", rates, "--over", "seed=[1,2]", "--over", "seed=[3]"] + output)
        .expectError(2, "--over seed: the key is given twice")
      try TrainerBinary.run(["sweep", rates, "--over", "optimizer.learningRat=[0.1]"] + output)
        .expectError(2, "--over optimizer.learningRat=0.1: optimizer.learningRat: unknown key", "learningRate")
      #expect(try files(in: directory).isEmpty)
    }
  }

  @Test func aFaultOfTheLastRunIsFoundBeforeTheFirst() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      // Ten samples: only the data tell that the last batch is too large. Two units are too few for three classes.
      try TrainerBinary.run("sweep", config, "--over", "training.batchSize=[2,5,11]")
        .expectError(2, "the run with training.batchSize=11: training.batchSize: found 11", "only 10 samples")
      try TrainerBinary.run("sweep", config, "--over", "model.layers.0.units=[3,2]")
        .expectError(3, "the run with model.layers.0.units=2: ", workshop.dataset, "class label 2")
      try workshop.expectNoRun()
      try TrainerBinary.run("sweep", config, "--over", "seed=[2]", "--quiet")
      try TrainerBinary.run("sweep", config, "--over", "seed=[1,2]", "--set", "optimizer.learningRate=0.5")
        .expectError(2, "the run with seed=2: ", "optimizer.learningRate")
      #expect(try !files(in: workshop.path("runs/config-sweep")).contains("seed=1"))
    }
  }

  @Test func theRunsGoWhereTheOutputSays() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      func sweep(_ arguments: String...) throws -> CommandResult {
        try TrainerBinary.run(["sweep", config, "--quiet"] + arguments, in: workshop.directory)
      }
      func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: workshop.path(path) + "/metrics.jsonl")
      }
      #expect(try sweep("--over", "seed=[1]").status == 0 && isRun("runs/config-sweep/seed=1"))
      #expect(try sweep("--over", "seed=[1]", "--output", "a").status == 0 && isRun("a/seed=1"))
      #expect(try sweep("--over", "seed=[1]", "--set", "output=b").status == 0 && isRun("b/seed=1"))
      #expect(try sweep("--over", #"output=["c","d/e"]"#).status == 0 && isRun("c") && isRun("d/e"))
      try sweep("--over", #"output=["f"]"#, "--over", "seed=[1,2]").expectError(2, "would share the directory", "/f")
      try sweep("--over", #"output=["f"]"#, "--output", "g").expectError(2, "--over output", "--output")
    }
  }

  @Test(.enabled(if: Tool.path(of: "gnuplot") != nil, "gnuplot is missing"))
  func aRunThatDivergesAtOnceLeavesThePicture() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      let picture = workshop.path("sweep.svg")
      let result = try TrainerBinary.run(
        "sweep", config, "--over", "optimizer.learningRate=[1e38,0.1]", "--plot", picture, "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      #expect(rows.count == 3 && rows[2].last == "DIVERGED" && rows[2].contains("-") && rows[1].last == "finished")
      let svg = try String(contentsOfFile: picture, encoding: .utf8)
      #expect(svg.contains("learningRate 0.1") && !svg.contains("1e+38"))
      let none = try TrainerBinary.run(
        "sweep", config, "--over", "optimizer.learningRate=[1e38]", "--plot", workshop.path("none.svg"), "--quiet",
        "--output", workshop.path("none"))
      #expect(
        none.status == 5 && none.errors.contains("all 1 runs diverged")
          && none.errors.contains("none.svg is not drawn: no run came to a first measurement"))
      #expect(try !files(in: workshop.directory).contains("none.svg"))
    }
  }
}
