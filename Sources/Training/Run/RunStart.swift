import Checkpoints
import Datasets
import Foundations

/// Where a run begins: at a checkpoint, if there is one that fits.
extension Coordinator {
  typealias StartingPoint = (checkpoint: Checkpoint, path: String)

  /// Makes what a run needs before its first step, and looks whether its directory is free or holds this run.
  ///
  /// - Parameter loaded: Data that may be shared with other runs.
  /// - Returns: How long it is, and what it measures.
  @discardableResult
  func requireTrainable(sharing loaded: LoadedData<Scalar>? = nil) throws -> RunExtent {
    try requireKeptBest()
    let setup = try RunSetup<Scalar>(
      configuration, arrays: arrays, sharing: loaded, region: region, live: LiveProgress())
    try directory?.requireSameRun(
      setup.configuration, mustBeNew: options.resume == .never, objection: setup.lengthening.objection)
    return RunExtent(
      steps: setup.timetable.steps, stepsPerMeasurement: setup.timetable.stepsPerMeasurement,
      groups: ["train"] + setup.evaluators.map(\.group))
  }

  /// The checkpoint that the user has named.
  func givenCheckpoint(_ setup: RunSetup<Scalar>) throws -> StartingPoint? {
    guard case .file(let given) = options.resume else { return nil }
    // A run goes on from its last one, whichever was the best.
    let path = try ModelCheckpoint.lastIfDirectory(given)
    let checkpoint = try CheckpointFile.read(path, fileSystem: options.fileSystem)
    try requireSameRun(setup, checkpoint, path)
    return (checkpoint, path)
  }

  /// The summary of the run if the directory holds it, complete already. Nobody writes in such a directory, so it need
  /// not be this process's own, nor writable.
  func finishedRun(_ setup: RunSetup<Scalar>) throws -> RunSummary? {
    guard options.resume == .automatic, let directory, let stored = try directory.storedConfiguration(),
      ConfigurationDifference(stored: stored, given: configuration.resolved).isEmpty,
      // A run that has become longer since has the same config, but has not ended yet.
      var summary = try directory.finishedSummary(), summary.step >= setup.timetable.steps || summary.reason != nil
    else { return nil }
    // Also for its warnings and its errors: other data may lie at the same path now.
    if let (checkpoint, path) = try newestCheckpoint(setup) {
      summary.best = best(try RunProgress(checkpoint, path: path))
    }
    summary.model = TrainedState(configuration: configuration, checkpoint: nil)
    return summary
  }

  /// The newest checkpoint of the directory, if it has one.
  func newestCheckpoint(_ setup: RunSetup<Scalar>) throws -> StartingPoint? {
    guard options.resume == .automatic, let directory else { return nil }
    let newest = try directory.checkpoints.newestValid()
    let next = newest.found.map { "goes on from \($0.path)" } ?? "begins anew"
    for damaged in newest.damaged {
      try notify(.warning("\(damaged.reason); it is kept as \(damaged.keptAs), and the run \(next)"))
    }
    if let (checkpoint, path) = newest.found { try requireSameRun(setup, checkpoint, path) }
    return newest.found
  }

  /// Refuses a checkpoint of another config or of other data: going on from it would be another run.
  private func requireSameRun(_ setup: RunSetup<Scalar>, _ checkpoint: Checkpoint, _ path: String) throws {
    let difference = ConfigurationDifference(
      stored: try storedConfiguration(of: checkpoint, path), given: configuration.resolved, place: "in the checkpoint")
    let objection = difference.lengthening.map(setup.lengthening.objection)
    guard difference.isEmpty || objection == .some(nil) else {
      throw TrainerError(
        .usage,
        "\(path): the checkpoint is of a run of another config (\(difference.lines.joined(separator: "; ")))"
          + "\(objection.flatMap(\.self).map { ": \($0)" } ?? ""); go on with its own config")
    }
    if let data = setup.data { try requireSameData(data, checkpoint, path) }
    try requireSameInitialParameters(setup, checkpoint, path)
  }

  /// The parameters that the run takes from a file; `nil` if none does, or it goes on from a checkpoint, which has them.
  func initialParameters(_ setup: RunSetup<Scalar>, _ start: StartingPoint?) throws -> InitialParameters? {
    guard let settings = configuration.initial, start == nil else { return nil }
    let layout = setup.problem.layout
    let read = try ranks.onFirst {
      try InitialParameters(settings, layout: layout, registries: options.registries)
    }
    return try InitialParameters(shared: read ?? nil, settings, layout: layout, ranks: ranks)
  }

  /// What of the parameters comes from elsewhere or stays, for the first lines of a run.
  func initialText(_ setup: RunSetup<Scalar>, _ initial: InitialParameters?) -> String? {
    guard let settings = configuration.initial else { return nil }
    let entries = setup.problem.layout.entries
    let taken = initial.map { "\($0.parts.count) of \(entries.count) tensors from \($0.place)" }
    let frozen = entries.filter { !$0.isState && settings.freezes($0.name) }
    let count = frozen.reduce(0) { $0 + $1.count }
    let kept = frozen.isEmpty ? nil : "\(count) \(count == 1 ? "parameter" : "parameters") frozen"
    let parts = [taken, kept].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Refuses to go on where the file of the first parameters is there and has others now. It need not be there.
  private func requireSameInitialParameters(
    _ setup: RunSetup<Scalar>, _ checkpoint: Checkpoint, _ path: String
  ) throws {
    guard let settings = configuration.initial, let file = settings.path,
      let then = checkpoint.provenance[InitialParameters.provenanceName],
      try InitialParameters.isThere(file),
      let now = try InitialParameters(settings, layout: setup.problem.layout, registries: options.registries)
    else { return }
    guard then != now.digest.description else { return }
    throw TrainerError(
      .usage,
      "\(path): the run began with other parameters than \(now.place) has now (initial.path): \(then) then, \(now.digest) now",
      remedy: .init("output", "choose another directory, or put the file back"))
  }

  private func storedConfiguration(of checkpoint: Checkpoint, _ path: String) throws -> JSONValue {
    do {
      return try JSONDocument(text: checkpoint.config, source: "\(path):/config").root
    } catch let error as TrainerError {
      throw TrainerError(.checkpoint, "\(path): the checkpoint's config cannot be used: \(error.message)")
    }
  }

  /// Data are told by their contents, wherever they lie; in checkpoints from before that, by the bytes of their file.
  private func requireSameData(_ data: TrainingData<Scalar>, _ checkpoint: Checkpoint, _ path: String) throws {
    let (holder, remedy) =
      if options.resume == .automatic, let directory {
        ("\(directory.path): the directory holds", TrainerError.Remedy("output", "choose another directory"))
      } else {
        ("\(path): the checkpoint is of", TrainerError.Remedy("data", "go on with the data as they were"))
      }
    if let then = checkpoint.provenance[Provenance.dataName] {
      guard then != data.fingerprint.description else { return }
      throw TrainerError(
        .usage,
        "\(holder) a run on other data: the contents of \(data.path) are not those that \(path) was saved with",
        remedy: remedy)
    }
    guard let then = checkpoint.provenance[Provenance.dataFileName] else { return }
    if arrays == nil, let settings = configuration.data {
      let now = try settings.reader(at: data.path).fileFingerprint()
      guard then != now.description else { return }
    }
    throw TrainerError(
      .usage,
      "\(holder) a run on other data, or on the same in another file: \(path) is of an earlier version, which told data "
        + "by the bytes of their file, and those of \(data.path) are others",
      remedy: remedy)
  }

  /// Restores a checkpoint.
  func resume(_ setup: RunSetup<Scalar>, _ start: StartingPoint?) throws -> RunProgress {
    guard let (checkpoint, path) = start else { return RunProgress() }
    let differences = Provenance.differences(checkpoint)
    if !differences.isEmpty {
      try notify(.warning("the run goes on elsewhere, so bits may differ: \(differences.joined(separator: ", "))"))
    }
    try checkpoint.requirePlace(
      steps: setup.timetable.steps, epoch: setup.timetable.epochs(after: checkpoint.step), seed: configuration.seed,
      path: path)
    let progress = try RunProgress(checkpoint, path: path)
    for tensor in checkpoint.optimizer where tensor.name == TrainingMemory<Scalar>.numbersName {
      guard setup.optimizer.accepts(tensor.doubles) else {
        throw CheckpointValues(checkpoint, path: path).error("the optimizer's '\(tensor.name)' are not its own")
      }
    }
    guard progress.epochSums.count == setup.engine.record.epochSums.values.count else {
      throw TrainerError(
        .checkpoint, "\(path): the checkpoint's sums over the epoch are not those of the config's metrics")
    }
    try setup.engine.restore(checkpoint, path: path)
    setup.engine.record.epochSums = .init(values: progress.epochSums)
    setup.engine.record.firstLoss = progress.firstLoss
    setup.engine.memory.rateFactor[0] = progress.plateau.factor
    // What a display counts from: the steps before are another process's.
    setup.engine.record.live.update(step: progress.step, loss: .nan)
    return progress
  }
}
