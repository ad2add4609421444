import Autodiff
import Foundations

/// −t log σ(z) − (1 − t) log σ(−z) of logits z with targets t in [0, 1]; a sample's loss is the mean over its outputs.
///
/// Computed as max(z, 0) − t z + log(1 + e^−|z|), which no logit overflows. With class weights (w0, w1), a sample with
/// one output has the weight w0 + t (w1 − w0).
public struct BinaryCrossEntropy: Loss {
  public static let type = "binaryCrossEntropy"
  /// The share of 1/2 in the targets.
  public let labelSmoothing: Double
  /// The weights of the classes 0 and 1; `nil` for 1.
  public let classWeights: [Double]?

  /// Creates a loss.
  public init(labelSmoothing: Double = 0, classWeights: [Double]? = nil) {
    self.labelSmoothing = labelSmoothing
    self.classWeights = classWeights
  }

  /// Reads the loss's settings.
  public init(from settings: Settings) throws {
    labelSmoothing = try settings.number(
      "labelSmoothing", default: 0, in: .rate, help: "The share of 1/2 in the targets.")
    classWeights = try readClassWeights(settings)
    if let classWeights, classWeights.count != 2 {
      throw settings.error(
        "classWeights",
        "binaryCrossEntropy takes the weights of the classes 0 and 1, but there are \(classWeights.count)")
    }
  }

  /// All settings.
  public var json: JSONObject { classWeightsJSON(labelSmoothing, classWeights) }

  /// Yes where the logit is positive.
  public var prediction: PredictionRule { .positive }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs z: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: z)
    let exact = try targets.reshape(z.shape)
    let t = labelSmoothing > 0 ? try exact * (1 - labelSmoothing) + labelSmoothing / 2 : exact
    let losses = try (z.softplus() - t * z).mean(axes: [1])
    guard let classWeights else { return LossTerms(losses: losses) }
    let weights = try (exact * (classWeights[1] - classWeights[0]) + classWeights[0]).mean(axes: [1])
    return LossTerms(losses: try losses * weights, sampleWeights: weights)
  }

  /// Yes or no for each output.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    switch targets {
    case .integers:
      guard outputCount == 1 else {
        throw TrainerError(
          .usage, "binaryCrossEntropy with one label a sample needs a model with 1 output, but it has \(outputCount)")
      }
    case .values(let count):
      guard outputCount == count else {
        throw TrainerError(.usage, "the targets have \(count) columns, but the model has \(outputCount) outputs")
      }
    }
    if classWeights != nil, outputCount != 1 {
      throw TrainerError(.usage, "loss.classWeights of binaryCrossEntropy needs a model with 1 output")
    }
    return .binary(outputs: outputCount)
  }

  /// The sigmoid of the outputs.
  public func probabilities(of outputs: Node) throws -> Node? { try outputs.sigmoid() }
}
