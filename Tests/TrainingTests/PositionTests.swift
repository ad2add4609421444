import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A class at each position of a sample, as for the pixels of an image or the steps of a sequence: a sample's loss is the
/// mean over its positions, and metrics count positions.
@Suite struct PositionTests {
  private static let (rows, positions, classes) = (40, 4, 3)
  private static let labels = (0..<rows * positions).map { UInt8($0 * $0 % 7 % 3) }
  private static let weights = (0..<rows).map { Double($0 % 4) / 2 }

  /// A file with a class at each position, or a row of 0 and 1 for it.
  private static func write(_ path: String, oneHot: Bool = false, labels: [UInt8] = labels) throws {
    try writeFile(path) { root in
      for group in ["train", "test"] {
        let group = try root.createGroup(group)
        let inputs = (0..<rows * positions * classes).map { Float($0 * 37 % 101) / 50 - 1 }
        _ = try group.createDataset("inputs", shape: [rows, positions, classes], values: inputs)
        if oneHot {
          let values = labels.flatMap { label in (0..<classes).map { Float($0 == Int(label) ? 1 : 0) } }
          _ = try group.createDataset("targets", shape: [rows, positions, classes], values: values)
        } else {
          _ = try group.createDataset("targets", shape: [rows, labels.count / rows], values: labels)
        }
        _ = try group.createDataset("w", shape: [rows], values: weights)
      }
    }
  }

  private static func run(_ data: String, weights: String = "", output: String) throws -> RunConfiguration {
    try RunConfiguration(
      text: """
        {"precision": "float64", "data": {"path": "\(data)"\(weights)},
         "model": {"layers": [{"type": "layerNormalization"}, {"type": "prelu"}, {"type": "layerNormalization"}]},
         "loss": "softmaxCrossEntropy", "metrics": ["accuracy", "f1", "rocAUC", "logLoss"],
         "optimizer": {"type": "sgd", "learningRate": 0.3}, "training": {"epochs": 3, "batchSize": 16, "shards": 3},
         "output": "\(output)"}
        """, source: "test.json", directory: "/")
  }

  /// The loss and the accuracy of outputs, position by position.
  private static func measure(_ outputs: [Double], weights: [Double]?) -> (loss: Double, accuracy: Double) {
    var (loss, hits, total) = (0.0, 0.0, 0.0)
    for place in 0..<rows * positions {
      let z = outputs[place * classes..<(place + 1) * classes].map { $0 }
      let weight = weights?[place / positions] ?? 1
      let label = Int(labels[place])
      loss -= weight * log(exp(z[label]) / z.map { exp($0) }.reduce(0, +))
      if z[label] == z.max() { hits += weight }
      total += weight
    }
    return (loss / total, hits / total)
  }

  @Test(arguments: [false, true]) func measuresAreThoseOfPositions(isWeighted: Bool) throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      try Self.write(data)
      let setting = isWeighted ? #", "weights": "w""# : ""
      let trained = try trainToEnd(Self.run(data, weights: setting, output: "\(directory)/run"))
      let predictor = try Predictor(checkpoint: trained.checkpoint)
      #expect(predictor.positions == 4 && predictor.classCount == 4 && predictor.outputCount == 12)
      let file = try HDF5.File.open(at: data)
      let predicted = try predictor.predict(rows: file.root.dataset("test/inputs").read(as: Float.self))
      try file.close()
      let expected = Self.measure(predicted.outputs, weights: isWeighted ? Self.weights : nil)
      let last = try #require(trained.history.entries.last?.measurements[0])
      #expect(abs(last.loss - expected.loss) < 1e-12)
      #expect(abs((last["accuracy"] ?? .nan) - expected.accuracy) < 1e-12)
      #expect(abs((last["logLoss"] ?? .nan) - expected.loss) < 1e-12)
      #expect(trained.history.entries[0].train.loss > trained.history.entries[2].train.loss)
      let report = try evaluate(checkpoint: trained.checkpoint, options: RunOptions(workers: 3))
      #expect(report.measurement["rocAUC"] == last["rocAUC"] && report.measurement["f1"] == last["f1"])
      let support = isWeighted ? Self.weights.reduce(0, +) * 4 : 160
      #expect(abs(report.perClass.map(\.support).reduce(0, +) - support) < 1e-9)
      for workers in [2, 5] {
        let together = try trainToEnd(
          Self.run(data, weights: setting, output: "\(directory)/\(workers)"), workers: workers,
          starter: ThreadStarter(seed: UInt64(workers)).start)
        #expect(together.summary.digest == trained.summary.digest)
        #expect(together.history.entries == trained.history.entries)
      }
    }
  }

  @Test func rowsOfProbabilitiesAreClasses() throws {
    try withScratchDirectory { directory in
      try Self.write("\(directory)/classes.h5")
      try Self.write("\(directory)/rows.h5", oneHot: true)
      let classes = try trainToEnd(Self.run("\(directory)/classes.h5", output: "\(directory)/classes"))
      let rows = try trainToEnd(Self.run("\(directory)/rows.h5", output: "\(directory)/rows"))
      for name in ["loss", "accuracy", "f1", "rocAUC"] {
        let (one, other) = (classes.summary.value(name, of: "test"), rows.summary.value(name, of: "test"))
        #expect(abs((one ?? .nan) - (other ?? .nan)) < 1e-12, "\(name)")
      }
    }
  }

  @Test func predictionsHaveAPlaceForEachPosition() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      try Self.write(data)
      let trained = try trainToEnd(Self.run(data, output: "\(directory)/run"))
      let output = "\(directory)/predictions.h5"
      _ = try predict(checkpoint: trained.checkpoint, input: data, output: output, group: "test")
      let file = try HDF5.File.open(at: output)
      let (predictions, probabilities) = (
        try file.root.dataset("predictions"), try file.root.dataset("probabilities")
      )
      #expect(try predictions.shape == [40, 4])
      #expect(try probabilities.shape == [40, 4, 3])
      let (labels, shares) = (try predictions.read(as: Int.self), try probabilities.read(as: Double.self))
      for place in labels.indices {
        let row = shares[place * 3..<(place + 1) * 3].map { $0 }
        #expect(abs(row.reduce(0, +) - 1) < 1e-12 && row[labels[place]] == row.max())
      }
      try file.close()
      for ending in ["csv", "jsonl"] {
        let text = "\(directory)/predictions.\(ending)"
        let error = try #require(
          try trainerError { try predict(checkpoint: trained.checkpoint, input: data, output: text, group: "test") })
        #expect(error.code == .usage && error.message.contains("a class at each of 4 positions of a row"), "\(error)")
        #expect(try SystemFileSystem().status(of: text) == nil)
      }
    }
  }

  @Test func targetsThatDoNotFit() throws {
    try withScratchDirectory { directory in
      func error(_ name: String, labels: [UInt8], oneHot: Bool = false) throws -> TrainerError {
        let data = "\(directory)/\(name).h5"
        try Self.write(data, oneHot: oneHot, labels: labels)
        return try #require(
          try trainerError {
            try train(Self.run(data, output: "\(directory)/\(name)"), options: RunOptions(workers: 1))
          })
      }
      var labels = Self.labels
      labels[4 * 7 + 2] = 3
      let wrong = try error("wrong", labels: labels)
      #expect(wrong.code == .data)
      #expect(
        wrong.message.contains(
          "the class label 3 in row 7, column 2 (both counted from 0); expected labels from 0 to 2"),
        "\(wrong)")
      let none = try error("none", labels: labels, oneHot: true)
      #expect(none.code == .data && none.message.contains("a sum of 0 in row 7"), "\(none)")
      let five = try error("five", labels: (0..<200).map { UInt8($0 % 3) })
      #expect(
        five.message.contains(
          "the model gives 3 outputs at each of 4 positions of a sample, but the targets have 5 values a sample"),
        "\(five)")
    }
  }
}
