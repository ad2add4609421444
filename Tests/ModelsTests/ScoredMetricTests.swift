import Foundations
import Models
import TestSupport
import Testing

/// Metrics of scores and probabilities are scikit-learn's, with weights and without, however the samples are cut into
/// pieces.
@Suite struct ScoredMetricTests {
  /// A case of the fixture.
  private struct Reference {
    let json: JSONValue
    let name: String
    let task: LearningTask
    let outputs: [Double]
    let targets: [Double]
    let weights: [Double]?
    let samples: Int

    init(_ json: JSONValue) throws {
      self.json = json
      name = try #require(json.member("name").text)
      outputs = try json.member("outputs").numbers
      targets = try json.member("targets").numbers
      weights = json["weights"].flatMap { $0 == .null ? nil : $0.numbers }
      samples = try #require(json.member("outputs").elements?.count)
      let width = outputs.count / samples
      task =
        try json.member("kind").text == "multiclass"
        ? .multiclass(classes: width, oneHotTargets: false) : .binary(outputs: width)
    }

    /// The same with a row of zeros and a one for each label.
    var oneHot: ([Double], LearningTask)? {
      guard case .multiclass(let classes, _) = task else { return nil }
      let rows = targets.flatMap { label in (0..<classes).map { Double($0) == label ? 1.0 : 0 } }
      return (rows, .multiclass(classes: classes, oneHotTargets: true))
    }
  }

  private static func references() throws -> [Reference] {
    try #require(Fixture.read("metrics").member("scored").elements).map(Reference.init)
  }

  /// The values of metrics, the sums taken in pieces.
  private func values(
    _ metrics: [any Metric], _ task: LearningTask, outputs: [Double], targets: [Double], weights: [Double]?,
    samples: Int, pieces: Int = .max
  ) throws -> [Double] {
    let set = try MetricSet(metrics, task: task, isWeighted: weights != nil)
    var sums = [Double](repeating: 0, count: set.sumCount)
    return outputs.withUnsafeBufferPointer { outputs in
      targets.withUnsafeBufferPointer { targets in
        (weights ?? []).withUnsafeBufferPointer { own in
          guard let z = outputs.baseAddress, let t = targets.baseAddress else { return [] }
          let w = weights == nil ? nil : own.baseAddress
          sums.withUnsafeMutableBufferPointer { sums in
            for start in stride(from: 0, to: samples, by: min(pieces, samples)) {
              set.add(
                outputs: z + start * task.outputCount, targets: t + start * task.targetCount,
                weights: w.map { $0 + start },
                samples: min(pieces, samples - start), to: sums)
            }
          }
          return set.values(
            from: sums, of: MetricSamples(task: task, count: samples, outputs: z, targets: t, weights: w))
        }
      }
    }
  }

  private func values(_ metrics: [any Metric], _ reference: Reference, pieces: Int = .max) throws -> [Double] {
    try values(
      metrics, reference.task, outputs: reference.outputs, targets: reference.targets, weights: reference.weights,
      samples: reference.samples, pieces: pieces)
  }

  @Test func rankingIsThatOfScikitLearn() throws {
    let metrics: [any Metric] = [RankingMetric.rocAUC, RankingMetric.averagePrecision]
    for reference in try Self.references() {
      let expected = try metrics.map { try reference.json.member($0.name).numbers[0] }
      #expect(difference(try values(metrics, reference), expected, within: 1e-14) == nil, "\(reference.name)")
      guard let (targets, task) = reference.oneHot else { continue }
      let found = try values(
        metrics, task, outputs: reference.outputs, targets: targets, weights: reference.weights,
        samples: reference.samples)
      #expect(difference(found, expected, within: 1e-14) == nil, "\(reference.name), one-hot")
    }
  }

  @Test func logLossIsThatOfScikitLearn() throws {
    for reference in try Self.references() {
      let expected = try reference.json.member("logLoss").numbers
      for pieces in [1, 3, .max] {
        let found = try values([LogLoss()], reference, pieces: pieces)
        #expect(difference(found, expected, within: 1e-14) == nil, "\(reference.name)")
      }
      guard let (targets, task) = reference.oneHot else { continue }
      let found = try values(
        [LogLoss()], task, outputs: reference.outputs, targets: targets, weights: reference.weights,
        samples: reference.samples)
      #expect(difference(found, expected, within: 1e-14) == nil, "\(reference.name), one-hot")
    }
  }

  @Test func topKAccuracyIsThatOfScikitLearn() throws {
    var compared = 0
    for reference in try Self.references() {
      guard let expected = reference.json["topKAccuracy"]?.numbers else { continue }
      for (index, expected) in expected.enumerated() {
        let found = try values([TopKAccuracy(k: index + 1)], reference, pieces: 5)
        #expect(difference(found, [expected], within: 1e-15) == nil, "\(reference.name), k \(index + 1)")
        compared += 1
      }
    }
    #expect(compared == 20)
  }

  @Test func calibrationErrorIsThatOfItsDefinition() throws {
    for reference in try Self.references() {
      for row in try #require(reference.json.member("expectedCalibrationError").elements) {
        let metric = ExpectedCalibrationError(bins: try #require(row.member("bins").int))
        let found = try values([metric], reference, pieces: 4)
        #expect(
          difference(found, try row.member("value").numbers, within: 1e-14) == nil,
          "\(reference.name), \(metric.bins) bins")
      }
    }
  }

  @Test func measuresOfEachClassAreThoseOfScikitLearn() throws {
    for reference in try Self.references() {
      guard let rows = reference.json["perClass"]?.elements else { continue }
      let set = try MetricSet([StandardMetric.f1], task: reference.task, isWeighted: true)
      var sums = [Double](repeating: 0, count: set.sumCount)
      sums.withUnsafeMutableBufferPointer { sums in
        reference.outputs.withUnsafeBufferPointer { z in
          reference.targets.withUnsafeBufferPointer { t in
            (reference.weights ?? Array(repeating: 1, count: reference.samples)).withUnsafeBufferPointer { w in
              guard let z = z.baseAddress, let t = t.baseAddress else { return }
              set.add(outputs: z, targets: t, weights: w.baseAddress, samples: reference.samples, to: sums)
            }
          }
        }
      }
      let matrix = try #require(set.confusion(from: sums))
      let labels = set.confusionOfLabels(from: sums)
      #expect(labels.count == (reference.json["kind"]?.text == "multilabel" ? rows.count : 0))
      for (index, row) in rows.enumerated() {
        let (matrix, place) = labels.isEmpty ? (matrix, index) : (labels[index], 1)
        let found = [
          matrix.precision(of: place), matrix.recall(of: place), matrix.f1(of: place), matrix.support(of: place),
        ]
        #expect(difference(found, row.numbers, within: 1e-15) == nil, "\(reference.name), class \(index)")
      }
      // That of all answers together is what F1 is of.
      guard let f1 = reference.json["f1"]?.numbers else { continue }
      #expect(difference(set.values(from: sums), f1, within: 1e-15) == nil, "\(reference.name)")
    }
  }

  // Outputs that are not numbers make no order, and no sample right; infinite ones are as far as can be.
  @Test func extremes() throws {
    let task = LearningTask.multiclass(classes: 3, oneHotTargets: false)
    func check(_ outputs: [Double], _ targets: [Double], _ metrics: [any Metric], _ task: LearningTask) throws
      -> [Double]
    {
      try values(
        metrics, task, outputs: outputs, targets: targets, weights: nil, samples: outputs.count / task.outputCount)
    }
    let ranked: [any Metric] = [RankingMetric.rocAUC, RankingMetric.averagePrecision]
    #expect(try check([.nan, 0, 0, 1, 2, 3], [0, 1], ranked, task).allSatisfy(\.isNaN))
    #expect(try check([.nan, 1], [0, 1], ranked, .binary(outputs: 1)).allSatisfy(\.isNaN))
    #expect(try check([.nan, 0, 0, 0, .nan, 5], [0, 2], [TopKAccuracy(k: 1)], task) == [0])
    #expect(try check([-.infinity, .infinity], [0, 1], ranked + [LogLoss()], .binary(outputs: 1)) == [1, 1, 0])
    #expect(try check([.infinity], [0], [LogLoss()], .binary(outputs: 1)) == [.infinity])
    #expect(try check([800, 0, -800], [2], [LogLoss()], task) == [1600])
    #expect(try check([1e300, 0, 0], [0], [ExpectedCalibrationError()], task) == [0])
    // Half of a share to each class.
    let shares = try check([2], [0.5], [LogLoss()], .binary(outputs: 1))[0]
    #expect(abs(shares - 1.1269280110429725) < 1e-15)
  }

  @Test func settingsAndMeaning() throws {
    func metrics(_ text: String) throws -> [any Metric] {
      try Registry<any Metric>.metrics.readAll(from: Settings(text: text, source: "x.json", directory: "/"))
    }
    let read = try metrics(
      #"{"metrics": ["logLoss", {"type": "topKAccuracy", "k": 3}, "expectedCalibrationError", {"type": "rocAUC"}]}"#)
    #expect(
      read.map(\.json) == [
        "logLoss", ["type": "topKAccuracy", "k": 3], ["type": "expectedCalibrationError", "bins": 15], "rocAUC",
      ])
    #expect(read.map(\.prefersLarger) == [false, true, false, true])
    let named = try metrics(
      #"{"metrics": ["topKAccuracy", {"type": "topKAccuracy", "k": 2, "name": "top2"}]}"#)
    #expect(named.map(\.name) == ["topKAccuracy", "top2"])
    #expect(named[1].json == ["type": "topKAccuracy", "name": "top2", "k": 2])
    #expect(try metrics(#"{"metrics": ["topKAccuracy"]}"#).map(\.json) == [["type": "topKAccuracy", "k": 5]])
    for (text, expected) in [
      (#"{"type": "topKAccuracy", "k": 0}"#, "metrics[0].k: found 0, expected"),
      (#"{"type": "rocAUC", "k": 2}"#, "metrics[0].k: unknown key; the valid keys here are type"),
      (#""topKAccuracy", {"type": "topKAccuracy", "k": 2}"#, "comes twice, give one of them another \"name\""),
      (#""logLoss", "logLoss""#, "comes twice, name each metric once"),
      (#"{"type": "topKAccuracy", "name": "loss"}"#, "metrics[0].name: found \"loss\", expected a word"),
      (#"{"type": "topKAccuracy", "name": "a.b"}"#, "metrics[0].name: found \"a.b\", expected a word"),
      (#""rocAuc""#, "did you mean \"rocAUC\"?"),
    ] {
      let error = #expect(throws: TrainerError.self) { try metrics("{\"metrics\": [\(text)]}") }
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }
    let task = LearningTask.multiclass(classes: 3, oneHotTargets: false)
    #expect(
      throws: TrainerError(
        .usage,
        "metrics: topKAccuracy has \"k\" 5, but the model tells only 3 classes apart, so it would always be 1; "
          + "write {\"type\": \"topKAccuracy\", \"k\": 2} or less")
    ) { try MetricSet([TopKAccuracy()], task: task) }
    #expect(throws: TrainerError.self) { try MetricSet([TopKAccuracy()], task: .binary(outputs: 9)) }
    #expect(throws: TrainerError.self) { try MetricSet([RankingMetric.rocAUC], task: .regression(outputs: 1)) }
  }
}
