import Checkpoints
import DataParallel
import Datasets
import Foundation
import Foundations
import Kernels
import Models
import Optimizers

/// Carries out one run: regions of training steps, and between them evaluation, checkpoints and everything else that is
/// not a step. Of several ranks each has one, and all go the same way; rank 0 alone reads checkpoints and writes files.
struct Coordinator<Scalar: TrainingScalar> {
  private(set) var configuration: RunConfiguration
  let options: RunOptions
  /// Those of rank 0 are told everything, those of other ranks what all ranks come to know.
  let observers: [any RunObserver]
  /// Data from memory, in place of those of the config.
  let arrays: TrainingArrays?
  /// Where the run's files are; `nil` for a run that writes none, and for ranks that write none.
  let directory: RunDirectory?
  let region: Region
  /// The ranks that train together; in one process, that one.
  let ranks: any Communicator
  private let live = LiveProgress()
  private let beginning: ContinuousClock.Instant

  init(
    _ configuration: RunConfiguration, arrays: TrainingArrays? = nil, _ options: RunOptions,
    _ observers: [any RunObserver]
  ) {
    self.configuration = configuration
    self.arrays = arrays
    self.options = options
    self.observers = observers
    beginning = options.now()
    ranks = options.communicator
    directory =
      ranks.isFirst ? configuration.output.map { RunDirectory($0, fileSystem: options.fileSystem) } : nil
    region = Region(workers: max(1, options.workerCount), start: options.starter)
  }

  func notify(_ event: RunEvent) throws {
    for observer in observers { try observer.observe(event) }
  }

  // MARK: The run

  func run() throws -> RunOutcome {
    do {
      return try runOnAllRanks()
    } catch let failure as RankFailure {
      throw RankLoss(failure: failure, directory: configuration.output, checkpoint: nil, hasBegun: false)
    }
  }

  private func runOnAllRanks() throws -> RunOutcome {
    try ranks.requireSameProgram(configuration)
    try ranks.together {
      try requireKeptBest()
      try requireShards()
    }
    // Observers are rank 0's, but where regions end, and what is counted, all ranks must know.
    let interests = try ranks.fromFirst { RunInterests(of: observers) }
    let setup = try ranks.together {
      try RunSetup<Scalar>(
        configuration, arrays: arrays, region: region, live: live, ranks: ranks, interests: interests)
    }
    try ranks.requireSameData(setup.data?.fingerprint)
    var coordinator = self
    coordinator.configuration = setup.configuration
    return try coordinator.run(setup)
  }

  private func run(_ setup: RunSetup<Scalar>) throws -> RunOutcome {
    // A checkpoint that does not fit is refused before anything is written.
    let given = try foundByFirst { try givenCheckpoint(setup) }
    guard configuration.output != nil else { return try carryOut(setup, begin(setup, given)) }
    if let summary = try finishedByFirst({ try finishedRun(setup) }) { return .alreadyFinished(summary) }
    let claimed =
      try ranks.onFirst {
        try directory?.claim(
          for: configuration, mustBeNew: options.resume == .never, objection: setup.lengthening.objection)
      } ?? nil
    defer { claimed?.claim.release() }
    let begun: Beginning
    do {
      begun = try begin(setup, given, claimed?.warning)
    } catch {
      claimed?.claim.takeBack()
      throw error
    }
    return try carryOut(setup, begun)
  }

  /// Refuses to keep the best checkpoint of a run that keeps none.
  func requireKeptBest() throws {
    guard configuration.output == nil, let best = configuration.checkpoints.best else { return }
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
    try ranks.together(namingRanks: false) { try warn(setup, warning) }
    let start = try given ?? foundByFirst { try newestCheckpoint(setup) }
    var setup = setup
    let initial = try initialParameters(setup, start)
    setup.checkpoints.initialContents =
      start.map { $0.checkpoint.provenance[InitialParameters.provenanceName] } ?? initial?.digest.description
    let crew = try crew(of: setup)
    return try ranks.together {
      if let initial { setup.engine.begin(at: initial.parts) }
      let progress = try resume(setup, start)
      let saving = try RunSaving(
        setup, in: directory?.checkpoints, keeping: configuration.checkpoints.retention, progress, start: start?.path,
        observers: observers, now: options.now)
      var description = RunDescription(
        of: setup, configuration, directory: configuration.output,
        resumedStep: progress.step > 0 ? progress.step : nil, live: live)
      description.crew = crew
      description.initial = initialText(setup, initial)
      try notify(.started(description))
      return (progress, saving)
    }
  }

  private func warn(_ setup: RunSetup<Scalar>, _ warning: String?) throws {
    if let warning { try notify(.warning(warning)) }
    if let data = setup.data, !data.otherGroups.isEmpty {
      try notify(.warning("\(data.path): \(RunSetup<Scalar>.isIgnored(data.otherGroups))"))
    }
    for warning in setup.data?.warnings ?? [] { try notify(.warning(warning)) }
    if let warning = ThreadSupply.current.warning { try notify(.warning(warning)) }
  }

  private func carryOut(_ setup: RunSetup<Scalar>, _ beginning: Beginning) throws -> RunOutcome {
    var (progress, saving) = beginning
    // Whatever ends the run, the file in flight is finished first.
    defer { saving.wait() }
    do {
      return try train(setup, &progress, &saving)
    } catch let failure as RankFailure {
      throw RankLoss(
        failure: failure, directory: configuration.output, checkpoint: try saving.newestGood(), hasBegun: true)
    } catch {
      // What ended the run is what the user must know.
      do { try saving.saveBest() } catch _ {}
      throw error
    }
  }

  private func train(
    _ setup: RunSetup<Scalar>, _ progress: inout RunProgress, _ saving: inout RunSaving<Scalar>
  ) throws -> RunOutcome {
    if progress.step == 0, setup.isFormula { _ = try report(setup, &progress) }
    let (engine, timetable) = (setup.engine, setup.timetable)
    var pace = RegionPace()
    var effort = RunEffort()
    if isPaused(at: progress.step, of: timetable.steps), earlyStop(progress) == nil {
      if saving.lastStep < progress.step || progress.step == 0 { try saving.begin(&progress) }
      return try finish(setup, progress, effort, &saving, interruptedBy: RunTrace.pauseReason)
    }
    var observation = ParameterObservation(ranks.isFirst ? observers : [], timetable)
    while progress.step < timetable.steps, earlyStop(progress) == nil {
      let wanted = min(
        timetable.nextStop(after: progress.step), progress.step + pace.steps, options.stopAtStep ?? .max)
      var end = progress.step
      try observation.willTrain(end, engine.memory)
      let elapsed = try effort.measure(ranks) {
        let done = try engine.runReady(steps: progress.step..<wanted)
        end = done.end
        return done.participants
      }
      // Where rows are read from a slow disk, none may have come yet.
      let isWaiting = end == progress.step
      if !isWaiting { pace.note(steps: end - progress.step, elapsed: elapsed) }
      progress.note(end, elapsed)
      try stopIfDiverged(engine, &saving)

      if !isWaiting { try observation.didTrain(end, engine.memory) }
      let isBest = !isWaiting && timetable.isReportDue(at: end) ? try report(setup, &progress) : false
      try saving.collect()
      let agreement = try agree(pace, saving)
      pace.steps = agreement.regionSteps
      saving.note(good: agreement.lastGood)
      let isDue = !isWaiting && timetable.isSaveDue(at: end, secondsSinceLast: agreement.secondsSinceSave)
      let isBestDue = timetable.isBestDue(secondsSinceLast: agreement.secondsSinceSave)
      let stopReason = agreement.stopReason ?? (isPaused(at: end, of: timetable.steps) ? RunTrace.pauseReason : nil)
      if isDue || isBest && isBestDue || stopReason != nil || agreement.wantsSave {
        let stall = try ContinuousClock().measure { try saving.begin(&progress) }
        if end < timetable.steps {
          if let reason = stopReason {
            return try finish(setup, progress, effort, &saving, interruptedBy: reason)
          }
          progress.stallSeconds += stall.seconds
        }
      } else if isBest {
        progress.stallSeconds += try ContinuousClock().measure { try saving.keepBest(&progress) }.seconds
      } else if isBestDue {
        try saving.saveBest()
      }
    }
    if saving.lastStep < progress.step || progress.step == 0 { try saving.begin(&progress) }
    return try finish(setup, progress, effort, &saving)
  }

  /// Whether the run saves and ends here because it was told beforehand how far to go; all ranks were told the same.
  private func isPaused(at step: Int, of steps: Int) -> Bool {
    options.stopAtStep.map { step >= $0 && step < steps } ?? false
  }

  /// Comes to know what all ranks do next.
  private func agree(_ pace: RegionPace, _ saving: RunSaving<Scalar>) throws -> RegionAgreement {
    RegionAgreement(
      try ranks.gathered(
        RegionAgreement.Note(
          isStopping: options.control.isStopping, wantsSave: options.control.takeSaveRequest(), regionSteps: pace.steps,
          secondsSinceSave: saving.secondsSinceLast,
          isOverTime: options.stopAfter.map { beginning.duration(to: options.now()) >= $0 } ?? false,
          lastGood: saving.lastGood)))
  }

  /// Waits for the last save, and sums the run up.
  private func finish(
    _ setup: RunSetup<Scalar>, _ progress: RunProgress, _ effort: RunEffort, _ saving: inout RunSaving<Scalar>,
    interruptedBy reason: String? = nil
  ) throws -> RunOutcome {
    let path = try ranks.together(namingRanks: false) { try saving.finish() }
    var summary = RunSummary(
      of: setup, progress, configuration, in: configuration.output, checkpoint: path,
      reason: reason ?? earlyStop(progress))
    try note(effort, of: setup, progress, in: &summary)
    try ranks.together(namingRanks: false) {
      try notify(reason.map { .stopped(step: progress.step, reason: $0) } ?? .finished(summary))
    }
    return reason == nil ? .finished(summary) : .interrupted(summary)
  }
}
