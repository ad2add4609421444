import Autodiff
import Datasets
import Foundations
import Kernels
import Models

/// A model with a loss on a dataset's samples.
package struct ModelProblem: Problem {
  /// The names of the graph's inputs.
  enum InputName {
    static let inputs = "inputs"
    static let targets = "targets"
    /// The samples' weights, in formulas too: no dataset that a formula names is called so.
    static let weights = "sample weights"
  }

  let model: Model
  let loss: any Loss
  let task: LearningTask
  let parameters: ModelParameters
  package let metrics: MetricSet?
  /// The extents of a sample after preprocessing.
  let inputShape: Shape
  /// Whether the data give each sample a weight.
  let isWeighted: Bool

  package var layout: ParameterLayout { parameters.layout }
  package var isMean: Bool { true }
  /// The model's outputs for one sample.
  var outputCount: Int { parameters.outputShape.reduce(1, *) }

  /// Creates a problem.
  ///
  /// - Parameters:
  ///   - inputShape: The extents of a sample after preprocessing.
  ///   - targets: How the dataset gives its targets.
  ///   - isWeighted: Whether the data give each sample a weight.
  ///   - makeMetrics: The metrics of the task.
  /// - Throws: `TrainerError` if the model, the loss and the data do not fit each other.
  package init(
    model: Model, loss: any Loss, inputShape: Shape, targets: TargetKind, isWeighted: Bool = false,
    makeMetrics: (LearningTask) throws -> MetricSet
  ) throws {
    self.model = model
    self.loss = loss
    self.inputShape = inputShape
    self.isWeighted = isWeighted
    parameters = try model.parameters(inputShape: inputShape)
    task = try loss.task(outputCount: parameters.outputShape.reduce(1, *), targets: targets)
    metrics = try makeMetrics(task)
  }

  package func initialParameters(seed: Int) -> [Double] { parameters.initialValues(seed: UInt64(seed)) }

  package func terms(in graph: Graph, samples: Int, isTraining: Bool) throws -> ProblemTerms {
    let inputs = try graph.input(InputName.inputs, shape: [samples] + inputShape)
    let outputs = try model.apply(to: inputs, isTraining: isTraining)
    let flat = try outputs.reshape([samples, outputCount])
    let isIndexed = if case .multiclass(_, let oneHot) = task { !oneHot } else { false }
    let targets = try graph.input(
      InputName.targets, shape: isIndexed ? [samples] : [samples, task.targetCount])
    let terms = try loss.terms(outputs: flat, targets: targets)
    return try ProblemTerms(
      losses: terms.losses, sampleWeights: terms.sampleWeights, outputs: loss.values(of: flat),
      probabilities: loss.probabilities(of: flat)
    ).weighted(samples: isWeighted ? samples : nil)
  }
}
