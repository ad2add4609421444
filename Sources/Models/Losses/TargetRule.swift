/// What the targets of a task must be, so that its loss has a meaning.
public enum TargetRule: Sendable, Equatable {
  /// Any finite numbers.
  case any
  /// One whole number a sample, from 0 to `classes` − 1.
  case labels(classes: Int)
  /// Numbers from 0 to 1.
  case probabilities
  /// Numbers that are not negative.
  case nonNegative
  /// A row of numbers of which none is negative and whose sum is 1.
  case distributions
}

extension LearningTask {
  /// What the targets must be.
  ///
  /// - Parameter targets: How the dataset gives them.
  public func rule(for targets: TargetKind) -> TargetRule {
    let areLabels = if case .integers = targets { true } else { false }
    switch self {
    case .multiclass(let classes, let oneHot): return oneHot ? .distributions : .labels(classes: classes)
    case .binary: return areLabels ? .labels(classes: 2) : .probabilities
    case .regression: return .any
    }
  }
}

extension TargetRule {
  /// How far the sum of a row of probabilities may be from 1: what rounding to binary16, or to three digits, leaves.
  public static let sumTolerance = 1e-3

  /// The first target of a row that breaks the rule.
  public struct Fault: Sendable, Equatable {
    /// The target's place in the row; `nil` if it is the whole row.
    public let column: Int?
    /// What was found, such as `-1` or `a sum of 2`.
    public let found: String

    /// Creates a fault.
    public init(column: Int?, found: String) {
      self.column = column
      self.found = found
    }
  }

  /// Whether all numbers of such a range keep the rule, so that no row need be looked at.
  public func isKept(by range: ClosedRange<Double>, areWhole: Bool) -> Bool {
    switch self {
    case .any: true
    case .labels(let classes): areWhole && range.lowerBound >= 0 && range.upperBound < Double(classes)
    case .probabilities: range.lowerBound >= 0 && range.upperBound <= 1
    case .nonNegative: range.lowerBound >= 0 && range.upperBound.isFinite
    case .distributions: false
    }
  }

  /// What is wrong with a sample's targets; `nil` if nothing is.
  public func fault(in row: some Collection<Double>) -> Fault? {
    func fault(where isWrong: (Double) -> Bool) -> Fault? {
      row.enumerated().first { isWrong($0.element) }.map { Fault(column: $0.offset, found: Self.text(of: $0.element)) }
    }
    switch self {
    case .any: return fault { !$0.isFinite }
    case .labels(let classes):
      return fault { !($0 >= 0 && $0 < Double(classes) && $0 == $0.rounded()) }
        .map { Fault(column: $0.column, found: "the class label \($0.found)") }
    case .probabilities: return fault { !($0 >= 0 && $0 <= 1) }
    case .nonNegative: return fault { !($0 >= 0 && $0.isFinite) }
    case .distributions:
      if let negative = fault(where: { !($0 >= 0) }) { return negative }
      let sum = row.reduce(0, +)
      return abs(sum - 1) <= Self.sumTolerance ? nil : Fault(column: nil, found: "a sum of \(Self.text(of: sum))")
    }
  }

  /// What was expected and what to do, for targets that lie in such a range over the whole dataset.
  ///
  /// - Parameter values: All different targets, ascending, where a sample has one and they are few; empty otherwise.
  public func remedy(least: Double, greatest: Double, values: [Double] = []) -> String {
    switch self {
    case .any: return "remove or replace such values before training"
    case .labels(let classes):
      let expected = "expected labels from 0 to \(classes - 1)"
      if let coding = Self.coding(of: values, classes: classes) { return "\(expected); \(coding)" }
      let sorted = "add \"labels\": \"sorted\" to data"
      if least < 0 { return "\(expected); number the classes from 0, or \(sorted)" }
      let first = least >= 1 ? ", if the labels are counted from 0; if from 1, \(sorted)" : ""
      return classes == 2
        ? "\(expected); with more classes take the loss softmaxCrossEntropy and a unit for each class\(first)"
        : "\(expected); give the last layer a unit for each class\(first)"
    case .probabilities:
      let expected = "binaryCrossEntropy takes numbers from 0 to 1"
      return "\(expected); \(Self.coding(of: values, classes: 2) ?? "is another loss meant?")"
    case .nonNegative: return "poisson takes counts, or other numbers that are not negative; is another loss meant?"
    case .distributions:
      return
        "rows of probabilities are not negative and sum to 1; divide each row by its sum, or store class labels as whole "
        + "numbers and take the loss softmaxCrossEntropy"
    }
  }

  /// What as many whole numbers as there are classes look like, and the line of a config that says that they are classes;
  /// `nil` for other values.
  private static func coding(of values: [Double], classes: Int) -> String? {
    guard values.count == classes, values.allSatisfy({ $0 == $0.rounded() }) else { return nil }
    if values == [-1, 1] {
      return #"-1 and 1 are a common other coding: add "labels": {"-1": "-1", "1": "1"} to data"#
    }
    let line = #"add "labels": "sorted" to data"#
    if values == (1...classes).map(Double.init) { return "these go from 1 to \(classes): \(line)" }
    let shown = values.prefix(10).map(text).joined(separator: ", ")
    return "these are the codes \(shown)\(values.count > 10 ? ", …" : ""): \(line), or name them in \"labels\""
  }

  /// Whole numbers without a fraction, as people write them.
  static func text(of value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }
}
