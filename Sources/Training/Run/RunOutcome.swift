import Checkpoints
import Foundations

/// How a run ended, and what came of it.
public enum RunOutcome: Sendable {
  /// It is complete.
  case finished(RunSummary)
  /// The directory holds the same run, complete already; its summary as the metrics file has it.
  case alreadyFinished(RunSummary)
  /// It was asked to stop, and saved if it has a directory.
  case interrupted(RunSummary)

  /// The measures of each group, the digest, the steps, and where the files are.
  public var summary: RunSummary {
    switch self {
    case .finished(let summary), .alreadyFinished(let summary), .interrupted(let summary): summary
    }
  }

  /// The parameters by name, in layout order: `dense1/weight` with the shape [inputs, outputs], `dense1/bias`, and so on;
  /// of a formula, the names in it.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if the run has a directory and its last checkpoint cannot be read.
  public func parameters() throws -> [CheckpointTensor] { try state.checkpoint.parameters }

  /// What predicts with the trained model.
  ///
  /// - Parameter registries: The components that the config of a run can choose from that was finished before.
  /// - Throws: `TrainerError` with code `.usage` if the run is of a formula; with code `.checkpoint` if it has a
  ///   directory and its last checkpoint cannot be read.
  public func predictor(registries: Registries = .standard) throws -> Predictor {
    let (checkpoint, source) = try state
    return try Predictor(
      checkpoint, summary.model?.configuration ?? configuration(of: checkpoint, source, registries), source: source)
  }

  /// The state at the end, and how messages call it.
  private var state: (checkpoint: Checkpoint, source: String) {
    get throws {
      if let checkpoint = summary.model?.checkpoint { return (checkpoint, "the run '\(summary.name)'") }
      guard let path = summary.checkpoint else {
        throw TrainerError(.checkpoint, "the run '\(summary.name)' has no checkpoint")
      }
      return (try CheckpointFile.read(path), path)
    }
  }
}
