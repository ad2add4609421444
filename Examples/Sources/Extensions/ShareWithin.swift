import Kernels
import Models

/// A metric: the share of outputs that are within a distance of their targets.
struct ShareWithin: Metric {
  let distance: Double

  var name: String { "shareWithin" }
  var prefersLarger: Bool { true }

  func isDefined(for task: LearningTask) -> Bool { if case .regression = task { true } else { false } }

  func sumCount(for task: LearningTask) -> Int { 2 }

  func add<Scalar: KernelElement>(_ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>) {
    for sample in 0..<samples.count {
      for (output, target) in zip(samples.outputs(of: sample), samples.targets(of: sample)) {
        if abs(Double(output) - Double(target)) <= distance { sums[0] += 1 }
        sums[1] += 1
      }
    }
  }

  func value(from sums: [Double], task: LearningTask) -> Double { sums[0] / sums[1] }
}
