import Foundations

/// How the learning rate changes over a run: a pure function of the step, so that there is no state to save.
public protocol Schedule: Configurable {
  /// The factor of the learning rate at a step.
  ///
  /// - Parameters:
  ///   - step: Counted from 0.
  ///   - run: The run's length.
  func factor(at step: Int, of run: RunLength) -> Double

  /// Whether the factors depend on the run's length, so that a longer run would have started differently.
  var dependsOnLength: Bool { get }
}

/// The length of a run in optimizer steps.
public struct RunLength: Sendable, Equatable {
  /// Steps of the whole run.
  public let steps: Int
  /// Steps of one epoch.
  public let stepsPerEpoch: Int

  /// Creates a length.
  public init(steps: Int, stepsPerEpoch: Int) {
    self.steps = steps
    self.stepsPerEpoch = stepsPerEpoch
  }
}

extension Schedule {
  /// The line for the schedule's type in `Registry.schedules`.
  static var entry: Registry<any Schedule>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Schedule {
  /// All schedules.
  public static let schedules = Registry([ConstantSchedule.entry, StepSchedule.entry, CosineSchedule.entry])
}

/// A schedule with the learning rate that it scales and the run that it spans.
public struct LearningRateSchedule: Sendable {
  private let schedule: any Schedule
  private let base: Double
  private let run: RunLength

  /// Creates the rates of a run.
  public init(_ schedule: any Schedule, base: Double, run: RunLength) {
    self.schedule = schedule
    self.base = base
    self.run = run
  }

  /// The learning rate of a step, counted from 1.
  public func learningRate(at step: Int) -> Double { base * schedule.factor(at: step - 1, of: run) }
}
