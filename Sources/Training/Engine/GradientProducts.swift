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
  /// The operands, written by the shards; among ranks those of the rank's own shards, or of all if others' travel.
  let kept: ShardMemory<Scalar>

  /// Whether the left operand of a product comes from the dataset.
  func rereadsInput(_ number: Int) -> Bool {
    guard case .input = plans.all.first?.products[number].left else { return false }
    return true
  }

  /// Whether the left operand of a product is places, so that it is a sum of scattered rows.
  func isScatter(_ number: Int) -> Bool {
    guard case .places = plans.all.first?.products[number].left else { return false }
    return true
  }

  /// The batch's samples that some shards have.
  private func samples(of shards: Range<Int>, in samples: Int) -> Range<Int> {
    guard let first = shards.first, let last = shards.last else { return 0..<0 }
    return partition.range(of: first, in: samples).lowerBound..<partition.range(of: last, in: samples).upperBound
  }

  /// Writes some rows of a product over some shards, multiplied by a factor, row-major, to `out`.
  ///
  /// - Parameters:
  ///   - samples: The samples of the batch.
  ///   - places: Memory that is written next.
  func compute(
    _ number: Int, rows: Range<Int>, of shards: Range<Int>, samples: Int, scaledBy factor: Double,
    room: BlockRoom<Scalar>, into out: UnsafeMutablePointer<Scalar>, claiming places: Kernels<Scalar>.Stretches?
  ) {
    let own = self.samples(of: shards, in: samples)
    var stride = rows.count
    // Of empty shards too, whose zeros are added.
    let columns = plans.all.first?.products[number].columns ?? 0
    var gathered: Int?
    var scatters = false
    for shard in shards {
      let slice = partition.range(of: shard, in: samples)
      room.depths[shard] = 0
      guard !slice.isEmpty else { continue }
      let product = plans[slice.count].use { $0.products[number] }
      room.depths[shard] = product.depth
      let operands = kept[shard]
      room.right[shard] = UnsafeRawPointer(operands + product.rightOffset)
      switch product.left {
      case .input(let input):
        // From the data once more: they are smaller than what they were converted to, and no other core's.
        gathered = input
        room.left[shard] = UnsafeRawPointer(room.rows + (slice.lowerBound - own.lowerBound) * rows.count)
      case .kept(let offset):
        stride = product.rows
        room.left[shard] = UnsafeRawPointer(operands + offset + rows.lowerBound)
      case .places(let offset):
        scatters = true
        room.left[shard] = UnsafeRawPointer(operands + offset)
      }
    }
    if scatters {
      let extent = plans.all.first?.products[number].rows ?? 0
      return room.clock.time(KernelPlace.product(number)) {
        let scatter = Scatter(kernels: kernels, rows: rows, extent: extent, columns: columns, room: room)
        if !scatter.add(shards, into: out, scratch: room.productScratch) {
          kernels.fill(out, count: rows.count * columns, with: 0)
        } else if factor != 1 {
          kernels.scale(out, by: factor, into: out, count: rows.count * columns)
        }
      }
    }
    if let gathered {
      room.clock.time(KernelPlace.rows(ofProduct: number)) {
        sources[gathered].gather(
          UnsafeBufferPointer(start: indices.pointer + own.lowerBound, count: own.count), columns: rows,
          into: room.rows,
          kernels: kernels)
      }
    } else if columns > Self.columnsToPack {
      room.clock.time(KernelPlace.rows(ofProduct: number)) { pack(rows, of: shards, stride: stride, room) }
      stride = rows.count
    }
    let first = shards.lowerBound
    room.clock.time(KernelPlace.product(number)) {
      kernels.multiplyTree(
        left: room.left + first, leftStride: stride, right: room.right + first, depths: room.depths + first,
        shards: shards.count, rows: rows.count, columns: columns, scaledBy: factor, into: out,
        scratch: room.productScratch, claiming: places)
    }
  }

  /// The left operand is read once for each panel of columns: for more columns than these, its rows are brought together
  /// first.
  private static var columnsToPack: Int { 128 }

  private func pack(_ rows: Range<Int>, of shards: Range<Int>, stride: Int, _ room: BlockRoom<Scalar>) {
    var out = room.rows
    for shard in shards {
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

/// The sum over shards of rows added at places, for some rows of a matrix.
private struct Scatter<Scalar: TrainingScalar> {
  let kernels: Kernels<Scalar>
  let rows: Range<Int>
  let extent: Int
  let columns: Int
  /// The shards' places and rows.
  let room: BlockRoom<Scalar>

  /// Adds up some shards by the tree of Note [Tree] in `DataParallel`. A shard that has none of the rows adds zeros, which
  /// change no bit, since no sum that begins at 0 is -0: it is left out.
  ///
  /// - Parameter scratch: As many matrices as the tree of these shards has levels.
  /// - Returns: Whether any shard has one of the rows; if not, nothing is written.
  func add(_ shards: Range<Int>, into out: UnsafeMutablePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>) -> Bool
  {
    guard shards.count > 1 else { return add(shards.lowerBound, into: out) }
    var half = 1
    while 2 * half < shards.count { half *= 2 }
    let middle = shards.lowerBound + half
    guard add(shards.lowerBound..<middle, into: out, scratch: scratch) else {
      return add(middle..<shards.upperBound, into: out, scratch: scratch)
    }
    let count = rows.count * columns
    if add(middle..<shards.upperBound, into: scratch, scratch: scratch + count) {
      kernels.addScaled(1, scratch, to: out, count: count)
    }
    return true
  }

  private func add(_ shard: Int, into out: UnsafeMutablePointer<Scalar>) -> Bool {
    let depth = room.depths[shard]
    guard depth > 0, scatter(shard, depth, into: nil) > 0 else { return false }
    kernels.fill(out, count: rows.count * columns, with: 0)
    scatter(shard, depth, into: out)
    return true
  }

  @discardableResult
  private func scatter(_ shard: Int, _ depth: Int, into out: UnsafeMutablePointer<Scalar>?) -> Int {
    kernels.scatterRows(
      room.right[shard].assumingMemoryBound(to: Scalar.self),
      indices: room.left[shard].assumingMemoryBound(to: Scalar.self), extent: extent, rows: rows, inner: columns,
      count: depth, into: out)
  }
}
