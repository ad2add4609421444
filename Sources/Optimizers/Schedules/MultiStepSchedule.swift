import Foundation
import Foundations

/// Multiplies the learning rate by `gamma` at given epochs or steps, as PyTorch's `MultiStepLR`.
public struct MultiStepSchedule: Schedule {
  public static let type = "multiStep"
  /// After how many epochs or steps the changes come, ascending.
  public let milestones: [Int]
  /// What the milestones count.
  public let unit: ScheduleUnit
  /// The factor of each change.
  public let gamma: Double
  /// No.
  public let dependsOnLength = false

  /// Creates the schedule.
  public init(milestones: [Int], unit: ScheduleUnit = .epochs, gamma: Double = 0.1) {
    self.milestones = milestones
    self.unit = unit
    self.gamma = gamma
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    milestones = try settings.integers(
      "milestones", in: .positive, count: .positive, help: "After how many units the changes come, ascending.")
    guard zip(milestones, milestones.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw settings.error("milestones", "they do not ascend; write each once, the smallest first")
    }
    unit = try settings.scheduleUnit(of: "milestones")
    gamma = try settings.number("gamma", default: 0.1, in: .positive, help: "The factor of each change.")
  }

  /// All settings.
  public var json: JSONObject {
    ["milestones": .array(milestones.map(JSONValue.integer)), "unit": .string(unit.rawValue), "gamma": .number(gamma)]
  }

  /// `gamma` to the number of milestones passed.
  public func factor(at step: Int, of run: RunLength) -> Double {
    let units = run.units(unit, in: step)
    return pow(gamma, Double(milestones.count { $0 <= units }))
  }
}
