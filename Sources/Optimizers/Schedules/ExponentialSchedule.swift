import Foundation
import Foundations

/// Multiplies the learning rate by `gamma` after each epoch or step, as PyTorch's `ExponentialLR`.
public struct ExponentialSchedule: Schedule {
  public static let type = "exponential"
  /// The factor of each change.
  public let gamma: Double
  /// When the changes come.
  public let unit: ScheduleUnit
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init(gamma: Double, unit: ScheduleUnit = .epochs) {
    self.gamma = gamma
    self.unit = unit
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    gamma = try settings.number("gamma", in: .positive, help: "The factor of each change.")
    unit = try settings.choice("unit", default: .epochs, help: "When the changes come.")
  }

  /// All settings.
  public var json: JSONObject {
    ["gamma": .number(gamma), "unit": .string(unit.rawValue)]
  }

  /// `gamma` to the number of changes so far.
  public func factor(at step: Int, of run: RunLength) -> Double { pow(gamma, Double(run.units(unit, in: step))) }
}
