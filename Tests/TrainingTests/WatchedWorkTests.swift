import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// Who watches a check, an evaluation or a prediction is told how far it is, and gets the same of it.
@Suite struct WatchedWorkTests {
  private func configuration(_ directory: String) throws -> RunConfiguration {
    try RunConfiguration(
      file: Repository.config("softmax"), overrides: [SettingsOverride("training.epochs=1")],
      output: "\(directory)/run")
  }

  @Test func aGradientCheckCountsItsCoordinates() throws {
    try withScratchDirectory { directory in
      let configuration = try configuration(directory)
      let (report, seen) = try watched { try checkGradient(of: configuration, samples: 8, coordinates: 5) }
      let compared = seen.filter { $0.what == "comparing with differences" }
      // Five of the weights and five of the biases.
      #expect(compared.last == WorkSighting(what: "comparing with differences", count: 10, share: 1))
      #expect(compared.count >= 10 && report.passes)
    }
  }

  @Test func evaluationsAndPredictionsCountTheirSamples() throws {
    try withScratchDirectory { directory in
      let configuration = try configuration(directory)
      _ = try train(configuration)
      let checkpoint = try ModelCheckpoint("\(directory)/run").path
      let (report, seen) = try watched { try evaluate(checkpoint: checkpoint, group: "train") }
      let last = try #require(seen.last { $0.what == "evaluating" })
      #expect(last == WorkSighting(what: "evaluating", count: report.samples, share: 1))
      let alone = try evaluate(checkpoint: checkpoint, group: "train")
      #expect(report.measurement.loss.bitPattern == alone.measurement.loss.bitPattern)
      // The bytes of a checkpoint are counted as they are checked.
      #expect(seen.contains { $0.what.hasPrefix("checking step-") && $0.share == 1 })

      let data = Repository.path + "/data/digits.h5"
      let (_, predicted) = try watched {
        try predict(checkpoint: checkpoint, input: data, output: "\(directory)/p.csv")
      }
      let end = try #require(predicted.last { $0.what == "predicting digits.h5" })
      #expect(end == WorkSighting(what: "predicting digits.h5", count: 1797, share: 1))
      _ = try predict(checkpoint: checkpoint, input: data, output: "\(directory)/q.csv")
      #expect(
        try Data(contentsOf: URL(filePath: "\(directory)/p.csv"))
          == Data(contentsOf: URL(filePath: "\(directory)/q.csv")))
    }
  }
}
