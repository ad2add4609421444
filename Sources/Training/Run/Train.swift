import Foundations

/// Checks what training would check before its first step: the data, the model, the loss, and whether the run directory
/// is free or holds this run. Nothing is written.
///
/// - Throws: What `train` would throw.
public func requireTrainable(_ configuration: RunConfiguration, options: RunOptions = RunOptions()) throws {
  switch configuration.precision {
  case .float32: try Coordinator<Float>(configuration, options, []).requireTrainable()
  case .float64: try Coordinator<Double>(configuration, options, []).requireTrainable()
  }
}

/// Trains what a configuration describes, in its run directory.
///
/// The same call in a directory that holds the run goes on with it, from its newest valid checkpoint.
///
/// - Parameter observers: See every event, in this order.
/// - Throws: `TrainerError` with the documented exit code: for the data, the directory, a checkpoint, or because the run
///   diverged.
public func train(
  _ configuration: RunConfiguration, options: RunOptions = RunOptions(), observers: [any RunObserver] = []
) throws -> RunOutcome {
  switch configuration.precision {
  case .float32: try Coordinator<Float>(configuration, options, observers).run()
  case .float64: try Coordinator<Double>(configuration, options, observers).run()
  }
}
