import Foundations

/// A linear rise of the learning rate before a schedule, which then counts from its own beginning over what is left of
/// the run. As PyTorch's `LinearLR` in a `SequentialLR`; such a warm-up is from Goyal et al. (2017).
public struct Warmup: Sendable, Equatable {
  /// How long it is, in `unit`.
  public let length: Int
  /// What `length` counts.
  public let unit: ScheduleUnit
  /// The first factor.
  public let start: Double

  /// Creates a warm-up.
  public init(_ length: Int, _ unit: ScheduleUnit, start: Double = 1.0 / 3) {
    self.length = length
    self.unit = unit
    self.start = start
  }

  /// Reads a config's `warmup`.
  public init(from settings: Settings) throws {
    let steps = try settings.optionalInteger("steps", in: .positive, help: "The length in steps; or give epochs.")
    let epochs = try settings.optionalInteger("epochs", in: .positive, help: "The length in epochs.")
    start = try settings.number("start", default: 1.0 / 3, in: .unit, help: "The first factor of the learning rate.")
    // A length with a misspelt key is not one that is missing.
    try settings.finish()
    switch (steps, epochs) {
    case (let steps?, nil): (length, unit) = (steps, .steps)
    case (nil, let epochs?): (length, unit) = (epochs, .epochs)
    case (nil, nil): throw settings.error(nil, "found neither \"steps\" nor \"epochs\", expected one of them")
    case (_?, _?): throw settings.error("epochs", "found beside \"steps\", expected only one of them")
    }
  }

  /// The warm-up as a config writes it.
  public var json: JSONObject { [unit.rawValue: .integer(length), "start": .number(start)] }

  /// The factor at a step, counted from 0, of a run that goes on with `schedule`.
  func factor(at step: Int, of run: RunLength, before schedule: some Schedule) -> Double {
    let steps = run.steps(length, unit)
    if step < steps { return start + (1 - start) * Double(step) / Double(steps) }
    let rest = RunLength(steps: max(1, run.steps - steps), stepsPerEpoch: run.stepsPerEpoch)
    return schedule.factor(at: step - steps, of: rest)
  }
}
