import DataParallel
import Foundations

/// A run that ended because a rank was lost: what is left of it, and how it goes on.
package struct RankLoss: Error, Sendable, Equatable {
  /// Which rank, and why.
  package let failure: RankFailure
  /// The run directory; `nil` for a run that writes no file.
  package let directory: String?
  /// The newest checkpoint that this rank knows to be good.
  package let checkpoint: String?
  /// Whether the run had begun, so that `checkpoint` says all: before that, one may be there that nobody has looked for.
  package let hasBegun: Bool

  /// The error to end with. Only the rank that the failure names as its reporter tells it.
  package var error: TrainerError {
    func error(_ advice: String) -> TrainerError { TrainerError(.interruptedAfterSave, "\(failure); \(advice)") }
    guard let directory else { return error("the run keeps no checkpoint: start it again") }
    guard hasBegun else { return error("the run had not begun: give the same command again") }
    guard let checkpoint else {
      // What rank 0 saved last it may not have told.
      return error(
        failure.rank == 0
          ? "it has told of no checkpoint: give the same command again, which goes on from the newest that there is"
          : "there is no checkpoint yet: start the run again by the same command")
    }
    return TrainerError(
      .interruptedAfterSave, "\(failure); the last good checkpoint is \(checkpoint)",
      remedy: .init("resume", "go on with the run in \(directory)"))
  }
}

extension String {
  /// The text as one word of a shell's command.
  package var quotedIfNeeded: String {
    let plain = allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0)) }
    return plain && !isEmpty ? self : "'\(replacing("'", with: "'\\''"))'"
  }
}
