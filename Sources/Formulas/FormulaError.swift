import Foundations

/// What is wrong with a formula, and where.
public struct FormulaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The formula as written.
  public let formula: String
  /// The place, counted in characters from 1.
  public let column: Int
  /// What was found there and what was expected, without what to do about it where that is a ``remedy``.
  public let fault: String
  /// What to do about it, where a program around the library has words of its own for that.
  public let remedy: TrainerError.Remedy?

  init(_ formula: String, at offset: Int, _ fault: String, remedy: TrainerError.Remedy? = nil) {
    self.formula = formula
    column = offset + 1
    self.fault = fault
    self.remedy = remedy
  }

  /// What was found there, what was expected and what to do.
  public var message: String { remedy.map { "\(fault); \($0.advice)" } ?? fault }

  /// One sentence: `formula, column 7: unknown name 'ww'; did you mean "w"?`.
  public var description: String { "formula, column \(column): \(message)" }

  /// The formula with a caret under the place, on two lines; of a long formula, what stands around the place.
  public var excerpt: String {
    let characters = formula.map { $0.isWhitespace ? " " : $0 }
    let start = max(0, min(column - 1 - Self.widestExcerpt / 2, characters.count - Self.widestExcerpt))
    let end = min(characters.count, start + Self.widestExcerpt)
    let (before, after) = (start > 0 ? "…" : "", end < characters.count ? "…" : "")
    let indentation = String(repeating: " ", count: column - 1 - start + before.count)
    return "  \(before)\(String(characters[start..<end]))\(after)\n  \(indentation)^"
  }

  /// So that the caret's line does not wrap on a usual terminal.
  private static let widestExcerpt = 72

  /// The error as the command line ends with it: the sentence, then the excerpt on lines of its own.
  public var shown: TrainerError {
    TrainerError(.usage, "formula, column \(column): \(fault)", remedy: remedy, excerpt: excerpt)
  }
}
