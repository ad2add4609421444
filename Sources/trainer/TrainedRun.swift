import Checkpoints
import Foundations
import Reporting
import Training

/// A complete run as it lies on the disk.
struct TrainedRun {
  let summary: RunSummary
  private let checkpoint: Checkpoint
  private let history: [JSONValue]

  init(_ directory: String) throws {
    let run = RunDirectory(directory)
    guard let summary = try run.finishedSummary(), let path = summary.checkpoint else {
      throw TrainerError(.checkFailed, "\(run.metricsPath): the run has not been finished")
    }
    self.summary = summary
    checkpoint = try CheckpointFile.read(path)
    history = try MetricsFile.timelessLines(of: run.metricsPath)
  }

  /// What differs, but for times; nothing if all is equal.
  func differences(from other: TrainedRun) -> [String] {
    var differences: [String] = []
    if summary.digest != other.summary.digest {
      differences.append("its digest is \(summary.digest), once through \(other.summary.digest)")
    }
    // The digest anew from the parameters on the disk, and all other state.
    differences += CheckpointDifference(checkpoint, other.checkpoint).lines
    if history != other.history {
      let line = zip(history, other.history).enumerated().first { $1.0 != $1.1 }?.offset
      differences.append(
        "its metrics have \(history.count) lines and those once through \(other.history.count)"
          + (line.map { ", line \($0 + 1) differs" } ?? ""))
    }
    return differences
  }
}
