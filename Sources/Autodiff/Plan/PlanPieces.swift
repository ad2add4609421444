import Kernels

/// Note [Tiles]. A plan is one unit of work for a shard, so more workers than shards would have nothing to do. There, a
/// plan is cut into pieces: stretches of instructions, each a unit of a shard, and between them products by large matrices,
/// each of which is several units of a shard, some columns of its result each. An element of a product is one chain of
/// multiply-adds, with whatever columns it is computed, so the bits are those of the whole plan. A worker that keeps to the
/// same columns reads only that part of the matrix, which others have written.
///
/// The pieces of a shard share a workspace: whoever begins the shard prepares it, those who go on read where everything
/// lies, and each writes its own columns. Scratch space is the worker's.
///
/// Only products by packed matrices are cut (Note [Packed matrices]), which lie there panel by panel.

/// A piece of a plan, as Note [Tiles] says. It must not outlive the plan, whose memory it reads.
package final class PlanPiece<Scalar: KernelElement>: Sendable {
  private let body: ColumnBody<Scalar>
  /// The first instruction of the plan that it runs.
  private let first: Int
  /// The instructions one by one, of a stretch.
  private let bodies: [KernelBody<Scalar>]
  private let columns: Int
  private let unit: Int
  /// The units of work that it is.
  package let tiles: Int

  /// A stretch of instructions.
  fileprivate init(_ plan: Plan<Scalar>, stretch: Range<Int>) {
    first = stretch.lowerBound
    bodies = plan.instructions[stretch].map(\.body)
    let sequence = Plan.sequence(bodies[...])
    body = { frame, _ in sequence(frame) }
    (columns, unit, tiles) = (0, 1, 1)
  }

  /// A product.
  fileprivate init(_ plan: Plan<Scalar>, product: Int, tiles: Int, unit: Int) {
    guard let columnProduct = plan.instructions[product].columnProduct else {
      preconditionFailure("no product by a packed matrix")
    }
    first = product
    bodies = []
    body = columnProduct.body
    columns = columnProduct.matrix.width
    self.unit = unit
    self.tiles = tiles
  }

  /// Computes one of its units, of a run that was begun in the workspace (`Plan.begin`).
  ///
  /// - Parameter scratch: Of the plan's `scratchCount`, for this thread alone.
  package func run(_ tile: Int, in workspace: Workspace<Scalar>, scratch: UnsafeMutablePointer<Scalar>) {
    let units = columns / unit
    let (start, end) = (units * tile / tiles * unit, units * (tile + 1) / tiles * unit)
    body(workspace.frame(scratch: scratch), start..<(tile == tiles - 1 ? columns : end))
  }

  /// The same, one instruction after the other.
  ///
  /// - Parameter each: Runs an instruction, by its number in the plan, for a benchmark that takes its time.
  package func run(
    _ tile: Int, in workspace: Workspace<Scalar>, scratch: UnsafeMutablePointer<Scalar>, each: (Int, () -> Void) -> Void
  ) {
    guard columns == 0 else { return each(first) { run(tile, in: workspace, scratch: scratch) } }
    let frame = workspace.frame(scratch: scratch)
    for (index, body) in bodies.enumerated() { each(first + index) { body(frame) } }
  }
}

/// A product of a plan that can be cut by columns.
package struct PlanProduct: Sendable {
  /// The instruction's number.
  let instruction: Int
  /// The matrix by which it multiplies.
  package let matrix: PackedMatrices.Matrix
  /// In how many parts it can be cut at the most.
  package let mostTiles: Int
  /// Of one run.
  package let floatingPointOperations: Int
  fileprivate let unit: Int
}

extension Plan {
  /// The products that can be cut by columns, in order.
  package func columnProducts(_ kernels: Kernels<Scalar>) -> [PlanProduct] {
    instructions.enumerated().compactMap { index, instruction in
      instruction.columnProduct.map { product in
        PlanProduct(
          instruction: index, matrix: product.matrix, mostTiles: max(1, product.matrix.width / kernels.columnUnit),
          floatingPointOperations: instruction.floatingPointOperations, unit: kernels.columnUnit)
      }
    }
  }

  /// The plan in pieces, one after the other: a stretch first and last, either of which may have no instructions, and
  /// the products, each in so many tiles, with what is between them, if anything is.
  package func pieces(cutting products: [(product: PlanProduct, tiles: Int)]) -> [PlanPiece<Scalar>] {
    var pieces: [PlanPiece<Scalar>] = []
    var next = 0
    for (product, tiles) in products {
      if pieces.isEmpty || next < product.instruction {
        pieces.append(PlanPiece(self, stretch: next..<product.instruction))
      }
      pieces.append(PlanPiece(self, product: product.instruction, tiles: tiles, unit: product.unit))
      next = product.instruction + 1
    }
    return pieces + [PlanPiece(self, stretch: next..<instructions.count)]
  }
}
