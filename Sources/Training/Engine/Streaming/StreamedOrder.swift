import DataParallel
import Datasets

/// In which order an epoch takes rows that are streamed.
package enum StreamedOrder: Sendable {
  /// Permuted row blocks dealt to lanes, one for each shard.
  case blocks(BlockOrder, LaneSteps)
  /// As they are stored, loaded in stretches of so many rows.
  case inOrder(LaneSteps, stretch: Int)

  /// The order in which rows are stored.
  static func inOrder<Scalar: TrainingScalar>(_ steps: LaneSteps, of rows: [StreamedRows<Scalar>]) -> StreamedOrder {
    // Whole bands where they are not too large: a part of one costs as much to unpack.
    let rowBytes = rows.reduce(0) { $0 + $1.rows.rowByteCount }
    let most = rows.lazy.map(\.rows).filter { !$0.isResident }.map { $0.mostRowsOfBand }.max() ?? 1
    return .inOrder(steps, stretch: max(leastStretch, min(most, mostBytes / max(1, rowBytes))))
  }

  /// Rows that are loaded together at the least where they come in order: fewer would be many units.
  private static let leastStretch = 256
  private static let mostStretchesOfBurst = 4
  /// Bytes that rows which are loaded together have at the most.
  private static let mostBytes = 4 << 20

  /// The steps of the whole run.
  var steps: Int {
    switch self {
    case .blocks(_, let laneSteps), .inOrder(let laneSteps, _): laneSteps.steps
    }
  }

  /// The lanes that feed some shards, and their places in the rings.
  ///
  /// - Parameter workers: Those that load.
  package func lanes(
    schedule: BatchSchedule, partition: ShardPartition, shards: Range<Int>, workers: Int = 1
  ) -> [LoadPlanner.Lane] {
    switch self {
    case .blocks(let order, let laneSteps):
      var base = 0
      return shards.map { shard in
        let feed = LaneFeed.lane(shard, order)
        let burst = feed.mostRowsOfPiece
        let capacity = LoadPlanner.capacity(
          of: feed, mostRowsOfStep: laneSteps.positions(ofShard: shard, of: order, step: 0).count, burst: burst)
        defer { base += capacity }
        return LoadPlanner.Lane(feed: feed, base: base, capacity: capacity, burst: burst) { step in
          laneSteps.positions(ofShard: shard, of: order, step: step)
        }
      }
    case .inOrder(let laneSteps, let stretch):
      let batch = schedule.batch(of: 0).positions.count
      let feed = LaneFeed.inOrder(rows: schedule.samples, stretch: stretch)
      // A stretch for each worker, but no more than a few.
      let burst = feed.mostRowsOfPiece * min(workers, Self.mostStretchesOfBurst)
      return [
        LoadPlanner.Lane(
          feed: feed, base: 0, capacity: LoadPlanner.capacity(of: feed, mostRowsOfStep: batch, burst: burst),
          burst: burst,
          positions: { step in
            laneSteps.positions(ofShards: 0..<partition.shards, step: step)
          },
          isNeeded: { positions in
            shards.count == partition.shards || laneSteps.takes(positions, in: shards)
          })
      ]
    }
  }

  /// Writes the slots of some of a shard's samples of a step, counted from the shard's first.
  ///
  /// - Parameter lane: Where the lane that feeds the shard lies.
  package func fillSlots(
    _ out: UnsafeMutablePointer<Int64>, step: Int, shard: Int, samples: Range<Int>, lane: LanePlace
  ) {
    switch self {
    case .blocks(let order, let laneSteps):
      guard lane.length > 0 else { return }
      let start = laneSteps.positions(ofShard: shard, of: order, step: step).lowerBound
      let (epoch, place) = start.quotientAndRemainder(dividingBy: lane.length)
      order.fillSlots(
        out, lane: shard, epoch: epoch, positions: place + samples.lowerBound..<place + samples.upperBound,
        capacity: lane.capacity, base: lane.base)
    case .inOrder(let laneSteps, _):
      let start = laneSteps.positions(ofShards: shard..<shard + 1, step: step).lowerBound
      for (index, sample) in samples.enumerated() {
        out[index] = Int64(lane.base + (start + sample) % lane.capacity)
      }
    }
  }
}

/// Where a lane lies in the rings.
package struct LanePlace: Sendable {
  /// The first slot.
  let base: Int
  /// The slots.
  let capacity: Int
  /// The rows of the lane in an epoch.
  let length: Int

  package init(base: Int, capacity: Int, length: Int) {
    self.base = base
    self.capacity = capacity
    self.length = length
  }
}

extension LaneSteps {
  /// Whether a step takes some of these positions in those shards, where one lane feeds all.
  func takes(_ positions: Range<Int>, in shards: Range<Int>) -> Bool {
    let (epoch, place) = positions.lowerBound.quotientAndRemainder(dividingBy: schedule.samples)
    var step = epoch * schedule.stepsPerEpoch + place / schedule.batchSize
    while true {
      let own = self.positions(ofShards: shards, step: step)
      if own.overlaps(positions) { return true }
      if own.upperBound >= positions.upperBound || own.lowerBound >= positions.upperBound { return false }
      step += 1
    }
  }
}
