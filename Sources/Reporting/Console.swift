import Foundations
import Synchronization

/// What a command tells people while it works: permanent text, warnings and, at the bottom of a terminal, one line that
/// is drawn again and again. Any thread may call it.
public final class Console: Sendable {
  private struct State {
    var isDrawn = false
    /// Why standard output cannot be written any more.
    var failure: (any Error)?
  }

  /// Back to the first column, and clear to the end of the line.
  private static let clearLine = "\r\u{1B}[K"

  /// Whether only warnings are written.
  public let isQuiet: Bool
  private let output: any TextOutput
  private let errors: any TextOutput
  private let state = Mutex(State())

  /// Creates a console.
  ///
  /// - Parameter isQuiet: Whether only warnings are written.
  public init(
    output: any TextOutput = StandardStream.output, errors: any TextOutput = StandardStream.error, isQuiet: Bool = false
  ) {
    self.isQuiet = isQuiet
    self.output = output
    self.errors = errors
  }

  /// The width of the terminal that lines are drawn on; `nil` if there is none.
  public var columns: Int? { isQuiet ? nil : output.columns }

  /// Writes lines that stay.
  public func print(_ text: String) {
    guard !isQuiet else { return }
    state.withLock { write(text.withoutControls, &$0) }
  }

  /// Writes a warning, whether quiet or not.
  public func warn(_ sentence: String) {
    state.withLock { state in
      clear(&state)
      // There is no other place left to tell that standard error is broken.
      do { try errors.write("warning: \(sentence.onOneLine)\n") } catch _ {}
    }
  }

  /// Draws the line at the bottom anew, cut to the terminal's width: a line that wraps could not be cleared.
  package func draw(_ line: String) {
    guard let columns else { return }
    state.withLock { state in
      write(String(line.onOneLine.prefix(max(0, columns - 1))), &state)
      state.isDrawn = true
    }
  }

  /// Takes the line at the bottom away.
  public func clear() { state.withLock { clear(&$0) } }

  /// Refuses an end as if all were well where standard output could not take everything; a reader that went away is
  /// none.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  public func requireWritten() throws {
    guard let failure = state.withLock({ $0.failure }) else { return }
    let reason = (failure as? FileError)?.reason ?? "\(failure)"
    throw TrainerError(.usage, "standard output cannot be written: \(reason); the work itself is done")
  }

  private func clear(_ state: inout State) {
    if state.isDrawn { write("", &state) }
  }

  /// Writes in place of the line at the bottom.
  private func write(_ text: String, _ state: inout State) {
    guard state.failure == nil else { return }
    do {
      try output.write(state.isDrawn ? Self.clearLine + text : text)
      state.isDrawn = false
    } catch {
      state.failure = error
      let sentence = "standard output cannot be written (\(error)); the work goes on without it"
      do { try errors.write("warning: \(sentence)\n") } catch _ {}
    }
  }
}
