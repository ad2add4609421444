import Foundations
import Kernels

/// A metric that no sums over samples tell: it sees all samples of a group at once, in the group's order.
///
/// They are kept for it while the group is measured. In training there is no such moment, since the parameters are others
/// in each step: `train` has the metric only where a step takes all samples, or where `train` is measured by `evaluate`.
public protocol GroupMetric: Metric {
  /// The value; not a number where there are no samples.
  func value<Scalar: KernelElement>(of samples: MetricSamples<Scalar>) -> Double
}

extension GroupMetric {
  /// None.
  public func sumCount(for task: LearningTask) -> Int { 0 }
  /// Nothing.
  public func add<Scalar: KernelElement>(
    _ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {}
  /// Not a number: only samples tell.
  public func value(from sums: [Double], task: LearningTask) -> Double { .nan }
}
