import Checkpoints
import DataParallel
import Datasets
import Foundation
import Foundations
import Kernels
import Models
import Optimizers

/// Carries out one run: regions of training steps, and between them evaluation, checkpoints and everything else that is
/// not a step.
struct Coordinator<Scalar: TrainingScalar> {
  private let configuration: RunConfiguration
  private let options: RunOptions
  private let observers: [any RunObserver]
  private let directory: RunDirectory
  private let region: Region
  private let live = LiveProgress()

  init(_ configuration: RunConfiguration, _ options: RunOptions, _ observers: [any RunObserver]) {
    self.configuration = configuration
    self.options = options
    self.observers = observers
    directory = RunDirectory(configuration.output)
    region = Region(workers: max(1, options.workerCount), start: options.starter)
  }

  private func notify(_ event: RunEvent) throws {
    for observer in observers { try observer.observe(event) }
  }

  // MARK: The run

  func run() throws -> RunOutcome {
    let setup = try RunSetup<Scalar>(configuration, region: region, live: live)
    // A checkpoint that does not fit is refused before anything is written.
    let given = try givenCheckpoint(setup)
    try directory.prepare(for: configuration, mustBeNew: options.resume == .never)
    let start = try given ?? newestCheckpoint(setup)
    if options.resume == .automatic, let summary = try directory.finishedSummary() { return .alreadyFinished(summary) }
    try directory.checkpoints.removeLeftovers()
    var progress = try resume(setup, start)
    let engine = setup.engine
    try notify(.started(setup.description(directory: directory, resumedStep: progress.step > 0 ? progress.step : nil)))

    if progress.step == 0, setup.formulaEvaluator != nil { _ = try report(setup, &progress) }

    var pace = RegionPace()
    var lastSaved = progress.step
    var lastSaveTime = ContinuousClock.now
    while progress.step < setup.steps, earlyStop(progress) == nil {
      let end = min(setup.nextStop(after: progress.step), progress.step + pace.steps)
      let elapsed = ContinuousClock().measure { engine.run(steps: progress.step..<end) }
      pace.note(steps: end - progress.step, elapsed: elapsed)
      progress.seconds += elapsed.seconds
      progress.epochSeconds += elapsed.seconds
      progress.step = end
      try stopIfDiverged(engine)

      let isBest = setup.isReportDue(at: end) ? try report(setup, &progress) : false
      let isDue = setup.isSaveDue(at: end, secondsSinceLast: lastSaveTime.duration(to: .now).seconds)
      let isStopping = options.control.isStopping
      if isDue || isBest || isStopping || options.control.takeSaveRequest() {
        let path = try save(setup, progress)
        (lastSaved, lastSaveTime) = (end, .now)
        if isStopping, end < setup.steps {
          try notify(.stopped(step: end, reason: "interrupted"))
          return .interrupted(step: end, checkpoint: path)
        }
      }
    }
    if lastSaved < progress.step || progress.step == 0 { _ = try save(setup, progress) }
    return try finish(setup, progress)
  }

  private typealias StartingPoint = (checkpoint: Checkpoint, path: String)

  /// The checkpoint that the user has named.
  private func givenCheckpoint(_ setup: RunSetup<Scalar>) throws -> StartingPoint? {
    guard case .file(let path) = options.resume else { return nil }
    let checkpoint = try CheckpointFile.read(path)
    try requireSameRun(setup, checkpoint, path)
    return (checkpoint, path)
  }

  /// The newest checkpoint of the directory, if it has one.
  private func newestCheckpoint(_ setup: RunSetup<Scalar>) throws -> StartingPoint? {
    guard options.resume == .automatic else { return nil }
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
      stored: try JSONDocument(text: checkpoint.config, source: "\(path):/config").root,
      given: configuration.resolved, place: "in the checkpoint")
    guard difference.isEmpty else {
      throw TrainerError(
        .usage,
        "\(path): the checkpoint is of a run of another config (\(difference.lines.joined(separator: "; "))); "
          + "go on with its own config")
    }
    if let data = setup.data, let then = checkpoint.provenance["data"], then != data.fingerprint.description {
      let (holder, advice) =
        options.resume == .automatic
        ? ("\(directory.path): the directory holds", "choose another directory with --output")
        : ("\(path): the checkpoint is of", "go on with the data as they were")
      throw TrainerError(
        .usage, "\(holder) a run on other data: \(data.path) has changed since \(path) was saved; \(advice)")
    }
  }

  /// Restores a checkpoint.
  private func resume(_ setup: RunSetup<Scalar>, _ start: StartingPoint?) throws -> RunProgress {
    guard let (checkpoint, path) = start else { return RunProgress() }
    let differences = Provenance.differences(checkpoint)
    if !differences.isEmpty {
      try notify(.warning("the run goes on elsewhere, so bits may differ: \(differences.joined(separator: ", "))"))
    }
    let progress = try RunProgress(checkpoint, path: path)
    guard progress.epochSums.count == setup.engine.record.epochSums.count else {
      throw TrainerError(
        .checkpoint, "\(path): the checkpoint's sums over the epoch are not those of the config's metrics")
    }
    try setup.engine.memory.restore(checkpoint, path: path)
    setup.engine.record.epochSums = progress.epochSums
    setup.engine.record.firstLoss = progress.firstLoss
    setup.engine.memory.rateFactor[0] = progress.plateau.factor
    return progress
  }

  // MARK: Between regions

  private func stopIfDiverged(_ engine: TrainingEngine<Scalar>) throws {
    guard let divergence = engine.record.divergence else { return }
    let what = divergence.isLoss ? "the loss" : "a parameter"
    let reason = "diverged at step \(divergence.step + 1): \(what) is not finite or beyond all bounds"
    try notify(.stopped(step: divergence.step + 1, reason: reason))
    let advice =
      configuration.optimizer.settings.goesByObjective
      ? "other initial parameters may help"
      : "a smaller optimizer.learningRate (now \(configuration.optimizer.learningRate)) helps"
    throw TrainerError(.diverged, "the run \(reason); \(advice)")
  }

  /// Measures every group and tells the observers; at the end of an epoch begins the next.
  ///
  /// - Returns: Whether the measurement is the best so far of those that a checkpoint is kept for.
  private func report(_ setup: RunSetup<Scalar>, _ progress: inout RunProgress) throws -> Bool {
    let engine = setup.engine
    // Without data a step is the whole objective: what counts is its value where the step has led. With data, that is
    // so at the start only, where no epoch has been measured yet.
    let isMeasuredHere = setup.data == nil || progress.step == 0
    let train =
      (isMeasuredHere ? setup.formulaEvaluator : nil)?
      .measure(parameters: engine.memory.evaluatedParameters, region: region) ?? engine.epochMeasurement
    let evaluations = setup.evaluators.map { group, evaluator in
      (
        group: group,
        measurement: evaluator.measure(
          parameters: engine.memory.evaluatedParameters, region: region)
      )
    }
    let rate = setup.optimizer.schedule.learningRate(at: max(1, progress.step)) * progress.plateau.factor
    if progress.step > 0, setup.isEpochEnd(progress.step) {
      let samples = Double(setup.samplesPerEpoch)
      try notify(
        .epoch(
          EpochReport(
            epoch: setup.epochs(after: progress.step), step: progress.step, train: train, evaluations: evaluations,
            learningRate: rate, samplesPerSecond: samples / progress.epochSeconds, seconds: progress.epochSeconds,
            parameters: setup.formulaEvaluator == nil ? [] : engine.memory.fewParameters)))
      engine.record.beginEpoch()
      progress.epochSeconds = 0
    } else {
      try notify(
        .step(
          StepReport(
            step: progress.step, train: train, evaluations: evaluations, learningRate: rate,
            parameters: engine.memory.fewParameters)))
    }
    let isBest = note(train, evaluations, &progress)
    engine.memory.rateFactor[0] = progress.plateau.factor
    return isBest
  }

  /// Keeps what the schedule, early stopping and retention go by.
  ///
  /// - Returns: Whether the one that retention goes by has improved.
  private func note(
    _ train: Measurement, _ evaluations: [(group: String, measurement: Measurement)], _ progress: inout RunProgress
  ) -> Bool {
    func value(_ reference: MetricReference) -> Double? {
      let group = reference.group.rawValue
      let measurement = group == "train" ? train : evaluations.first { $0.group == group }?.measurement
      return measurement?[reference.name]
    }
    if let plateau = configuration.schedule.schedule as? PlateauSchedule, let metric = configuration.scheduleMetric,
      let value = value(metric)
    {
      plateau.note(value, prefersLarger: metric.prefersLarger, in: &progress.plateau)
    }
    if let stopping = configuration.earlyStopping, let value = value(stopping.metric) {
      _ = progress.stopping.note(value, step: progress.step, reference: stopping.metric, delta: stopping.minDelta)
    }
    guard let best = configuration.checkpoints.best, let value = value(best) else { return false }
    return progress.best.note(value, step: progress.step, reference: best)
  }

  /// Why the run should end before its length; `nil` if it should not.
  private func earlyStop(_ progress: RunProgress) -> String? {
    guard let stopping = configuration.earlyStopping, progress.stopping.since >= stopping.patience else { return nil }
    return "early stopping: \(stopping.metric) has not improved for \(stopping.patience) measurements; "
      + "the best was \(progress.stopping.value) at step \(progress.stopping.step)"
  }

  private func save(_ setup: RunSetup<Scalar>, _ progress: RunProgress) throws -> String {
    var progress = progress
    progress.firstLoss = setup.engine.record.firstLoss
    progress.epochSums = setup.engine.record.epochSums
    let checkpoint = setup.checkpoint(progress, configuration)
    let best = progress.best.step >= 0 ? Set([progress.best.step]) : []
    let saved = try directory.checkpoints.save(checkpoint, keeping: configuration.checkpoints.retention, best: best)
    for problem in saved.notRemoved { try notify(.warning("an old checkpoint could not be removed: \(problem)")) }
    try notify(.saved(path: saved.path))
    return saved.path
  }

  private func finish(_ setup: RunSetup<Scalar>, _ progress: RunProgress) throws -> RunOutcome {
    let memory = setup.engine.memory
    let digest = Digest(of: UnsafeRawBufferPointer(memory.parameters.elements))
    let summary = RunSummary(
      name: configuration.name, directory: directory.path, step: progress.step,
      epoch: setup.epochs(after: progress.step), measures: [], seconds: progress.seconds,
      checkpoint: directory.checkpoints.path(ofStep: progress.step), digest: digest.description,
      reason: earlyStop(progress))
    try notify(.finished(summary))
    return .finished(try directory.finishedSummary() ?? summary)
  }
}

/// How many steps a region takes: few enough that the coordinator looks around about ten times a second.
private struct RegionPace {
  private(set) var steps = 1
  private static let seconds = 0.1

  mutating func note(steps done: Int, elapsed: Duration) {
    let perStep = max(elapsed.seconds, 1e-9) / Double(done)
    // Growing at most twofold a region, a slow first step never makes the second one unresponsive.
    steps = max(1, min(2 * done, Int(Self.seconds / perStep)))
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
