/// One kind of unit within a step.
///
/// Phases of a step follow each other, each begun when the one before is done; units of one phase run at once.
package enum Phase: Sendable, Equatable {
  /// The gradient of one shard, or its first stage.
  case gradient
  /// A later stage of the shards' gradients, counted from 1, where Note [Tiles] in `Autodiff` cuts them.
  case gradientStage(Int)
  /// The sum of one block's gradient over the shards, divided by the batch's weight.
  case reduce
  /// A pass of the optimizer's chain over one block, counted from 0; the last one writes the parameters.
  case update(pass: Int)
  /// Both of one block, in one way through memory: the reduction and the first pass.
  case reduceAndUpdate
  /// What joins the sums that a pass over all blocks has left, in one unit; see Note [Passes] in `UpdatePlan`.
  case join(afterPass: Int)

  // Among ranks alone, as Note [Exchange] in `StepExchange` says.

  /// The sums of one block over the subtrees of this rank's shards.
  case reducePartially
  /// Bytes from rank to rank, in one unit.
  case exchange(Exchange)
  /// The copies, in the kernels' order, of one block that another rank has updated.
  case copy

  /// What goes from rank to rank.
  package enum Exchange: Sendable {
    /// The shards' statistics go out, and all else may come in.
    case statistics
    /// The sums over blocks, between two passes.
    case blockSums
    /// What is left of the step.
    case rest
  }

  /// The phases of a step whose optimizer passes over the blocks that many times.
  ///
  /// - Parameter stages: Those of the gradient, where it is cut.
  static func sequence(passes: Int, stages: Int = 1, amongRanks: Bool = false) -> [Phase] {
    let gradient: [Phase] = [.gradient] + (1..<max(1, stages)).map { .gradientStage($0) }
    if amongRanks {
      return gradient + [.exchange(.statistics), .reducePartially, .reduceAndUpdate]
        + (1..<max(1, passes)).flatMap { [.exchange(.blockSums), .join(afterPass: $0 - 1), .update(pass: $0)] }
        + [.copy, .exchange(.rest)]
    }
    guard passes > 1 else { return gradient + [.reduceAndUpdate] }
    return gradient + [.reduce, .update(pass: 0)]
      + (1..<passes).flatMap { [.join(afterPass: $0 - 1), .update(pass: $0)] }
  }
}
