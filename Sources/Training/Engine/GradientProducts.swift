import Autodiff
import DataParallel
import Datasets
import Kernels

/// Computes rows of the gradients that are products over the samples of a batch, as Note [Sample products] in `Autodiff`
/// says: from the operands that each shard's plan has left, summed over the shards in the fixed tree.
struct GradientProducts<Scalar: TrainingScalar>: Sendable {
  let kernels: Kernels<Scalar>
  let plans: PlanSet<Scalar>
  let sources: [RowSource<Scalar>]
  let partition: ShardPartition
  /// The samples of the batch, written by the shards.
  let indices: SharedBuffer<Int64>
  /// The operands, written by the shards.
  let kept: ShardMemory<Scalar>

  /// Whether the left operand of a product comes from the dataset.
  func rereadsInput(_ number: Int) -> Bool {
    guard let plan = plans.all.first, case .input = plan.products[number].left else { return false }
    return true
  }

  /// Writes some rows of a product, row-major, to `out`.
  ///
  /// - Parameter samples: The samples of the batch.
  func compute(
    _ number: Int, rows: Range<Int>, samples: Int, room: BlockRoom<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    let shards = partition.shards
    var stride = rows.count
    var columns = 0
    var gathered: Int?
    for shard in 0..<shards {
      let slice = partition.range(of: shard, in: samples)
      room.depths[shard] = 0
      guard !slice.isEmpty else { continue }
      let product = plans[slice.count].use { $0.products[number] }
      room.depths[shard] = product.depth
      columns = product.columns
      let operands = kept[shard]
      room.right[shard] = UnsafeRawPointer(operands + product.rightOffset)
      switch product.left {
      case .input(let input):
        // From the data once more: they are smaller than what they were converted to, and no other core's.
        gathered = input
        room.left[shard] = UnsafeRawPointer(room.rows + slice.lowerBound * rows.count)
      case .kept(let offset):
        stride = product.rows
        room.left[shard] = UnsafeRawPointer(operands + offset + rows.lowerBound)
      }
    }
    if let gathered {
      sources[gathered].gather(
        UnsafeBufferPointer(start: indices.pointer, count: samples), columns: rows, into: room.rows, kernels: kernels)
    } else if columns > Self.columnsToPack {
      pack(rows, stride: stride, samples: samples, room)
      stride = rows.count
    }
    kernels.multiplyTree(
      left: room.left, leftStride: stride, right: room.right, depths: room.depths, shards: shards, rows: rows.count,
      columns: columns, into: out, scratch: room.productScratch)
  }

  /// The left operand is read once for each panel of columns: for more columns than these, its rows are brought together
  /// first.
  private static var columnsToPack: Int { 128 }

  private func pack(_ rows: Range<Int>, stride: Int, samples: Int, _ room: BlockRoom<Scalar>) {
    var out = room.rows
    for shard in 0..<partition.shards {
      var from = room.left[shard].assumingMemoryBound(to: Scalar.self)
      room.left[shard] = UnsafeRawPointer(out)
      for _ in 0..<room.depths[shard] {
        out.update(from: from, count: rows.count)
        from += stride
        out += rows.count
      }
    }
  }
}
