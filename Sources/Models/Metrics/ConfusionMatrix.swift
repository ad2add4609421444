/// Counts of predictions: row t, column p is how often a sample of class t was predicted as class p.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The number of classes.
  public let classes: Int
  /// The counts in row-major order.
  public let counts: [Double]

  /// How often a sample of class `actual` was predicted as class `predicted`.
  public subscript(actual: Int, predicted: Int) -> Double { counts[actual * classes + predicted] }

  /// Whether any sample is of a class or was predicted as it.
  func occurs(_ index: Int) -> Bool {
    (0..<classes).contains { self[index, $0] > 0 || self[$0, index] > 0 }
  }
  /// True positives among those that were predicted as a class; 0 where none was.
  public func precision(of index: Int) -> Double {
    ratio(self[index, index], (0..<classes).reduce(0) { $0 + self[$1, index] })
  }
  /// True positives among those that are of a class; 0 where none is.
  public func recall(of index: Int) -> Double { ratio(self[index, index], support(of: index)) }
  /// How many samples are of a class; where they have weights, their sum.
  public func support(of index: Int) -> Double { (0..<classes).reduce(0) { $0 + self[index, $1] } }
  /// The harmonic mean of precision and recall; 0 where both are.
  public func f1(of index: Int) -> Double {
    let (precision, recall) = (precision(of: index), recall(of: index))
    return ratio(2 * precision * recall, precision + recall)
  }
}

// As scikit-learn by default (`zero_division`): where nothing was predicted as a class, or nothing is of it, its ratio is 0.
private func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

extension LearningTask {
  /// The metrics of a confusion matrix: of class 1 for yes or no, else the mean over the classes that occur among the
  /// targets or the predictions, as scikit-learn's `average="macro"`.
  func mean(_ matrix: ConfusionMatrix, _ measure: (Int) -> Double) -> Double {
    if case .binary = self { return measure(1) }
    let occurring = (0..<matrix.classes).filter(matrix.occurs)
    return occurring.reduce(0) { $0 + measure($1) } / Double(occurring.count)
  }
}
