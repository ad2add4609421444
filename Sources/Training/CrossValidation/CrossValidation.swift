import Checkpoints
import Datasets
import Foundations

/// A config that is trained once for each fold of its data, each time without that fold, and measured on it.
///
/// The runs are ordinary ones in directories of their own, `fold-1`, `fold-2` and so on: each saves and goes on as any run
/// does, and no number depends on how many train at once.
public struct CrossValidation: Sendable {
  /// The runs' configs, in the order of folds.
  public let configurations: [RunConfiguration]
  /// Holds the run directories.
  public let directory: String

  /// What is measured and written at the end of all folds.
  public static let resultName = "cross-validation.json"
  /// The predictions of the rows that were held out.
  public static let predictionsName = "predictions.csv"

  /// Reads the config in a file.
  ///
  /// A split of the config's own gives way to folds, which are made by the same method, with the same seed.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - folds: How many folds the rows of the group `train` are divided into.
  ///   - overrides: Values in place of the config's.
  ///   - output: Holds the run directories; `nil` for the config's output and `-folds`.
  ///   - registries: The components that the config can choose from.
  /// - Throws: `TrainerError` with code `.usage` for the first fault, or if the config is of a formula.
  public init(
    file path: String, folds: Int, overrides: [SettingsOverride] = [], output: String? = nil,
    registries: Registries = .standard
  ) throws {
    guard DataSplit.folds.contains(folds) else {
      throw TrainerError(
        .usage, "there are \(folds) folds, expected \(DataSplit.folds.lowerBound) to \(DataSplit.folds.upperBound)")
    }
    let base = try RunConfiguration(
      file: path, overrides: overrides + Self.missingFolds(file: path, folds, overrides), registries: registries)
    guard case .model = base.objective, let data = base.data else {
      throw TrainerError(.usage, "\(path): the config is of a formula, which predicts nothing; expected one of a model")
    }
    let directory = absolutePath(
      output ?? (base.output ?? "") + (overrides.contains { $0.sets("output") } ? "" : "-folds"), relativeTo: ".")
    self.directory = directory
    let own = data.split
    configurations = try (1...folds).map { fold in
      let split = DataSplit(
        .folds(count: folds, heldOut: fold), by: own?.method ?? .random, isStratified: own?.isStratified,
        seed: own?.seed)
      let override = try SettingsOverride("data.split=\(JSONValue.object(split.json).compactText)")
      return try RunConfiguration(
        file: path, overrides: overrides + [override], output: "\(directory)/fold-\(fold)", registries: registries)
    }
  }

  /// The folds for a split that only says how rows are chosen, which could not be read without.
  private static func missingFolds(
    file path: String, _ folds: Int, _ overrides: [SettingsOverride]
  ) throws -> [SettingsOverride] {
    let data = try Settings(file: path, overrides: overrides).optionalObject("data")
    guard let split = try data?.optionalObject("split"),
      !["validation", "test", "fold"].contains(where: split.contains)
    else { return [] }
    return try ["data.split.folds=\(folds)", "data.split.fold=1"].map { try SettingsOverride($0) }
  }

  /// What is said of a fold as it ends.
  public enum Progress: Sendable {
    /// Its run has ended, now or before.
    case ended(RunSummary)
    /// It was stopped, and goes on with the same call.
    case interrupted(RunSummary)
    /// The loss or a parameter is not finite, or beyond all bounds.
    case diverged(TrainerError)
  }

  /// Trains all folds that are not finished, measures each, and writes ``resultName`` and ``predictionsName``.
  ///
  /// - Parameters:
  ///   - jobs: How many runs train at once; each has its share of the options' workers.
  ///   - options: How; a stop through its control ends all runs, each with a checkpoint.
  ///   - makeObservers: The observers of a fold's run, which must write its metrics file: a run that was finished is found
  ///     by it.
  ///   - progress: Called as each fold ends, on any thread.
  /// - Returns: What came of it; `nil` if it was interrupted, and the same call goes on.
  /// - Throws: `TrainerError` for whatever is wrong with the config, the data or a directory, before anything is trained;
  ///   with code `.diverged` if all folds diverge.
  public func run(
    jobs: Int = 1, options: RunOptions = RunOptions(), makeObservers: @escaping @Sendable () -> [any RunObserver],
    progress: @escaping @Sendable (_ fold: Int, Progress) -> Void = { _, _ in }
  ) throws -> CrossValidationReport? {
    let concurrent = ConcurrentRuns(atOnce: jobs, of: configurations.count, options: options)
    let check = TrainabilityCheck(options: concurrent.options)
    for (fold, configuration) in configurations.enumerated() {
      do {
        try MemoryLimit.$runsAtOnce.withValue(concurrent.count) { try check.require(configuration) }
      } catch let error as TrainerError {
        throw TrainerError(error.code, "fold \(fold + 1): \(error.message)", excerpt: error.excerpt)
      }
    }
    let (configurations, ofRun) = (configurations, concurrent.options)
    let endings = try concurrent.map(configurations.count) { fold in
      try Self.train(configurations[fold], ofRun, makeObservers()) { progress(fold + 1, $0) }
    }.map { $0 ?? .interrupted }
    guard !options.control.isStopping, !endings.contains(where: \.isInterrupted) else { return nil }
    let folds = try zip(configurations, endings).enumerated().map { index, pair in
      try CrossValidationReport.Fold(number: index + 1, pair.0, pair.1, options)
    }
    let report = CrossValidationReport(directory: directory, folds: folds)
    if let reason = folds.allSatisfy({ $0.result == nil }) ? folds.first?.reason : nil {
      throw TrainerError(.diverged, "all \(folds.count) folds diverged, the first since \(reason)")
    }
    try report.write()
    return report
  }

  /// How training a fold ended.
  enum Ending: Sendable {
    case ended
    case interrupted
    case diverged(String)

    var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
  }

  private static func train(
    _ configuration: RunConfiguration, _ options: RunOptions, _ observers: [any RunObserver],
    _ progress: (Progress) -> Void
  ) throws -> Ending {
    do {
      switch try Training.train(configuration, options: options, observers: observers) {
      case .finished(let summary), .alreadyFinished(let summary):
        progress(.ended(summary))
        return .ended
      case .interrupted(let summary):
        progress(.interrupted(summary))
        return .interrupted
      }
    } catch let error as TrainerError where error.code == .diverged {
      progress(.diverged(error))
      return .diverged(error.message)
    }
  }
}
