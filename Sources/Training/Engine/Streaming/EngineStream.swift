import DataParallel
import Datasets
import Foundations

extension TrainingEngine {
  /// The samples of a run whose rows are not all in memory; `nil` for those that are.
  ///
  /// - Parameter shards: Those of this process.
  /// - Throws: `TrainerError` with code `.usage` for an order in which rows are not within reach.
  static func stream(
    of group: SampleGroup<Scalar>, for plans: PlanSet<Scalar>, _ settings: Settings, schedule: BatchSchedule,
    partition: ShardPartition, shards: Range<Int>, workers: Int
  ) throws -> StreamedSamples<Scalar>? {
    guard group.isStreamed(for: plans) else { return nil }
    let steps = LaneSteps(schedule: schedule, partition: partition, steps: settings.steps)
    let rows = group.streamedRows(for: plans)
    let order: StreamedOrder
    switch settings.order {
    case .none: order = .inOrder(steps, of: rows)
    case .blocks(let rows, let window):
      order = .blocks(
        BlockOrder(
          samples: group.count, batchSize: settings.batchSize, shards: settings.shards, block: rows, window: window,
          seed: UInt64(settings.seed)), steps)
    case .rows:
      let limit = MemoryLimit.current
      let bytes = rows.map(\.rows).filter { !$0.isResident }.reduce(0) { $0 + group.count * $1.rowByteCount }
      throw TrainerError(
        .usage,
        "data.shuffle: with one permutation of all rows (\"rows\") the file would be read row by row, since the rows take "
          + "\(ByteText.text(Double(bytes))) of memory, and \(limit); \(limit.source == .budget ? "raise data.memory, or " : "")set "
          + "data.shuffle to \(group.standardBlocks.json.compactText)")
    }
    let layout = StreamLayout(
      rows, order: order, schedule: schedule, partition: partition, shards: shards, workers: workers)
    try layout.requireMemory(group.streamed.values.first?.place ?? "the data", order: settings.order)
    return StreamedSamples(rows, layout, order: order, shards: shards, workers: workers)
  }
}

extension SampleGroup {
  /// An order of blocks for rows of the group's size.
  fileprivate var standardBlocks: SampleOrder {
    SampleOrder.standardBlocks(rowBytes: Double(streamed.values.map { $0.rows.rowByteCount }.max() ?? 1))
  }
}
