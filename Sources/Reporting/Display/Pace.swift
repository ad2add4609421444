import Synchronization
import Training

/// Where a run stands and how fast it goes.
package final class Pace: Sendable {
  private struct Sighting {
    let time: ContinuousClock.Instant
    let step: Int
  }

  /// How far a run is, and how long it will take at this pace.
  struct Position {
    let step: Int
    let stepsPerSecond: Double
    let secondsLeft: Double
  }

  /// The pace is that of the last seconds, not of the whole run.
  private static let window = Duration.seconds(5)

  private let run: RunDescription
  /// Oldest first. The first is of the step that the run began or goes on with.
  private let sightings: Mutex<[Sighting]>

  package init(_ run: RunDescription, at time: ContinuousClock.Instant = .now) {
    self.run = run
    sightings = Mutex([Sighting(time: time, step: run.live.step)])
  }

  /// The position of that moment; it counts for the pace of later ones.
  func position(at time: ContinuousClock.Instant) -> Position {
    let now = Sighting(time: time, step: run.live.step)
    let past = sightings.withLock { sightings in
      sightings.append(now)
      // The oldest one is at least as old as the window, once the run is.
      let firstWithin = sightings.firstIndex { $0.time.duration(to: time) <= Self.window } ?? 0
      sightings.removeFirst(max(0, firstWithin - 1))
      return sightings[0]
    }
    let elapsed = past.time.duration(to: time) / .seconds(1)
    let stepsPerSecond = Double(now.step - past.step) / elapsed
    return Position(
      step: now.step, stepsPerSecond: stepsPerSecond, secondsLeft: Double(run.steps - now.step) / stepsPerSecond)
  }

  /// The block of that moment.
  package func block(at time: ContinuousClock.Instant, _ facts: [String], _ measures: MeasureHistory) -> LiveBlock {
    let position = position(at: time)
    let left = "\(NumberText.duration(position.secondsLeft)) left"
    var parts = [
      LiveBlock.Part(name: "run", share: Double(position.step) / Double(max(1, run.steps)), place: left)
    ]
    let rate: String
    if let samples = run.samples.first?.count {
      let epochs = (run.steps + run.stepsPerEpoch - 1) / run.stepsPerEpoch
      // At the end of an epoch it is full, until the first step of the next.
      let epoch = min(epochs, max(1, (position.step + run.stepsPerEpoch - 1) / run.stepsPerEpoch))
      let done = position.step - (epoch - 1) * run.stepsPerEpoch
      parts.insert(
        LiveBlock.Part(
          name: "epoch \(epoch)/\(epochs)", share: Double(done) / Double(max(1, run.stepsPerEpoch)),
          place: "step \(position.step)/\(run.steps)"), at: 0)
      rate = NumberText.rate(position.stepsPerSecond * Double(samples) / Double(run.stepsPerEpoch), of: "samples")
    } else {
      parts[0] = LiveBlock.Part(
        name: "run", share: parts[0].share, place: "step \(position.step)/\(run.steps), \(left)")
      rate = NumberText.rate(position.stepsPerSecond, of: "steps")
    }
    let now = run.measuresSoFar ?? LossAndMetrics(loss: run.live.loss)
    return LiveBlock(parts: parts, facts: [rate] + facts, measures: measures.measures(now: now))
  }
}
