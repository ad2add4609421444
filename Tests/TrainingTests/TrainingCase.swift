import DataParallel
import Foundations
import TestSupport
import Testing
import Training

/// A run on a shipped dataset, small enough to be done many times.
struct TrainingCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// The dataset's name below `data/`, or an absolute path.
  var data = "digits"
  var preprocessing = #"[{"type": "scale", "factor": 0.0625}]"#
  /// `data.shuffle`, as JSON; `nil` for the default.
  var shuffle: String?
  /// The rest of the config: keys and values without the braces around them.
  let settings: String

  var testDescription: String { name }

  /// The config with this run directory; `changes` are made to it as by `--set`.
  func configuration(output: String, _ changes: String...) throws -> RunConfiguration {
    let path = data.hasPrefix("/") ? data : Repository.data(data)
    let text = """
      {"name": "test", "seed": 3, "data": {"path": "\(path)", "preprocessing": \(preprocessing)
       \(shuffle.map { #", "shuffle": \#($0)"# } ?? "")},
       \(settings), "output": "\(output)"}
      """
    guard !changes.isEmpty else { return try RunConfiguration(text: text, source: "test.json", directory: "/") }
    let file = output + ".json"
    try AtomicFile.replace(file, contents: [Array(text.utf8)])
    return try RunConfiguration(file: file, overrides: changes.map { try SettingsOverride($0, option: "--set") })
  }
}

/// What a run tells its observers, without times. A resume takes back what lies behind its checkpoint, as the metrics
/// file does.
final class History: RunObserver {
  struct Entry: Equatable {
    let step: Int
    let epoch: Int?
    let train: LossAndMetrics
    let groups: [String]
    let measurements: [LossAndMetrics]
    let learningRate: Double
  }

  private(set) var entries: [Entry] = []
  private(set) var saved: [String] = []
  private(set) var warnings: [String] = []
  private(set) var starts: [RunDescription] = []
  private(set) var stops: [String] = []
  /// Called after each event.
  var reaction: ((RunEvent) throws -> Void)?

  func observe(_ event: RunEvent) throws {
    switch event {
    case .started(let run):
      starts.append(run)
      entries.removeAll { $0.step > run.resumedStep ?? 0 }
    case .epoch(let report):
      entries.append(
        Entry(
          step: report.step, epoch: report.epoch, train: report.train, groups: report.evaluations.map(\.group),
          measurements: report.evaluations.map(\.measurement), learningRate: report.learningRate))
    case .step(let report):
      entries.append(
        Entry(
          step: report.step, epoch: nil, train: report.train, groups: report.evaluations.map(\.group),
          measurements: report.evaluations.map(\.measurement), learningRate: report.learningRate))
    case .saved(let path): saved.append(path)
    case .warning(let text): warnings.append(text)
    case .stopped(let step, let reason): stops.append("\(step): \(reason)")
    case .finished: break
    }
    try reaction?(event)
  }
}

/// A run that is complete.
struct Trained {
  let summary: RunSummary
  let history: History

  /// The last checkpoint.
  var checkpoint: String { summary.checkpoint ?? "none" }
}

/// Trains to the end with a fixed number of workers.
func trainToEnd(
  _ configuration: RunConfiguration, workers: Int = 1, starter: @escaping WorkerStarter = sequentialStarter
) throws -> Trained {
  let history = History()
  let outcome = try train(
    configuration, options: RunOptions(workers: workers, starter: starter), observers: [history])
  guard case .finished(let summary) = outcome else { throw TrainerError(.usage, "the run ended as \(outcome)") }
  return Trained(summary: summary, history: history)
}
