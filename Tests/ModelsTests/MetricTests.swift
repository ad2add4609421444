import Foundations
import Models
import TestSupport
import Testing

// Expected values are scikit-learn 1.9.1's, for several classes with `average="macro"` over the classes that occur.
@Suite struct MetricTests {
  private func sums(_ set: MetricSet, outputs: [Float], targets: [Float], samples: Int, pieces: Int = .max) -> [Double]
  {
    var sums = [Double](repeating: 0, count: set.sumCount)
    sums.withUnsafeMutableBufferPointer { sums in
      outputs.withUnsafeBufferPointer { outputs in
        targets.withUnsafeBufferPointer { targets in
          guard let z = outputs.baseAddress, let t = targets.baseAddress else { return }
          for start in stride(from: 0, to: samples, by: min(pieces, samples)) {
            set.add(
              outputs: z + start * (outputs.count / samples), targets: t + start * (targets.count / samples),
              samples: min(pieces, samples - start), to: sums)
          }
        }
      }
    }
    return sums
  }

  private func oneHot(_ labels: [Int], _ count: Int) -> [Float] {
    labels.flatMap { label in (0..<count).map { $0 == label ? 1 : 0 } }
  }

  @Test func severalClasses() throws {
    let actual = [0, 1, 2, 2, 1, 0, 3, 2, 1, 1, 0, 2]
    let predicted = [0, 2, 2, 2, 1, 1, 0, 2, 1, 0, 0, 2]
    for isOneHot in [false, true] {
      let set = try MetricSet(
        [StandardMetric.f1, StandardMetric.accuracy, StandardMetric.precision, StandardMetric.recall],
        task: .multiclass(classes: 5, oneHotTargets: isOneHot))
      for pieces in [1, 5, .max] {
        let sums = sums(
          set, outputs: oneHot(predicted, 5), targets: isOneHot ? oneHot(actual, 5) : actual.map { Float($0) },
          samples: 12, pieces: pieces)
        // The last of the five classes does not occur.
        let expected = [0.5079365079365079, 0.6666666666666666, 0.49166666666666664, 0.5416666666666667]
        #expect(difference(set.values(from: sums), expected, within: 1e-15) == nil)
        let matrix = try #require(set.confusion(from: sums))
        #expect(
          matrix.counts == [
            2, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          ])
        #expect(matrix[3, 0] == 1 && matrix[0, 3] == 0)
      }
    }
  }

  @Test func yesOrNo() throws {
    let set = try MetricSet(
      [StandardMetric.accuracy, StandardMetric.precision, StandardMetric.recall, StandardMetric.f1],
      task: .binary(outputs: 1))
    let sums = sums(
      set, outputs: [-1, 2, -0.5, 0.25, 3, 1e-3, -2, 0], targets: [0, 1, 1, 0, 1, 1, 0, 1], samples: 8, pieces: 3)
    #expect(difference(set.values(from: sums), [0.625, 0.75, 0.6, 0.6666666666666666], within: 1e-15) == nil)
    #expect(set.confusion(from: sums)?.counts == [2, 1, 2, 3])
  }

  @Test func severalYesOrNoOutputsCountLabels() throws {
    let set = try MetricSet([StandardMetric.accuracy], task: .binary(outputs: 2))
    let sums = sums(set, outputs: [1, -1, 1, 1, -1, -1], targets: [1, 0, 0, 1, 0, 1], samples: 3)
    #expect(set.values(from: sums) == [4.0 / 6])
    #expect(set.confusion(from: sums) == nil && set.confusionOfLabels(from: sums).isEmpty)
    // So many labels that a matrix for each would take much are counted together.
    let wide = try MetricSet([StandardMetric.f1], task: .binary(outputs: 1000))
    #expect(wide.sumCount == 6)
  }

  @Test func regression() throws {
    let metrics: [StandardMetric] = [.meanSquaredError, .meanAbsoluteError, .r2]
    let outputs: [Float] = [1, -1, 0.5, 3, 3, 1.5, -2, 0, 2.5, 2]
    let targets: [Float] = [1.5, -2, 0, 3.25, 4, 1, -1, 0.5, 2, 2]
    for shift in [nil, [0.75, -1]] {
      let set = try MetricSet(metrics, task: .regression(outputs: 2), targetShift: shift)
      let sums = sums(set, outputs: outputs, targets: targets, samples: 5, pieces: 2)
      #expect(difference(set.values(from: sums), [0.43125, 0.575, 0.8560325030913267], within: 1e-14) == nil)
    }
  }

  // Targets far from zero: without the shift their squares would leave no digits for the variance.
  @Test func r2KeepsItsDigitsFarFromZero() throws {
    let offset: Float = 0x1p23
    let set = try MetricSet([StandardMetric.r2], task: .regression(outputs: 1), targetShift: [Double(offset)])
    let sums = sums(
      set, outputs: [1, 0.5, 3, -2, 2.5].map { ($0 * 2).rounded() + offset },
      targets: [3, 0, 8, -2, 4].map { $0 + offset },
      samples: 5)
    // Residuals 1, 1, 2, 2, 1; targets' deviations 0.4, −2.6, 5.4, −4.6, 1.4.
    #expect(difference(set.values(from: sums), [1 - 11 / 59.2], within: 1e-12) == nil)
  }

  @Test func classesThatDoNotOccurCountAsInScikitLearn() throws {
    for reference in try #require(Fixture.read("metrics").member("labelled").elements) {
      let classes = Int(try reference.member("classes").numbers[0])
      let (targets, predictions) = (
        try reference.member("targets").numbers, try reference.member("predictions").numbers
      )
      let set = try MetricSet(
        [StandardMetric.precision, StandardMetric.recall, StandardMetric.f1],
        task: .multiclass(classes: classes, oneHotTargets: false))
      let sums = sums(
        set, outputs: oneHot(predictions.map { Int($0) }, classes), targets: targets.map { Float($0) },
        samples: targets.count)
      let expected = try ["precision", "recall", "f1"].map { try reference.member($0).numbers[0] }
      let name = try reference.member("name").text ?? ""
      #expect(difference(set.values(from: sums), expected, within: 1e-15) == nil, "\(name)")
    }
  }

  @Test func r2OfConstantTargetsIsThatOfScikitLearn() throws {
    for reference in try #require(Fixture.read("metrics").member("regressions").elements) {
      let rows = try #require(reference.member("targets").elements)
      let (targets, outputs) = (try reference.member("targets").numbers, try reference.member("outputs").numbers)
      let width = targets.count / rows.count
      // Shifted as a run shifts: by the first row.
      let set = try MetricSet([StandardMetric.r2], task: .regression(outputs: width)).shifted(
        to: Array(targets.prefix(width)))
      let sums = sums(
        set, outputs: outputs.map { Float($0) }, targets: targets.map { Float($0) }, samples: rows.count, pieces: 2)
      let name = try reference.member("name").text ?? ""
      #expect(
        difference(set.values(from: sums), try reference.member("r2").numbers, within: 1e-14) == nil, "\(name)")
    }
  }

  // A set counts once for all its metrics; each by itself says the same.
  @Test func eachMetricByItselfIsAsInASet() throws {
    let (outputs, targets): ([Float], [Float]) = ([1, 2, 0.5, -1, 3, 2, 0, 1, 1], [0, 2, 1])
    func check(_ metrics: [StandardMetric], _ task: LearningTask, _ targets: [Float]) throws {
      let set = try MetricSet(metrics, task: task)
      let samples = outputs.count / task.outputCount
      let together = set.values(from: sums(set, outputs: outputs, targets: targets, samples: samples))
      for (metric, expected) in zip(metrics, together) {
        var sums = [Double](repeating: 0, count: metric.sumCount(for: task))
        sums.withUnsafeMutableBufferPointer { sums in
          outputs.withUnsafeBufferPointer { outputs in
            targets.withUnsafeBufferPointer { targets in
              guard let z = outputs.baseAddress, let t = targets.baseAddress else { return }
              metric.add(MetricSamples(task: task, count: samples, outputs: z, targets: t), to: sums)
            }
          }
        }
        #expect(abs(metric.value(from: sums, task: task) - expected) < 1e-12, "\(metric)")
      }
    }
    try check([.accuracy, .precision, .recall, .f1], .multiclass(classes: 3, oneHotTargets: false), targets)
    try check(
      [.r2, .meanSquaredError, .meanAbsoluteError], .regression(outputs: 3), [0, 1, 2, 2, 1, 0, 0.5, 0.25, 1])
  }

  @Test func metricsOfNoSamplesAreNotNumbers() throws {
    let set = try MetricSet([StandardMetric.accuracy], task: .multiclass(classes: 3, oneHotTargets: false))
    #expect(set.values(from: [Double](repeating: 0, count: set.sumCount))[0].isNaN)
  }

  @Test(arguments: [
    (
      StandardMetric.r2, LearningTask.binary(outputs: 1),
      "'r2' is not defined for this loss; it has accuracy, precision, recall, f1, rocAUC, averagePrecision, logLoss, "
        + "expectedCalibrationError"
    ),
    (
      .accuracy, .regression(outputs: 1),
      "'accuracy' is not defined for this loss; it has meanSquaredError, meanAbsoluteError, r2"
    ),
  ])
  func metricsThatDoNotFit(metric: StandardMetric, task: LearningTask, message: String) {
    #expect(throws: TrainerError(.usage, "metrics: " + message)) { try MetricSet([metric], task: task) }
  }
}
