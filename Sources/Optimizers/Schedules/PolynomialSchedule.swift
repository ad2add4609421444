import Foundation
import Foundations

/// Falls as a power of the share of the run that is left, step by step: linearly with a power of 1. As PyTorch's
/// `PolynomialLR`.
public struct PolynomialSchedule: Schedule {
  public static let type = "polynomial"
  /// The power.
  public let power: Double
  /// The last factor.
  public let final: Double
  /// Yes.
  public let dependsOnLength = true

  /// Creates the schedule.
  public init(power: Double = 1, final: Double = 0) {
    self.power = power
    self.final = final
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    power = try settings.number("power", default: 1, in: .positive, help: "The power of the share that is left.")
    final = try settings.finalFactor()
  }

  /// All settings.
  public var json: JSONObject {
    ["power": .number(power), "final": .number(final)]
  }

  /// final + (1 − final) (1 − t/T)^power.
  public func factor(at step: Int, of run: RunLength) -> Double {
    final + (1 - final) * pow(1 - Double(min(step, run.steps)) / Double(run.steps), power)
  }
}
