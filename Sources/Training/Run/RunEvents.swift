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

  /// What has to be done after ``prepareForSave()`` and before a checkpoint gets its name: the same promise, kept beside
  /// the training. It is called on the thread that saves, while steps go on; `nil` if there is nothing to do. What it
  /// throws is a failed save.
  func workBeforeSave() -> (@Sendable () throws -> Void)?

  /// What the observer wants beside the events. It is asked when a run begins, and stays as it is.
  var interests: ObserverInterests { get }

  /// Takes note of the parameters, as often as ``interests`` says: after the step that is due, and before it.
  ///
  /// - Throws: `TrainerError` if it cannot record them, which ends the run.
  func observe(_ parameters: ParameterValues) throws
}

extension RunObserver {
  /// Does nothing.
  public func prepareForSave() {}
  /// There is nothing to do.
  public func workBeforeSave() -> (@Sendable () throws -> Void)? { nil }
  /// The events are enough.
  public var interests: ObserverInterests { ObserverInterests() }
  /// Does nothing.
  public func observe(_ parameters: ParameterValues) {}
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
