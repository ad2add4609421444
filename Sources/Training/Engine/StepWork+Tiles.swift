import Autodiff
import DataParallel
import Kernels

/// Gradients of shards in several units each, as Note [Tiles] in `Autodiff` says.
extension StepWork {
  /// The worker's or, where several workers share a shard, the shard's room.
  func shardRoom(of shard: Int, worker: Int) -> Int { tiles.isCut ? shard - share.shards.lowerBound : worker }

  /// Begins the gradient of a shard whose samples are loaded, and computes what comes before its first product.
  func beginPieces(step: Int, shard: Int, samples: Range<Int>, worker: Int, _ own: ShardRoom<Scalar>) {
    let randomness = Randomness(seed: seed, step: UInt64(step), firstSample: UInt64(samples.lowerBound))
    plans[samples.count].use {
      _ = $0.begin(
        own.workspace, parameters: memory.parameters.pointer, slot: slots[shard], kept: products.kept[shard],
        packed: copies.packed, inputs: UnsafeBufferPointer(own.inputs), randomness: randomness)
    }
    runPiece(stage: 0, tile: 0, samples: samples.count, worker: worker, own)
  }

  /// Computes a unit of a later stage.
  ///
  /// - Returns: The shard, if its gradient is whole with that.
  func goOn(step: Int, stage: Int, unit: Int, worker: Int) -> Int? {
    let shards = share.shards.count
    let (tile, shard) = (unit / shards, share.shards.lowerBound + unit % shards)
    let slice = partition.range(of: shard, in: schedule.batch(of: step).positions.count)
    let isLast = stage == tiles.stages - 1
    if !slice.isEmpty {
      shardRooms.use(shardRoom(of: shard, worker: worker)) { own in
        runPiece(stage: stage, tile: tile, samples: slice.count, worker: worker, own)
        if isLast { takeStatistics(of: shard, slice, own) }
      }
    }
    return isLast ? shard : nil
  }

  private func runPiece(stage: Int, tile: Int, samples: Int, worker: Int, _ own: ShardRoom<Scalar>) {
    blockRooms.use(worker) { room in
      tiles.use(stage, samples: samples) { piece in
        guard room.clock.isOn else { return piece.run(tile, in: own.workspace, scratch: room.tileScratch) }
        let count = plans[samples].use { $0.products.count }
        piece.run(tile, in: own.workspace, scratch: room.tileScratch) {
          room.clock.time(KernelPlace.instruction($0, products: count), $1)
        }
      }
    }
  }
}
