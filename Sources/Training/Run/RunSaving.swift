import Checkpoints
import Foundation
import Foundations

/// The saves of a run as its coordinator sees them: when the last was, what came of it, and what to tell.
struct RunSaving<Scalar: TrainingScalar> {
  private let setup: RunSetup<Scalar>
  /// `nil` in a run that writes no file: there a save is only noted.
  private let saver: CheckpointSaver?
  private let observers: [any RunObserver]

  /// The step of the last save that was begun, or of the checkpoint that the run goes on from.
  private(set) var lastStep: Int
  private var lastTime: ContinuousClock.Instant
  private let now: @Sendable () -> ContinuousClock.Instant
  /// The step of a best state that is copied and not saved yet; `nil` if there is none.
  private var keptStep: Int?
  /// The newest checkpoint that is known to be good.
  private(set) var lastGood: String?
  /// Why the last save failed; `nil` if it did not.
  private var failure: TrainerError?

  /// Prepares saving.
  ///
  /// - Parameters:
  ///   - directory: Where checkpoints go; `nil` for a run that writes no file.
  ///   - start: The checkpoint that the run goes on from.
  ///   - now: The clock.
  init(
    _ setup: RunSetup<Scalar>, in directory: CheckpointDirectory?, keeping retention: CheckpointRetention,
    _ progress: RunProgress, start: String?, observers: [any RunObserver],
    now: @escaping @Sendable () -> ContinuousClock.Instant
  ) throws {
    self.setup = setup
    self.observers = observers
    self.now = now
    lastTime = now()
    lastStep = progress.step
    lastGood = start
    guard let directory else {
      saver = nil
      return
    }
    let copy = setup.checkpoints.make(progress)
    try directory.removeLeftovers()
    try directory.requireRoom(
      forStaying: setup.checkpoints.mostStaying, size: CheckpointFile.estimatedSize(of: copy))
    saver = CheckpointSaver(directory, keeping: retention, copy: copy)
  }

  /// Seconds since the last save was begun.
  var secondsSinceLast: Double { lastTime.duration(to: now()).seconds }

  /// Begins to save the run's state and returns while the file is being written. All ranks call it; rank 0 saves.
  mutating func begin(_ progress: inout RunProgress) throws {
    // If this is a better state, or the same, what waits needs no file.
    if keptStep == progress.best.step, keptStep != progress.step { try saveBest() }
    try copy(&progress)
    try save(progress.step, best: progress.best.step)
  }

  /// Copies the run's state, which is the best so far, to be saved a little later if it stays the best. All ranks call it.
  mutating func keepBest(_ progress: inout RunProgress) throws {
    try copy(&progress)
    keptStep = progress.step
  }

  /// Begins to save the best state that waits in memory, if one does, and returns while the file is being written.
  mutating func saveBest() throws {
    if let keptStep { try save(keptStep, best: keptStep) }
  }

  private func copy(_ progress: inout RunProgress) throws {
    try setup.engine.gatherState()
    progress.firstLoss = setup.engine.record.firstLoss
    progress.epochSums = setup.engine.record.epochSums.values
    saver?.copy { setup.checkpoints.update(&$0, progress) }
  }

  /// Saves what was copied last.
  private mutating func save(_ step: Int, best: Int) throws {
    (lastStep, lastTime, keptStep) = (step, now(), nil)
    guard let saver else { return }
    do {
      for observer in observers { try observer.prepareForSave() }
    } catch let error as TrainerError {
      return try note(.failure(error))
    }
    saver.begin(best: best >= 0 ? [best] : [], after: observers.compactMap { $0.workBeforeSave() })
  }

  /// Tells what came of saves that have ended meanwhile.
  mutating func collect() throws {
    for outcome in saver?.takeOutcomes() ?? [] { try note(outcome) }
  }

  /// Waits for the save in flight, whose outcome `collect` tells.
  func wait() { saver?.wait() }

  /// Saves the best state that waits in memory, and waits for the save in flight.
  ///
  /// - Returns: The newest checkpoint that is known to be good; `nil` if there is none.
  mutating func newestGood() throws -> String? {
    try saveBest()
    saver?.wait()
    try collect()
    return lastGood
  }

  /// Takes note of what rank 0 knows to be good.
  mutating func note(good path: String?) { if saver == nil { lastGood = path } }

  /// Waits for the last save.
  ///
  /// - Returns: The path of the checkpoint; `nil` in a run that writes no file.
  /// - Throws: `TrainerError` with code `.checkpoint` if the last save failed.
  mutating func finish() throws -> String? {
    saver?.wait()
    try collect()
    if let failure {
      let rest = lastGood.map { "the last good checkpoint is \($0)" } ?? "there is no good checkpoint"
      throw TrainerError(
        .checkpoint,
        "\(failure.message); \(rest); free some space or mend the disk, and give the same command again")
    }
    return saver == nil ? nil : lastGood
  }

  private mutating func note(_ outcome: CheckpointSaver.Outcome) throws {
    switch outcome {
    case .success(let saved):
      if failure != nil { try notify(.warning("checkpoints are saved again, the first is \(saved.path)")) }
      failure = nil
      lastGood = saved.path
      for problem in saved.notRemoved { try notify(.warning("an old checkpoint could not be removed: \(problem)")) }
      try notify(.saved(path: saved.path))
    case .failure(let error):
      // With a save every step, one warning a failure would bury all else.
      if failure == nil {
        let rest = lastGood.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet"
        try notify(.warning("\(error.message); training goes on, and \(rest)"))
      }
      failure = error
    }
  }

  private func notify(_ event: RunEvent) throws {
    for observer in observers { try observer.observe(event) }
  }
}
