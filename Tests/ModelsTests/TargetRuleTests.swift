import Foundations
import Models
import TestSupport
import Testing

/// Which targets each task takes, and what to do about others.
@Suite struct TargetRuleTests {
  @Test func eachTaskHasARule() {
    #expect(
      LearningTask.multiclass(classes: 3, oneHotTargets: false).rule(for: .integers(0...2)) == .labels(classes: 3))
    #expect(LearningTask.multiclass(classes: 3, oneHotTargets: true).rule(for: .values(count: 3)) == .distributions)
    #expect(LearningTask.binary(outputs: 1).rule(for: .integers(0...1)) == .labels(classes: 2))
    #expect(LearningTask.binary(outputs: 2).rule(for: .values(count: 2)) == .probabilities)
    #expect(LearningTask.regression(outputs: 1).rule(for: .integers(-3...4)) == .any)
  }

  private static let faultCases: [(TargetRule, [Double], String?)] = [
    (.any, [-1e30, 5], nil), (.any, [1, .nan], "1: nan"), (.any, [-.infinity], "0: -inf"),
    (.labels(classes: 3), [2], nil), (.labels(classes: 3), [3], "0: the class label 3"),
    (.labels(classes: 3), [-1], "0: the class label -1"), (.labels(classes: 3), [0.5], "0: the class label 0.5"),
    (.probabilities, [0, 1, 0.5], nil), (.probabilities, [0, -1], "1: -1"), (.probabilities, [1.25], "0: 1.25"),
    (.probabilities, [.nan], "0: nan"),
    (.nonNegative, [0, 2.5, 1e300], nil), (.nonNegative, [3, -0.5], "1: -0.5"), (.nonNegative, [.infinity], "0: inf"),
    (.distributions, [0.25, 0.75], nil), (.distributions, [0, 0, 1], nil), (.distributions, [2, -1], "1: -1"),
    (.distributions, [0.5, 0.25], "row: a sum of 0.75"), (.distributions, [0, 0], "row: a sum of 0"),
    (.distributions, [.nan, 1], "0: nan"),
    // What float16 and three digits leave of thirds.
    (.distributions, [0.3333, 0.3333, 0.3333], nil), (.distributions, [0.33, 0.33, 0.33], "row: a sum of 0.99"),
  ]

  @Test(arguments: faultCases)
  func faults(rule: TargetRule, row: [Double], expected: String?) {
    let fault = rule.fault(in: row)
    #expect(fault.map { "\($0.column.map(String.init) ?? "row"): \($0.found)" } == expected)
  }

  @Test func aRangeMayTellThatAllRowsAreRight() {
    #expect(TargetRule.labels(classes: 3).isKept(by: 0...2, areWhole: true))
    #expect(!TargetRule.labels(classes: 3).isKept(by: 0...2, areWhole: false))
    #expect(!TargetRule.labels(classes: 3).isKept(by: 0...3, areWhole: true))
    #expect(!TargetRule.labels(classes: 3).isKept(by: -1...2, areWhole: true))
    #expect(TargetRule.probabilities.isKept(by: 0...1, areWhole: false))
    #expect(!TargetRule.probabilities.isKept(by: -0.5...1, areWhole: false))
    #expect(TargetRule.nonNegative.isKept(by: 0...1e9, areWhole: false))
    #expect(!TargetRule.nonNegative.isKept(by: -1e-9...1, areWhole: false))
    #expect(!TargetRule.distributions.isKept(by: 0...1, areWhole: false))
  }

  private static let remedyCases: [(TargetRule, [Double], String)] = [
    (
      .labels(classes: 2), [-1, 1],
      #"expected labels from 0 to 1; -1 and 1 are a common other coding: add "labels": {"-1": "-1", "1": "1"} to data"#
    ),
    (
      .labels(classes: 3), [1, 2, 3],
      #"expected labels from 0 to 2; these go from 1 to 3: add "labels": "sorted" to data"#
    ),
    (
      .labels(classes: 3), [-1, 0, 1],
      #"expected labels from 0 to 2; these are the codes -1, 0, 1: add "labels": "sorted" to data, or name them in "labels""#
    ),
    (
      .labels(classes: 3), [-1, 0, 1, 2],
      #"expected labels from 0 to 2; number the classes from 0, or add "labels": "sorted" to data"#
    ),
    (.labels(classes: 3), [0, 1, 2, 3, 4], "expected labels from 0 to 2; give the last layer a unit for each class"),
    (
      .labels(classes: 2), [0, 1, 2],
      "expected labels from 0 to 1; with more classes take the loss softmaxCrossEntropy and a unit for each class"
    ),
    (
      .labels(classes: 3), [1, 2, 3, 4, 5],
      "expected labels from 0 to 2; give the last layer a unit for each class, if the labels are counted from 0; if from 1, "
        + #"add "labels": "sorted" to data"#
    ),
    (
      .probabilities, [-1, 1],
      "binaryCrossEntropy takes numbers from 0 to 1; -1 and 1 are a common other coding: add "
        + #""labels": {"-1": "-1", "1": "1"} to data"#
    ),
    (
      .probabilities, [0, 255],
      "binaryCrossEntropy takes numbers from 0 to 1; these are the codes 0, 255: add "
        + #""labels": "sorted" to data, or name them in "labels""#
    ),
    (.nonNegative, [-1, 3], "poisson takes counts, or other numbers that are not negative; is another loss meant?"),
    (.probabilities, [0, 0.5, 7], "binaryCrossEntropy takes numbers from 0 to 1; is another loss meant?"),
  ]

  @Test(arguments: remedyCases)
  func remedies(rule: TargetRule, values: [Double], expected: String) {
    #expect(rule.remedy(least: values[0], greatest: values.last ?? 0, values: values) == expected)
  }
}
