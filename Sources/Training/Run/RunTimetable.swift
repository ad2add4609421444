import Foundations

/// How far a run that can be trained goes, and what it measures on the way.
package struct RunExtent: Sendable, Equatable {
  /// The steps of the whole run.
  package let steps: Int
  /// From one measurement of all groups to the next.
  package let stepsPerMeasurement: Int
  /// The groups that are measured, `train` first.
  package let groups: [String]

  /// Creates the value.
  package init(steps: Int, stepsPerMeasurement: Int, groups: [String]) {
    self.steps = steps
    self.stepsPerMeasurement = stepsPerMeasurement
    self.groups = groups
  }
}

/// After which steps of a run the coordinator has something to do: report, save, end.
struct RunTimetable: Sendable {
  /// The steps of the whole run.
  let steps: Int
  /// Without data there are no epochs; then it is the whole run.
  let stepsPerEpoch: Int
  /// Whether the run has epochs.
  let hasEpochs: Bool
  private let checkpoints: CheckpointSettings
  /// Runs without epochs report this often.
  private let reportPeriod: Int?
  /// How often observers are given the parameters.
  private let observed: [ObserverInterests.Period]

  /// The most lines that a run without epochs writes.
  private static let mostReports = 1000

  /// Works out the timetable of a run.
  ///
  /// - Parameters:
  ///   - stepsPerPass: The steps that take each sample once.
  ///   - hasEpochs: Whether there are data, so that such a pass is an epoch.
  ///   - observed: How often observers are given the parameters.
  /// - Throws: `TrainerError` with code `.usage` for more steps than can be counted.
  init(
    _ configuration: RunConfiguration, stepsPerPass: Int, hasEpochs: Bool, observed: [ObserverInterests.Period] = []
  ) throws {
    steps = try Self.steps(of: configuration, inEpoch: stepsPerPass)
    stepsPerEpoch = hasEpochs ? stepsPerPass : steps
    self.hasEpochs = hasEpochs
    reportPeriod = hasEpochs ? nil : max(1, (steps + Self.mostReports - 1) / Self.mostReports)
    checkpoints = configuration.checkpoints
    self.observed = observed
  }

  /// The steps of the whole run.
  private static func steps(of configuration: RunConfiguration, inEpoch stepsPerEpoch: Int) throws -> Int {
    switch configuration.training.length {
    case .steps(let steps): return steps
    case .epochs(let epochs):
      let most = ClosedRange.mostCount / stepsPerEpoch
      guard epochs <= most else {
        throw TrainerError(
          .usage,
          "training.epochs: found \(epochs), expected at most \(most): an epoch has \(stepsPerEpoch) "
            + "\(stepsPerEpoch == 1 ? "step" : "steps"), and a run at most \(ClosedRange.mostCount)")
      }
      return epochs * stepsPerEpoch
    }
  }

  /// Whether an epoch ends with that many completed steps.
  func isEpochEnd(_ step: Int) -> Bool { hasEpochs && step % stepsPerEpoch == 0 }

  /// Completed epochs after this many steps.
  func epochs(after step: Int) -> Int { hasEpochs ? step / stepsPerEpoch : 0 }

  /// Whether the coordinator reports after this many steps.
  func isReportDue(at step: Int) -> Bool {
    isEpochEnd(step) || step == steps || reportPeriod.map { step % $0 == 0 } ?? false
  }

  /// From one measurement of all groups to the next; the last may come sooner.
  var stepsPerMeasurement: Int { reportPeriod ?? stepsPerEpoch }

  /// The next number of completed steps at which the coordinator has something to do.
  func nextStop(after step: Int) -> Int {
    var stop = min(steps, (step / stepsPerEpoch + 1) * stepsPerEpoch)
    if let reportPeriod { stop = min(stop, (step / reportPeriod + 1) * reportPeriod) }
    if case .steps(let period)? = checkpoints.every { stop = min(stop, (step / period + 1) * period) }
    for period in observed {
      let unit = stepCount(of: period)
      let due = step / unit >= .max / unit - 1 ? .max : (step / unit + 1) * unit
      stop = min(stop, due - 1 > step ? due - 1 : due)
    }
    return stop
  }

  /// Whether observers that asked for this period are given the parameters after this many steps. They are given those
  /// before that step too, so that both are stops.
  func isDue(_ period: ObserverInterests.Period, at step: Int) -> Bool {
    step > 0 && step % stepCount(of: period) == 0
  }

  private func stepCount(of period: ObserverInterests.Period) -> Int {
    switch period {
    case .steps(let count): return max(1, count)
    case .epochs(let count):
      let (steps, isTooMany) = max(1, count).multipliedReportingOverflow(by: reportPeriod ?? stepsPerEpoch)
      return isTooMany ? .max : steps
    }
  }

  /// Whether a checkpoint is due after this many steps.
  ///
  /// - Parameter secondsSinceLast: Since the last save began, as rank 0's clock has it.
  func isSaveDue(at step: Int, secondsSinceLast: Double) -> Bool {
    switch checkpoints.every {
    case .epochs(let period): isEpochEnd(step) && epochs(after: step) % period == 0 && isApart(step, secondsSinceLast)
    case .steps(let period): step % period == 0 && isApart(step, secondsSinceLast)
    case .seconds(let period): secondsSinceLast >= period
    case nil: false
    }
  }

  /// Whether a save by epochs or steps is far enough from the last one. The checkpoints that stay for their epoch are
  /// saved in any case.
  private func isApart(_ step: Int, _ secondsSinceLast: Double) -> Bool {
    if let kept = checkpoints.retention.everyEpochs, isEpochEnd(step), epochs(after: step) % kept == 0 { return true }
    return secondsSinceLast >= checkpoints.secondsApart ?? 0
  }

  /// Whether a best checkpoint may be saved by now, or is kept in memory for a while.
  func isBestDue(secondsSinceLast: Double) -> Bool { secondsSinceLast >= checkpoints.secondsBeforeBest }

  /// The most checkpoints that stay at any time.
  func stayingCheckpoints(_ settings: CheckpointSettings) -> Int {
    let epochs = epochs(after: steps)
    let saves: Int? =
      switch settings.every {
      case .epochs(let period): epochs / period + 1
      case .steps(let period): steps / period + 1
      case .seconds: nil
      case nil: 1
      }
    // Of saves by the clock nobody knows the number beforehand.
    guard let last = settings.retention.last else { return saves ?? 1 }
    let ofEpochs = settings.retention.everyEpochs.map { epochs / $0 } ?? 0
    let most = max(steps, 1)
    return min(min(last, saves ?? most, most) + ofEpochs, most) + (settings.best == nil ? 0 : 1)
  }
}
