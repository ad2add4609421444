import Autodiff
import Foundations

/// Σ t log(t / softmax(z)): the Kullback-Leibler divergence of the softmax of logits z from targets t, which are rows of
/// probabilities (Kullback and Leibler, 1951). A target of 0 counts nothing.
///
/// As PyTorch's `kl_div` of log-softmax inputs with `reduction="batchmean"`. It differs from the cross-entropy by the
/// targets' own entropy, so that it is 0 where the model is right, and its gradient is the same.
public struct KLDivergence: Loss {
  public static let type = "klDivergence"

  /// Creates a loss.
  public init() {}
  /// Reads the loss's settings: there are none.
  public init(from settings: Settings) throws {}

  /// None.
  public var json: JSONObject { [:] }

  /// The class with the largest logit.
  public var prediction: PredictionRule { .largest }

  /// Adds the loss of each sample to the graph.
  public func terms(outputs z: Node, targets: Node) throws -> LossTerms {
    try requireRows(of: z)
    let t = try targets.reshape(z.shape)
    let zero = try z.graph.constant(0)
    // The logarithm of 1 where t is 0, whose own is infinite.
    let entropies = try (t * select(t.isGreater(than: zero), t, z.graph.constant(1)).log()).sum(axes: [1])
    let normalizers = try z.logSumExp().reshape([z.shape[0]]) * t.sum(axes: [1])
    return LossTerms(losses: try entropies + normalizers - (t * z).sum(axes: [1]))
  }

  /// A distribution over classes.
  public func task(outputCount: Int, targets: TargetKind) throws -> LearningTask {
    let needs =
      "klDivergence needs \(max(2, outputCount)) columns of probabilities a sample for a model with "
      + "\(outputCount) output\(outputCount == 1 ? "" : "s"), but the targets have"
    guard case .values(let count) = targets else {
      throw TrainerError(.usage, "\(needs) one whole number; for class labels take the loss softmaxCrossEntropy")
    }
    guard outputCount >= 2, count == outputCount else {
      throw TrainerError(
        .usage, "\(needs) \(count == 1 ? "one number" : "\(count) columns"); give the last layer a unit for each class")
    }
    return .multiclass(classes: outputCount, oneHotTargets: true)
  }

  /// All but the last axis, that of the classes: pixels, or the steps of a sequence.
  public func positions(of outputShape: Shape) -> Int { outputShape.dropLast().reduce(1, *) }

  /// The softmax of the outputs.
  public func probabilities(of outputs: Node) throws -> Node? { try outputs.softmax() }
}
