import Foundation
import Foundations
import Kernels

/// −log of the probability that the model gives a sample's class, the mean over the samples: the cross-entropy without
/// the loss's class weights and label smoothing.
///
/// As scikit-learn's `log_loss`, but computed from the outputs before they are probabilities, so that a probability of
/// nearly 0 is not clipped. Of several yes-or-no outputs it is the mean over these, and targets between classes count for
/// each by their share.
public struct LogLoss: Metric {
  /// Creates the metric.
  public init() {}

  /// `logLoss`.
  public var name: String { "logLoss" }
  /// No.
  public var prefersLarger: Bool { false }
  /// For classes.
  public func isDefined(for task: LearningTask) -> Bool { if case .regression = task { false } else { true } }
  /// The weight of all samples, of several labels each counted, and the sum of the losses.
  public func sumCount(for task: LearningTask) -> Int { 2 }

  /// Adds samples to the sums.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func add<Scalar: KernelElement>(
    _ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    for sample in 0..<samples.count {
      let (weight, outputs, targets) = (
        samples.weight(of: sample), samples.outputs(of: sample), samples.targets(of: sample)
      )
      switch samples.task {
      case .binary:
        for index in outputs.indices {
          let (z, t) = (Double(outputs[index]), Double(targets[index]))
          sums[0] += weight
          // A share of 0 counts nothing, also where its loss is infinite.
          if t > 0 { sums[1] += weight * t * softplus(-z) }
          if t < 1 { sums[1] += weight * (1 - t) * softplus(z) }
        }
      case .multiclass(_, let oneHot):
        sums[0] += weight
        let normalizer = Normalizer(outputs)
        if oneHot {
          for index in outputs.indices where targets[index] > 0 {
            sums[1] -= weight * Double(targets[index]) * normalizer.logProbability(Double(outputs[index]))
          }
        } else {
          let target = samples.classIndex(of: sample)
          sums[1] +=
            outputs.indices.contains(target) ? -weight * normalizer.logProbability(Double(outputs[target])) : .nan
        }
      case .regression: break
      }
    }
  }

  /// The mean.
  public func value(from sums: [Double], task: LearningTask) -> Double { sums[1] / sums[0] }
}

/// log(1 + e^x), which no x overflows.
@inline(__always)
private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// log Σ e^z of the logits z of one sample, which no z overflows: their greatest, and the logarithm of the rest apart from
/// it. So logits that differ by a constant give the same probabilities to the last bit, and samples are tied that should be.
struct Normalizer {
  private let greatest: Double
  private let logSum: Double

  @inline(__always)
  init<Scalar: KernelElement>(_ z: UnsafeBufferPointer<Scalar>) {
    var greatest = -Double.infinity
    for value in z { greatest = max(greatest, Double(value)) }
    var sum = 0.0
    for value in z { sum += exp(Double(value) - greatest) }
    self.greatest = greatest
    logSum = log(sum)
  }

  /// The logarithm of the probability of one of the logits.
  @inline(__always)
  func logProbability(_ z: Double) -> Double { (z - greatest) - logSum }
}
