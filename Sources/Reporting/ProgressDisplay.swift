import Foundation
import Foundations
import Synchronization
import Training

/// Shows a run to people: what it is about, one line an epoch, warnings and, on a terminal, a line that says where the
/// run stands. A timer on a queue of its own draws that line from the run's shared counters: no step waits for it.
public final class ProgressDisplay: RunObserver {
  private static let drawingInterval = DispatchTimeInterval.milliseconds(125)

  private let console: Console
  private var run: RunDescription?
  private var timer: (any DispatchSourceTimer)?

  /// Creates a display.
  public init(_ console: Console) { self.console = console }

  deinit { timer?.cancel() }

  /// Shows an event.
  public func observe(_ event: RunEvent) {
    switch event {
    case .started(let description):
      run = description
      console.print(RunText.heading(description))
      if console.columns != nil, !ThreadSupply.current.isScarce { startDrawing(description) }
    case .epoch(let report): console.print(RunText.line(report, of: run, columns: console.columns) + "\n")
    case .step(let report): console.print(RunText.line(report, of: run) + "\n")
    case .warning(let sentence): console.warn(sentence)
    case .finished, .stopped: end()
    case .saved: break
    }
  }

  /// Takes the line at the bottom away, also when the run ended with an error.
  public func end() {
    timer?.cancel()
    timer = nil
    console.clear()
  }

  private func startDrawing(_ run: RunDescription) {
    let console = console
    let pace = Pace(run)
    // A region of steps started from a global queue starves what else is on it; a queue of its own is never starved.
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "progress"))
    timer.schedule(deadline: .now() + Self.drawingInterval, repeating: Self.drawingInterval)
    timer.setEventHandler { console.draw(pace.line(at: .now)) }
    timer.resume()
    self.timer = timer
  }
}

/// Where a run stands and how fast it goes.
package final class Pace: Sendable {
  private struct Sighting {
    let time: ContinuousClock.Instant
    let step: Int
  }

  /// The pace is that of the last seconds, not of the whole run.
  private static let window = Duration.seconds(5)

  private let run: RunDescription
  /// Oldest first.
  private let sightings: Mutex<[Sighting]>

  package init(_ run: RunDescription, at time: ContinuousClock.Instant = .now) {
    self.run = run
    sightings = Mutex([Sighting(time: time, step: run.live.step)])
  }

  /// The line of that moment; it counts for the pace of later ones.
  package func line(at time: ContinuousClock.Instant) -> String {
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
    var parts = ["step \(now.step)/\(run.steps)", "loss \(NumberText.measure(run.live.loss))"]
    if let samples = run.samples.first?.count {
      let epochs = (run.steps + run.stepsPerEpoch - 1) / run.stepsPerEpoch
      parts.insert("epoch \(min(epochs, now.step / run.stepsPerEpoch + 1))/\(epochs)", at: 0)
      let samplesPerStep = Double(samples) / Double(run.stepsPerEpoch)
      parts.append(NumberText.rate(stepsPerSecond * samplesPerStep, of: "samples"))
    } else {
      parts.append(NumberText.rate(stepsPerSecond, of: "steps"))
    }
    parts.append("\(NumberText.duration(Double(run.steps - now.step) / stepsPerSecond)) left")
    return parts.joined(separator: "  ")
  }
}
