import Checkpoints
import Foundation
import Foundations
import Optimizers
import TestSupport
import Testing
import Training

/// An optimizer in the tables: its settings, and the learning rate for each problem.
struct OptimizerRow: Sendable, CustomTestStringConvertible {
  let settings: String
  var bowl = 1.0
  var valley = 1.0
  var digits = 1.0

  var testDescription: String { settings }

  /// Whether the optimizer chooses the length of its steps itself, and needs all samples in each.
  var goesByObjective: Bool { settings.contains("lbfgs") }

  func config(_ rate: Double) -> String {
    goesByObjective ? "{\(settings)}" : #"{\#(settings), "learningRate": \#(rate)}"#
  }

  var schedule: String { goesByObjective ? "constant" : "cosine" }
  var batchSize: String { goesByObjective ? #""full""# : "64" }

  /// Every optimizer, most with the settings that other rows leave out. A new optimizer has a row here.
  static let all = [
    OptimizerRow(settings: #""type": "sgd""#, bowl: 0.05, valley: 0.001, digits: 0.2),
    OptimizerRow(
      settings: #""type": "sgd", "momentum": 0.9, "dampening": 0.5"#, bowl: 0.05, valley: 0.001, digits: 0.1),
    OptimizerRow(
      settings: #""type": "sgd", "momentum": 0.9, "nesterov": true"#, bowl: 0.02, valley: 0.0005, digits: 0.1),
    OptimizerRow(settings: #""type": "sgd", "momentum": 0.9, "clipNorm": 1"#, bowl: 0.05, valley: 0.002, digits: 0.1),
    OptimizerRow(settings: #""type": "sgd", "momentum": 0.9, "clipValue": 0.1"#, bowl: 0.2, valley: 0.002, digits: 0.1),
    OptimizerRow(
      settings: #""type": "sgd", "momentum": 0.9, "averaging": {"decay": 0.9}"#, bowl: 0.02, valley: 0.0005, digits: 0.1
    ),
    OptimizerRow(settings: #""type": "adagrad""#, bowl: 1, valley: 0.5, digits: 0.1),
    OptimizerRow(settings: #""type": "adadelta", "epsilon": 0.001"#, bowl: 1, valley: 0.2, digits: 1),
    OptimizerRow(settings: #""type": "rmsprop""#, bowl: 0.1, valley: 0.01, digits: 0.005),
    OptimizerRow(
      settings: #""type": "rmsprop", "centered": true, "momentum": 0.9"#, bowl: 0.02, valley: 0.001, digits: 0.001),
    OptimizerRow(settings: #""type": "adam""#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(settings: #""type": "adam", "amsgrad": true"#, bowl: 0.5, valley: 0.05, digits: 0.01),
    OptimizerRow(settings: #""type": "adamw", "weightDecay": 0.001"#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(settings: #""type": "nadam""#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(settings: #""type": "radam""#, bowl: 0.2, valley: 0.05, digits: 0.01),
    OptimizerRow(settings: #""type": "lion""#, bowl: 0.1, valley: 0.01, digits: 0.003),
    OptimizerRow(settings: #""type": "lamb""#, bowl: 0.1, valley: 0.02, digits: 0.02),
    OptimizerRow(settings: #""type": "lbfgs""#),
  ]
}

/// What a run's observers saw last.
private final class LastReport: RunObserver {
  var train = Double.nan
  var accuracy = Double.nan

  func observe(_ event: RunEvent) throws {
    switch event {
    case .epoch(let report):
      train = report.train.loss
      accuracy = report.evaluations.first { $0.group == "test" }?.measurement["accuracy"] ?? .nan
    case .step(let report): train = report.train.loss
    default: break
    }
  }
}

/// Each optimizer on each problem, to a stated figure.
@Suite struct OptimizerConvergenceTests {
  private func run(_ text: String) throws -> LastReport {
    try withScratchDirectory { directory in
      let report = LastReport()
      let configuration = try RunConfiguration(text: text, source: "x.json", directory: directory)
      _ = try train(configuration, observers: [report])
      return report
    }
  }

  @Test func everyOptimizerHasARow() throws {
    let types = try OptimizerRow.all.compactMap {
      try JSONDocument(text: $0.config(1), source: "row").root["type"]?.text
    }
    #expect(Set(types) == Set(Registry.optimizers.entries.map(\.type)))
  }

  @Test(arguments: OptimizerRow.all)
  func theBowl(row: OptimizerRow) throws {
    let report = try run(
      """
      {"parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2 - w[0]*w[1]", "optimizer": \(row.config(row.bowl)),
       "schedule": "\(row.schedule)", "training": {"steps": 500}, "output": "run"}
      """)
    #expect(report.train < 1e-6)
  }

  // Without LAMB and RAdam, whose rates for this valley are still to be found.
  @Test(arguments: OptimizerRow.all.filter { !$0.settings.contains("lamb") && !$0.settings.contains("radam") })
  func rosenbrocksValley(row: OptimizerRow) throws {
    let report = try run(
      """
      {"parameters": {"x": -1.2, "y": 1}, "objective": "(1 - x)^2 + 100 * (y - x^2)^2",
       "optimizer": \(row.config(row.valley)), "schedule": "\(row.schedule)", "training": {"steps": 20000}, "output": "run"}
      """)
    #expect(report.train < 1e-3)
  }

  // Without Lion and RAdam, whose rates for the digits are still to be found.
  @Test(arguments: OptimizerRow.all.filter { !$0.settings.contains("lion") && !$0.settings.contains("radam") })
  func softmaxOnDigits(row: OptimizerRow) throws {
    let report = try run(
      """
      {"seed": 7, "data": {"path": "\(Repository.data("digits"))", "preprocessing": [{"type": "scale", "factor": 0.0625}]},
       "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
       "optimizer": \(row.config(row.digits)), "schedule": "\(row.schedule)",
       "training": {"epochs": \(row.goesByObjective ? 60 : 15), "batchSize": \(row.batchSize)},
       "output": "run"}
      """)
    #expect(report.accuracy > 0.94)
  }
}

extension TrainingCase {
  /// Each optimizer, and schedules that are made of several or remember something, for the tables of promises: that
  /// threads, and that interruptions change no bit.
  static let optimizers: [TrainingCase] = {
    let cuts = #"{"type": "lamb", "clipNorm": 1, "groups": [{"match": "*/bias", "learningRate": 0.1}]}"#
    let plateau = #"{"type": "plateau", "metric": "train.loss", "patience": 0, "threshold": 0.3, "cooldown": 1}"#
    let rows = OptimizerRow.all.map { row in
      (
        settings: #""optimizer": \#(row.config(row.digits))"#,
        training: row.goesByObjective ? #""epochs": 30, "batchSize": "full""# : #""epochs": 3, "batchSize": 13"#
      )
    }
    let others = [
      #""optimizer": \#(cuts)"#, #""schedule": \#(plateau)"#,
      #""schedule": {"type": "oneCycle", "warmup": {"steps": 7}}"#,
    ]
    return (rows + others.map { ($0, #""epochs": 3, "batchSize": 13"#) }).map { settings, training in
      TrainingCase(
        name: settings, data: "iris", preprocessing: #"["standardize"]"#,
        settings: """
          "model": {"layers": [{"type": "dense", "units": 900, "activation": "tanh"}, {"type": "dense", "units": 3}]},
          "loss": "softmaxCrossEntropy", "training": {\(training), "shards": 3}, \(settings)
          """)
    }
  }()
}

/// L-BFGS by convergence, and what it refuses.
@Suite struct LBFGSTests {
  private func value(_ objective: String, direction: String, steps: Int) throws -> Double {
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
    #expect(try value(valley, direction: "minimize", steps: 60) < 1e-12)
    #expect(try value("1 - (\(valley))", direction: "maximize", steps: 60) > 1 - 1e-12)
    // Whatever the step at which a run ends, it does not end at a trial that is worse than where it began.
    let start = 24.2
    for steps in 1...30 { #expect(try value(valley, direction: "minimize", steps: steps) <= start, "\(steps) steps") }
  }

  // A quadratic form whose curvatures are a millionfold apart: gradient descent would take millions of steps.
  @Test func curvaturesAreLearnt() throws {
    #expect(try value("x^2 + 1000000 * y^2", direction: "minimize", steps: 40) < 1e-12)
  }

  @Test(arguments: [
    (#""schedule": "cosine""#, "schedule: the optimizer chooses the length of its steps itself; remove the schedule"),
    (
      #""schedule": {"type": "constant", "warmup": {"steps": 2}}"#,
      "schedule: the optimizer chooses the length of its steps itself; remove the schedule"
    ),
    (
      #""penalties": {"l2": 0.1}"#,
      "penalties: the optimizer goes by the loss, which leaves penalties out; remove them or take another optimizer"
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
      "optimizer.clipNorm: this optimizer needs the whole gradient as it is; remove the key"
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

/// What evaluation and predictions use where a run keeps a moving average.
@Suite struct AveragingTests {
  @Test func theAverageIsEvaluatedAndKept() throws {
    try withScratchDirectory { directory in
      func run(_ optimizer: String, _ name: String) throws -> (report: LastReport, checkpoint: String) {
        let text = """
          {"seed": 7, "data": {"path": "\(Repository.data("digits"))"}, "metrics": ["accuracy"],
           "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy",
           "optimizer": \(optimizer), "training": {"epochs": 2, "batchSize": 64}, "output": "\(name)"}
          """
        let report = LastReport()
        let configuration = try RunConfiguration(text: text, source: "x.json", directory: directory)
        guard case .finished(let summary) = try train(configuration, observers: [report]) else {
          throw TrainerError(.usage, "the run did not finish")
        }
        return (report, summary.checkpoint)
      }
      let plain = try run(#"{"type": "adam"}"#, "plain")
      let averaged = try run(#"{"type": "adam", "averaging": {"decay": 0.95}}"#, "averaged")
      let (first, second) = (try CheckpointFile.read(plain.checkpoint), try CheckpointFile.read(averaged.checkpoint))
      // The average does not act on the training.
      #expect(first.digest == second.digest)
      #expect(plain.report.train == averaged.report.train)
      #expect(second.optimizer.map(\.name) == ["average", "firstMoment", "secondMoment"])
      let average = try #require(second.optimizer.first).doubles
      #expect(average != second.parameters.flatMap(\.doubles))
      #expect(plain.report.accuracy != averaged.report.accuracy)
      // What evaluation finds in the checkpoint is what the run reported.
      for run in [plain, averaged] {
        #expect(try evaluate(checkpoint: run.checkpoint).measurement["accuracy"] == run.report.accuracy)
      }
    }
  }
}
