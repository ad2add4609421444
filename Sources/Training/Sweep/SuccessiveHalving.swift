import Foundations

/// How far each run of a sweep trains before the best are chosen (Jamieson and Talwalkar, "Non-stochastic best arm
/// identification and hyperparameter optimization", 2016).
///
/// The last rung is the whole length, each one before it a part that is smaller by the factor, and of the runs of a rung
/// one in `factor` comes to the next. A rung ends where the runs measure: at the end of an epoch where there are data.
package struct SuccessiveHalving: Sendable {
  /// How many runs train in each rung.
  package let counts: [Int]
  private let factor: Int
  private let extents: [RunExtent]

  /// How many rungs there are.
  package var rungs: Int { counts.count }

  /// - Parameters:
  ///   - extents: How long the runs are.
  ///   - factor: Of so many runs one goes on, 2 at least; `nil` for one rung, in which all train to their end.
  package init(_ extents: [RunExtent], factor: Int?) {
    self.extents = extents
    self.factor = max(2, factor ?? 2)
    var counts = [extents.count]
    if factor != nil {
      // The first rung must hold a measurement of the shortest run.
      var rest = extents.map(Self.measurements).min() ?? 1
      while let last = counts.last, last > 1, rest >= self.factor {
        counts.append(max(1, last / self.factor))
        rest /= self.factor
      }
    }
    self.counts = counts
  }

  /// The step at which a rung ends for a run; `nil` for the run's own end.
  ///
  /// - Parameter rung: Counted from 0.
  package func stop(of run: Int, rung: Int) -> Int? {
    guard rung + 1 < rungs else { return nil }
    let extent = extents[run]
    var divisor = 1
    for _ in 0..<(rungs - 1 - rung) { divisor *= factor }
    let share = max(1, (Self.measurements(extent) + divisor / 2) / divisor)
    let stop = share * extent.stepsPerMeasurement
    return stop < extent.steps ? stop : nil
  }

  private static func measurements(_ extent: RunExtent) -> Int {
    max(1, extent.steps / max(1, extent.stepsPerMeasurement))
  }
}
