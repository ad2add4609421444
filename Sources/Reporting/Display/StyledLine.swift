import Foundation
import Foundations

/// Whether text on a terminal has colours.
public enum ColorChoice: String, Sendable, CaseIterable {
  /// On a terminal, unless `NO_COLOR` is set to something (<https://no-color.org>).
  case auto
  /// Wherever text goes to a terminal or not.
  case always
  case never

  /// Whether what goes to an output has colours.
  ///
  /// - Parameters:
  ///   - isTerminal: Whether the output is a terminal that can redraw a line.
  ///   - environment: The process's variables.
  public func isOn(
    isTerminal: Bool, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Bool {
    switch self {
    case .auto: isTerminal && environment["NO_COLOR", default: ""].isEmpty
    case .always: true
    case .never: false
    }
  }
}

/// How a piece of text stands out.
package enum TextStyle: String, Sendable {
  case plain = ""
  case bold = "1"
  case faint = "2"
  case bad = "1;31"
  case good = "32"
  case warning = "33"
  case accent = "36"

  /// The text between the codes of the style.
  package func applied(to text: String) -> String {
    self == .plain || text.isEmpty ? text : "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
  }
}

/// A line of pieces that may stand out.
package struct StyledLine: Sendable {
  private var pieces: [(text: String, style: TextStyle)] = []

  /// A line of one piece.
  package init(_ text: String = "", _ style: TextStyle = .plain) { append(text, style) }

  /// Adds a piece, on one line and without what a terminal would act on.
  package mutating func append(_ text: String, _ style: TextStyle = .plain) {
    if !text.isEmpty { pieces.append((text.onOneLine, style)) }
  }

  /// The characters alone.
  package var text: String { pieces.map(\.text).joined() }

  /// The line, cut to a width.
  package func rendered(columns: Int, isColored: Bool) -> String {
    var left = columns
    return pieces.map { text, style in
      let shown = String(text.prefix(max(0, left)))
      left -= shown.count
      return isColored ? style.applied(to: shown) : shown
    }.joined()
  }
}
