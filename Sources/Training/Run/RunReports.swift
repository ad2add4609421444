import DataParallel
import Foundations
import Models
import Optimizers

/// What a run measures between two regions, and what follows from it. Of several ranks all measure, and find the same.
extension Coordinator {
  /// Measures every group and tells the observers; at the end of an epoch begins the next.
  ///
  /// - Returns: Whether the measurement is the best so far of those that a checkpoint is kept for.
  func report(_ setup: RunSetup<Scalar>, _ progress: inout RunProgress) throws -> Bool {
    let engine = setup.engine
    try engine.shareEvaluatedParameters()
    func measured(_ evaluator: Evaluator<Scalar>) throws -> LossAndMetrics {
      try evaluator.measure(parameters: engine.memory.evaluatedParameters, region: region, ranks: ranks)
    }
    // Where a step takes all samples, or a formula is trained, what counts is where the step has led: of that the other
    // groups are measured too.
    let train = try setup.trainEvaluator.map(measured) ?? engine.epochMeasurement
    let evaluations = try setup.evaluators.map { (group: $0.group, measurement: try measured($0.evaluator)) }
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
      // What reaches the target counts however little better it is.
      let delta = stopping.isReached(by: value) ? 0 : stopping.minDelta
      _ = progress.stopping.note(value, step: progress.step, reference: stopping.metric, delta: delta)
    }
    guard let best = configuration.checkpoints.best, let value = value(best) else { return false }
    return progress.best.note(value, step: progress.step, reference: best)
  }

  /// Why the run should end before its length; `nil` if it should not.
  func earlyStop(_ progress: RunProgress) -> String? {
    guard let stopping = configuration.earlyStopping else { return nil }
    if let target = stopping.target, stopping.isReached(by: progress.stopping.value) {
      return "early stopping: \(stopping.metric) has reached \(target): it was \(progress.stopping.value) at step "
        + "\(progress.stopping.step)"
    }
    guard progress.stopping.since >= stopping.patience else { return nil }
    return "early stopping: \(stopping.metric) has not improved for \(stopping.patience) measurements; "
      + "the best was \(progress.stopping.value) at step \(progress.stopping.step)"
  }
}
