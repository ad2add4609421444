import Foundations

/// Rises to the learning rate and falls far below its start over the run (Smith and Topin, 2018), step by step. As
/// PyTorch's `OneCycleLR`, whose `max_lr` is the optimizer's learning rate.
public struct OneCycleSchedule: Schedule {
  public static let type = "oneCycle"
  /// The share of the run in which the rate rises.
  public let rise: Double
  /// The first factor is 1 over this.
  public let divisor: Double
  /// The last factor is the first over this.
  public let finalDivisor: Double
  /// The shape of the phases.
  public let annealing: Annealing
  /// Whether the rate falls in two phases: as it rose, and from there to the end.
  public let isThreePhase: Bool
  /// Yes.
  public let dependsOnLength = true

  /// Creates the schedule.
  public init(
    rise: Double = 0.3, divisor: Double = 25, finalDivisor: Double = 1e4, annealing: Annealing = .cosine,
    isThreePhase: Bool = false
  ) {
    self.rise = rise
    self.divisor = divisor
    self.finalDivisor = finalDivisor
    self.annealing = annealing
    self.isThreePhase = isThreePhase
  }

  /// Reads the schedule's settings.
  public init(from settings: Settings) throws {
    rise = try settings.number("rise", default: 0.3, in: .unit, help: "The share of the run in which the rate rises.")
    divisor = try settings.number("divisor", default: 25, in: .positive, help: "The first factor is 1 over this.")
    finalDivisor = try settings.number(
      "finalDivisor", default: 1e4, in: .positive, help: "The last factor is the first over this.")
    annealing = try settings.choice("annealing", default: .cosine, help: "The shape of the phases.")
    isThreePhase = try settings.boolean(
      "threePhase", default: false,
      help: "Whether the rate falls in two phases: as it rose, and from there to the end; the rise is then below 0.5.")
    if isThreePhase, rise >= 0.5 {
      throw settings.error("rise", "found \(rise), expected less than 0.5 where there are three phases")
    }
  }

  /// All settings.
  public var json: JSONObject {
    [
      "rise": .number(rise), "divisor": .number(divisor), "finalDivisor": .number(finalDivisor),
      "annealing": .string(annealing.rawValue), "threePhase": .boolean(isThreePhase),
    ]
  }

  /// The factor in the phase that the step lies in.
  public func factor(at step: Int, of run: RunLength) -> Double {
    let first = 1 / divisor
    let last = first / finalDivisor
    let steps = Double(run.steps)
    // The step that ends each phase, and the factor there.
    let phases: (Double, Double, Double) = (rise * steps - 1, 2 * rise * steps - 2, steps - 1)
    let step = min(Double(step), phases.2)
    if step <= phases.0 { return factor(at: step, from: (0, first), to: (phases.0, 1)) }
    guard isThreePhase else { return factor(at: step, from: (phases.0, 1), to: (phases.2, last)) }
    if step <= phases.1 { return factor(at: step, from: (phases.0, 1), to: (phases.1, first)) }
    return factor(at: step, from: (phases.1, first), to: (phases.2, last))
  }

  private func factor(at step: Double, from start: (Double, Double), to end: (Double, Double)) -> Double {
    // A phase of no length is at its end.
    let share = end.0 > start.0 ? (step - start.0) / (end.0 - start.0) : 1
    return interpolate(from: start.1, to: end.1, along: annealing, share: share)
  }
}
