import Foundations

/// Falls along half a cosine again and again, each time from the whole learning rate, over periods that may grow (SGDR,
/// Loshchilov and Hutter, 2017), step by step. As PyTorch's `CosineAnnealingWarmRestarts`.
public struct RestartingCosineSchedule: Schedule {
  public static let type = "cosineWithRestarts"
  /// The length of the first period.
  public let period: Int
  /// What `period` counts.
  public let unit: ScheduleUnit
  /// How many times as long as the one before each period is.
  public let growth: Int
  /// The factor at the end of a period.
  public let final: Double
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init(period: Int, unit: ScheduleUnit = .epochs, growth: Int = 1, final: Double = 0) {
    self.period = period
    self.unit = unit
    self.growth = growth
    self.final = final
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    period = try settings.integer("period", in: .positive, help: "The length of the first period.")
    unit = try settings.scheduleUnit(of: "period")
    growth = try settings.integer(
      "growth", default: 1, in: .positive, help: "How many times as long as the one before each period is.")
    final = try settings.finalFactor()
  }

  /// All settings.
  public var json: JSONObject {
    ["period": .integer(period), "unit": .string(unit.rawValue), "growth": .integer(growth), "final": .number(final)]
  }

  /// final + (1 − final) (1 + cos πt/T) / 2, where t counts from the last restart and T is the length of its period.
  public func factor(at step: Int, of run: RunLength) -> Double {
    var length = run.steps(period, unit)
    var rest = step
    if growth == 1 { rest %= length }
    while rest >= length {
      rest -= length
      let (next, overflow) = length.multipliedReportingOverflow(by: growth)
      length = overflow ? .max : next
    }
    return interpolate(from: 1, to: final, along: .cosine, share: Double(rest) / Double(length))
  }
}
