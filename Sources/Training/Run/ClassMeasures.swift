/// What was measured of one class, as scikit-learn's `precision_recall_fscore_support` with `zero_division=0`.
public struct ClassMeasures: Sendable, Equatable {
  /// The class's index.
  public let index: Int
  /// Its name; `nil` where it has none.
  public let name: String?
  /// True positives among those that were predicted as the class; 0 where none was.
  public let precision: Double
  /// True positives among those that are of the class; 0 where none is.
  public let recall: Double
  /// The harmonic mean of both; 0 where both are.
  public let f1: Double
  /// How many samples are of the class; where they have weights, their sum.
  public let support: Double
}

extension EvaluationReport {
  /// The measures of each class, in the order of their indices; empty where no confusion matrix was counted.
  public var perClass: [ClassMeasures] {
    guard let confusion = measurement.confusion else { return [] }
    return (0..<confusion.classes).map { index in
      ClassMeasures(
        index: index, name: classNames?.dropFirst(index).first, precision: confusion.precision(of: index),
        recall: confusion.recall(of: index), f1: confusion.f1(of: index), support: confusion.support(of: index))
    }
  }
}
