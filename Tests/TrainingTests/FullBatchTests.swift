import Foundations
import TestSupport
import Testing
import Training

/// What a run says of its training group and of its end.
@Suite struct FullBatchTests {
  private func training(_ batchSize: String, epochs: Int = 4, dropout: Bool = false) -> TrainingCase {
    TrainingCase(
      name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 8}, \(dropout ? #"{"type": "dropout", "rate": 0.5}, "# : "")
         {"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
        "optimizer": {"type": "sgd", "learningRate": 0.5},
        "training": {"epochs": \(epochs), "batchSize": \(batchSize), "shards": 4}, "checkpoints": {"keep": "all"}
        """)
  }

  // As `evaluate` measures the checkpoint of the same step: also where the batch is given as the number of samples, and
  // without dropout.
  @Test(arguments: ["\"full\"", "120"], [false, true])
  func aFullBatchIsMeasuredWhereItsStepHasLed(batchSize: String, dropout: Bool) throws {
    try withScratchDirectory { directory in
      let configuration = try training(batchSize, dropout: dropout).configuration(output: "\(directory)/run")
      let trained = try trainToEnd(configuration, workers: 3)
      #expect(trained.history.entries.count == 4 && trained.history.saved.count == 4)
      for (entry, checkpoint) in zip(trained.history.entries, trained.history.saved) {
        let report = try evaluate(checkpoint: checkpoint, group: "train")
        #expect(report.step == entry.step && report.measurement.loss == entry.train.loss)
        #expect(report.measurement.metrics.elementsEqual(entry.train.metrics, by: ==))
      }
    }
  }

  @Test func smallerBatchesAreReportedAsTrained() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(training("60").configuration(output: "\(directory)/run"))
      let last = try #require(trained.history.entries.last)
      let report = try evaluate(checkpoint: trained.checkpoint, group: "train")
      #expect(report.measurement.loss < last.train.loss)
    }
  }

  // Stopped and gone on with, the reports and the summary are those of the uninterrupted run.
  @Test func anInterruptedFullBatchReportsTheSame() throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(training("\"full\"", epochs: 40).configuration(output: "\(directory)/whole"))
      let pieces = try trainInPieces(training("\"full\"", epochs: 40).configuration(output: "\(directory)/pieces")) {
        2 + $0
      }
      #expect(pieces.stops.count > 2)
      #expect(pieces.history.entries == whole.history.entries)
      #expect(pieces.summary.measures == whole.summary.measures)
    }
  }

  // Without any observer: the summary comes from the run itself.
  @Test func theSummaryHasTheLastMeasures() throws {
    try withScratchDirectory { directory in
      for batch in ["32", "\"full\""] {
        let configuration = try training(batch).configuration(output: "\(directory)/\(batch.count)")
        guard case .finished(let alone) = try train(configuration) else {
          Issue.record("the run did not end")
          return
        }
        #expect(alone.measures.map(\.group) == ["train", "test"])
        #expect(alone.measures.allSatisfy { $0.values.map(\.key) == ["loss", "accuracy"] })
        let other = try trainToEnd(training(batch).configuration(output: "\(directory)/other\(batch.count)"))
        let last = try #require(other.history.entries.last)
        #expect(
          alone.measures.map { $0.values.map(\.value.double) }
            == [last.train, last.measurements[0]].map {
              [$0.loss] + $0.metrics.map { Optional($0.value) }
            })
      }
    }
  }

  // What a display counts a rate from.
  @Test func aResumeBeginsAtTheStepsThatAreDone() throws {
    try withScratchDirectory { directory in
      let configuration = try training("8", epochs: 20).configuration(output: "\(directory)/run")
      var seen: [(step: Int, resumed: Int?)] = []
      let history = History()
      history.reaction = { event in
        if case .started(let run) = event { seen.append((run.live.step, run.resumedStep)) }
      }
      for regions in [3, 1000] {
        let starter = StoppingStarter(afterRegions: regions, seed: 1)
        let options = RunOptions(workers: 1, starter: starter.start, control: starter.control)
        _ = try train(configuration, options: options, observers: [history])
      }
      #expect(seen.count == 2 && seen[0].step == 0 && seen[0].resumed == nil)
      #expect(seen[1].step > 0 && seen[1].step == seen[1].resumed)
    }
  }

  @Test func aLossThatIsNotFiniteAtTheStartDoesNotBlameTheLearningRate() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try writeFile(data) { root in
        let group = try root.createGroup("train")
        _ = try group.createDataset("inputs", shape: [2, 1], values: [1e30, -1e30])
        _ = try group.createDataset("targets", shape: [2], values: [1.0, 2])
      }
      let linear = TrainingCase(
        name: "linear", data: data, preprocessing: "[]",
        settings: """
          "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError", "training": {"batchSize": 2}
          """)
      let model = try trainerError { _ = try train(linear.configuration(output: "\(directory)/model")) }
      #expect(model?.code == .diverged)
      #expect(
        model?.message
          == "the run diverged at step 1: the loss is not finite before any update; make inputs and targets smaller, such "
          + "as by \"standardize\" in data.preprocessing, or set \"precision\" to \"float64\"")
      let formula = try RunConfiguration(
        text: #"{"parameters": {"b": -1}, "objective": "log(b)", "output": "formula"}"#, source: "f.json",
        directory: directory)
      let start = try trainerError { _ = try train(formula) }
      #expect(
        start?.message == "the run diverged at step 1: the loss is not finite before any update; begin with other "
          + "\"parameters\", or mend the \"objective\"")
    }
  }
}
