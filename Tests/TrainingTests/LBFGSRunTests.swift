import Checkpoints
import Foundations
import TestSupport
import Testing
import Training

/// Where L-BFGS arrives in whole runs, and what it refuses.
@Suite struct LBFGSRunTests {
  private func value(_ objective: String, direction: String = "minimize", steps: Int) throws -> Double {
    try withScratchDirectory { directory in
      let report = LastReport()
      let text = """
        {"parameters": {"x": -1.2, "y": 1}, "objective": "\(objective)", "direction": "\(direction)",
         "optimizer": "lbfgs", "training": {"steps": \(steps)}, "output": "run"}
        """
      let configuration = try RunConfiguration(text: text, source: "x.json", directory: directory)
      _ = try train(configuration, observers: [report])
      return report.train
    }
  }

  @Test func theValleyTakesDozensOfEvaluations() throws {
    let valley = "(1 - x)^2 + 100 * (y - x^2)^2"
    #expect(try value(valley, steps: 60) < 1e-12)
    #expect(try value("1 - (\(valley))", direction: "maximize", steps: 60) > 1 - 1e-12)
  }

  // A quadratic form whose curvatures are a millionfold apart: gradient descent would take millions of steps.
  @Test func curvaturesAreLearnt() throws {
    #expect(try value("x^2 + 1000000 * y^2", steps: 40) < 1e-12)
  }

  // The search tries points beyond the edge, where the objective is no number; the run has not diverged there.
  @Test func aTrialIsNoDivergence() throws {
    #expect(abs(try value("(x + 1.2 + 1000) - log(x + 1.2 + 1000) + y^2", steps: 60) - 1) < 1e-9)
  }

  @Test func anObjectiveWithoutAMinimumDiverges() throws {
    let error = #expect(throws: TrainerError.self) { try value("x^3 + y^2", steps: 200) }
    #expect(error?.code == .diverged)
    let start = #expect(throws: TrainerError.self) { try value("log(x) + y^2", steps: 200) }
    #expect(start?.code == .diverged)
  }

  // (x − 3)² + 10 (y − x)² + (x² + y²) / 2 is least at x = 126 / 83, y = 120 / 83.
  @Test(arguments: ["minimize", "maximize"])
  func penaltiesArePartOfTheObjective(direction: String) throws {
    try withScratchDirectory { directory in
      let objective = "(x - 3)^2 + 10 * (y - x)^2"
      let text = """
        {"parameters": {"x": -1.2, "y": 1}, "objective": "\(direction == "minimize" ? objective : "-(\(objective))")",
         "direction": "\(direction)", "optimizer": "lbfgs", "penalties": {"l2": 1}, "training": {"steps": 30},
         "output": "run"}
        """
      let outcome = try train(RunConfiguration(text: text, source: "x.json", directory: directory))
      guard case .finished(let summary) = outcome else { throw TrainerError(.usage, "the run did not finish") }
      let found = try CheckpointFile.read(#require(summary.checkpoint)).parameters.flatMap(\.doubles)
      #expect(difference(found, [126.0 / 83, 120.0 / 83], within: 1e-6) == nil)
    }
  }

  // scikit-learn's LogisticRegression with C = 1 has an L2 penalty of 1 / n on the mean loss.
  @Test(arguments: [("digits", 1442, 10), ("iris", 120, 3)])
  func regularizedRegressionIsAsAccurateAsScikitLearns(data: String, samples: Int, classes: Int) throws {
    try withScratchDirectory { directory in
      let report = LastReport()
      let text = """
        {"data": {"path": "\(Repository.data(data))", "preprocessing": ["standardize"]}, "precision": "float64",
         "model": {"layers": [{"type": "dense", "units": \(classes)}]}, "loss": "softmaxCrossEntropy",
         "metrics": ["accuracy"], "optimizer": "lbfgs", "penalties": {"l2": \(1 / Double(samples))},
         "training": {"epochs": 120, "batchSize": "full", "shards": 4}, "output": "run"}
        """
      let configuration = try RunConfiguration(text: text, source: "x.json", directory: directory)
      _ = try train(configuration, observers: [report])
      let reference = try #require(
        Fixture.read("linear").member("logistic").elements?.first { $0["dataset"]?.text == data })
      #expect(report.accuracy == (try reference.member("test").member("accuracy").double))
      #expect(report.trainAccuracy == (try reference.member("train").member("accuracy").double))
    }
  }

  // The minimum that numpy's least squares computed, from the sharded gradient of real data.
  @Test func regressionArrivesAtLeastSquares() throws {
    try withScratchDirectory { directory in
      let report = LastReport()
      let text = """
        {"data": {"path": "\(Repository.data("diabetes"))", "preprocessing": ["standardize"]}, "precision": "float64",
         "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError", "optimizer": "lbfgs",
         "training": {"epochs": 40, "batchSize": "full", "shards": 5}, "output": "run"}
        """
      _ = try train(RunConfiguration(text: text, source: "x.json", directory: directory), observers: [report])
      let best = try #require(
        Fixture.read("linear").member("leastSquares").member("train").member("meanSquaredError").double)
      #expect(abs(report.train / best - 1) < 1e-9)
    }
  }

  @Test(arguments: [
    (#""schedule": "cosine""#, "schedule: the optimizer chooses the length of its steps itself; remove the schedule"),
    (
      #""schedule": {"type": "constant", "warmup": {"steps": 2}}"#,
      "schedule: the optimizer chooses the length of its steps itself; remove the schedule"
    ),
    (
      #""penalties": {"l1": 0.1}"#,
      "penalties: the optimizer needs a smooth objective, which l1 is not; remove l1 or take another optimizer"
    ),
    (
      #""training": {"batchSize": 5}"#,
      #"training: the optimizer needs all samples in each step; set "batchSize": "full" or take another optimizer"#
    ),
    (
      #""model": {"layers": [{"type": "dropout", "rate": 0.5}, {"type": "dense", "units": 3}]}"#,
      "model: dropout makes the loss another one in each step, but the optimizer needs one; "
        + "remove the dropout or take another optimizer"
    ),
    (
      #""optimizer": {"type": "lbfgs", "clipNorm": 1}"#,
      "optimizer.clipNorm: the optimizer searches along lines, where this would mislead it; remove the key"
    ),
  ])
  func whatMakesTheObjectiveAnotherOneIsRefused(setting: String, message: String) throws {
    var text = """
      {"data": {"path": "d.h5"}, "loss": "softmaxCrossEntropy", \(setting)
      """
    let defaults = [
      ("optimizer", #""lbfgs""#), ("training", #"{"batchSize": "full"}"#),
      ("model", #"{"layers": [{"type": "dense", "units": 3}]}"#),
    ]
    for (key, value) in defaults where !setting.hasPrefix("\"\(key)\"") { text += ", \"\(key)\": \(value)" }
    let error = #expect(throws: TrainerError.self) {
      try RunConfiguration(text: text + "}", source: "x.json", directory: "/")
    }
    #expect(error?.code == .usage)
    #expect(error?.message.hasSuffix(message) == true, "\(error?.message ?? "")")
  }
}
