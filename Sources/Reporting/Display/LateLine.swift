import Synchronization

/// One line at the bottom of a terminal that says how far something is, for what takes more than a second. Any thread may
/// call it.
public final class LateLine: Sendable {
  private let console: Console
  private let period: Duration
  private let next: Mutex<ContinuousClock.Instant>

  /// Creates a line that is not drawn yet.
  ///
  /// - Parameters:
  ///   - output: The terminal; if it is none, nothing is ever written.
  ///   - delay: How long nothing is written.
  ///   - period: How long a line stands at least.
  public init(
    output: any TextOutput = StandardStream.error, delay: Duration = .seconds(1),
    period: Duration = .milliseconds(125)
  ) {
    console = Console(output: output)
    self.period = period
    next = Mutex(.now + delay)
  }

  deinit { console.clear() }

  /// Draws the line, if it is time to.
  public func show(_ line: @autoclosure () -> String) {
    guard console.columns != nil else { return }
    let isTime = next.withLock { next in
      guard ContinuousClock.now >= next else { return false }
      next = .now + period
      return true
    }
    if isTime { console.draw(line()) }
  }

  /// Takes the line away.
  public func clear() { console.clear() }
}
