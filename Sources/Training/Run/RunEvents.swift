import Foundations

/// Sees what happens in a run: progress displays, metrics files. Called on the coordinator's thread, between regions.
public protocol RunObserver: AnyObject {
  /// Takes note of an event.
  ///
  /// - Throws: `TrainerError` if it cannot record it, which ends the run.
  func observe(_ event: RunEvent) throws
}

/// What happens in a run.
public enum RunEvent {
  /// Training begins or goes on.
  case started(RunDescription)
  /// An epoch is complete.
  case epoch(EpochReport)
  /// A period of a step-wise run is over, or a run ended within an epoch.
  case step(StepReport)
  /// A checkpoint was saved.
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
  /// Bytes of the shards' gradient slots.
  public let slotBytes: Int
  /// The instruction set of the kernels.
  public let instructionSet: String
  /// Completed steps of the checkpoint that the run goes on from; `nil` at a start.
  public let resumedStep: Int?
  /// What displays read while steps run.
  public let live: LiveProgress
}

/// One epoch.
public struct EpochReport: Sendable {
  /// Completed epochs.
  public let epoch: Int
  /// Completed steps.
  public let step: Int
  /// The epoch as trained.
  public let train: Measurement
  /// The groups that are there, measured after the epoch.
  public let evaluations: [(group: String, measurement: Measurement)]
  /// The learning rate of the last step.
  public let learningRate: Double
  /// Samples trained a second, data access included, evaluation and saving not.
  public let samplesPerSecond: Double
  /// Seconds of that training.
  public let seconds: Double
}

/// A step of a step-wise run.
public struct StepReport: Sendable {
  /// Completed steps.
  public let step: Int
  /// The objective of the last step, before its update; at the end of a run within an epoch, the epoch so far.
  public let train: Measurement
  /// The groups that are there, measured after the step.
  public let evaluations: [(group: String, measurement: Measurement)]
  /// The learning rate of the step.
  public let learningRate: Double
  /// The parameters after the step by name, if there are few.
  public let parameters: [(name: String, shape: [Int], values: [Double])]
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
