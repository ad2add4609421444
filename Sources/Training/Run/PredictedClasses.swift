import Kernels
import Models

extension PredictionRule {
  /// Whether there are probabilities.
  var hasProbabilities: Bool { if case .value = self { false } else { true } }

  /// The classes that are predicted for each sample; 0 where the prediction is numbers.
  ///
  /// - Parameter width: The model's outputs for one sample.
  func classCount(width: Int) -> Int {
    switch self {
    case .largest: 1
    case .positive: width
    case .value: 0
    }
  }

  /// Finds the predicted classes of samples.
  ///
  /// - Parameters:
  ///   - outputs: The model's, [rows, width].
  ///   - classes: [rows, `classCount(width:)`].
  func classify<Scalar: TrainingScalar>(
    _ outputs: UnsafePointer<Scalar>, rows: Int, width: Int, into classes: UnsafeMutablePointer<Int>
  ) {
    switch self {
    case .largest:
      for row in 0..<rows {
        let values = outputs + row * width
        var best = 0
        // The first of several that are the largest.
        for index in 1..<max(1, width) where values[index] > values[best] { best = index }
        classes[row] = best
      }
    case .positive:
      for index in 0..<rows * width { classes[index] = outputs[index] > 0 ? 1 : 0 }
    case .value: break
    }
  }

  /// The predicted classes of samples, as `classify` writes them.
  func classes<Scalar: TrainingScalar>(of outputs: [Scalar], rows: Int, width: Int) -> [Int] {
    let count = rows * classCount(width: width)
    return [Int](unsafeUninitializedCapacity: count) { classes, initialized in
      outputs.withUnsafeBufferPointer { outputs in
        guard let from = outputs.baseAddress, let to = classes.baseAddress else { return }
        classify(from, rows: rows, width: width, into: to)
      }
      initialized = count
    }
  }
}
