import DataParallel
import Datasets
import Foundations
import Models
import Optimizers
import Training

/// The engine of a config, without a run around it.
///
/// - Parameters:
///   - first: What sees the gradient before the optimizer's own transformations.
func makeEngine<Scalar: TrainingScalar>(
  _ configuration: RunConfiguration, _ type: Scalar.Type, workers: Int = 1, shards: Int? = nil,
  starter: @escaping WorkerStarter = standardStarter, first: [any GradientTransformation] = [], steps: Int = 100,
  shortcuts: EngineShortcuts = .all, communicator: any Communicator = SingleProcess(), placesMemory: Bool? = nil,
  tileCosts: TileCosts = .measured
) throws -> TrainingEngine<Scalar> {
  guard case .model(let model) = configuration.objective, let settings = configuration.data,
    let batch = configuration.training.batchSize
  else { throw TrainerError(.usage, "the test needs a model and a batch size") }
  let data = try TrainingData<Scalar>(settings)
  let batchSize = if case .samples(let count) = batch { count } else { try data.train.count }
  let problem = try ModelProblem(
    model: model.model, loss: model.loss, inputShape: data.transform?.outputShape ?? [], targets: data.targets,
    initial: configuration.initial
  ) { try MetricSet(model.metrics, task: $0) }
  let optimizer = try configuration.optimizer.optimizer(
    layout: problem.layout, schedule: configuration.schedule, run: RunLength(steps: steps, stepsPerEpoch: steps),
    penalties: first, frozen: Set(problem.layout.entries.map(\.name).filter(problem.freezes)))
  return try TrainingEngine(
    problem, group: data.train, optimizer: optimizer,
    settings: .init(
      batchSize: batchSize, shards: shards ?? configuration.training.shards,
      order: settings.shuffle ?? data.standardOrder, seed: configuration.seed, steps: steps),
    region: Region(workers: workers, start: starter, placesMemory: placesMemory), live: LiveProgress(),
    shortcuts: shortcuts, communicator: communicator, tileCosts: tileCosts)
}

/// What steps change.
struct EngineState<Scalar: TrainingScalar>: Equatable {
  /// The bits of all vectors.
  let bits: [[UInt8]]
  let measurement: LossAndMetrics

  init(_ engine: TrainingEngine<Scalar>) {
    let vectors = [engine.memory.parameters, engine.memory.evaluatedParameters] + engine.memory.state
    bits = vectors.map { Array($0.bytes) } + [Array(engine.memory.numbers.bytes)]
    measurement = engine.epochMeasurement
  }
}
