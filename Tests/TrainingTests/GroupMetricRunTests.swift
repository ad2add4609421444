import Foundations
import Reporting
import TestSupport
import Testing
import Training

/// Metrics of whole groups in runs: where they are measured, where they are not, and what may go by them.
@Suite struct GroupMetricRunTests {
  private static func logistic(_ settings: String = "", batchSize: String = "40") -> TrainingCase {
    TrainingCase(
      name: "logistic", data: "breast-cancer", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy",
        "metrics": ["rocAUC", "accuracy", "averagePrecision", "logLoss"],
        "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 4, "batchSize": \(batchSize)}
        \(settings)
        """)
  }

  /// The parameters change with each batch, so that there are no scores of the whole training group.
  @Test func theTrainingGroupHasThemOnlyInFullBatches() throws {
    try withScratchDirectory { directory in
      let inBatches = try trainToEnd(Self.logistic().configuration(output: "\(directory)/batches"))
      #expect(inBatches.history.entries.count == 4)
      for entry in inBatches.history.entries {
        #expect(entry.train.metrics.map(\.name) == ["accuracy", "logLoss"])
        #expect(
          entry.measurements.map { $0.metrics.map(\.name) } == [["rocAUC", "accuracy", "averagePrecision", "logLoss"]])
        // The loss is the log loss where nothing weighs.
        #expect(abs(entry.measurements[0].loss - (entry.measurements[0]["logLoss"] ?? .nan)) < 1e-6)
      }
      #expect(inBatches.summary.value("rocAUC", of: "test").map { $0 > 0.9 } == true)
      #expect(inBatches.summary.value("rocAUC", of: "train") == nil)
      let full = try trainToEnd(
        Self.logistic(batchSize: #""full""#).configuration(output: "\(directory)/full"))
      #expect(full.summary.value("rocAUC", of: "train").map { $0 > 0.9 } == true)
      let report = try evaluate(checkpoint: full.checkpoint, group: "train")
      #expect(report.measurement["rocAUC"] == full.summary.value("rocAUC", of: "train"))
    }
  }

  /// The columns of `metrics.csv` stay under their names where `train` lacks a metric.
  @Test func tablesLeaveTheirCellsEmpty() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.logistic(#", "observers": ["csv"]"#).configuration(output: "\(directory)/run")
      let trained = try trainToEnd(configuration)
      let lines = try String(contentsOfFile: "\(directory)/run/metrics.csv", encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
      let last = Dictionary(uniqueKeysWithValues: zip(lines[0], try #require(lines.last)))
      #expect(last["train.rocAUC"] == "" && last["train.averagePrecision"] == "")
      let measured = try #require(trained.history.entries.last?.measurements[0])
      for name in ["rocAUC", "accuracy", "averagePrecision", "logLoss"] {
        #expect(last["test.\(name)"] == measured[name].map { "\($0)" }, "\(name)")
      }
    }
  }

  @Test func whatGoesByThemKnowsTheirDirection() throws {
    try withScratchDirectory { directory in
      for (metric, prefersLarger) in [("rocAUC", true), ("averagePrecision", true), ("logLoss", false)] {
        let training = Self.logistic(
          #", "checkpoints": {"best": {"metric": "test.\#(metric)"}}, "earlyStopping": {"metric": "test.\#(metric)"}"#)
        let configuration = try training.configuration(output: "\(directory)/\(metric)")
        #expect(configuration.checkpoints.best?.prefersLarger == prefersLarger)
        #expect(MetricReference(.test, metric).prefersLarger == prefersLarger)
        let trained = try trainToEnd(configuration)
        let values = trained.history.entries.compactMap { $0.measurements[0][metric] }
        let best = try #require(prefersLarger ? values.max() : values.min())
        #expect(trained.summary.best?.value == best, "\(metric)")
      }
    }
  }

  /// Nothing would ever happen by a measure that is not taken.
  @Test(arguments: [
    #""earlyStopping": {"metric": "train.rocAUC"}"#, #""checkpoints": {"best": {"metric": "train.rocAUC"}}"#,
    #""schedule": {"type": "plateau", "metric": "train.rocAUC"}"#,
  ])
  func theTrainingGroupIsNoMeasureInBatches(settings: String) throws {
    try withScratchDirectory { directory in
      let configuration = try Self.logistic(", " + settings).configuration(output: "\(directory)/run")
      let error = try #require(try trainerError { try train(configuration, options: RunOptions(workers: 1)) })
      #expect(error.code == .usage)
      #expect(
        error.message.hasSuffix(
          "metric: found \"train.rocAUC\", but rocAUC needs all samples of a group with the same parameters, and these change "
            + "with each batch of 'train'; take it of 'validation', or set training.batchSize to \"full\""), "\(error)")
      let full = try Self.logistic(", " + settings, batchSize: #""full""#).configuration(output: "\(directory)/full")
      #expect(try trainToEnd(full).summary.epoch == 4)
    }
  }

  @Test func evaluateTellsTheMeasuresOfEachClass() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(Self.logistic().configuration(output: "\(directory)/run"))
      let report = try evaluate(checkpoint: trained.checkpoint)
      // A line for each class, their names in the JSON.
      #expect(report.perClass.map(\.support).reduce(0, +) == Double(report.samples))
      #expect(report.text.contains("measures of each class\n") && report.text.contains("  support\n"))
      let rows = try #require(report.json["perClass"]?.elements)
      #expect(rows.compactMap { $0["class"]?.text } == report.classNames)
      #expect(rows.map { $0["recall"]?.double } == report.perClass.map(\.recall))
    }
  }
}
