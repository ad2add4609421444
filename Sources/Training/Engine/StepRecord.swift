import DataParallel

/// What the steps of a run leave for the coordinator: sums over the epoch so far, the last loss, and whether the run
/// has diverged. Written by the update unit of block 0, except for the marks of blocks whose parameters are not finite.
package struct StepRecord: Sendable {
  /// Sums of the statistics over the steps of the epoch so far; behind them the number of these steps.
  private let sums: SharedBuffer<Double>
  /// The first step after which each block had a parameter that is not finite; `Int.max` for none.
  private let nonFinite: SharedBuffer<Int>
  /// The first step with a loss that is not finite or beyond all bounds; `Int.max` for none.
  private let bad: SharedBuffer<Int>
  /// The loss of the first step; NaN before it.
  private let first: SharedBuffer<Double>
  /// What displays read while steps run.
  let live: LiveProgress

  /// A loss beyond this many times max(1, |first loss|) counts as diverged.
  static let divergenceFactor = 1e6

  init(statistics: Int, blocks: Int, live: LiveProgress) {
    sums = SharedBuffer(repeating: 0, count: statistics + 1)
    nonFinite = SharedBuffer(repeating: .max, count: blocks)
    bad = SharedBuffer(repeating: .max, count: 1)
    first = SharedBuffer(repeating: .nan, count: 1)
    self.live = live
  }

  func noteNonFinite(step: Int, block: Int) {
    nonFinite.pointer[block] = min(nonFinite.pointer[block], step)
  }

  /// - Parameter isTrial: Whether the loss is that of a point which the optimizer merely tries.
  func add(_ statistics: ShardStatistics, divisor: Double, step: Int, isTrial: Bool) {
    let loss = divisor == 0 ? 0 : statistics.sum(Statistic.loss) / divisor
    for index in 0..<statistics.count { sums.pointer[index] += statistics.sum(index) }
    sums.pointer[statistics.count] += 1
    if first.pointer[0].isNaN { first.pointer[0] = loss }
    if !isTrial, !loss.isFinite || abs(loss) > Self.divergenceFactor * max(1, abs(first.pointer[0])) {
      bad.pointer[0] = min(bad.pointer[0], step)
    }
    live.update(step: step + 1, loss: loss)
    live.publish(sums.pointer, count: statistics.count + 1)
  }

  /// What the steps of an epoch so far add up to.
  struct EpochSums {
    /// The statistics, as `Statistic` says.
    var statistics: [Double]
    /// How many steps they are of.
    var steps: Double

    /// The sums whose `values` these are.
    init(values: [Double]) {
      statistics = Array(values.dropLast())
      steps = values.last ?? 0
    }

    /// The statistics and, behind them, the number of steps: what a checkpoint keeps.
    var values: [Double] { statistics + [steps] }
  }

  /// The sums of the epoch so far, for the coordinator.
  var epochSums: EpochSums {
    get { EpochSums(values: Array(sums.elements)) }
    nonmutating set { for (index, value) in newValue.values.enumerated() { sums[index] = value } }
  }

  /// Begins a new epoch.
  package func beginEpoch() { sums.elements.update(repeating: 0) }

  /// The loss of the first step of the run; NaN before it.
  var firstLoss: Double {
    get { first[0] }
    nonmutating set { first[0] = newValue }
  }

  /// The step, counted from 0, at which the run diverged first.
  var divergence: (step: Int, isLoss: Bool)? {
    let parameter = nonFinite.elements.min() ?? .max
    let step = min(bad[0], parameter)
    return step == .max ? nil : (step, bad[0] <= parameter)
  }
}
