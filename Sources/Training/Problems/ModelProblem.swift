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
  /// Which parameters no step changes; `nil` if steps change all.
  private let initial: InitialSettings?

  package var layout: ParameterLayout { parameters.layout }
  package var isMean: Bool { true }
  /// At how many positions of a sample the loss is taken, and metrics judge, by itself.
  let positions: Int
  /// The targets of one sample.
  var targetCount: Int { positions * task.targetCount }
  /// The model's outputs for one sample.
  var outputCount: Int { parameters.outputShape.reduce(1, *) }

  /// Creates a problem.
  ///
  /// - Parameters:
  ///   - inputShape: The extents of a sample after preprocessing.
  ///   - targets: How the dataset gives its targets.
  ///   - isWeighted: Whether the data give each sample a weight.
  ///   - initial: Which parameters no step changes.
  ///   - makeMetrics: The metrics of the task.
  /// - Throws: `TrainerError` if the model, the loss and the data do not fit each other.
  package init(
    model: Model, loss: any Loss, inputShape: Shape, targets: TargetKind, isWeighted: Bool = false,
    initial: InitialSettings? = nil, makeMetrics: (LearningTask) throws -> MetricSet
  ) throws {
    self.model = model
    self.loss = loss
    self.inputShape = inputShape
    self.isWeighted = isWeighted
    self.initial = initial
    parameters = try model.parameters(inputShape: inputShape)
    let outputShape = parameters.outputShape
    positions = loss.positions(of: outputShape)
    let width = outputShape.reduce(1, *) / max(1, positions)
    task = try loss.task(outputCount: width, targets: targets.perPosition(positions, classes: width))
    metrics = try makeMetrics(task).ofPositions(positions)
  }

  package func freezes(_ name: String) -> Bool { initial?.freezes(name) ?? false }

  package func initialParameters(seed: Int) -> [Double] { parameters.initialValues(seed: UInt64(seed)) }

  package func terms(in graph: Graph, samples: Int, isTraining: Bool) throws -> ProblemTerms {
    let inputs = try graph.input(InputName.inputs, shape: [samples] + inputShape)
    let (outputs, stateChanges) =
      isTraining
      ? try model.applyInTraining(to: inputs, freezing: freezes) : (try model.apply(to: inputs, isTraining: false), [:])
    let rows = samples * positions
    let flat = try outputs.reshape([rows, task.outputCount])
    let isIndexed = if case .multiclass(_, let oneHot) = task { !oneHot } else { false }
    let targets = try graph.input(
      InputName.targets, shape: isIndexed && positions == 1 ? [samples] : [samples, targetCount])
    let terms = try loss.terms(
      outputs: flat, targets: positions == 1 ? targets : targets.reshape(isIndexed ? [rows] : [rows, task.targetCount]))
    return try ProblemTerms(
      losses: ofSamples(terms.losses, samples), sampleWeights: terms.sampleWeights.map { try ofSamples($0, samples) },
      outputs: loss.values(of: flat).reshape([samples, outputCount]),
      probabilities: loss.probabilities(of: flat)?.reshape([samples, outputCount]), stateChanges: stateChanges
    ).weighted(samples: isWeighted ? samples : nil)
  }

  /// The means over the positions of each sample.
  private func ofSamples(_ values: Node, _ samples: Int) throws -> Node {
    positions == 1 ? values : try values.reshape([samples, positions]).mean(axes: [1])
  }
}
