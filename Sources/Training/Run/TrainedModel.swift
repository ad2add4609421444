import Checkpoints
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers

/// A model as a checkpoint holds it: nothing else is needed to rebuild it.
struct TrainedModel<Scalar: TrainingScalar> {
  let path: String
  let checkpoint: Checkpoint
  let configuration: RunConfiguration
  let settings: ModelSettings
  let data: DataSettings
  /// What makes inputs of the data.
  let transform: any InputTransform
  /// What the data that it was trained on are called.
  let schema: DataSchema
  /// The parameters, or their moving average if the run kept one.
  let parameters: SharedBuffer<Scalar>

  /// Rebuilds the model.
  ///
  /// - Throws: `TrainerError` if the checkpoint is of a formula, or its parameters are not those of its config.
  init(_ checkpoint: Checkpoint, _ configuration: RunConfiguration, path: String) throws {
    guard case .model(let settings) = configuration.objective, let data = configuration.data else {
      throw TrainerError(
        .usage,
        "\(path): the checkpoint is of a formula, which has no predictions; 'trainer checkpoint info' shows its "
          + "parameters")
    }
    self.path = path
    self.checkpoint = checkpoint
    self.configuration = configuration
    self.settings = settings
    self.data = data
    schema = try DataSchema(checkpoint, path: path)
    let transform: any InputTransform =
      try schema.transforms ?? FittedPreprocessing(checkpoint, features: schema.features, path: path)
    self.transform = transform
    let layout = try settings.model.parameters(inputShape: transform.outputShape).layout
    let memory = TrainingMemory<Scalar>(
      layout: layout, parameters: Array(repeating: 0, count: layout.count),
      stateNames: configuration.optimizer.averageDecay == nil ? [] : [Optimizer.averageName])
    try memory.restore(checkpoint, path: path)
    parameters = memory.evaluatedParameters
  }

  /// The dataset files of the config, where they are now: they may have been moved with the run that the checkpoint lies in.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the config names none.
  var dataPaths: [String] {
    get throws {
      guard data.path != nil else {
        throw TrainerError(
          .usage, "\(path): the model was trained on arrays in memory, so the checkpoint names no dataset; name one")
      }
      guard let output = configuration.output else { return data.paths }
      let run = directory(of: directory(of: absolutePath(path, relativeTo: ".")))
      return try data.paths.map { try MovedData.place(of: $0, from: output, to: run) ?? $0 }
    }
  }

  /// The model as a problem on data with such targets.
  func problem(
    targets: TargetKind, isWeighted: Bool = false, makeMetrics: (LearningTask) throws -> MetricSet
  ) throws -> ModelProblem {
    try ModelProblem(
      model: settings.model, loss: settings.loss, inputShape: transform.outputShape, targets: targets,
      isWeighted: isWeighted, makeMetrics: makeMetrics)
  }

  /// The model as a problem whose outputs are of interest, not its losses: whatever the targets were, a column for each
  /// output stands for them.
  func problemWithoutTargets() throws -> ModelProblem {
    let parameters = try settings.model.parameters(inputShape: transform.outputShape)
    return try problem(targets: .values(count: parameters.outputShape.reduce(1, *))) { try MetricSet([], task: $0) }
  }
}

/// Reads a checkpoint and the configuration in it.
func loadCheckpoint(_ path: String, _ registries: Registries) throws -> (
  checkpoint: Checkpoint, configuration: RunConfiguration
) {
  let checkpoint = try CheckpointFile.read(path)
  return (checkpoint, try configuration(of: checkpoint, path, registries))
}

/// The configuration in a checkpoint.
func configuration(
  of checkpoint: Checkpoint, _ path: String, _ registries: Registries
) throws -> RunConfiguration {
  do {
    return try RunConfiguration(
      checkpointed: checkpoint.config, source: "\(path):/config", directory: directory(of: path),
      registries: registries)
  } catch let error as TrainerError {
    throw TrainerError(.checkpoint, "\(path): the checkpoint's config cannot be used: \(error.message)")
  }
}
