import Checkpoints
import Foundation
import Foundations
import Optimizers
import TestSupport
import Testing
import Training

/// A schedule in the tables, for a run of so many steps.
struct ScheduleRow: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let settings: @Sendable (_ steps: Int) -> String

  private init(_ name: String, _ settings: @escaping @Sendable (_ steps: Int) -> String) {
    testDescription = name
    self.settings = settings
  }

  /// Every schedule. A new one has a row here.
  static let all = [
    ScheduleRow("constant") { #"{"type": "constant", "warmup": {"steps": \#($0 / 10)}}"# },
    ScheduleRow("step") { #"{"type": "step", "every": \#($0 / 4), "unit": "steps", "gamma": 0.5}"# },
    ScheduleRow("multiStep") {
      #"{"type": "multiStep", "milestones": [\#($0 / 2), \#(3 * $0 / 4)], "unit": "steps", "gamma": 0.3}"#
    },
    ScheduleRow("exponential") {
      #"{"type": "exponential", "gamma": \#(pow(0.1, 1 / Double($0))), "unit": "steps"}"#
    },
    ScheduleRow("polynomial") { _ in #"{"type": "polynomial", "power": 2, "final": 0.01}"# },
    ScheduleRow("cosine") { #"{"type": "cosine", "final": 0.1, "warmup": {"steps": \#($0 / 5), "start": 0.1}}"# },
    ScheduleRow("cosineWithRestarts") {
      #"{"type": "cosineWithRestarts", "period": \#($0 / 7), "growth": 2, "unit": "steps"}"#
    },
    ScheduleRow("oneCycle") { _ in #""oneCycle""# },
    ScheduleRow("plateau") { _ in
      #"{"type": "plateau", "metric": "train.loss", "factor": 0.5, "patience": 5, "threshold": 0.3, "minimum": 0.1}"#
    },
  ]
}

/// What a run's observers saw last.
final class LastReport: RunObserver {
  var train = Double.nan
  var trainAccuracy = Double.nan
  var accuracy = Double.nan

  func observe(_ event: RunEvent) throws {
    switch event {
    case .epoch(let report):
      train = report.train.loss
      trainAccuracy = report.train["accuracy"] ?? .nan
      accuracy = report.evaluations.first { $0.group == "test" }?.measurement["accuracy"] ?? .nan
    case .step(let report): train = report.train.loss
    default: break
    }
  }
}

/// Each optimizer, and each schedule, on each problem, to a stated figure.
@Suite struct OptimizerConvergenceTests {
  private func run(_ text: String) throws -> LastReport {
    try withScratchDirectory { directory in
      let report = LastReport()
      let configuration = try RunConfiguration(text: text, source: "x.json", directory: directory)
      _ = try train(configuration, observers: [report])
      return report
    }
  }

  private func bowl(_ optimizer: String, _ schedule: String) throws -> Double {
    try run(
      """
      {"parameters": {"w": [-5, 5]}, "objective": "w[0]^2 + w[1]^2 - w[0]*w[1]", "optimizer": \(optimizer),
       "schedule": \(schedule), "training": {"steps": 500}, "output": "run"}
      """
    ).train
  }

  private func valley(_ optimizer: String, _ schedule: String) throws -> Double {
    try run(
      """
      {"parameters": {"w": [-1.2, 1]}, "objective": "(1 - w[0])^2 + 100 * (w[1] - w[0]^2)^2",
       "optimizer": \(optimizer), "schedule": \(schedule), "training": {"steps": 20000}, "output": "run"}
      """
    ).train
  }

  private func digits(_ optimizer: String, _ schedule: String, batchSize: String = "64") throws -> Double {
    try run(
      """
      {"seed": 7, "data": {"path": "\(Repository.data("digits"))", "preprocessing": [{"type": "scale", "factor": 0.0625}]},
       "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
       "optimizer": \(optimizer), "schedule": \(schedule), "training": {"epochs": 15, "batchSize": \(batchSize)},
       "output": "run"}
      """
    ).accuracy
  }

  @Test func everyOptimizerAndEveryScheduleHasARow() throws {
    let types = try OptimizerRow.all.compactMap {
      try JSONDocument(text: $0.config(1), source: "row").root["type"]?.text
    }
    #expect(Set(types) == Set(Registry.optimizers.entries.map(\.type)))
    #expect(ScheduleRow.all.map(\.testDescription) == Registry.schedules.entries.map(\.type))
  }

  @Test(arguments: OptimizerRow.all)
  func theBowl(row: OptimizerRow) throws {
    #expect(try bowl(row.config(row.bowl), "\"\(row.schedule)\"") < 1e-6)
  }

  @Test(arguments: OptimizerRow.all)
  func rosenbrocksValley(row: OptimizerRow) throws {
    #expect(try valley(row.config(row.valley), "\"\(row.schedule)\"") < 1e-3)
  }

  @Test(arguments: OptimizerRow.all)
  func softmaxOnDigits(row: OptimizerRow) throws {
    let batchSize = row.goesByObjective ? #""full""# : "64"
    #expect(try digits(row.config(row.digits), "\"\(row.schedule)\"", batchSize: batchSize) > 0.94)
  }

  @Test(arguments: ScheduleRow.all)
  func schedulesOnAllProblems(row: ScheduleRow) throws {
    func momentum(_ rate: Double) -> String { #"{"type": "sgd", "momentum": 0.9, "learningRate": \#(rate)}"# }
    #expect(try bowl(momentum(0.05), row.settings(500)) < 1e-6)
    #expect(try valley(momentum(0.001), row.settings(20000)) < 1e-3)
    #expect(try digits(momentum(0.1), row.settings(345)) > 0.94)
  }
}

extension TrainingCase {
  /// Each optimizer in a model of several blocks, and each schedule, for the tables of promises: that neither threads
  /// nor interruptions change a bit.
  static let optimizers: [TrainingCase] = {
    func iris(_ settings: String, units: Int, _ training: String) -> TrainingCase {
      TrainingCase(
        name: settings, data: "iris", preprocessing: #"["standardize"]"#,
        settings: """
          "model": {"layers": [{"type": "dense", "units": \(units), "activation": "tanh"}, {"type": "dense", "units": 3}]},
          "loss": "softmaxCrossEntropy", "training": {\(training), "shards": 3}, \(settings)
          """)
    }
    // 120 samples in batches of 13: thirty steps.
    let batches = #""epochs": 3, "batchSize": 13"#
    let cuts = #""optimizer": {"type": "lamb", "clipNorm": 1, "groups": [{"match": "*/bias", "learningRate": 0.1}]}"#
    return OptimizerRow.all.map { row in
      iris(
        #""optimizer": \#(row.config(row.digits))"#, units: 900,
        row.goesByObjective ? #""epochs": 30, "batchSize": "full""# : batches)
    } + [
      iris(cuts, units: 900, batches),
      iris(
        #""optimizer": {"type": "lbfgs", "historySize": 3}, "penalties": {"l2": 0.01}"#, units: 900,
        #""epochs": 30, "batchSize": "full""#),
    ]
      + ScheduleRow.all.map { iris(#""schedule": \#($0.settings(30))"#, units: 4, batches) }
  }()
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
        return (report, try #require(summary.checkpoint))
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
