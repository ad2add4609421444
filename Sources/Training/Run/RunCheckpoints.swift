import Checkpoints
import Datasets
import Foundations

/// Makes checkpoints of a run's state.
struct RunCheckpoints<Scalar: TrainingScalar>: Sendable {
  private let configuration: RunConfiguration
  private let timetable: RunTimetable
  private let memory: TrainingMemory<Scalar>
  private let preprocessing: FittedPreprocessing?
  private let schema: String?
  private let fingerprint: Digest?
  /// The digest of the parameters that the run took from a file before its first step; `nil` if it took none.
  var initialContents: String?

  /// - Parameters:
  ///   - memory: The vectors of the run.
  ///   - data: What it trains on; `nil` for a formula that stands alone.
  init(
    _ configuration: RunConfiguration, _ timetable: RunTimetable, memory: TrainingMemory<Scalar>,
    data: TrainingData<Scalar>?
  ) {
    self.configuration = configuration
    self.timetable = timetable
    self.memory = memory
    preprocessing = data?.transform as? FittedPreprocessing
    schema = data.map { JSONValue.object($0.schema.json).compactText }
    fingerprint = data?.fingerprint
  }

  /// The state of the run with memory of its own, which `update` uses again.
  func make(_ progress: RunProgress) -> Checkpoint {
    var provenance = Provenance.current(data: fingerprint)
    provenance[InitialParameters.provenanceName] = initialContents
    return Checkpoint(
      step: progress.step, epoch: timetable.epochs(after: progress.step), seed: configuration.seed,
      config: configuration.checkpointed.prettyText, schema: schema,
      parameters: memory.parameterTensors(), state: memory.parameterTensors(areState: true),
      optimizer: memory.stateTensors, preprocessing: preprocessing?.tensors ?? [],
      history: progress.tensors, progress: progress.values, provenance: provenance)
  }

  /// Copies the state of the run into a checkpoint that was made by `make`.
  func update(_ checkpoint: inout Checkpoint, _ progress: RunProgress) {
    memory.copy(to: &checkpoint)
    checkpoint.step = progress.step
    checkpoint.epoch = timetable.epochs(after: progress.step)
    checkpoint.history = progress.tensors
    checkpoint.progress = progress.values
    checkpoint.provenance[Provenance.timeName] = Provenance.time
  }

  /// The most checkpoints that stay at any time.
  var mostStaying: Int { timetable.stayingCheckpoints(configuration.checkpoints) }
}
