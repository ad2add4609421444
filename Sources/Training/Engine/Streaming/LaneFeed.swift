import DataParallel
import Datasets

/// The rows that a lane takes, epoch after epoch, as one sequence: the position q of the sequence is position
/// q mod `length` of epoch q / `length`.
///
/// A lane of a block order feeds one shard; where rows come in the order in which they are stored, one lane feeds all.
package enum LaneFeed: Sendable {
  /// The lane of a shard.
  case lane(Int, BlockOrder)
  /// All rows in their order, in stretches of so many.
  case inOrder(rows: Int, stretch: Int)

  /// Rows whose order among themselves is open until all are there.
  struct Window: Sendable, Equatable {
    /// Their positions in the sequence.
    let positions: Range<Int>
    /// The rows of the dataset, one stretch behind the other as they lie in the ring.
    let pieces: [Range<Int>]
  }

  /// The rows of an epoch.
  package var length: Int {
    switch self {
    case .lane(let lane, let order): order.lane(lane).count
    case .inOrder(let rows, _): rows
    }
  }

  /// The most rows of a window.
  var mostRowsOfWindow: Int {
    switch self {
    case .lane(_, let order): min(order.mostRowsOfWindow, length)
    case .inOrder(let rows, let stretch): min(rows, stretch)
    }
  }

  /// The most rows of a stretch that lies together in the dataset.
  var mostRowsOfPiece: Int {
    switch self {
    case .lane(_, let order): order.block
    case .inOrder(let rows, let stretch): min(rows, stretch)
    }
  }

  /// Where in the sequence the window of a position lies.
  ///
  /// - Precondition: the lane has rows.
  func windowPositions(at position: Int) -> Range<Int> {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: length)
    let first = epoch * length
    switch self {
    case .lane(let lane, let order):
      let window = order.window(at: place, ofLane: lane, epoch: epoch)
      return first + window.positions.lowerBound..<first + window.positions.upperBound
    case .inOrder(let rows, let stretch):
      let start = place / stretch * stretch
      return first + start..<first + min(rows, start + stretch)
    }
  }

  /// The window of a position of the sequence.
  ///
  /// - Precondition: the lane has rows.
  func window(at position: Int) -> Window {
    let positions = windowPositions(at: position)
    let (epoch, place) = position.quotientAndRemainder(dividingBy: length)
    switch self {
    case .lane(let lane, let order):
      let window = order.window(at: place, ofLane: lane, epoch: epoch)
      return Window(positions: positions, pieces: order.pieces(of: window, epoch: epoch))
    case .inOrder:
      let first = epoch * length
      return Window(
        positions: positions, pieces: [positions.lowerBound - first..<positions.upperBound - first])
    }
  }
}

/// Which positions of its lanes each step of a run takes.
package struct LaneSteps: Sendable {
  let schedule: BatchSchedule
  let partition: ShardPartition
  /// The steps of the whole run.
  let steps: Int

  /// - Parameter steps: The steps of the whole run.
  package init(schedule: BatchSchedule, partition: ShardPartition, steps: Int) {
    self.schedule = schedule
    self.partition = partition
    self.steps = steps
  }

  /// The positions of a shard's own lane that a step takes, in the lane's sequence.
  package func positions(ofShard shard: Int, of order: BlockOrder, step: Int) -> Range<Int> {
    let (epoch, batch) = schedule.batch(of: step)
    let own = partition.range(of: shard, in: batch.count)
    let lane = order.positions(
      inLane: shard, of: batch.lowerBound + own.lowerBound..<batch.lowerBound + own.upperBound)
    let start = epoch * order.lane(shard).count + lane.lowerBound
    return start..<start + lane.count
  }

  /// The positions that some shards take in a step where one lane feeds all.
  package func positions(ofShards shards: Range<Int>, step: Int) -> Range<Int> {
    let (epoch, positions) = schedule.batch(of: step)
    let start = epoch * schedule.samples + positions.lowerBound
    guard let first = shards.first, let last = shards.last else { return start..<start }
    return start + partition.range(of: first, in: positions.count).lowerBound..<start
      + partition.range(of: last, in: positions.count).upperBound
  }
}
