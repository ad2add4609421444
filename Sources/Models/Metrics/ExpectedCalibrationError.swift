import Foundation
import Foundations
import Kernels

/// How far probabilities are from frequencies: samples are put into bins of equal width by a probability p, and the
/// distances between the mean of p and the share of hits in each bin are averaged, weighted by the bins' samples (Guo et
/// al., "On calibration of modern neural networks", 2017).
///
/// For one of several classes p is the probability of the predicted class, and a hit is a right prediction; for yes or
/// no p is the probability of yes, and a hit is a yes, each output of several counted. A bin holds its upper end and not
/// its lower one, as in scikit-learn's `calibration_curve`.
public struct ExpectedCalibrationError: Metric {
  /// The name in a registry.
  static let type = "expectedCalibrationError"
  /// How many bins there are from 0 to 1.
  public let bins: Int
  /// `expectedCalibrationError`, or the name given.
  public let name: String

  /// Creates the metric; there is at least one bin.
  public init(bins: Int = 15, name: String? = nil) {
    self.bins = bins
    self.name = name ?? Self.type
  }

  init(from settings: Settings) throws {
    bins = try settings.integer(
      "bins", default: 15, in: 1...10_000, help: "How many bins of probabilities there are from 0 to 1.")
    name = try settings.metricName(default: Self.type)
  }

  /// No.
  public var prefersLarger: Bool { false }
  /// Its name and the number of bins.
  public var json: JSONValue { .metric(Self.type, name: name, [("bins", .integer(bins))]) }
  /// For classes.
  public func isDefined(for task: LearningTask) -> Bool { if case .regression = task { false } else { true } }
  /// Of each bin the weight of its samples, that of the hits, and the weighted sum of p.
  public func sumCount(for task: LearningTask) -> Int { 3 * bins }

  /// Adds samples to the sums.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func add<Scalar: KernelElement>(
    _ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    for sample in 0..<samples.count {
      let (weight, outputs) = (samples.weight(of: sample), samples.outputs(of: sample))
      switch samples.task {
      case .binary:
        let targets = samples.targets(of: sample)
        for index in outputs.indices {
          add(1 / (1 + exp(-Double(outputs[index]))), isHit: targets[index] > 0.5, weight, to: sums)
        }
      case .multiclass:
        let predicted = largestIndex(of: outputs)
        let greatest = Double(outputs[predicted])
        var sum = 0.0
        for output in outputs { sum += exp(Double(output) - greatest) }
        add(1 / sum, isHit: predicted == samples.classIndex(of: sample), weight, to: sums)
      case .regression: break
      }
    }
  }

  @inline(__always)
  private func add(
    _ probability: Double, isHit: Bool, _ weight: Double, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    // Such a bin would have no number; its mean makes the metric not a number.
    var bin = probability.isNaN ? 0 : min(bins - 1, max(0, Int(probability * Double(bins))))
    let width = 1 / Double(bins)
    // The product above rounds otherwise than the ends of bins do.
    while bin > 0, probability <= Double(bin) * width { bin -= 1 }
    while bin < bins - 1, probability > Double(bin + 1) * width { bin += 1 }
    sums[3 * bin] += weight
    if isHit { sums[3 * bin + 1] += weight }
    sums[3 * bin + 2] += weight * probability
  }

  /// The weighted mean of the bins' distances.
  public func value(from sums: [Double], task: LearningTask) -> Double {
    var (total, distances) = (0.0, 0.0)
    for bin in 0..<bins {
      total += sums[3 * bin]
      distances += abs(sums[3 * bin + 1] - sums[3 * bin + 2])
    }
    return distances / total
  }
}

/// The index of the largest value, the first of equal ones.
@inline(__always)
func largestIndex<Scalar: KernelElement>(of values: UnsafeBufferPointer<Scalar>) -> Int {
  var best = 0
  for index in values.indices where values[index] > values[best] { best = index }
  return best
}
