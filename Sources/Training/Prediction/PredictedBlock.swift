import Foundation
import Foundations

/// What a model says of some rows, with a probability for each class.
struct PredictedBlock {
  let rows: Int
  /// The predictions: indices of classes, no or yes for each label, or numbers; [rows, predictions of a row].
  let predictions: [Double]
  /// [rows, classes or labels]; empty for numbers.
  let probabilities: [Double]

  init(rows: Int, predictions: [Double], probabilities: [Double]) {
    (self.rows, self.predictions, self.probabilities) = (rows, predictions, probabilities)
  }

  /// Takes what a model gives.
  ///
  /// - Parameters:
  ///   - outputs: [rows, outputs of a row].
  ///   - probabilities: [rows, outputs of a row]; empty for numbers.
  ///   - classes: The index of each row's class, or no or yes for each label; empty for numbers.
  ///   - isLogistic: Whether the probability of the second of two classes is the sigmoid of the output.
  ///   - precision: The type that the model computes in.
  init(
    rows: Int, outputs: [Double], probabilities: [Double], classes: [Int], names: PredictionNames, isLogistic: Bool,
    precision: ElementType
  ) {
    switch names.kind {
    case .numbers: self.init(rows: rows, predictions: outputs, probabilities: [])
    case .labels: self.init(rows: rows, predictions: classes.map(Double.init), probabilities: probabilities)
    case .classes:
      // The probability of the first of two classes, of which one output says that of the second: of a sigmoid without
      // loss of digits where it is small.
      func complement(_ output: Double, _ probability: Double) -> Double {
        let complement = isLogistic ? 1 / (1 + exp(output)) : 1 - probability
        return precision == .float32 ? Double(Float(complement)) : complement
      }
      self.init(
        rows: rows, predictions: classes.map(Double.init),
        probabilities: outputs.count != rows
          ? probabilities : zip(outputs, probabilities).flatMap { [complement($0, $1), $1] })
    }
  }
}
