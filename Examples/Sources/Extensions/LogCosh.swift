import Autodiff
import Foundation
import Foundations
import Models

/// A loss: the mean of log cosh(z − t), a square near 0 and a line far from it.
struct LogCosh: Loss {
  static let type = "logCosh"

  init() {}
  init(from settings: Settings) throws {}
  var json: JSONObject { [:] }

  var prediction: PredictionRule { .value }

  func terms(outputs: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: outputs)
    let error = try outputs - targets.reshape(outputs.shape)
    // log cosh x = x + log(1 + e^−2x) − log 2, which no error overflows.
    return LossTerms(losses: try (error + (error * -2).softplus() - log(2)).mean(axes: [1]))
  }

  func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    try regressionTask(outputCount: outputCount, targets: targets)
  }

  func probabilities(of outputs: Node) throws -> Node? { nil }
}
