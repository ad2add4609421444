import Foundations
import Kernels

/// The package's metrics.
public enum StandardMetric: String, Sendable, CaseIterable {
  /// The share of samples (for several binary outputs: of labels) that are predicted right.
  case accuracy
  /// True positives among predicted positives. Of one class for binary tasks, else the mean over the classes that occur.
  case precision
  /// True positives among actual positives. Of one class for binary tasks, else the mean over the classes that occur.
  case recall
  /// The harmonic mean of precision and recall; for several classes the mean of that of each class that occurs.
  case f1
  /// The mean of (output − target)².
  case meanSquaredError
  /// The mean of |output − target|.
  case meanAbsoluteError
  /// The coefficient of determination 1 − Σ(t − z)² / Σ(t − mean t)²; the mean over outputs if there are several.
  ///
  /// As scikit-learn's `r2_score`: where all targets are equal it is 1 if every output equals them, else 0; of fewer than
  /// two samples it is not a number.
  case r2
}

/// Each by itself. A ``MetricSet`` counts once for all that it has.
///
/// With weights they are as scikit-learn's with `sample_weight`: each sample counts as often as it weighs.
extension StandardMetric: Metric {
  /// The case's name.
  public var name: String { rawValue }

  /// Whether it is no error.
  public var prefersLarger: Bool { self != .meanSquaredError && self != .meanAbsoluteError }

  /// Errors and R² are for numbers, the others for classes.
  public func isDefined(for task: LearningTask) -> Bool {
    let isOfNumbers = [.meanSquaredError, .meanAbsoluteError, .r2].contains(self)
    return if case .regression = task { isOfNumbers } else { !isOfNumbers }
  }

  /// Counts of samples and hits, the confusion matrix, or sums of each output's errors and targets.
  public func sumCount(for task: LearningTask) -> Int { StandardSums([self], task: task).count }

  /// Adds samples to the sums.
  public func add<Scalar: KernelElement>(
    _ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    StandardSums([self], task: samples.task).add(samples, to: sums)
  }

  /// The value.
  public func value(from sums: [Double], task: LearningTask) -> Double {
    StandardSums([self], task: task).value(of: self, from: sums)
  }
}
