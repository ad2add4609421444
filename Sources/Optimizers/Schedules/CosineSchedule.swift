import Foundation
import Foundations

/// Falls along half a cosine from the learning rate to `final` times it over the run (Loshchilov and Hutter, 2017),
/// step by step. As PyTorch's `CosineAnnealingLR` over the whole run.
public struct CosineSchedule: Schedule {
  public static let type = "cosine"
  /// The last factor.
  public let final: Double
  /// Yes.
  public let dependsOnLength = true

  /// Creates the schedule.
  public init(final: Double = 0) { self.final = final }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws { final = try settings.finalFactor() }

  /// All settings.
  public var json: JSONObject { ["final": .number(final)] }

  /// final + (1 − final) (1 + cos πt/T) / 2.
  public func factor(at step: Int, of run: RunLength) -> Double {
    interpolate(from: 1, to: final, along: .cosine, share: Double(step) / Double(run.steps))
  }
}

/// The shape of a way from one factor to another.
public enum Annealing: String, CaseIterable, Sendable {
  /// Half a cosine.
  case cosine
  /// A straight line.
  case linear
}

/// The factor at a share of the way from `start` to `end`.
func interpolate(from start: Double, to end: Double, along shape: Annealing, share: Double) -> Double {
  switch shape {
  case .cosine: end + (start - end) * (1 + cos(.pi * share)) / 2
  case .linear: start + (end - start) * share
  }
}
