import Foundations

/// Checks what training would check before its first step: the data, the model, the loss, and whether the run directory
/// is free or holds this run. Nothing is written.
///
/// - Throws: What `train` would throw.
public func requireTrainable(_ configuration: RunConfiguration, options: RunOptions = RunOptions()) throws {
  try requireTrainable(configuration, arrays: nil, options)
}

/// Checks what training on arrays in memory would check before its first step. Nothing is written.
///
/// - Throws: What `train` would throw.
public func requireTrainable(
  _ configuration: RunConfiguration, on data: TrainingArrays, options: RunOptions = RunOptions()
) throws {
  try requireTrainable(configuration, arrays: data, options)
}

private func requireTrainable(
  _ configuration: RunConfiguration, arrays: TrainingArrays?, _ options: RunOptions
) throws {
  try MemoryLimit.$budget.withValue(configuration.data?.memory) {
    switch configuration.precision {
    case .float32: try Coordinator<Float>(configuration, arrays: arrays, options, []).requireTrainable()
    case .float64: try Coordinator<Double>(configuration, arrays: arrays, options, []).requireTrainable()
    }
  }
}

/// Trains what a configuration describes, in its run directory if it has one.
///
/// The same call in a directory that holds the run goes on with it, from its newest valid checkpoint.
///
/// - Parameters:
///   - configuration: What to train.
///   - options: How; nothing there changes a bit of the result.
///   - observers: See every event, in this order; behind them those that the configuration names.
/// - Throws: `TrainerError` with the documented exit code: for the data, the directory, a checkpoint, or because the run
///   diverged.
public func train(
  _ configuration: RunConfiguration, options: RunOptions = RunOptions(), observers: [any RunObserver] = []
) throws -> RunOutcome {
  try train(configuration, arrays: nil, options, observers)
}

/// Trains what a configuration describes on arrays in memory, which take the place of the dataset file that it may name.
///
/// It is the same run as one from a file that holds the same numbers: preprocessing is fitted on the training group,
/// targets are checked, and the trained parameters have the same bits. A run with a directory saves there, and the same
/// call goes on with it; going on with other numbers is refused. A run without one (`configuration.output` is `nil`)
/// writes no file, and the outcome holds the trained model.
///
/// - Parameters:
///   - configuration: What to train.
///   - data: The samples.
///   - options: How; nothing there changes a bit of the result.
///   - observers: See every event, in this order; behind them those that the configuration names.
/// - Throws: `TrainerError` with the documented exit code: for the data, the directory, a checkpoint, or because the run
///   diverged.
public func train(
  _ configuration: RunConfiguration, on data: TrainingArrays, options: RunOptions = RunOptions(),
  observers: [any RunObserver] = []
) throws -> RunOutcome {
  try train(configuration, arrays: data, options, observers)
}

private func train(
  _ configuration: RunConfiguration, arrays: TrainingArrays?, _ options: RunOptions, _ observers: [any RunObserver]
) throws -> RunOutcome {
  // Of several ranks the first alone writes.
  let named = options.communicator.isFirst ? configuration.observers.map { $0.makeObserver() } : []
  let observers = observers + named
  return try MemoryLimit.$budget.withValue(configuration.data?.memory) {
    switch configuration.precision {
    case .float32: try Coordinator<Float>(configuration, arrays: arrays, options, observers).run()
    case .float64: try Coordinator<Double>(configuration, arrays: arrays, options, observers).run()
    }
  }
}
