import Foundation
import Foundations

/// Falls along half a cosine from the learning rate to `final` times it over the run (Loshchilov and Hutter, 2017),
/// step by step.
public struct CosineSchedule: Schedule {
  /// `cosine`.
  public static let type = "cosine"
  /// The last factor.
  public let final: Double
  /// Yes.
  public let dependsOnLength = true

  /// Creates the schedule.
  public init(final: Double = 0) { self.final = final }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    final = try settings.number("final", default: 0, in: .unit, help: "The last factor of the learning rate.")
  }

  /// final + (1 − final) (1 + cos πt/T) / 2.
  public func factor(at step: Int, of run: RunLength) -> Double {
    final + (1 - final) * (1 + cos(.pi * Double(step) / Double(run.steps))) / 2
  }
}
