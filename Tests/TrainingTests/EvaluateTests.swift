import Checkpoints
import DataParallel
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// What `evaluate` and `predict` say of a checkpoint, against scikit-learn and NumPy.
@Suite struct EvaluateTests {
  /// A checkpoint of a linear model with these parameters.
  private func checkpoint(
    _ training: TrainingCase, weight: [Double], bias: [Double], in directory: String
  ) throws -> String {
    let configuration = try training.configuration(output: "\(directory)/run")
    let (inputs, outputs) = (weight.count / bias.count, bias.count)
    let path = "\(directory)/classifier.h5"
    try CheckpointFile.write(
      Checkpoint(
        step: 1, epoch: 0, seed: 0, config: configuration.resolved.prettyText,
        parameters: [
          CheckpointTensor(name: "dense1/weight", shape: [inputs, outputs], values: .float64(weight)),
          CheckpointTensor(
            name: "dense1/bias", shape: [outputs], offset: weight.count, values: .float64(bias)),
        ],
        preprocessing: [
          CheckpointTensor(name: "inputShape", shape: [1], values: .float64([Double(inputs)])),
          CheckpointTensor(name: "scale", shape: [inputs], values: .float64(Array(repeating: 1, count: inputs))),
          CheckpointTensor(name: "offset", shape: [inputs], values: .float64(Array(repeating: 0, count: inputs))),
        ]),
      to: path)
    return path
  }

  private func linear(_ data: String, outputs: Int, loss: String, metrics: String) -> TrainingCase {
    TrainingCase(
      name: data, data: data, preprocessing: "[]",
      settings: """
        "precision": "float64", "model": {"layers": [{"type": "dense", "units": \(outputs)}]}, "loss": "\(loss)",
        "metrics": [\(metrics)]
        """)
  }

  @Test(arguments: 0..<3)
  func classifiersMeasureAsInScikitLearn(index: Int) throws {
    let reference = try #require(Fixture.read("classifiers").member("cases").elements?[index])
    let (weight, bias) = (try reference.member("weight").values, try reference.member("bias").values)
    let isBinary = bias.count == 1
    let training = linear(
      try reference.member("dataset").text ?? "", outputs: bias.count,
      loss: isBinary ? "binaryCrossEntropy" : "softmaxCrossEntropy",
      metrics: #""accuracy", "precision", "recall", "f1""#)
    try withScratchDirectory { directory in
      let checkpoint = try checkpoint(training, weight: weight, bias: bias, in: directory)
      let options = RunOptions(workers: 3, starter: ThreadStarter(seed: 1).start)
      let report = try evaluate(checkpoint: checkpoint, options: options)
      #expect(report.group == "test" && report.step == 1 && report.data == Repository.data(training.data))
      for name in ["loss", "accuracy", "precision", "recall", "f1"] {
        let (found, expected) = (try #require(report.measurement[name]), try reference.member(name).numbers[0])
        #expect(abs(found - expected) <= 1e-12 * abs(expected), "\(name)")
      }
      #expect(report.measurement.confusion?.counts == (try reference.member("confusion").numbers))
      #expect(report.classNames?.count == max(2, bias.count))

      let output = "\(directory)/predictions.h5"
      let predicted = try predict(
        checkpoint: checkpoint, input: Repository.data(training.data), output: output, group: "test", options: options)
      let labels = try reference.member("predictions").numbers
      let probabilities = try reference.member("firstProbabilities")
      #expect(predicted.samples == labels.count && report.samples == labels.count)
      #expect(predicted.predictionShape == [labels.count])
      // Two classes have a probability each, also where one output says both.
      let expected = isBinary ? probabilities.values.flatMap { [1 - $0, $0] } : probabilities.values
      #expect(predicted.probabilityShape == [labels.count, isBinary ? 2 : bias.count])
      let file = try HDF5.File.open(at: output)
      #expect(try file.root.dataset("predictions").read(as: Double.self) == labels)
      let found = try file.root.dataset("probabilities").read(as: Double.self)
      #expect(difference(Array(found.prefix(expected.count)), expected, within: 1e-12) == nil)
      try file.close()
    }
  }

  @Test func regressionMeasuresAsInNumPy() throws {
    let reference = try Fixture.read("linear").member("leastSquares")
    let training = linear("diabetes", outputs: 1, loss: "meanSquaredError", metrics: #""meanSquaredError", "r2""#)
    try withScratchDirectory { directory in
      let (weight, bias) = (try reference.member("weight").numbers, try reference.member("bias").numbers)
      let checkpoint = try checkpoint(training, weight: weight, bias: bias, in: directory)
      for group in ["train", "test"] {
        let report = try evaluate(checkpoint: checkpoint, group: group)
        let expected = try reference.member(group)
        #expect(report.measurement.confusion == nil && report.classNames == nil)
        for (name, key) in [
          ("loss", "meanSquaredError"), ("meanSquaredError", "meanSquaredError"), ("r2", "r2"),
        ] {
          let (found, value) = (try #require(report.measurement[name]), try expected.member(key).numbers[0])
          #expect(abs(found - value) <= 1e-10 * abs(value), "\(group).\(name)")
        }
      }
      let output = "\(directory)/predictions.h5"
      let predicted = try predict(
        checkpoint: checkpoint, input: Repository.data("diabetes"), output: output, group: "train")
      #expect(predicted.probabilityShape == nil && predicted.predictionShape == [354])
      let file = try HDF5.File.open(at: output)
      #expect(try file.root.memberNames() == ["predictions"])
      let values = try file.root.dataset("predictions").read(as: Double.self)
      let data = try HDF5.File.open(at: Repository.data("diabetes"))
      let targets = try data.root.dataset("train/targets").read(as: Double.self)
      let error = zip(values, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 354
      #expect(abs(error - (try reference.member("train").member("meanSquaredError").numbers[0])) < 1e-7)
      try file.close()
      try data.close()
    }
  }

  // What a run reports last and what `evaluate` finds in its checkpoint are the same numbers, to the last bit.
  @Test func evaluateRepeatsWhatTheRunReported() throws {
    for training in [
      WorkerCountTests.cases[1], WorkerCountTests.cases[6], WorkerCountTests.cases[8], WorkerCountTests.cases[9],
    ] {
      try withScratchDirectory { directory in
        let trained = try trainToEnd(training.configuration(output: "\(directory)/run"))
        let last = try #require(trained.history.entries.last)
        for workers in [1, 5] {
          let options = RunOptions(workers: workers, starter: ThreadStarter(seed: 4).start)
          let report = try evaluate(checkpoint: trained.checkpoint, options: options)
          #expect(report.measurement.loss == last.measurements[0].loss)
          #expect(report.measurement.metrics.elementsEqual(last.measurements[0].metrics, by: ==), "\(training.name)")
        }
      }
    }
  }

  // Preprocessing comes from the checkpoint, not from the data that are measured.
  @Test func predictTakesInputsAtTheRootAndPreprocessesThem() throws {
    try withScratchDirectory { directory in
      let training = WorkerCountTests.cases[8]
      let trained = try trainToEnd(training.configuration(output: "\(directory)/run"))
      let data = try HDF5.File.open(at: Repository.data(training.data))
      let inputs = try data.root.dataset("test/inputs").read(as: Double.self)
      try data.close()
      try writeFile("\(directory)/inputs.h5") {
        _ = try $0.createDataset("inputs", shape: [2, 30], values: Array(inputs.prefix(60)))
      }
      func probabilities(_ input: String, _ output: String) throws -> [Float] {
        let output = "\(directory)/\(output)"
        _ = try predict(
          checkpoint: trained.checkpoint, input: input, output: output, group: input.contains("inputs") ? nil : "test")
        let file = try HDF5.File.open(at: output)
        return try file.root.dataset("probabilities").read(as: Float.self)
      }
      let all = try probabilities(Repository.data(training.data), "all.h5")
      let two = try probabilities("\(directory)/inputs.h5", "two.h5")
      #expect(two == Array(all.prefix(4)) && Set(all).count > 50)
    }
  }

  @Test func whatCannotBeEvaluatedOrPredicted() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(WorkerCountTests.cases[8].configuration(output: "\(directory)/run"))
      let path = trained.checkpoint
      func error(_ body: () throws -> Void) throws -> String {
        let error = try trainerError(body)
        return error.map { "\($0.code.rawValue) \($0.message.replacing(directory, with: "D"))" } ?? "no error"
      }
      #expect(try error { _ = try evaluate(checkpoint: "\(directory)/absent.h5") }.hasPrefix("4 D/absent.h5"))
      #expect(
        try error { _ = try evaluate(checkpoint: path, group: "validation") }
          == "3 \(Repository.data("breast-cancer")): there is no group 'validation'; the file has 'test', 'train'")
      #expect(
        try error { _ = try evaluate(checkpoint: path, data: Repository.data("iris")) }
          .hasPrefix("3 \(Repository.data("iris")): in the group 'test': there is no column 'mean radius', which"))
      #expect(
        try error {
          _ = try predict(checkpoint: path, input: Repository.data("iris"), output: "\(directory)/p.h5")
        }.hasPrefix("3 \(Repository.data("iris")): in the group 'train': there is no column 'mean radius', which"))
      #expect(
        try error {
          _ = try predict(
            checkpoint: path, input: Repository.data("breast-cancer"), output: "\(directory)/no/such/p.h5")
        }.contains("D/no/such/p.h5"))
    }
  }
}
