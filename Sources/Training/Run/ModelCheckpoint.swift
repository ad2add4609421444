import Checkpoints
import Foundations

/// The checkpoint that is meant where a model is named by a checkpoint or by the directory of its run.
public struct ModelCheckpoint: Sendable, Equatable {
  /// Which of a run's checkpoints is meant.
  public enum Choice: Sendable, Equatable {
    /// The best if the run kept one, else the last.
    case automatic
    /// The one with the best value of the metric that `checkpoints.best` of the run's config names.
    case best
    /// The one of the most steps.
    case last
  }

  /// The checkpoint's path.
  public let path: String
  /// The run directory that was named; `nil` where a checkpoint was.
  public let run: String?
  /// Whether it is the run's best one.
  public let isBest: Bool

  /// Finds the checkpoint.
  ///
  /// - Parameters:
  ///   - model: A checkpoint or a run directory.
  ///   - choice: Which of a run's checkpoints.
  /// - Throws: `TrainerError` with code `.checkpoint` if the directory has none, or one that is needed is damaged; with code
  ///   `.usage` for a choice where there is none.
  public init(_ model: String, choosing choice: Choice = .automatic) throws {
    guard try Self.isDirectory(model) else {
      guard choice == .automatic else {
        throw TrainerError(
          .usage,
          "\(model) is no run directory, so there is no \(choice == .best ? "best" : "last") checkpoint to choose; "
            + "name the run's directory, or leave the choice out")
      }
      (path, run, isBest) = (model, nil, false)
      return
    }
    let directory = RunDirectory(model)
    guard let last = try directory.checkpoints.steps().last else {
      throw TrainerError(
        .checkpoint, "\(model): it is a directory and holds no run's checkpoints; name a checkpoint or a run directory")
    }
    run = model
    let newest = directory.checkpoints.path(ofStep: last)
    guard choice != .last else {
      (path, isBest) = (newest, false)
      return
    }
    // The newest knows which was the best.
    let checkpoint = try CheckpointFile.read(newest)
    guard let step = try RunProgress(checkpoint, path: newest).bestStep else {
      guard choice == .automatic else {
        throw TrainerError(
          .usage,
          "\(model): the run kept no best checkpoint, since its config names no metric in checkpoints.best; take the last"
        )
      }
      (path, isBest) = (newest, false)
      return
    }
    path = directory.checkpoints.path(ofStep: step)
    isBest = true
    guard try SystemFileSystem().status(of: path) != nil else {
      throw TrainerError(
        .checkpoint, "\(path): the run's best checkpoint is not there any more; name another, or choose the last")
    }
  }

  /// The path of a checkpoint, or of the last one in a run directory.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if the directory has none.
  static func lastIfDirectory(_ model: String) throws -> String {
    try isDirectory(model) ? ModelCheckpoint(model, choosing: .last).path : model
  }

  /// Whether a path names a model rather than a config: a directory, or a file that begins as a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it cannot be looked at.
  public static func isModel(_ path: String) throws -> Bool {
    try isDirectory(path) || CheckpointFile.isCheckpoint(path)
  }

  private static func isDirectory(_ model: String) throws -> Bool {
    do {
      return try SystemFileSystem().status(of: model)?.isDirectory == true
    } catch let error as FileError {
      throw TrainerError(.checkpoint, "\(model): it cannot be read: \(error.reason)")
    }
  }

  /// What was chosen of a run, such as `the best checkpoint, runs/x/checkpoints/step-000000100.h5`; `nil` where nothing was
  /// to choose.
  public var description: String? { run.map { _ in "the \(isBest ? "best" : "last") checkpoint, \(path)" } }
}

extension RunProgress {
  /// The step of the best checkpoint; `nil` if none was kept for its value.
  fileprivate var bestStep: Int? { best.step >= 0 ? best.step : nil }
}

extension ModelCheckpoint {
  /// A checkpoint and the other files of its run, none of which an output replaces: they are one thing with it.
  package static func files(of checkpoint: String) -> [String] {
    let folder = directory(of: checkpoint)
    let run = RunDirectory(directory(of: absolutePath(folder, relativeTo: ".")))
    guard fileName(of: folder) == fileName(of: run.checkpoints.path) else { return [checkpoint] }
    let names: [String]
    do {
      names = try SystemFileSystem().list(folder)
    } catch {
      // Who reads the checkpoint says what is wrong with its place.
      return [checkpoint]
    }
    return [checkpoint, run.configPath, run.metricsPath] + names.map { "\(folder)/\($0)" }
  }
}
