import Autodiff

/// The engine's ways to a step's gradient that cost less than the plain one: each shard computes its whole gradient into
/// a slot, from its own rows and from parameters as they lie. Each has a condition, named in docs/architecture.md, that is
/// tested where it is chosen; without it the plain way is taken. Tests and `gradcheck` switch them off and compare.
package struct EngineShortcuts: OptionSet, Sendable {
  /// The shortcuts as bits.
  package let rawValue: Int
  /// Creates a set from its bits.
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// Gradients of large matrices are left to the update, as Note [Sample products] in `Autodiff` says.
  package static let products = EngineShortcuts(rawValue: 1)
  /// The rows of such a product that are data are read from the dataset again, instead of from a copy.
  package static let rereadInputs = EngineShortcuts(rawValue: 2)
  /// Gradients of small narrow matrices are computed as their transposes, whose rows fill vectors.
  package static let transposedSlots = EngineShortcuts(rawValue: 4)
  /// Matrices are read in the kernels' order, as Note [Packed matrices] in `Autodiff` says.
  package static let packedMatrices = EngineShortcuts(rawValue: 8)
  /// The shards' graphs are simplified and fused.
  package static let simplification = EngineShortcuts(rawValue: 16)

  /// Among ranks, the operands of a product travel in place of its partial sums where they are fewer bytes.
  package static let travellingOperands = EngineShortcuts(rawValue: 32)

  /// Gradients are cut among workers where there are more of them than shards, as Note [Tiles] in `Autodiff` says.
  package static let tiles = EngineShortcuts(rawValue: 64)

  /// One worker adds up the slots of neighbouring shards, as Note [Subtrees] in `DataParallel` says.
  package static let subtrees = EngineShortcuts(rawValue: 128)

  /// All of them: what a run uses.
  package static let all: EngineShortcuts = [
    .products, .rereadInputs, .transposedSlots, .packedMatrices, .simplification, .travellingOperands, .tiles,
    .subtrees,
  ]
}
