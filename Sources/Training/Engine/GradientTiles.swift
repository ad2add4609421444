import Autodiff
import DataParallel
import Kernels

/// How the gradients of shards are cut into stages, where there are more workers than shards: Note [Tiles] in `Autodiff`.
///
/// A stage is a phase of the step. Its units are the shards, for a stretch of instructions, or for a product (tile, shard)
/// in that order: workers keep to the units of their homes, and so to some columns of the matrix. How many tiles, and
/// whether it pays at all, follows from the numbers of workers and shards and from `TileCosts`; it changes no bit.
struct GradientTiles<Scalar: TrainingScalar>: Sendable {
  /// The units of each stage for a shard; empty where a shard's gradient is one unit.
  private let tiles: SharedBuffer<Int>
  /// The pieces of each plan, one plan after the other.
  private let pieces: SharedBuffer<PlanPiece<Scalar>>
  /// The first piece for each number of samples.
  private let first: SharedBuffer<Int>
  /// Elements of scratch space that a unit needs.
  let scratchCount: Int

  /// Chooses for so many shards and workers.
  ///
  /// - Parameter costs: What cutting costs; `nil` for not cutting.
  init(_ plans: PlanSet<Scalar>, shards: Int, workers: Int, kernels: Kernels<Scalar>, costs: TileCosts?) {
    let choice = costs.flatMap { Self.choose(plans, shards: shards, workers: workers, kernels: kernels, costs: $0) }
    let all = choice ?? []
    let stages = all.first?.map(\.tiles) ?? []
    tiles = SharedBuffer(stages)
    pieces = SharedBuffer(all.flatMap { $0 })
    first = SharedBuffer(
      plans.sizes.reduce(into: [Int](repeating: 0, count: (plans.sizes.last ?? 0) + 1)) { places, size in
        places[size] = (plans.sizes.firstIndex(of: size) ?? 0) * stages.count
      })
    scratchCount = stages.isEmpty ? 0 : plans.all.map(\.scratchCount).max() ?? 0
  }

  /// The pieces of each plan; `nil` if cutting does not pay, or where the plans of different sizes differ in what can be
  /// cut.
  private static func choose(
    _ plans: PlanSet<Scalar>, shards: Int, workers: Int, kernels: Kernels<Scalar>, costs: TileCosts
  ) -> [[PlanPiece<Scalar>]]? {
    guard workers > shards, shards > 0 else { return nil }
    let products = plans.all.map { $0.columnProducts(kernels) }
    guard let largest = products.last, products.allSatisfy({ $0.map(\.matrix) == largest.map(\.matrix) }) else {
      return nil
    }
    let tiles = largest.map {
      costs.tiles(work: $0.floatingPointOperations, most: $0.mostTiles, shards: shards, workers: workers)
    }
    guard tiles.contains(where: { $0 > 1 }) else { return nil }
    let pieces = zip(plans.all, products).map { plan, products in
      plan.pieces(cutting: zip(products, tiles).filter { $0.1 > 1 }.map { (product: $0.0, tiles: $0.1) })
    }
    return pieces.allSatisfy { $0.map(\.tiles) == pieces[0].map(\.tiles) } ? pieces : nil
  }

  /// Whether a shard's gradient is several units.
  var isCut: Bool { tiles.count > 0 }

  /// The stages, of which the first comes with loading the shard's samples.
  var stages: Int { tiles.count }

  /// The units of a stage for a shard.
  func tiles(of stage: Int) -> Int { tiles.pointer[stage] }

  /// Calls `body` with the piece of a stage for a shard of so many samples. It counts no references.
  func use(_ stage: Int, samples: Int, _ body: (PlanPiece<Scalar>) -> Void) {
    pieces.use(first.pointer[samples] + stage, body)
  }
}

/// What cutting a shard's product into tiles costs, in floating-point operations that a worker could do meanwhile.
///
/// Measured, but for what a hand-over costs with many workers, which is from `scripts/cores-model` (docs/performance.md): 0.15
/// µs for claiming a unit, 0.35 µs and 0.05 µs for each worker for a hand-over from phase to phase, at 100 G flop/s.
package struct TileCosts: Sendable {
  /// Of claiming a unit.
  let claim: Int
  /// Of the two phases that a product adds: for two workers, and for each one more.
  let handOver: (first: Int, each: Int)

  /// Those of common machines.
  package static let measured = TileCosts(claim: 15_000, handOver: (70_000, 10_000))
  /// None: everything is cut as finely as it can be, for tests.
  package static let none = TileCosts(claim: 0, handOver: (0, 0))

  /// Shards of the subtrees that one unit adds up, as Note [Subtrees] in `DataParallel` says: as many as leave each worker
  /// as few shards as it would have without, where there are others at all, and slots are worth it.
  ///
  /// - Parameters:
  ///   - slot: Elements of a slot.
  ///   - work: Floating-point operations of a shard.
  package func subtree(shards: Int, workers: Int, slot: Int, work: Int) -> Int {
    func busiest(_ subtree: Int) -> Int { ((shards + subtree - 1) / subtree + workers - 1) / workers * subtree }
    let isWorthIt = claim == 0 || (slot >= Self.leastSlot && slot <= Self.mostSlot && work / slot <= Self.mostWork)
    guard workers > 1, slot > 0, isWorthIt else { return 1 }
    var subtree = 1
    while 2 * subtree <= shards, busiest(2 * subtree) <= busiest(1) { subtree *= 2 }
    return subtree
  }

  /// Fewer elements of a slot are some lines of the cache; more do not stay in the first-level one; and with more operations
  /// for each of them the slots are a hundredth of a step.
  private static var leastSlot: Int { 256 }
  private static var mostSlot: Int { 16384 }
  private static var mostWork: Int { 1024 }

  /// Into how many tiles to cut the product of a shard: those with which the busiest worker is done first, or 1 if that
  /// gains less than the phases cost.
  package func tiles(work: Int, most: Int, shards: Int, workers: Int) -> Int {
    func busiest(_ tiles: Int) -> Int { (shards * tiles + workers - 1) / workers * (work / tiles + claim) }
    guard most > 1, let best = (2...most).min(by: { busiest($0) < busiest($1) }) else { return 1 }
    let isWorth = busiest(1) - busiest(best) > handOver.first + handOver.each * (workers - 2)
    return isWorth || claim == 0 && handOver == (0, 0) ? best : 1
  }
}
