import Foundation
import Foundations

/// Multiplies the learning rate by `gamma` every few epochs or steps, as PyTorch's `StepLR`.
public struct StepSchedule: Schedule {
  public static let type = "step"
  /// The distance between two changes.
  public let every: Int
  /// What `every` counts.
  public let unit: ScheduleUnit
  /// The factor of each change.
  public let gamma: Double
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init(every: Int, unit: ScheduleUnit = .epochs, gamma: Double = 0.1) {
    self.every = every
    self.unit = unit
    self.gamma = gamma
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    every = try settings.integer("every", in: .positive, help: "The distance between two changes.")
    unit = try settings.scheduleUnit(of: "every")
    gamma = try settings.number("gamma", default: 0.1, in: .positive, help: "The factor of each change.")
  }

  /// All settings.
  public var json: JSONObject {
    ["every": .integer(every), "unit": .string(unit.rawValue), "gamma": .number(gamma)]
  }

  /// `gamma` to the number of changes so far.
  public func factor(at step: Int, of run: RunLength) -> Double {
    pow(gamma, Double(run.units(unit, in: step) / every))
  }
}
