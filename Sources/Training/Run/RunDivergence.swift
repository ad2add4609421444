import DataParallel
import Foundations

/// The end of a run whose loss or parameters have left all bounds.
extension Coordinator {
  /// Ends the run on all ranks if one of them has found that it left all bounds. The best checkpoint is saved before, if it
  /// was not yet.
  func stopIfDiverged(_ engine: TrainingEngine<Scalar>, _ saving: inout RunSaving<Scalar>) throws {
    let own = engine.record.divergence.map { Divergence(step: $0.step, isLoss: $0.isLoss) }
    guard let divergence = Divergence.first(try ranks.gathered(own)) else { return }
    // Of rows that are mapped it is not known before whether they are numbers.
    try ranks.together { if let fault = engine.dataFault(inStep: divergence.step) { throw fault } }
    let isAtStart = divergence.isLoss && divergence.step == 0
    let what = divergence.isLoss ? "the loss" : "a parameter"
    let reason =
      "diverged at step \(divergence.step + 1): \(what) is not finite"
      + (isAtStart ? " before any update" : " or beyond all bounds")
    try ranks.together(namingRanks: false) {
      _ = try saving.newestGood()
      try notify(.stopped(step: divergence.step + 1, reason: reason))
    }
    throw ranks.shared(TrainerError(.diverged, "the run \(reason); \(advice(isAtStart: isAtStart))"))
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
}
