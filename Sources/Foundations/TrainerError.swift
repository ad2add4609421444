/// The exit codes of the command line. Outside scripts rely on them.
public enum ExitCode: Int32, Sendable {
  /// The command did what was asked.
  case done = 0
  /// A check ran and failed: gradient check, verification, difference, unequal digests.
  case checkFailed = 1
  /// Wrong usage, configuration or output directory.
  case usage = 2
  /// A dataset is missing, damaged or does not fit.
  case data = 3
  /// A checkpoint is missing, damaged or could not be saved.
  case checkpoint = 4
  /// The loss or a parameter stopped being finite, or the loss grew beyond all bounds.
  case diverged = 5
  /// Interrupted after a checkpoint was saved; the same command goes on from it.
  case interruptedAfterSave = 75
  /// SIGINT before a checkpoint could be saved.
  case interrupted = 130
  /// SIGTERM before a checkpoint could be saved.
  case terminated = 143
}

/// An error that a user can act on: one sentence that names the file, key or dataset, what was found, what was
/// expected and what to do, with the exit code that the command line ends with.
public struct TrainerError: Error, Sendable, CustomStringConvertible {
  /// The exit code that the command line ends with.
  public let code: ExitCode
  /// What is wrong, without what to do about it where that is a ``remedy``.
  public let fault: String
  /// What to do about it, where a program around the library has words of its own for that.
  public let remedy: Remedy?

  /// What to do about an error.
  public struct Remedy: Sendable, Equatable {
    /// The property or argument of the library's API that mends it, such as `hasHeader`.
    public let name: String
    /// What to do with it, as the end of a sentence.
    public let advice: String

    /// Creates a remedy.
    public init(_ name: String, _ advice: String) {
      self.name = name
      self.advice = advice
    }
  }

  /// One sentence, without the `error: ` that the command line puts before it.
  public var message: String { remedy.map { "\(fault); \($0.advice)" } ?? fault }
  /// Where in a config it is; `nil` for any other error.
  public internal(set) var place: SettingsPlace?
  /// What else is wrong with the same config, each a sentence of its own; mostly nothing.
  public internal(set) var others: [TrainerError] = []

  /// Lines to show below the sentence, such as a formula with a mark under the place; none for most errors.
  public let excerpt: String?

  /// Creates an error.
  public init(_ code: ExitCode, _ message: String, remedy: Remedy? = nil, excerpt: String? = nil) {
    self.code = code
    fault = message
    self.remedy = remedy
    self.excerpt = excerpt
  }

  /// The same error with the name of a file before it, which is not in it yet.
  package func said(of file: String) -> TrainerError {
    fault.contains(file) ? self : TrainerError(code, "\(file): \(fault)", remedy: remedy, excerpt: excerpt)
  }

  /// The same error alone, without ``others``.
  package var alone: TrainerError {
    var error = self
    error.others = []
    return error
  }

  /// The message, and the excerpt if there is one.
  public var description: String { excerpt.map { "\(message)\n\($0)" } ?? message }
}

/// Errors are equal if they say the same.
extension TrainerError: Equatable {
  /// Whether both say the same, with the same exit code.
  public static func == (left: TrainerError, right: TrainerError) -> Bool {
    (left.code, left.fault, left.remedy, left.excerpt) == (right.code, right.fault, right.remedy, right.excerpt)
      && left.others == right.others
  }
}
