import DataParallel
import Foundations

/// What ranks agree on between two regions. Wall time and signals differ from rank to rank, and a rank that saves, stops or
/// goes on alone would wait for the others for ever. So each says what it was asked, rank 0 also what its clock says, and
/// all act on the same answer.
package struct RegionAgreement: Equatable {
  /// What one rank says.
  package struct Note: Codable, Equatable {
    /// Whether it was asked to save and end.
    package var isStopping = false
    /// Whether it was asked to save and go on.
    package var wantsSave = false

    /// Of rank 0 alone: how many steps the next region takes at most.
    package var regionSteps = 1
    /// Of rank 0 alone: the seconds since the last save was begun.
    package var secondsSinceSave = 0.0
    /// Of rank 0 alone: whether the time that the run may take has passed.
    package var isOverTime = false
    /// Of rank 0 alone: the newest checkpoint that is known to be good.
    package var lastGood: String?

    /// Creates the value.
    package init(
      isStopping: Bool = false, wantsSave: Bool = false, regionSteps: Int = 1, secondsSinceSave: Double = 0,
      isOverTime: Bool = false, lastGood: String? = nil
    ) {
      self.isStopping = isStopping
      self.wantsSave = wantsSave
      self.regionSteps = regionSteps
      self.secondsSinceSave = secondsSinceSave
      self.isOverTime = isOverTime
      self.lastGood = lastGood
    }
  }

  /// Why the run saves and ends now; `nil` if it goes on.
  package let stopReason: String?
  /// Whether a rank was asked to save.
  package let wantsSave: Bool
  /// How many steps the next region takes at most.
  package let regionSteps: Int
  /// The seconds since the last save was begun.
  package let secondsSinceSave: Double
  /// The newest checkpoint that is known to be good.
  package let lastGood: String?

  /// Joins what the ranks say, in their order.
  package init(_ notes: [Note]) {
    let first = notes.first ?? Note()
    stopReason =
      notes.contains(where: \.isStopping) ? "interrupted" : first.isOverTime ? "time is over" : nil
    wantsSave = notes.contains(where: \.wantsSave)
    regionSteps = max(1, first.regionSteps)
    secondsSinceSave = first.secondsSinceSave
    lastGood = first.lastGood
  }
}

/// Where a run left all bounds.
package struct Divergence: Codable, Equatable {
  /// The step, counted from 0.
  package let step: Int
  /// Whether it was the loss that did, or a parameter.
  package let isLoss: Bool

  /// Creates the value.
  package init(step: Int, isLoss: Bool) {
    self.step = step
    self.isLoss = isLoss
  }

  /// The first of those that ranks have found: a parameter's rank alone knows of it. Of one step the loss counts, as it
  /// does where one rank has found both.
  package static func first(_ found: [Divergence?]) -> Divergence? {
    found.compactMap(\.self).min { $0.step != $1.step ? $0.step < $1.step : $0.isLoss && !$1.isLoss }
  }
}
