import DataParallel
import Datasets
import Foundations

/// What streamed samples take in memory, known before any of it is taken.
struct StreamLayout<Scalar: TrainingScalar>: Sendable {
  let lanes: [LoadPlanner.Lane]
  /// The slots of a ring, all lanes together.
  let capacity: Int
  /// The bytes that may be read ahead.
  let bufferBytes: Int
  private let workers: Int
  /// What fetching takes for itself.
  let fetchingBytes: Int
  /// What decoding needs of each worker.
  let scratchBytes: Int
  let codecs: ChunkCodecs
  /// The bytes of rings, buffers, scratch memory and indices.
  let byteCount: Int

  /// Enough for the tenths of a second between two looks of the coordinator.
  private static var usualReadAhead: Int { 32 << 20 }

  /// - Parameters:
  ///   - rows: The sources, in the order of the plans' inputs.
  ///   - shards: Those of this process.
  init(
    _ rows: [StreamedRows<Scalar>], order: StreamedOrder, schedule: BatchSchedule, partition: ShardPartition,
    shards: Range<Int>, workers: Int
  ) {
    self.workers = workers
    lanes = order.lanes(schedule: schedule, partition: partition, shards: shards, workers: workers)
    let capacity = lanes.reduce(0) { $0 + $1.capacity }
    self.capacity = capacity
    let piece = lanes.map { $0.feed.mostRowsOfPiece }.max() ?? 0
    let unitBytes = rows.reduce(0) { $0 + $1.rows.mostFetchedByteCount(rows: piece) }
    let least = 2 * max(1, lanes.count) * unitBytes
    bufferBytes = max(least, min(Self.usualReadAhead, MemoryLimit.current.bytes / 4))
    // One thread fetches.
    fetchingBytes = rows.map { $0.rows.fetchingByteCount }.max() ?? 0
    scratchBytes = rows.map { $0.rows.scratchByteCount }.max() ?? 0
    codecs = rows.reduce(into: ChunkCodecs()) { $0.formUnion($1.rows.codecs) }
    byteCount =
      rows.reduce(0) { $0 + capacity * $1.rows.rowByteCount + $1.rows.indexByteCount } + bufferBytes + fetchingBytes
      + workers * (scratchBytes + codecs.byteCount)
  }

  /// What is taken while rows are read ahead, and not before: buffers with what they are larger than they need to be.
  var readAheadBytes: Int { FetchBuffers.roomy(bufferBytes) + fetchingBytes + workers * scratchBytes }

  /// Refuses what does not fit into memory.
  ///
  /// - Throws: `TrainerError` with code `.data`.
  func requireMemory(_ place: String, order: SampleOrder) throws {
    let advice =
      if case .blocks = order {
        "take smaller blocks or a smaller window in data.shuffle, fewer shards or smaller batches, or raise data.memory"
      } else {
        "take smaller batches, or raise data.memory"
      }
    try MemoryLimit.require(
      Double(byteCount), for: "\(place): reading it while the run goes on", code: .data, advice: advice)
  }
}
