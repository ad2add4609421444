import Foundation
import Foundations
import Synchronization
import Training

/// Shows a run to people: what it is about, one line an epoch, warnings and, on a terminal, a block that says where the run
/// stands. A timer on a queue of its own draws that block from the run's shared counters: no step waits for it.
public final class ProgressDisplay: RunObserver {
  /// How much is told.
  public enum Detail: Sendable {
    case usual
    /// Also the learning rate and the seconds of each epoch, and each checkpoint.
    case more
  }

  /// What the timer's queue draws beside the run's counters.
  private struct Seen {
    var measures = MeasureHistory()
    var learningRate: Double?
  }

  private static let drawingInterval = DispatchTimeInterval.milliseconds(125)

  private let console: Console
  private let detail: Detail
  private let now: @Sendable () -> Date
  private let isUnicode: Bool
  private var run: RunDescription?
  private var timer: (any DispatchSourceTimer)?
  private let seen = Arc(Mutex(Seen()))

  /// Creates a display.
  public convenience init(_ console: Console, detail: Detail = .usual) {
    self.init(console, detail: detail, now: { Date() })
  }

  /// - Parameters:
  ///   - now: The wall clock.
  ///   - environment: The process's variables.
  package init(
    _ console: Console, detail: Detail = .usual, now: @escaping @Sendable () -> Date,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.console = console
    self.detail = detail
    self.now = now
    isUnicode = TerminalCharacters.areUnicode(environment)
  }

  deinit { timer?.cancel() }

  /// Shows an event.
  public func observe(_ event: RunEvent) {
    switch event {
    case .started(let description):
      run = description
      console.print(RunText.heading(description))
      if console.columns != nil, !ThreadSupply.current.isScarce { startDrawing(description) }
    case .epoch(let report):
      note(report.train, report.evaluations, when: "epoch \(report.epoch)", report.learningRate)
      console.print(time + RunText.line(report, of: run, columns: console.columns, detail) + "\n")
    case .step(let report):
      note(report.train, report.evaluations, when: "step \(report.step)", report.learningRate)
      console.print(time + RunText.line(report, of: run, detail) + "\n")
    case .saved(let path):
      if detail == .more { console.print("\(time)saved \(RunText.shortened(path))\n") }
    case .warning(let sentence): console.warn(sentence)
    case .finished, .stopped: end()
    }
  }

  /// Takes the block at the bottom away, also when the run ended with an error.
  public func end() {
    timer?.cancel()
    timer = nil
    console.clear()
  }

  /// What a line begins with that is read later, from a file: the wall clock. On a terminal it is seen when it comes.
  private var time: String {
    guard console.columns == nil else { return "" }
    let parts = Calendar(identifier: .gregorian).dateComponents([.hour, .minute, .second], from: now())
    return String(format: "%02d:%02d:%02d  ", parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0)
  }

  private func note(
    _ train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)], when: String,
    _ learningRate: Double
  ) {
    let groups = ([("train", train)] + evaluations).map { group, measurement in
      (group: group, values: [(name: "loss", value: measurement.loss)] + measurement.metrics)
    }
    let run = run
    seen.value.withLock { seen in
      seen.measures.note(groups, when: when) { run?.prefersLarger($0) ?? ($0 != "loss") }
      seen.learningRate = learningRate
    }
  }

  private func startDrawing(_ run: RunDescription) {
    let (console, seen, isUnicode) = (console, seen, isUnicode)
    let pace = Pace(run)
    // A region of steps started from a global queue starves what else is on it; a queue of its own is never starved.
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "progress"))
    timer.schedule(deadline: .now() + Self.drawingInterval, repeating: Self.drawingInterval)
    timer.setEventHandler {
      guard let columns = console.columns else { return }
      let (measures, rate) = seen.value.withLock { ($0.measures, $0.learningRate) }
      var block = pace.block(at: .now, Self.facts(of: run, learningRate: rate), measures)
      block.isUnicode = isUnicode
      console.draw(block.lines(columns: columns))
    }
    timer.resume()
    self.timer = timer
  }

  private static func facts(of run: RunDescription, learningRate: Double?) -> [String] {
    var facts: [String] = []
    if let learningRate { facts.append("learning rate \(NumberText.measure(learningRate))") }
    let workers = "\(run.workers) \(run.workers == 1 ? "worker" : "workers")"
    facts.append(run.crew.map { "\($0.count) ranks, \(workers) here" } ?? workers)
    facts.append("memory \(ByteText.text(MemoryLimit.anonymousBytesTaken))")
    return facts
  }
}

/// Something that several closures share.
private final class Arc<Value: ~Copyable & Sendable>: Sendable {
  let value: Value

  init(_ value: consuming Value) { self.value = value }
}
