import Foundations

/// Sees what happens in a run: progress displays, metrics files. Called on the coordinator's thread, between regions.
public protocol RunObserver: AnyObject {
  /// Takes note of an event.
  ///
  /// - Throws: `TrainerError` if it cannot record it, which ends the run.
  func observe(_ event: RunEvent) throws

  /// Called before a checkpoint is saved. An observer that records events makes sure that all so far are on the disk:
  /// no checkpoint may be ahead of them.
  ///
  /// - Throws: `TrainerError` if they cannot be recorded; the checkpoint is not saved then, which is a failed save.
  func prepareForSave() throws
}

extension RunObserver {
  /// Does nothing.
  public func prepareForSave() {}
}

/// What happens in a run.
public enum RunEvent {
  /// Training begins or goes on.
  case started(RunDescription)
  /// An epoch is complete.
  case epoch(EpochReport)
  /// A period of a step-wise run is over, or a run ended within an epoch.
  case step(StepReport)
  /// A checkpoint is on the disk; training may be some steps ahead of it.
  case saved(path: String)
  /// Something that the user should know and that does not end the run.
  case warning(String)
  /// The run is complete.
  case finished(RunSummary)
  /// The run ended before its end.
  case stopped(step: Int, reason: String)
}

/// What a run is about, for its first lines.
public struct RunDescription: Sendable {
  /// The run's name.
  public let name: String
  /// The run directory.
  public let directory: String
  /// The layout of the parameters.
  public let layout: ParameterLayout
  /// The element type.
  public let precision: ElementType
  /// The samples of each group, in the order train, validation, test; empty for a formula without data.
  public let samples: [(group: String, count: Int)]
  /// Optimizer steps of the whole run.
  public let steps: Int
  /// Optimizer steps of one epoch.
  public let stepsPerEpoch: Int
  /// Samples of a batch.
  public let batchSize: Int
  /// Shards of a batch.
  public let shards: Int
  /// Workers that are started.
  public let workers: Int
  /// Bytes that the shards keep of their gradients: the slots, and the operands of weights' products.
  public let gradientBytes: Int
  /// The instruction set of the kernels.
  public let instructionSet: String
  /// Completed steps of the checkpoint that the run goes on from; `nil` at a start.
  public let resumedStep: Int?
  /// What displays read while steps run.
  public let live: LiveProgress

  /// Creates a description, which a run makes for its observers.
  public init(
    name: String, directory: String, layout: ParameterLayout, precision: ElementType,
    samples: [(group: String, count: Int)], steps: Int, stepsPerEpoch: Int, batchSize: Int, shards: Int, workers: Int,
    gradientBytes: Int, instructionSet: String, resumedStep: Int?, live: LiveProgress
  ) {
    self.name = name
    self.directory = directory
    self.layout = layout
    self.precision = precision
    self.samples = samples
    self.steps = steps
    self.stepsPerEpoch = stepsPerEpoch
    self.batchSize = batchSize
    self.shards = shards
    self.workers = workers
    self.gradientBytes = gradientBytes
    self.instructionSet = instructionSet
    self.resumedStep = resumedStep
    self.live = live
  }
}

/// One epoch.
public struct EpochReport: Sendable {
  /// Completed epochs.
  public let epoch: Int
  /// Completed steps.
  public let step: Int
  /// The epoch as trained; of a formula, and where a step takes all samples, the group where the step has led.
  public let train: LossAndMetrics
  /// The groups that are there, measured after the epoch.
  public let evaluations: [(group: String, measurement: LossAndMetrics)]
  /// The learning rate of the last step.
  public let learningRate: Double
  /// Samples trained a second, data access included, evaluation and saving not.
  public let samplesPerSecond: Double
  /// Seconds of that training.
  public let seconds: Double
  /// The parameters after the epoch by name, for a formula that has few.
  public let parameters: [(name: String, shape: [Int], values: [Double])]

  /// Creates a report, which a run makes for its observers.
  public init(
    epoch: Int, step: Int, train: LossAndMetrics, evaluations: [(group: String, measurement: LossAndMetrics)],
    learningRate: Double, samplesPerSecond: Double, seconds: Double,
    parameters: [(name: String, shape: [Int], values: [Double])] = []
  ) {
    self.epoch = epoch
    self.step = step
    self.train = train
    self.evaluations = evaluations
    self.learningRate = learningRate
    self.samplesPerSecond = samplesPerSecond
    self.seconds = seconds
    self.parameters = parameters
  }
}

/// A step of a step-wise run.
public struct StepReport: Sendable {
  /// Completed steps.
  public let step: Int
  /// For a formula the objective after the step; at the end of a run within an epoch, the epoch so far as trained.
  public let train: LossAndMetrics
  /// The groups that are there, measured after the step.
  public let evaluations: [(group: String, measurement: LossAndMetrics)]
  /// The learning rate of the step.
  public let learningRate: Double
  /// The parameters after the step by name, if there are few.
  public let parameters: [(name: String, shape: [Int], values: [Double])]

  /// Creates a report, which a run makes for its observers.
  public init(
    step: Int, train: LossAndMetrics, evaluations: [(group: String, measurement: LossAndMetrics)], learningRate: Double,
    parameters: [(name: String, shape: [Int], values: [Double])]
  ) {
    self.step = step
    self.train = train
    self.evaluations = evaluations
    self.learningRate = learningRate
    self.parameters = parameters
  }
}

/// The end of a run.
public struct RunSummary: Sendable, Equatable {
  /// The run's name.
  public let name: String
  /// The run directory.
  public let directory: String
  /// Completed steps.
  public let step: Int
  /// Completed epochs.
  public let epoch: Int
  /// The last measures of each group that there are.
  public let measures: [GroupMeasures]
  /// Seconds of training, over all interruptions.
  public let seconds: Double
  /// The last checkpoint.
  public let checkpoint: String
  /// The digest of the trained parameters.
  public let digest: String
  /// Why the run ended before its length; `nil` if it did not.
  public let reason: String?
  /// Seconds in which no worker could begin a step because a checkpoint was saved, over all interruptions.
  public let stallSeconds: Double
  /// How many threads ran, where that is fewer than the workers because there are not as many cores.
  public internal(set) var threads: Int?

  /// Creates a summary, which a run makes for its observers.
  public init(
    name: String, directory: String, step: Int, epoch: Int, measures: [GroupMeasures], seconds: Double,
    checkpoint: String, digest: String, reason: String?, stallSeconds: Double = 0
  ) {
    self.name = name
    self.directory = directory
    self.step = step
    self.epoch = epoch
    self.measures = measures
    self.seconds = seconds
    self.checkpoint = checkpoint
    self.digest = digest
    self.reason = reason
    self.stallSeconds = stallSeconds
  }
}

/// The measures of one group.
public struct GroupMeasures: Sendable, Equatable {
  /// `train`, `validation` or `test`.
  public let group: String
  /// Loss and metrics, in the order of the config.
  public let values: [JSONObject.Member]

  /// Creates the value.
  public init(group: String, values: [JSONObject.Member]) {
    self.group = group
    self.values = values
  }
}
