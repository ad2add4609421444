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

  /// A number of units in steps; the largest integer if it is beyond that.
  public func steps(_ count: Int, _ unit: ScheduleUnit) -> Int {
    guard unit == .epochs else { return count }
    let (steps, overflow) = count.multipliedReportingOverflow(by: stepsPerEpoch)
    return overflow ? .max : steps
  }

  /// The whole units in so many steps.
  public func units(_ unit: ScheduleUnit, in steps: Int) -> Int { unit == .epochs ? steps / stepsPerEpoch : steps }
}

/// What a schedule counts.
public enum ScheduleUnit: String, CaseIterable, Sendable {
  /// Passes over the training data.
  case epochs
  /// Optimizer steps.
  case steps
}

extension Settings {
  func scheduleUnit(of key: String) throws -> ScheduleUnit {
    try choice("unit", default: .epochs, help: "What \(key) counts.")
  }

  func finalFactor() throws -> Double {
    try number("final", default: 0, in: .unit, help: "The last factor of the learning rate.")
  }
}

extension Schedule {
  /// The schedule's type in a registry.
  public static var entry: Registry<any Schedule>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any Schedule {
  /// The package's schedules.
  public static let schedules = Registry(
    of: "schedule",
    [
      ConstantSchedule.entry, StepSchedule.entry, MultiStepSchedule.entry, ExponentialSchedule.entry,
      PolynomialSchedule.entry, CosineSchedule.entry, RestartingCosineSchedule.entry, OneCycleSchedule.entry,
      PlateauSchedule.entry,
    ])

  /// Adds a schedule's type.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: Schedule>(_ type: Added.Type) throws { try add(Added.entry) }
}

/// A schedule as a config has it: its own settings, and a warm-up before it.
public struct ScheduleSettings: Sendable {
  /// The schedule.
  public let schedule: any Schedule
  /// What comes before it; `nil` for nothing.
  public let warmup: Warmup?

  /// Creates the settings.
  public init(_ schedule: any Schedule = ConstantSchedule(), warmup: Warmup? = nil) {
    self.schedule = schedule
    self.warmup = warmup
  }

  /// Reads a config's `schedule`, of the schedules that a registry has.
  public init(from settings: Settings, registry: Registry<any Schedule> = .schedules) throws {
    (schedule, warmup) = try registry.read(settings) { settings in
      try settings.optionalObject("warmup", help: "A warm-up before the schedule.").flatMap { warmup in
        try warmup.attempt { try Warmup(from: warmup) }
      }
    }
  }

  /// The settings as a config writes them.
  public var json: JSONObject {
    schedule.typedJSON.appending(JSONObject([("warmup", warmup.map { .object($0.json) })]))
  }

  /// Whether the factors depend on the run's length.
  public var dependsOnLength: Bool { schedule.dependsOnLength }
}

/// The learning rates of a run.
public struct LearningRateSchedule: Sendable {
  /// The learning rate before the schedule.
  public let base: Double
  private let settings: ScheduleSettings
  private let run: RunLength

  /// Creates the rates of a run.
  public init(_ settings: ScheduleSettings, base: Double, run: RunLength) {
    self.settings = settings
    self.base = base
    self.run = run
  }

  /// Creates the rates of a run without a warm-up.
  public init(_ schedule: any Schedule, base: Double, run: RunLength) {
    self.init(ScheduleSettings(schedule), base: base, run: run)
  }

  /// Steps of the whole run.
  public var steps: Int { run.steps }

  /// The factor of the learning rate of a step, counted from 1.
  public func factor(at step: Int) -> Double {
    guard let warmup = settings.warmup else { return settings.schedule.factor(at: step - 1, of: run) }
    return warmup.factor(at: step - 1, of: run, before: settings.schedule)
  }

  /// The learning rate of a step, counted from 1.
  public func learningRate(at step: Int) -> Double { base * factor(at: step) }
}
