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
  let configuration: RunConfiguration
  let options: RunOptions
  private let observers: [any RunObserver]
  /// Data from memory, in place of those of the config.
  let arrays: TrainingArrays?
  /// Where the run's files are; `nil` for a run that writes none.
  let directory: RunDirectory?
  let region: Region
  private let live = LiveProgress()
  private let beginning = ContinuousClock.now

  init(
    _ configuration: RunConfiguration, arrays: TrainingArrays? = nil, _ options: RunOptions,
    _ observers: [any RunObserver]
  ) {
    self.configuration = configuration
    self.arrays = arrays
    self.options = options
    self.observers = observers
    directory = configuration.output.map { RunDirectory($0, fileSystem: options.fileSystem) }
    region = Region(workers: max(1, options.workerCount), start: options.starter)
  }

  func notify(_ event: RunEvent) throws {
    for observer in observers { try observer.observe(event) }
  }

  // MARK: The run

  func run() throws -> RunOutcome {
    try requireKeptBest()
    let setup = try RunSetup<Scalar>(configuration, arrays: arrays, region: region, live: live)
    // A checkpoint that does not fit is refused before anything is written.
    let given = try givenCheckpoint(setup)
    guard let directory else { return try carryOut(setup, begin(setup, given)) }
    if let summary = try finishedRun(setup) { return .alreadyFinished(summary) }
    let (claim, warning) = try directory.claim(
      for: configuration, mustBeNew: options.resume == .never, objection: setup.lengthening.objection)
    defer { claim.release() }
    let begun: Beginning
    do {
      begun = try begin(setup, given, warning)
    } catch {
      claim.takeBack()
      throw error
    }
    return try carryOut(setup, begun)
  }

  /// Refuses to keep the best checkpoint of a run that keeps none.
  func requireKeptBest() throws {
    guard directory == nil, let best = configuration.checkpoints.best else { return }
    throw TrainerError(
      .usage,
      "checkpoints.best: found \"\(best)\", but the run has no \"output\", so that no checkpoint is kept; "
        + "give it a directory, or leave best out")
  }

  /// Where a run stands when its first step is due.
  private typealias Beginning = (progress: RunProgress, saving: RunSaving<Scalar>)

  /// Finds out where the run begins and whether it can be saved, and tells the observers.
  private func begin(
    _ setup: RunSetup<Scalar>, _ given: StartingPoint?, _ warning: String? = nil
  ) throws -> Beginning {
    if let warning { try notify(.warning(warning)) }
    if let data = setup.data, !data.otherGroups.isEmpty {
      try notify(.warning("\(data.path): \(RunSetup<Scalar>.isIgnored(data.otherGroups))"))
    }
    for warning in setup.data?.warnings ?? [] { try notify(.warning(warning)) }
    if let warning = ThreadSupply.current.warning { try notify(.warning(warning)) }
    let start = try given ?? newestCheckpoint(setup)
    let progress = try resume(setup, start)
    let saving = try RunSaving(
      setup, in: directory?.checkpoints, keeping: configuration.checkpoints.retention, progress, start: start?.path,
      observers: observers)
    let resumedStep = progress.step > 0 ? progress.step : nil
    try notify(
      .started(
        RunDescription(of: setup, configuration, directory: directory?.path, resumedStep: resumedStep, live: live)))
    return (progress, saving)
  }

  private func carryOut(_ setup: RunSetup<Scalar>, _ beginning: Beginning) throws -> RunOutcome {
    var (progress, saving) = beginning
    // Whatever ends the run, the file in flight is finished first.
    defer { saving.wait() }
    if progress.step == 0, setup.isFormula { _ = try report(setup, &progress) }

    let (engine, timetable) = (setup.engine, setup.timetable)
    var pace = RegionPace()
    var threads = 0
    while progress.step < timetable.steps, earlyStop(progress) == nil {
      let end = min(timetable.nextStop(after: progress.step), progress.step + pace.steps)
      let elapsed = ContinuousClock().measure { threads = max(threads, engine.run(steps: progress.step..<end)) }
      pace.note(steps: end - progress.step, elapsed: elapsed)
      progress.seconds += elapsed.seconds
      progress.epochSeconds += elapsed.seconds
      progress.step = end
      try stopIfDiverged(engine)

      let isBest = timetable.isReportDue(at: end) ? try report(setup, &progress) : false
      try saving.collect()
      let isDue = timetable.isSaveDue(at: end, secondsSinceLast: saving.secondsSinceLast)
      let stopReason = stopReason
      if isDue || isBest || stopReason != nil || options.control.takeSaveRequest() {
        let stall = try ContinuousClock().measure { try saving.begin(&progress) }
        if end < timetable.steps {
          if let stopReason { return try interrupt(setup, progress, stopReason, &saving) }
          progress.stallSeconds += stall.seconds
        }
      }
    }
    if saving.lastStep < progress.step || progress.step == 0 { try saving.begin(&progress) }
    return try finish(setup, progress, threads: threads, &saving)
  }

  /// Why the run should save and end now; `nil` if it should go on.
  private var stopReason: String? {
    if options.control.isStopping { return "interrupted" }
    if let limit = options.stopAfter, beginning.duration(to: .now) >= limit { return "time is over" }
    return nil
  }

  // MARK: Between regions

  private func stopIfDiverged(_ engine: TrainingEngine<Scalar>) throws {
    guard let divergence = engine.record.divergence else { return }
    let isAtStart = divergence.isLoss && divergence.step == 0
    let what = divergence.isLoss ? "the loss" : "a parameter"
    let reason =
      "diverged at step \(divergence.step + 1): \(what) is not finite"
      + (isAtStart ? " before any update" : " or beyond all bounds")
    try notify(.stopped(step: divergence.step + 1, reason: reason))
    throw TrainerError(.diverged, "the run \(reason); \(advice(isAtStart: isAtStart))")
  }

  /// What may help a run that has diverged.
  ///
  /// - Parameter isAtStart: Whether it did so where it began, with which no learning rate has to do.
  private func advice(isAtStart: Bool) -> String {
    if isAtStart {
      if case .formula = configuration.objective { return "begin with other \"parameters\", or mend the \"objective\"" }
      let remedy = configuration.precision == .float32 ? ", or set \"precision\" to \"float64\"" : ""
      let key = configuration.data?.features == nil ? "data.preprocessing" : "data.features"
      return "make inputs and targets smaller, such as by \"standardize\" in \(key)\(remedy)"
    }
    return configuration.optimizer.settings.goesByObjective
      ? "other initial parameters may help"
      : "a smaller optimizer.learningRate (now \(configuration.optimizer.learningRate)) helps"
  }

  /// Measures every group and tells the observers; at the end of an epoch begins the next.
  ///
  /// - Returns: Whether the measurement is the best so far of those that a checkpoint is kept for.
  private func report(_ setup: RunSetup<Scalar>, _ progress: inout RunProgress) throws -> Bool {
    let engine = setup.engine
    // Where a step takes all samples, or a formula is trained, what counts is where the step has led: of that the other
    // groups are measured too.
    let train =
      setup.trainEvaluator?.measure(parameters: engine.memory.evaluatedParameters, region: region)
      ?? engine.epochMeasurement
    let evaluations = setup.evaluators.map { group, evaluator in
      (
        group: group,
        measurement: evaluator.measure(
          parameters: engine.memory.evaluatedParameters, region: region)
      )
    }
    let rate = setup.optimizer.schedule.learningRate(at: max(1, progress.step)) * progress.plateau.factor
    if progress.step > 0, setup.timetable.isEpochEnd(progress.step) {
      let samples = Double(setup.samplesPerEpoch)
      try notify(
        .epoch(
          EpochReport(
            epoch: setup.timetable.epochs(after: progress.step), step: progress.step, train: train,
            evaluations: evaluations,
            learningRate: rate, samplesPerSecond: samples / progress.epochSeconds, seconds: progress.epochSeconds,
            parameters: setup.isFormula ? engine.memory.fewParameters : [])))
      engine.record.beginEpoch()
      progress.epochSeconds = 0
    } else {
      try notify(
        .step(
          StepReport(
            step: progress.step, train: train, evaluations: evaluations, learningRate: rate,
            parameters: engine.memory.fewParameters)))
    }
    progress.history.append(step: progress.step, train: train, evaluations, learningRate: rate)
    let isBest = note(train, evaluations, &progress)
    engine.memory.rateFactor[0] = progress.plateau.factor
    return isBest
  }

  /// Keeps what the schedule, early stopping and retention go by.
  ///
  /// - Returns: Whether the one that retention goes by has improved.
  private func note(
    _ train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)],
    _ progress: inout RunProgress
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

  private func interrupt(
    _ setup: RunSetup<Scalar>, _ progress: RunProgress, _ reason: String, _ saving: inout RunSaving<Scalar>
  ) throws -> RunOutcome {
    let path = try saving.finish()
    try notify(.stopped(step: progress.step, reason: reason))
    return .interrupted(
      RunSummary(of: setup, progress, configuration, in: directory?.path, checkpoint: path, reason: reason))
  }

  private func finish(
    _ setup: RunSetup<Scalar>, _ progress: RunProgress, threads: Int, _ saving: inout RunSaving<Scalar>
  ) throws -> RunOutcome {
    let path = try saving.finish()
    var summary = RunSummary(
      of: setup, progress, configuration, in: directory?.path, checkpoint: path, reason: earlyStop(progress))
    if threads < region.workers, region.workers > availableCores() { summary.threads = threads }
    try notify(.finished(summary))
    return .finished(summary)
  }
}
