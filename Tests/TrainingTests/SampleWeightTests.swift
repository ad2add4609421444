import Checkpoints
import Foundation
import Foundations
import HDF5
import Reporting
import TestSupport
import Testing
import Training

/// Samples with weights: what training makes small, and what is measured.
@Suite struct SampleWeightTests {
  /// The diabetes data in which row i of a group weighs (i mod 5) / 2.
  private func writeDiabetes(_ path: String) throws {
    let file = try HDF5.File.open(at: Repository.data("diabetes"))
    try writeFile(path) { root in
      for name in ["train", "test"] {
        let (from, group) = (try file.root.group(name), try root.createGroup(name))
        for dataset in ["inputs", "targets"] {
          let stored = try from.dataset(dataset)
          try group.createDataset(dataset, shape: stored.shape, values: stored.read(as: Double.self))
        }
        let rows = try from.dataset("inputs").shape[0]
        try group.createDataset("w", shape: [rows], values: (0..<rows).map { Float($0 % 5) / 2 })
      }
    }
    try file.close()
  }

  @Test func leastSquaresAreThoseOfScikitLearn() throws {
    try withScratchDirectory { directory in
      try writeDiabetes("\(directory)/diabetes.h5")
      let text = """
        {"data": {"path": "diabetes.h5", "weights": "w", "preprocessing": ["standardize"]}, "precision": "float64",
         "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError", "optimizer": "lbfgs",
         "metrics": ["meanSquaredError", "r2"], "training": {"epochs": 60, "batchSize": "full", "shards": 5},
         "output": "run"}
        """
      let trained = try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory), workers: 2)
      let reference = try Fixture.read("weights").member("leastSquares")
      for (group, tolerance) in [("train", 1e-9), ("test", 1e-5)] {
        for metric in ["meanSquaredError", "r2"] {
          let expected = try reference.member(group).member(metric).numbers[0]
          let found = try #require(trained.summary.value(metric, of: group))
          #expect(abs(found / expected - 1) < tolerance, "\(metric) of \(group): \(found), \(expected)")
        }
        #expect(
          trained.summary.value("loss", of: group).map {
            $0.isClose(
              to: trained.summary.value("meanSquaredError", of: group) ?? 0, within: 1e-12)
          } == true)
        let report = try evaluate(checkpoint: trained.checkpoint, group: group)
        #expect(report.measurement["r2"] == trained.summary.value("r2", of: group))
      }
    }
  }

  /// The sums of weights in the confusion matrix, which are no whole numbers.
  @Test func aConfusionMatrixOfFractionsIsPrinted() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/fifths.h5") { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [12, 1], values: (0..<12).map { $0 % 3 == 0 ? 1.0 : -1.0 })
        try group.createDataset("targets", shape: [12], values: (0..<12).map { UInt8($0 % 3 == 0 ? 1 : 0) })
        try group.createDataset("w", shape: [12], values: Array(repeating: 0.2, count: 12))
      }
      let text = """
        {"data": {"path": "fifths.h5", "weights": "w"}, "precision": "float64",
         "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy", "optimizer": "lbfgs",
         "training": {"epochs": 5, "batchSize": "full"}, "output": "run"}
        """
      let trained = try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory))
      let report = try evaluate(checkpoint: trained.checkpoint, group: "train")
      let counts = try #require(report.measurement.confusion?.counts)
      #expect(zip(counts, [1.6, 0, 0, 0.8]).allSatisfy { abs($0 - $1) < 1e-12 })
      let rows = report.text.split(separator: "\n").suffix(2).map { $0.split(separator: " ").compactMap { Double($0) } }
      #expect(rows == [[0, 1.6, 0], [1, 0, 0.8]], "\(report.text)")
      #expect(report.json["confusion"]?.elements?.map(\.numbers) == [[counts[0], 0], [0, counts[3]]])
    }
  }

  private func parameters(of trained: Trained) throws -> [Double] {
    try CheckpointFile.read(trained.checkpoint).parameters.flatMap(\.doubles)
  }

  private static let models = [
    (
      "classes", "[0, 1, 2, 1, 0, 2, 2]",
      #""model": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 3}]},"#
        + #""loss": {"type": "softmaxCrossEntropy", "classWeights": [1, 2, 0.5]}, "metrics": ["accuracy"]"#
    ),
    (
      "plain classes", "[0, 1, 2, 1, 0, 2, 2]",
      #""model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["f1"]"#
    ),
    (
      "yes or no", "[0, 1, 0, 1, 0, 0, 1]",
      #""model": {"layers": [{"type": "dense", "units": 1}]},"#
        + #""loss": {"type": "binaryCrossEntropy", "classWeights": [1, 3]}, "metrics": ["accuracy"]"#
    ),
    (
      "numbers", "[0.5, 1, -2, 1.5, 0, 0.25, 2]",
      #""model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "huber", "metrics": ["r2"]"#
    ),
    (
      "a formula", "[0, 1, 2, 1, 0, 2, 2]",
      #""parameters": {"v": [0.1, -0.2]}, "objective": "(inputs @ v - targets)^2""#
    ),
    (
      "a sum", "[0, 1, 2, 1, 0, 2, 2]",
      #""parameters": {"v": [0.1, -0.2]}, "objective": "exp(inputs @ v) * targets", "reduction": "sum""#
    ),
  ]

  /// Seven samples; the repeated file has each so often as it weighs.
  private func write(_ directory: String, targets text: String) throws {
    let weights = [1, 3, 0, 2, 1, 0, 2]
    let targets = try JSONDocument(text: text, source: "targets").root.numbers
    func write(_ name: String, _ rows: [Int], weights: [Int]?) throws {
      try writeFile("\(directory)/\(name).h5") { root in
        let group = try root.createGroup("train")
        try group.createDataset(
          "inputs", shape: [rows.count, 2], values: rows.flatMap { [sin(Double(3 * $0)), cos(Double(5 * $0))] })
        if targets.allSatisfy({ $0 == $0.rounded() }) {
          try group.createDataset("targets", shape: [rows.count], values: rows.map { Int32(targets[$0]) })
        } else {
          try group.createDataset("targets", shape: [rows.count], values: rows.map { targets[$0] })
        }
        if let weights { try group.createDataset("w", shape: [rows.count], values: weights.map { UInt8($0) }) }
      }
    }
    try write("weighted", Array(0..<7), weights: weights)
    try write("repeated", (0..<7).flatMap { Array(repeating: $0, count: weights[$0]) }, weights: nil)
  }

  private func configuration(
    _ directory: String, _ settings: String, weights: Bool, _ training: String
  ) throws -> RunConfiguration {
    let data = weights ? #"{"path": "weighted.h5", "weights": "w"}"# : #"{"path": "repeated.h5"}"#
    return try RunConfiguration(
      text: """
        {"data": \(data), "precision": "float64", \(settings), "optimizer": {"type": "sgd", "learningRate": 0.1},
         "training": \(training), "output": "\(weights ? "weighted" : "repeated")"}
        """, source: "x.json", directory: directory)
  }

  @Test(arguments: models.indices)
  func wholeWeightsAreRepeatedSamples(index: Int) throws {
    let (name, targets, settings) = Self.models[index]
    try withScratchDirectory { directory in
      try write(directory, targets: targets)
      let training = #"{"epochs": 5, "batchSize": "full", "shards": 3}"#
      let weighted = try trainToEnd(configuration(directory, settings, weights: true, training), workers: 2)
      let repeated = try trainToEnd(configuration(directory, settings, weights: false, training))
      #expect(try difference(parameters(of: weighted), parameters(of: repeated), within: 1e-12) == nil, "\(name)")
      for member in weighted.summary.measures.flatMap(\.values) {
        let expected = try #require(repeated.summary.value(member.key, of: "train"))
        #expect((member.value.double ?? .nan).isClose(to: expected, within: 1e-12), "\(name): \(member.key)")
      }
    }
  }

  /// The gradients that a run would use, in batches of different sizes and with and without shortcuts.
  @Test(arguments: models.indices)
  func gradientsAreRight(index: Int) throws {
    let (name, targets, settings) = Self.models[index]
    try withScratchDirectory { directory in
      try write(directory, targets: targets)
      let training = #"{"epochs": 1, "batchSize": 4, "shards": 2}"#
      let report = try checkGradient(of: configuration(directory, settings, weights: true, training))
      #expect(report.passes && report.batches.count == 2, "\(name): \(report)")
    }
  }

  /// A batch that weighs nothing has no gradient: it moves nothing, and is no division by zero.
  @Test func aBatchWithoutWeightMovesNothing() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/data.h5") { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [4, 1], values: [1.0, 2, 3, 4])
        try group.createDataset("targets", shape: [4], values: [1.0, 5, -2, 7])
        try group.createDataset("w", shape: [4], values: [0.0, 0, 1, 0.5])
      }
      func parameters(rate: Double, steps: Int) throws -> [Double] {
        let text = """
          {"data": {"path": "data.h5", "weights": "w", "shuffle": "none"}, "precision": "float64",
           "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
           "optimizer": {"type": "sgd", "learningRate": \(rate)},
           "training": {"steps": \(steps), "batchSize": 2}, "output": "run-\(rate)-\(steps)"}
          """
        let trained = try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory))
        return try self.parameters(of: trained)
      }
      let start = try parameters(rate: 0.01, steps: 1)
      #expect(try parameters(rate: 0.02, steps: 1) == start)
      // The second batch: the derivative of (1 · d₀² + 0.5 · d₁²) / 1.5 by hand.
      let (w, b) = (start[0], start[1])
      let (d0, d1) = (3 * w + b + 2, 4 * w + b - 7)
      let gradient = [(2 * d0 * 3 + 0.5 * 2 * d1 * 4) / 1.5, (2 * d0 + 0.5 * 2 * d1) / 1.5]
      let expected = zip(start, gradient).map { $0 - 0.01 * $1 }
      #expect(difference(try parameters(rate: 0.01, steps: 2), expected, within: 1e-13) == nil)
    }
  }

  @Test func weightsThatAreNoneAreRefused() throws {
    try withScratchDirectory { directory in
      try write(directory, targets: "[0, 1, 2, 1, 0, 2, 2]")
      func sentence(_ weights: String, data: String = "weighted.h5") -> String {
        message {
          try requireTrainable(
            RunConfiguration(
              text: """
                {"data": {"path": "\(data)", "weights": "\(weights)"}, "model": {"layers": [{"type": "dense", "units": 3}]},
                 "loss": "softmaxCrossEntropy", "training": {"batchSize": 2}, "output": "run"}
                """, source: "x.json", directory: directory))
        }
      }
      #expect(
        sentence("v").contains(
          "data.weights: found \"v\", but the group 'train' has no such dataset, and its inputs no such column"))
      #expect(sentence("inputs").contains("a row of /train/inputs has the shape [2], expected one number"))
      #expect(sentence("w") == "no error")
    }
  }
}
