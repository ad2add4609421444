import Foundations
import Synchronization

/// What a command tells people while it works: permanent text, warnings and, at the bottom of a terminal, a block of lines
/// that is drawn again and again. Any thread may call it.
///
/// Note [Block]: The cursor waits in the line below the block, so that whatever else is written to the terminal begins on a line
/// of its own, and nothing has to be restored should the program end at once. Lines are written while the terminal does not wrap
/// them. If it has become narrower since, it has wrapped them as most do, and their rows are counted by the new width.
public final class Console: Sendable {
  private struct State {
    /// The characters of each line of the block; empty if none is drawn.
    var block: [Int] = []
    /// Why standard output cannot be written any more.
    var failure: (any Error)?
    /// Whether no block is drawn any more.
    var isClosed = false
  }

  /// The console whose block says how far long work is, beside which others write.
  private static let late = Mutex<Console?>(nil)

  /// Lines that are longer than the terminal is wide are cut, or go on in the next.
  private static let (wrapOff, wrapOn) = ("\u{1B}[?7l", "\u{1B}[?7h")

  /// Whether only warnings are written.
  public let isQuiet: Bool
  private let output: any TextOutput
  private let errors: any TextOutput
  private let colors: ColorChoice
  private let state = Mutex(State())

  /// Creates a console.
  ///
  /// - Parameters:
  ///   - isQuiet: Whether only warnings are written.
  ///   - colors: Whether the block and warnings have colours.
  public init(
    output: any TextOutput = StandardStream.output, errors: any TextOutput = StandardStream.error,
    isQuiet: Bool = false,
    colors: ColorChoice = .auto
  ) {
    self.isQuiet = isQuiet
    self.output = output
    self.errors = errors
    self.colors = colors
  }

  /// The width of the terminal that lines are drawn on; `nil` if there is none.
  public var columns: Int? { isQuiet ? nil : output.columns }

  /// Writes lines that stay.
  public func print(_ text: String) {
    guard !isQuiet else { return }
    whileOthersAreCleared { state.withLock { write(text.withoutControls, &$0) } }
  }

  /// Writes a warning, whether quiet or not.
  public func warn(_ sentence: String) {
    whileOthersAreCleared {
      state.withLock { state in
        clear(&state)
        let isColored = colors.isOn(isTerminal: errors.columns != nil)
        let word = isColored ? TextStyle.warning.applied(to: "warning:") : "warning:"
        // There is no other place left to tell that standard error is broken.
        do { try errors.write("\(word) \(sentence.onOneLine)\n") } catch _ {}
      }
    }
  }

  /// Runs `body`, which writes to a terminal by itself, while no line stands there that says how far long work is.
  public static func whileCleared<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let console = late.withLock(\.self) else { return try body() }
    return try console.state.withLock { state in
      console.clear(&state)
      return try body()
    }
  }

  /// The same for what this console writes itself.
  private func whileOthersAreCleared(_ body: () -> Void) {
    isLate ? body() : Self.whileCleared(body)
  }

  /// Whether this is the console of long work.
  var isLate: Bool {
    get { Self.late.withLock { $0 === self } }
    set { Self.late.withLock { $0 = newValue ? self : $0 === self ? nil : $0 } }
  }

  /// Takes the block at the bottom away for good.
  func close() {
    state.withLock { state in
      clear(&state)
      state.isClosed = true
    }
    isLate = false
  }

  /// Draws the block at the bottom anew, as much of it as the terminal has room for.
  package func draw(_ lines: [StyledLine]) {
    guard let columns else { return }
    let shown = lines.prefix(max(1, (output.rows ?? .max) - 1))
    let isColored = colors.isOn(isTerminal: true)
    let width = max(1, columns - 1)
    let text = shown.map { $0.rendered(columns: width, isColored: isColored) + "\n" }.joined()
    state.withLock { state in
      guard !state.isClosed else { return }
      write(Self.wrapOff + text + Self.wrapOn, &state)
      state.block = shown.map { min(width, $0.text.count) }
    }
  }

  /// Takes the block at the bottom away.
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
    if !state.block.isEmpty { write("", &state) }
  }

  /// What takes the block away: up to its first row, and clear to the end of the screen.
  private func erasure(_ block: [Int]) -> String {
    guard !block.isEmpty else { return "" }
    let columns = max(1, output.columns ?? .max)
    let rows = block.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    return "\r\u{1B}[\(rows)A\u{1B}[J"
  }

  /// Writes in place of the block at the bottom.
  private func write(_ text: String, _ state: inout State) {
    guard state.failure == nil else { return }
    do {
      try output.write(erasure(state.block) + text)
      state.block = []
    } catch {
      state.failure = error
      let sentence = "standard output cannot be written (\(error)); the work goes on without it"
      do { try errors.write("warning: \(sentence)\n") } catch _ {}
    }
  }
}
