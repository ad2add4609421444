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
    try directory.prepare(for: configuration, mustBeNew: options.resume == .never)
    if options.resume == .automatic, let summary = try directory.finishedSummary() { return .alreadyFinished(summary) }
    var progress = try resume(setup)
    let engine = setup.engine
    try notify(.started(setup.description(directory: directory, resumedStep: progress.step > 0 ? progress.step : nil)))

    if progress.step == 0, setup.formulaEvaluator != nil { try report(setup, &progress) }

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

      if setup.isReportDue(at: end) { try report(setup, &progress) }
      let isDue = setup.isSaveDue(at: end, secondsSinceLast: lastSaveTime.duration(to: .now).seconds)
      let isStopping = options.control.isStopping
      if isDue || isStopping || options.control.takeSaveRequest() {
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

  /// Restores the newest checkpoint, if the run has one.
  private func resume(_ setup: RunSetup<Scalar>) throws -> RunProgress {
    let found: (checkpoint: Checkpoint, path: String)?
    switch options.resume {
    case .never: found = nil
    case .file(let path): found = (try CheckpointFile.read(path), path)
    case .automatic:
      let newest = try directory.checkpoints.newestValid()
      for damaged in newest.damaged {
        try notify(
          .warning("\(damaged.reason); it is kept as \(damaged.keptAs), and the run goes on from an older one"))
      }
      found = newest.found
    }
    guard let (checkpoint, path) = found else { return RunProgress() }
    if let data = setup.data, let then = checkpoint.provenance["data"], then != data.fingerprint.description {
      throw TrainerError(
        .usage,
        "\(directory.path): the directory holds a run on other data: \(data.path) has changed since "
          + "\(path) was saved; choose another directory with --output")
    }
    let differences = Provenance.differences(checkpoint)
    if !differences.isEmpty {
      try notify(.warning("the run goes on elsewhere, so bits may differ: \(differences.joined(separator: ", "))"))
    }
    let progress = try RunProgress(checkpoint, path: path)
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
    throw TrainerError(
      .diverged,
      "the run \(reason); a smaller optimizer.learningRate (now \(configuration.optimizer.learningRate)) helps")
  }

  /// Measures every group and tells the observers; at the end of an epoch begins the next.
  private func report(_ setup: RunSetup<Scalar>, _ progress: inout RunProgress) throws {
    let engine = setup.engine
    // Without data a step is the whole objective: what counts is its value where the step has led. With data, that is
    // so at the start only, where no epoch has been measured yet.
    let isMeasuredHere = setup.data == nil || progress.step == 0
    let train =
      (isMeasuredHere ? setup.formulaEvaluator : nil)?
      .measure(parameters: engine.memory.evaluatedParameters, region: region, metrics: nil) ?? engine.epochMeasurement
    let evaluations = setup.evaluators.map { group, evaluator in
      (
        group: group,
        measurement: evaluator.measure(
          parameters: engine.memory.evaluatedParameters, region: region, metrics: setup.problem.metrics)
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
    note(train, evaluations, &progress)
    engine.memory.rateFactor[0] = progress.plateau.factor
  }

  /// Keeps what the schedule, early stopping and retention go by.
  private func note(
    _ train: Measurement, _ evaluations: [(group: String, measurement: Measurement)], _ progress: inout RunProgress
  ) {
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
    if let best = configuration.checkpoints.best, let value = value(best) {
      _ = progress.best.note(value, step: progress.step, reference: best)
    }
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
