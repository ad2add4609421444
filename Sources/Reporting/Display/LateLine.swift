import Dispatch
import Foundation
import Foundations
import Synchronization

/// One line at the bottom of a terminal, on standard error, that says how far long work is: nothing is drawn in its first second.
///
/// A timer on a queue of its own asks the work how far it is. No work waits for it.
public final class LateLine {
  private static let period = DispatchTimeInterval.milliseconds(125)

  private let drawing: Drawing
  private var timer: (any DispatchSourceTimer)?

  /// Shows work until ``end()``. All other text of the program is written by ``Console``, or within
  /// ``Console/whileCleared(_:)``.
  ///
  /// - Parameters:
  ///   - progress: The work.
  ///   - isQuiet: Whether nothing is shown.
  public convenience init(_ progress: WorkProgress, isQuiet: Bool = false) {
    self.init(progress, output: StandardStream.error, isQuiet: isQuiet)
    guard drawing.console.columns != nil, !ThreadSupply.current.isScarce else { return }
    drawing.console.isLate = true
    // Workers may occupy every thread of the shared pool; a queue of its own always gets one.
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "progress"))
    timer.schedule(deadline: .now() + Self.period, repeating: Self.period)
    timer.setEventHandler { [drawing] in drawing.draw(at: .now) }
    timer.resume()
    self.timer = timer
  }

  /// The same on another terminal, and without a timer.
  ///
  /// - Parameters:
  ///   - environment: The process's variables.
  ///   - time: When the work begins.
  package init(
    _ progress: WorkProgress, output: any TextOutput, isQuiet: Bool = false,
    environment: [String: String] = ProcessInfo.processInfo.environment, at time: ContinuousClock.Instant = .now
  ) {
    drawing = Drawing(
      console: Console(output: output, isQuiet: isQuiet), progress: progress, beginning: time,
      isUnicode: TerminalCharacters.areUnicode(environment))
  }

  deinit { end() }

  /// Whether there is a terminal to show it on.
  public var isShown: Bool { timer != nil }

  /// Draws the line, if it is time to.
  package func draw(at time: ContinuousClock.Instant = .now) { drawing.draw(at: time) }

  /// Takes the line away for good.
  public func end() {
    timer?.cancel()
    timer = nil
    drawing.console.close()
  }
}

/// What the timer's queue does.
private final class Drawing: Sendable {
  /// How long nothing is drawn.
  private static let delay = Duration.seconds(1)

  let console: Console
  private let progress: WorkProgress
  private let beginning: ContinuousClock.Instant
  private let isUnicode: Bool
  private let pace = Mutex(WorkPace())

  init(console: Console, progress: WorkProgress, beginning: ContinuousClock.Instant, isUnicode: Bool) {
    (self.console, self.progress, self.beginning, self.isUnicode) = (console, progress, beginning, isUnicode)
  }

  func draw(at time: ContinuousClock.Instant) {
    guard let columns = console.columns else { return }
    guard let part = progress.current else { return console.clear() }
    // A piece is looked at from its beginning on, so that its pace is known when it is shown.
    var line = pace.withLock { $0.line(of: part, at: time) }
    guard beginning.duration(to: time) >= Self.delay else { return }
    line.isUnicode = isUnicode
    console.draw([line.line(columns: columns)])
  }
}

/// Which characters a terminal takes.
enum TerminalCharacters {
  /// Whether it takes those beyond ASCII.
  static func areUnicode(_ environment: [String: String]) -> Bool {
    // The first of them that is set says it.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return locale.uppercased().replacing("-", with: "").hasSuffix("UTF8")
  }
}
