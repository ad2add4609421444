import Autodiff
import Foundations

/// −Σ t log softmax(z): the cross-entropy of the softmax of logits z with targets t, which are class indices or
/// one-hot rows (or any distributions).
///
/// Label smoothing (Szegedy et al., 2016) mixes the targets with the uniform distribution. Class weights multiply each
/// class's term, as in PyTorch's `CrossEntropyLoss`: a batch's loss is divided by the sum of the weights of its targets
/// where these are class indices, and by the number of samples where they are rows of probabilities, one-hot rows too.
public struct SoftmaxCrossEntropy: Loss {
  public static let type = "softmaxCrossEntropy"
  /// The share of the uniform distribution in the targets.
  public let labelSmoothing: Double
  /// One weight for each class; `nil` for 1.
  public let classWeights: [Double]?

  /// Creates a loss.
  public init(labelSmoothing: Double = 0, classWeights: [Double]? = nil) {
    self.labelSmoothing = labelSmoothing
    self.classWeights = classWeights
  }

  /// Reads the loss's settings.
  public init(from settings: Settings) throws {
    labelSmoothing = try settings.number(
      "labelSmoothing", default: 0, in: .rate, help: "The share of the uniform distribution in the targets.")
    classWeights = try readClassWeights(settings)
  }

  /// All settings.
  public var json: JSONObject { classWeightsJSON(labelSmoothing, classWeights) }

  /// The class with the largest logit.
  public var prediction: PredictionRule { .largest }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs z: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: z)
    let (samples, classes) = (z.shape[0], z.shape[1])
    let graph = z.graph
    if targets.shape != z.shape, labelSmoothing == 0, classWeights == nil {
      return LossTerms(losses: try z.crossEntropy(classes: targets.reshape([samples])))
    }
    let exact = targets.shape == z.shape ? targets : try targets.reshape([samples]).oneHot(count: classes)
    let weights = try classWeights.map { try graph.constant($0, shape: [classes]) }
    var t = exact
    if labelSmoothing > 0 { t = try t * (1 - labelSmoothing) + labelSmoothing / Double(classes) }
    if let weights { t = try t * weights }
    // −Σ t (z − logΣexp z) = logΣexp(z) Σt − Σ t z; Σt is 1 where nothing has scaled the indices' one-hot rows.
    let isNormalized = targets.shape != z.shape && weights == nil
    let normalizer = try z.logSumExp().reshape([samples])
    let scaled = isNormalized ? normalizer : try normalizer * t.sum(axes: [1])
    let sampleWeights = targets.shape == z.shape ? nil : try weights.map { try (exact * $0).sum(axes: [1]) }
    return LossTerms(losses: try scaled - (t * z).sum(axes: [1]), sampleWeights: sampleWeights)
  }

  /// One of several classes.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    guard outputCount >= 2 else {
      throw TrainerError(
        .usage,
        "softmaxCrossEntropy needs an output for each class, but the model has 1 output; "
          + "give the last layer more units, or use binaryCrossEntropy")
    }
    if let classWeights, classWeights.count != outputCount {
      throw TrainerError(
        .usage, "loss.classWeights has \(classWeights.count) weights, but the model has \(outputCount) outputs")
    }
    switch targets {
    case .integers: return .multiclass(classes: outputCount, oneHotTargets: false)
    case .values(let count):
      guard count == outputCount else {
        let needs =
          "softmaxCrossEntropy needs one integer class label or \(outputCount) columns of probabilities a sample for a "
          + "model with \(outputCount) outputs, but the targets have"
        guard count != 1 else {
          throw TrainerError(
            .data,
            "\(needs) one floating-point number; if these are class labels, add \"labels\": \"sorted\" to data, or number the "
              + "classes from 0"
          )
        }
        throw TrainerError(.usage, "\(needs) \(count) columns; give the last layer a unit for each of them")
      }
      return .multiclass(classes: outputCount, oneHotTargets: true)
    }
  }

  /// All but the last axis, that of the classes: pixels, or the steps of a sequence.
  public func positions(of outputShape: Shape) -> Int { outputShape.dropLast().reduce(1, *) }

  /// The softmax of the outputs.
  public func probabilities(of outputs: Node) throws -> Node? { try outputs.softmax() }
}

/// What the losses of classes write.
func classWeightsJSON(_ labelSmoothing: Double, _ classWeights: [Double]?) -> JSONObject {
  JSONObject([
    ("labelSmoothing", .number(labelSmoothing)),
    ("classWeights", classWeights.map { .array($0.map(JSONValue.number)) }),
  ])
}

/// Reads `classWeights`: one weight for each class, not all of them 0.
func readClassWeights(_ settings: Settings) throws -> [Double]? {
  let weights = try settings.optionalNumbers("classWeights", in: .nonNegative, help: "One weight for each class.")
  if let weights, !weights.contains(where: { $0 > 0 }) {
    throw settings.error("classWeights", "no weight is greater than 0, so nothing would be learnt")
  }
  return weights
}
