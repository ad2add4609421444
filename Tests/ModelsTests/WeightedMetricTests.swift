import Foundations
import Models
import TestSupport
import Testing

/// Metrics of samples with weights are scikit-learn's with `sample_weight`, however the samples are cut into pieces.
@Suite struct WeightedMetricTests {
  private func values(
    _ set: MetricSet, outputs: [Double], targets: [Double], weights: [Double], pieces: Int = 1
  ) -> (values: [Double], sums: [Double]) {
    var sums = [Double](repeating: 0, count: set.sumCount)
    let samples = weights.count
    sums.withUnsafeMutableBufferPointer { sums in
      for start in stride(from: 0, to: samples, by: pieces) {
        let count = min(pieces, samples - start)
        func piece(_ values: [Double]) -> [Double] {
          let width = values.count / samples
          return Array(values[start * width..<(start + count) * width])
        }
        piece(outputs).withUnsafeBufferPointer { z in
          piece(targets).withUnsafeBufferPointer { t in
            piece(weights).withUnsafeBufferPointer { w in
              guard let z = z.baseAddress, let t = t.baseAddress else { return }
              set.add(outputs: z, targets: t, weights: w.baseAddress, samples: count, to: sums)
            }
          }
        }
      }
    }
    return (set.values(from: sums), sums)
  }

  private let ofClasses: [StandardMetric] = [.accuracy, .precision, .recall, .f1]

  @Test func severalClasses() throws {
    for reference in try Fixture.read("weights").member("labelled").elements ?? [] {
      let classes = try #require(reference.member("classes").int)
      let expected = try ofClasses.map { try reference.member($0.name).numbers[0] }
      let outputs = try reference.member("predictions").numbers.flatMap { label in
        (0..<classes).map { Double($0) == label ? 1.0 : 0 }
      }
      for oneHot in [false, true] {
        let labels = try reference.member("targets").numbers
        let targets = oneHot ? labels.flatMap { label in (0..<classes).map { Double($0) == label ? 1 : 0 } } : labels
        let set = try MetricSet(
          ofClasses, task: .multiclass(classes: classes, oneHotTargets: oneHot), isWeighted: true)
        for pieces in [1, 3, 100] {
          let (values, sums) = try values(
            set, outputs: outputs, targets: targets, weights: reference.member("weights").numbers, pieces: pieces)
          #expect(difference(values, expected, within: 1e-15) == nil, "\(reference["name"]?.text ?? "")")
          #expect(set.confusion(from: sums)?.counts == (try reference.member("confusion").numbers))
        }
      }
    }
  }

  @Test func yesOrNo() throws {
    for reference in try Fixture.read("weights").member("binary").elements ?? [] {
      let set = try MetricSet(ofClasses, task: .binary(outputs: 1), isWeighted: true)
      let values = try values(
        set, outputs: reference.member("predictions").numbers.map { $0 - 0.5 },
        targets: reference.member("targets").numbers,
        weights: reference.member("weights").numbers, pieces: 4
      ).values
      #expect(difference(values, try ofClasses.map { try reference.member($0.name).numbers[0] }, within: 1e-15) == nil)
    }
  }

  @Test func numbers() throws {
    let metrics: [StandardMetric] = [.meanSquaredError, .meanAbsoluteError, .r2]
    for reference in try Fixture.read("weights").member("regressions").elements ?? [] {
      let targets = try reference.member("targets").numbers
      let weights = try reference.member("weights").numbers
      let width = targets.count / weights.count
      for shift in [nil, Array(targets.prefix(width))] {
        let set = try MetricSet(metrics, task: .regression(outputs: width), isWeighted: true, targetShift: shift)
        let values = try values(
          set, outputs: reference.member("outputs").numbers, targets: targets, weights: weights, pieces: 2
        ).values
        let expected = try metrics.map { try reference.member($0.name).numbers[0] }
        #expect(difference(values, expected, within: 1e-14) == nil, "\(reference["name"]?.text ?? "")")
      }
    }
  }

  /// Whole weights count a sample so often, and weights of 1 change nothing.
  @Test func wholeWeightsAreRepeatedSamples() throws {
    let (outputs, targets): ([Double], [Double]) = ([0.5, -1, 2, 3.25], [1, -0.5, 2, 3])
    let task = LearningTask.regression(outputs: 1)
    let weighted = try MetricSet([StandardMetric.meanSquaredError, StandardMetric.r2], task: task, isWeighted: true)
    let repeated = [0, 1, 1, 1, 3, 3]
    let once = [Double](repeating: 1, count: 6)
    let byWeight = values(weighted, outputs: outputs, targets: targets, weights: [1, 3, 0, 2]).values
    let byCount = values(
      weighted, outputs: repeated.map { outputs[$0] }, targets: repeated.map { targets[$0] }, weights: once
    ).values
    #expect(difference(byWeight, byCount, within: 1e-15) == nil)
  }
}
