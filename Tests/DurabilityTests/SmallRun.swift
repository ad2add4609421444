import Checkpoints
import Foundations
import Reporting
import TestSupport
import Training

/// A run of twelve steps in three epochs, with dropout, momentum, a best checkpoint, and a save every third step.
enum SmallRun {
  static func configuration(output: String, keep: Int = 2, every steps: Int = 3) throws -> RunConfiguration {
    let text = """
      {"name": "small", "seed": 5,
       "data": {"path": "\(Repository.data("iris"))", "preprocessing": ["standardize"]},
       "model": {"layers": [{"type": "dense", "units": 4, "activation": "relu"}, {"type": "dropout", "rate": 0.2},
         {"type": "dense", "units": 3}]},
       "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
       "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
       "training": {"epochs": 3, "batchSize": 32, "shards": 2},
       "checkpoints": {"every": {"steps": \(steps)}, "keep": \(keep), "best": {"metric": "test.loss"}},
       "output": "\(output)"}
      """
    return try RunConfiguration(text: text, source: "small.json", directory: "/")
  }

  /// What a complete run leaves, but for times.
  struct Result: Equatable {
    let digest: String
    let history: [JSONValue]
  }

  /// Trains to the end in a directory, goes on with what is there, and looks at what it leaves.
  ///
  /// - Parameter observer: Sees the events too.
  static func train(
    in directory: String, fileSystem: any FileSystem = SystemFileSystem(), observer: (any RunObserver)? = nil
  ) throws -> Result {
    var options = RunOptions(workers: 1)
    options.fileSystem = fileSystem
    let observers: [any RunObserver] = [MetricsFile(fileSystem: fileSystem)] + (observer.map { [$0] } ?? [])
    let summary: RunSummary
    switch try Training.train(configuration(output: directory), options: options, observers: observers) {
    case .finished(let end), .alreadyFinished(let end): summary = end
    case .interrupted(let end): throw TrainerError(.usage, "interrupted at step \(end.step)")
    }
    let digest = try CheckpointFile.read(summary.checkpoint ?? "").digest.description
    guard digest == summary.digest else {
      throw TrainerError(.checkpoint, "the summary has the digest \(summary.digest)")
    }
    return Result(digest: digest, history: try MetricsFile.timelessLines(of: directory + "/metrics.jsonl"))
  }
}

/// Keeps a run's warnings.
final class Warnings: RunObserver {
  private(set) var sentences: [String] = []
  /// Called after each event.
  private let reaction: (RunEvent) throws -> Void

  init(_ reaction: @escaping (RunEvent) throws -> Void = { _ in }) { self.reaction = reaction }

  func observe(_ event: RunEvent) throws {
    if case .warning(let sentence) = event { sentences.append(sentence) }
    try reaction(event)
  }
}
