import Foundations
import Reporting

/// Prints errors: each is one sentence on standard error that begins with `error: `.
enum ErrorPrinter {
  /// What is printed of an error, and of what else is wrong with the same config.
  static func text(of error: TrainerError) -> String {
    ([error.alone] + error.others).map { error in
      "error: \(Remedies.sentence(error).shortened.onOneLine)\n"
        + (error.excerpt.map { $0.withoutControls + "\n" } ?? "")
    }.joined()
  }

  /// Prints an error beside the results of a command that goes on.
  static func print(_ error: TrainerError) {
    // Where standard error itself is broken, only the exit code is left to tell.
    do { try Console.whileCleared { try StandardStream.error.write(text(of: error)) } } catch _ {}
  }
}
