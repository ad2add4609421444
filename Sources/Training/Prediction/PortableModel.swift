import Autodiff
import Checkpoints
import Datasets
import Foundations
import Models
import Optimizers

/// A checkpoint's model as other programs take it: the graph that `predict` computes, its parameters, and what stands in front
/// of it and behind it.
package struct PortableModel: Sendable {
  /// The checkpoint's path.
  package let path: String
  /// What was read.
  package let trained: TrainedTensors
  /// What makes inputs of raw rows.
  package let transform: any InputTransform
  /// What the data are called.
  package let schema: DataSchema
  /// What predictions are called.
  package let names: PredictionNames
  /// Whether the probability of the second of two classes is the sigmoid of the output.
  package let isLogistic: Bool
  /// Whether the model has one output at each position.
  package let hasOneOutput: Bool
  private let settings: ModelSettings

  /// The type that the model computes in.
  package var precision: ElementType { trained.configuration.precision }

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged, `.usage` if it is of a formula.
  package init(_ trained: TrainedTensors) throws {
    (path, self.trained) = (trained.path, trained)
    guard case .model(let settings) = trained.configuration.objective else {
      throw TrainerError(
        .usage,
        "\(path): the checkpoint is of a formula, which has no predictions to compute; its parameters can be exported to "
          + "safetensors or NPZ")
    }
    self.settings = settings
    schema = try DataSchema(trained.checkpoint, path: path)
    transform = try schema.transforms ?? FittedPreprocessing(trained.checkpoint, features: schema.features, path: path)
    isLogistic = settings.loss is BinaryCrossEntropy
    let outputShape = try settings.model.parameters(inputShape: transform.outputShape).outputShape
    let positions = settings.loss.positions(of: outputShape)
    let width = outputShape.reduce(1, *) / max(1, positions)
    hasOneOutput = width == 1
    names = PredictionNames(
      rule: settings.loss.prediction, width: width, classes: schema.classes, positions: positions)
  }

  /// What the model computes for some samples.
  package struct Inference {
    /// The graph.
    package let graph: Graph
    /// The rows behind preprocessing, [samples, …].
    package let inputs: Node
    /// What is predicted from, [samples × positions, outputs of a position].
    package let outputs: Node
    /// The probabilities, of the same shape; `nil` for numbers.
    package let probabilities: Node?
    private let layers: [(path: String, nodes: Range<Int>)]

    fileprivate init(
      graph: Graph, inputs: Node, outputs: Node, probabilities: Node?, layers: [(path: String, nodes: Range<Int>)]
    ) {
      (self.graph, self.inputs, self.outputs, self.probabilities) = (graph, inputs, outputs, probabilities)
      self.layers = layers
    }

    /// The path of the innermost layer that added a node; `nil` for what belongs to none.
    package func layer(of node: Int) -> String? { layers.last { $0.nodes.contains(node) }?.path }
  }

  /// The graph of predictions.
  package func inference(samples: Int) throws -> Inference {
    let graph = Graph()
    let inputs = try graph.input("inputs", shape: [samples] + transform.outputShape)
    let (raw, layers) = try settings.model.applyInPrediction(to: inputs)
    let rows = samples * names.positions
    let flat = try raw.reshape([rows, raw.shape.reduce(1, *) / rows])
    return Inference(
      graph: graph, inputs: inputs, outputs: try settings.loss.values(of: flat),
      probabilities: try settings.loss.probabilities(of: flat), layers: layers)
  }

  /// A parameter, or the state of that name.
  package func tensor(_ name: String) -> CheckpointTensor? { trained.tensors.first { $0.name == name } }
}

/// The parameters of a checkpoint that predictions use: their moving average where the run kept one.
package struct TrainedTensors: Sendable {
  /// The checkpoint's path.
  package let path: String
  /// The checkpoint.
  package let checkpoint: Checkpoint
  /// Its config.
  package let configuration: RunConfiguration
  /// The parameters in layout order.
  package let parameters: [CheckpointTensor]
  /// What the model keeps beside them, in layout order.
  package let state: [CheckpointTensor]
  /// Whether they are the moving average of the run's parameters.
  package let areAverages: Bool

  /// All of them.
  package var tensors: [CheckpointTensor] { parameters + state }

  /// The name of the run that a checkpoint is of.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged.
  package static func runName(checkpoint path: String) throws -> String {
    try loadCheckpoint(path, .standard).configuration.name
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged.
  package init(checkpoint path: String, registries: Registries = .standard) throws {
    (checkpoint, configuration) = try loadCheckpoint(path, registries)
    self.path = path
    guard configuration.optimizer.averageDecay != nil else {
      (parameters, state, areAverages) = (checkpoint.parameters, checkpoint.state, false)
      return
    }
    let count = checkpoint.layout.count
    guard let average = checkpoint.optimizer.first(where: { $0.name == Optimizer.averageName }), average.count == count
    else {
      throw TrainerError(.checkpoint, "\(path): the checkpoint lacks the moving average that its config asks for")
    }
    parameters = checkpoint.parameters.map { average.part(as: $0) }
    state = checkpoint.state.map { average.part(as: $0) }
    areAverages = true
  }
}

extension CheckpointTensor {
  /// The elements of this flat vector where another tensor of the same layout has its own.
  fileprivate func part(as tensor: CheckpointTensor) -> CheckpointTensor {
    let range = tensor.offset..<tensor.offset + tensor.count
    let values: Values =
      switch values {
      case .float32(let elements): .float32(Array(elements[range]))
      case .float64(let elements): .float64(Array(elements[range]))
      }
    return CheckpointTensor(name: tensor.name, shape: tensor.shape, offset: tensor.offset, values: values)
  }
}
