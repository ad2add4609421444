import Foundations
import Optimizers

/// Whether a run that was begun with another length may go on to this one's.
struct RunLengthening: Sendable {
  private let schedule: ScheduleSettings
  private let baseRate: Double
  /// The learning rates of the run as it is now.
  private let rates: LearningRateSchedule
  private let timetable: RunTimetable

  init(_ configuration: RunConfiguration, _ optimizer: Optimizer, _ timetable: RunTimetable) {
    schedule = configuration.schedule
    rates = optimizer.schedule
    self.timetable = timetable
    baseRate = configuration.optimizer.learningRate
  }

  /// Why the run cannot become longer; `nil` if it can.
  func objection(to lengthening: ConfigurationDifference.Lengthening) -> String? {
    // It comes from a file that anybody may have written to; the new one, which is greater, has been judged.
    let begun = max(1, lengthening.old)
    let old = lengthening.unit == "epochs" ? begun * timetable.stepsPerEpoch : begun
    let former = LearningRateSchedule(
      schedule, base: baseRate,
      run: RunLength(steps: old, stepsPerEpoch: timetable.hasEpochs ? timetable.stepsPerEpoch : old))
    // Without data an epoch is the whole run, so that schedules by epochs depend on the length too. What such a schedule
    // changes stays changed, so that of a long run some steps tell, among them the last.
    let compared = stride(from: 1, to: old, by: max(1, old / 1_000_000))
    let isSame =
      !schedule.dependsOnLength
      && (Array(compared) + [old]).allSatisfy { former.learningRate(at: $0) == rates.learningRate(at: $0) }
    return isSame
      ? nil
      : "the schedule '\(type(of: schedule.schedule).type)' depends on the run's length, so the steps done so far would "
        + "have had other learning rates"
  }
}
