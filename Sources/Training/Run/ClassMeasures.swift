import Models

/// What was measured of one class, or of one of several labels, as scikit-learn's `precision_recall_fscore_support` with `zero_division=0`.
public struct ClassMeasures: Sendable, Equatable {
  /// The class's or label's index.
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
  /// Whether the rows of `perClass` are labels, of which a sample may have several.
  public var hasLabels: Bool { !measurement.confusionOfLabels.isEmpty }

  /// The measures of each class, or of each of several labels, in the order of their indices; empty where no confusion
  /// matrix was counted.
  public var perClass: [ClassMeasures] {
    guard let confusion = measurement.confusion else { return [] }
    func measures(_ index: Int, _ matrix: ConfusionMatrix, of place: Int) -> ClassMeasures {
      ClassMeasures(
        index: index, name: classNames?.dropFirst(index).first, precision: matrix.precision(of: place),
        recall: matrix.recall(of: place), f1: matrix.f1(of: place), support: matrix.support(of: place))
    }
    return hasLabels
      ? measurement.confusionOfLabels.enumerated().map { measures($0, $1, of: 1) }
      : (0..<confusion.classes).map { measures($0, confusion, of: $0) }
  }
}
