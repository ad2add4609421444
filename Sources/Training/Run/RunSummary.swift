import Checkpoints
import Foundations

/// The end of a run.
public struct RunSummary: Sendable, Equatable {
  /// The run's name.
  public let name: String
  /// The run directory; `nil` for a run that writes no file.
  public let directory: String?
  /// Completed steps.
  public let step: Int
  /// Completed epochs.
  public let epoch: Int
  /// The last measures of each group that there are.
  public let measures: [GroupMeasures]
  /// Seconds of training, over all interruptions.
  public let seconds: Double
  /// The last checkpoint; `nil` for a run that writes no file.
  public let checkpoint: String?
  /// The digest of the trained parameters.
  public let digest: String
  /// Why the run ended before its length; `nil` if it did not.
  public let reason: String?
  /// Seconds in which no worker could begin a step because a checkpoint was saved, over all interruptions.
  public let stallSeconds: Double
  /// How many threads ran, where that is fewer than the workers because there are not as many cores.
  public internal(set) var threads: Int?
  /// The workers of a rank; `nil` in a summary that a file gave.
  public internal(set) var workers: Int?
  /// How many ranks trained together; `nil` in a summary that a file gave.
  public internal(set) var ranks: Int?
  /// Bytes that the rank which sent most has sent in training steps; `nil` in a summary that a file gave.
  public internal(set) var bytesSent: Int?
  /// What loading rows from the file has taken, of all ranks together and over this process's part of the run; `nil` where
  /// all are in memory, and in a summary that a file gave.
  public internal(set) var loading: Loading?
  /// The best checkpoint; `nil` if the config asks for none.
  public internal(set) var best: Best?
  /// What the run has trained; `nil` in a summary that a file gave.
  var model: TrainedState?

  /// Creates a summary, which a run makes for its observers.
  public init(
    name: String, directory: String?, step: Int, epoch: Int, measures: [GroupMeasures], seconds: Double,
    checkpoint: String?, digest: String, reason: String?, stallSeconds: Double = 0
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

extension RunSummary {
  /// What loading rows from a file has taken.
  public struct Loading: Sendable, Equatable {
    /// Seconds in which no step could begin because its rows had not come; of the rank that waited longest.
    public let stallSeconds: Double
    /// Bytes that were read in steps, of all ranks together.
    public let bytesRead: Int
  }

  /// The best checkpoint of a run.
  public struct Best: Sendable, Equatable {
    /// What it goes by, such as `validation.accuracy`.
    public let metric: String
    /// Its value.
    public let value: Double
    /// Completed steps.
    public let step: Int
    /// The file; `nil` for a run that writes none.
    public let checkpoint: String?
  }

  /// A measure of a group at the end, such as `accuracy` of `test`; `nil` if it was not measured, NaN if it is not finite.
  public func value(_ metric: String, of group: String) -> Double? {
    measures.first { $0.group == group }?.values.first { $0.key == metric }.map { $0.value.double ?? .nan }
  }

  /// Sums up a run that ends.
  ///
  /// - Parameters:
  ///   - directory: The run directory; without one the summary holds the state at the end.
  ///   - checkpoint: The last checkpoint.
  ///   - reason: Why the run ends before its length.
  init<Scalar: TrainingScalar>(
    of setup: RunSetup<Scalar>, _ progress: RunProgress, _ configuration: RunConfiguration, in directory: String?,
    checkpoint: String?, reason: String?
  ) {
    let parameters = setup.engine.memory.parameters.elements
    self.init(
      name: configuration.name, directory: directory, step: progress.step,
      epoch: setup.timetable.epochs(after: progress.step),
      measures: progress.history.lastMeasures(setup.measureNames), seconds: progress.seconds, checkpoint: checkpoint,
      digest: Digest(of: UnsafeRawBufferPointer(parameters)).description, reason: reason,
      stallSeconds: progress.stallSeconds)
    model = TrainedState(
      configuration: configuration, checkpoint: directory == nil ? setup.checkpoints.make(progress) : nil)
  }
}

/// What a run has trained, in memory.
struct TrainedState: Sendable, Equatable {
  /// The run's, with components that only the program knows.
  let configuration: RunConfiguration
  /// The state at the end; `nil` where the last checkpoint file holds it.
  let checkpoint: Checkpoint?

  static func == (left: TrainedState, right: TrainedState) -> Bool {
    left.configuration.resolved == right.configuration.resolved && left.checkpoint == right.checkpoint
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
