import Foundations

/// Looks at several runs before the first of them begins, as `requireTrainable` does at one. Runs in a row that train on
/// the same data, prepared alike, share them: they are read once.
public final class TrainabilityCheck {
  private let options: RunOptions
  private let singles = LoadedData<Float>()
  private let doubles = LoadedData<Double>()

  /// Prepares a check; nothing is read yet.
  public init(options: RunOptions = RunOptions()) { self.options = options }

  /// Checks what training would check before its first step. Nothing is written.
  ///
  /// - Throws: What `train` would throw.
  public func require(_ configuration: RunConfiguration) throws { _ = try extent(of: configuration) }

  /// Does the same, and says how far the run goes.
  ///
  /// - Throws: What `train` would throw.
  package func extent(of configuration: RunConfiguration) throws -> RunExtent {
    try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try Coordinator(configuration, options, []).requireTrainable(sharing: singles)
      case .float64: try Coordinator(configuration, options, []).requireTrainable(sharing: doubles)
      }
    }
  }
}

/// The data that were loaded last, for whoever wants the same.
final class LoadedData<Scalar: TrainingScalar> {
  private var key: Key?
  private var data: TrainingData<Scalar>?

  private struct Key: Equatable {
    let settings: DataSettings
    /// The datasets that a formula names; `nil` for a model.
    let names: [String]?
  }

  /// The data with such settings: those that were loaded last, or what `load` gives.
  ///
  /// - Parameter names: The datasets that a formula names; `nil` for a model.
  /// - Throws: What `load` throws.
  func data(
    _ settings: DataSettings, names: [String]? = nil, _ load: () throws -> TrainingData<Scalar>
  ) throws -> TrainingData<Scalar> {
    // In whatever order they are visited.
    var settings = settings
    settings.shuffle = nil
    let key = Key(settings: settings, names: names)
    if key == self.key, let data { return data }
    // The former give their memory back before others are read.
    (self.key, data) = (nil, nil)
    let loaded = try load()
    (self.key, data) = (key, loaded)
    return loaded
  }
}
