/// One kind of unit within a step.
///
/// Phases of a step follow each other, each begun when the one before is done; units of one phase run at once.
package enum Phase: Sendable, Equatable {
  /// The gradient of one shard.
  case gradient
  /// The sum of one block's gradient over the shards, divided by the batch's weight.
  case reduce
  /// A pass of the optimizer's chain over one block, counted from 0; the last one writes the parameters.
  case update(pass: Int)
  /// Both of one block, in one way through memory: for a chain that is a single pass.
  case reduceAndUpdate
  /// What joins the sums that a pass over all blocks has left, in one unit; see Note [Passes] in `UpdatePlan`.
  case join(afterPass: Int)

  /// The phases of a step whose optimizer passes over the blocks that many times.
  static func sequence(passes: Int) -> [Phase] {
    guard passes > 1 else { return [.gradient, .reduceAndUpdate] }
    return [.gradient, .reduce, .update(pass: 0)]
      + (1..<passes).flatMap { [.join(afterPass: $0 - 1), .update(pass: $0)] }
  }
}
