import Checkpoints
import Foundations

/// Whether a training anew comes to the bits of a checkpoint.
public struct Reproduction: Sendable {
  /// The checkpoint.
  public let checkpoint: String
  /// Its completed steps.
  public let step: Int
  /// The digest of the checkpoint's parameters.
  public let expected: String
  /// The digest of the parameters that were trained anew; `nil` if it was not trained, since the data are others.
  public let found: String?
  /// One line for each difference in what a run goes on from; empty if all bits are the same.
  public let differences: [String]
  /// What differs between then and now and may change bits: the program, the kind of CPU, the data.
  public let circumstances: [String]

  /// Whether the same bits were found.
  public var isEqual: Bool { found != nil && differences.isEmpty }

  /// Trains what a checkpoint holds, from its start to the checkpoint's step, and compares.
  ///
  /// - Parameters:
  ///   - path: The checkpoint.
  ///   - data: A dataset file in place of the one that its config names.
  ///   - directory: The run directory, which must not hold a run.
  ///   - options: How; nothing there changes a bit of the result.
  ///   - observers: See every event.
  /// - Returns: `nil` if it was interrupted.
  /// - Throws: `TrainerError` with code `.checkpoint` if the checkpoint cannot be used; what `train` throws.
  public static func run(
    checkpoint path: String, data: String? = nil, in directory: String, options: RunOptions = RunOptions(),
    observers: [any RunObserver] = []
  ) throws -> Reproduction? {
    let (checkpoint, stored) = try loadCheckpoint(path, options.registries)
    let configuration = try configuration(of: checkpoint, stored, path, data, directory, options.registries)
    var circumstances = Provenance.differences(checkpoint)
    if let then = checkpoint.provenance[Provenance.dataName] {
      let now = try fingerprint(of: configuration)
      if then != now?.description {
        circumstances.append(
          "the data are others: their contents were \(then) and are \(now?.description ?? "none")")
        // Bits cannot agree, and a training may take hours.
        return Reproduction(
          checkpoint: path, step: checkpoint.step, expected: checkpoint.digest.description, found: nil,
          differences: [], circumstances: circumstances)
      }
    }
    if let then = checkpoint.provenance[InitialParameters.provenanceName], let settings = configuration.initial {
      let now = try InitialParameters(settings, layout: checkpoint.layout, registries: options.registries)
      if then != now?.digest.description {
        circumstances.append(
          "the parameters that it began with are others (\(settings.path ?? "")): their contents were \(then) and are "
            + "\(now?.digest.description ?? "none")")
        return Reproduction(
          checkpoint: path, step: checkpoint.step, expected: checkpoint.digest.description, found: nil,
          differences: [], circumstances: circumstances)
      }
    }
    var options = options
    (options.resume, options.stopAtStep) = (.never, checkpoint.step)
    let outcome = try train(configuration, options: options, observers: observers)
    guard outcome.summary.step >= checkpoint.step || !options.control.isStopping, let file = outcome.summary.checkpoint
    else { return nil }
    let again = try CheckpointFile.read(file)
    return Reproduction(
      checkpoint: path, step: checkpoint.step, expected: checkpoint.digest.description,
      found: again.digest.description, differences: CheckpointDifference(checkpoint, again).lines,
      circumstances: circumstances)
  }

  /// The checkpoint's config with its data where they are now, in another directory, where one checkpoint is enough.
  private static func configuration(
    of checkpoint: Checkpoint, _ stored: RunConfiguration, _ path: String, _ data: String?, _ directory: String,
    _ registries: Registries
  ) throws -> RunConfiguration {
    var overrides = [
      try SettingsOverride("output=\(JSONValue.string(directory).compactText)"),
      try SettingsOverride("checkpoints.keep=1"),
    ]
    if data != nil, stored.data == nil {
      throw TrainerError(
        .usage, "\(path): the checkpoint is of a formula without data, so that no dataset can take their place")
    }
    if let data {
      overrides.append(
        try SettingsOverride("data.path=\(JSONValue.string(absolutePath(data, relativeTo: ".")).compactText)"))
    } else if let settings = stored.data {
      guard settings.path != nil else {
        throw TrainerError(
          .usage, "\(path): the model was trained on arrays in memory, so the checkpoint names no dataset",
          remedy: .init("trainedData", "name a file that holds the same numbers"))
      }
      let run = Foundations.directory(of: Foundations.directory(of: absolutePath(path, relativeTo: ".")))
      let paths = try settings.paths.map { file in
        try stored.output.flatMap { try MovedData.place(of: file, from: $0, to: run) } ?? file
      }
      if let missing = try paths.first(where: { try SystemFileSystem().status(of: $0) == nil }) {
        throw TrainerError(
          .data, "\(missing): the data that the checkpoint was trained on are not there",
          remedy: .init("trainedData", "say where they are now"))
      }
      if let json = DataSettings.json(paths: paths) {
        overrides.append(try SettingsOverride("data.path=\(json.compactText)"))
      }
    }
    do {
      return try RunConfiguration(
        checkpointed: checkpoint.config, source: "\(path):/config", directory: Foundations.directory(of: path),
        overrides: overrides, registries: registries)
    } catch let error as TrainerError {
      throw TrainerError(.checkpoint, "\(path): the checkpoint's config cannot be used: \(error.message)")
    }
  }

  /// That of the data's contents; `nil` for a formula without data.
  private static func fingerprint(of configuration: RunConfiguration) throws -> Digest? {
    func fingerprint<Scalar: TrainingScalar>(_: Scalar.Type) throws -> Digest? {
      try RunSetup<Scalar>.problem(configuration).data?.fingerprint
    }
    return try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try fingerprint(Float.self)
      case .float64: try fingerprint(Double.self)
      }
    }
  }
}
