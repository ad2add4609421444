import DataParallel

/// What of a step is one process's own: all of it, or among ranks its shards and its blocks.
struct RankShare: Sendable {
  /// A block of which partial sums are made.
  struct Reduced: Sendable {
    /// The block as one process has it, in whose size sums are made fastest.
    let block: BlockPartition.Block
    /// What it has been cut into, as Note [Divided blocks] says.
    let parts: Range<Int>
  }

  /// The shards whose gradients it computes.
  let shards: Range<Int>
  /// The blocks that it updates.
  let blocks: Range<Int>
  /// The blocks of which it makes partial sums, in the order in which it does: others' first, so that they are on their
  /// way while it makes its own, and beginning with those of the next rank, so that not all send to the same one.
  let reduced: SharedBuffer<Reduced>
  /// The blocks that others update.
  let foreign: SharedBuffer<Int>
  /// Which products' operands travel.
  let travelling: Set<Int>

  /// All of a step.
  init(shards: Int, blocks: Int) {
    self.shards = 0..<shards
    self.blocks = 0..<blocks
    reduced = SharedBuffer([])
    foreign = SharedBuffer([])
    travelling = []
  }

  /// A rank's share.
  ///
  /// - Parameters:
  ///   - whole: The blocks as one process has them.
  ///   - divided: What they have been cut into.
  ///   - travelling: The products of which no partial sums are made.
  init(
    of rank: Int, _ plan: ExchangePlan, whole: BlockPartition, divided: BlockPartition, travelling: Set<Int>
  ) {
    shards = plan.partition.shards(of: rank)
    let own = plan.ownership.blocks(of: rank)
    blocks = own
    foreign = SharedBuffer(Array(own.upperBound..<divided.blocks.count) + Array(0..<own.lowerBound))
    let all = zip(whole.blocks, whole.parts(in: divided)).map { Reduced(block: $0, parts: $1) }
    let next = all.firstIndex { $0.parts.upperBound > own.upperBound } ?? 0
    reduced = SharedBuffer(
      (all[next...] + all[..<next]).filter { reduced in
        if case .product(let number) = reduced.block.source { !travelling.contains(number) } else { true }
      })
    self.travelling = travelling
  }
}

extension StepWork {
  /// Waits a little for other workers; among ranks, messages are brought forward meanwhile.
  package func pause(turn: Int) {
    if let exchange { exchange.pause(turn: turn) } else { Region.pause(turn: turn) }
  }

  /// Computes one unit of a step that is divided among ranks, as Note [Exchange] in `StepExchange` says.
  func run(_ phase: Phase, step: Int, unit: Int, worker: Int, _ exchange: StepExchange<Scalar>) {
    guard !exchange.isOver else { return }
    switch phase {
    case .gradient:
      guard let shard = shard(step: step, unit: unit, worker: worker) else { break }
      shardRooms.use(shardRoom(of: shard, worker: worker)) {
        gradient(step: step, shard: shard, worker: worker, $0)
      }
      if !tiles.isCut { exchange.noteGradient(of: shard, batch: batchKind(of: step)) }
    case .gradientStage(let stage):
      guard let shard = goOn(step: step, stage: stage, unit: unit, worker: worker) else { break }
      exchange.noteGradient(of: shard, batch: batchKind(of: step))
    case .exchange(.statistics):
      exchange.noteGradients(batch: batchKind(of: step))
      findForeignSamples(step: step)
    case .reducePartially:
      let reduced = share.reduced.pointer[unit]
      blockRooms.use(worker) { reducePartially(step: step, reduced, exchange, $0) }
    case .reduceAndUpdate:
      let block = share.blocks.lowerBound + unit
      blockRooms.use(worker) {
        guard reduce(step: step, block: block, exchange, $0) else { return }
        update(step: step, pass: 0, block: block, $0)
        if updatePlan.passes == 1 { exchange.noteUpdated(block) }
      }
    case .exchange(.blockSums): exchange.shareSums()
    case .join(let pass): join(step: step, pass: pass)
    case .update(let pass):
      let block = share.blocks.lowerBound + unit
      blockRooms.use(worker) { update(step: step, pass: pass, block: block, $0) }
      if pass == updatePlan.passes - 1 { exchange.noteUpdated(block) }
    case .copy:
      let block = share.foreign.pointer[unit]
      if exchange.waitForParameters(of: block) { noteParameters(of: block, step: step) }
    case .exchange(.rest):
      if exchange.end(batch: batchKind(of: step)) { noteStep(step) }
    case .reduce: preconditionFailure("ranks reduce partially")
    }
    exchange.advance()
  }

  /// Which of the sizes that batches have a step's batch has: 0 for the full one.
  private func batchKind(of step: Int) -> Int {
    schedule.batch(of: step).positions.count == min(schedule.batchSize, schedule.samples) ? 0 : 1
  }

  private func reducePartially(
    step: Int, _ reduced: RankShare.Reduced, _ exchange: StepExchange<Scalar>, _ room: BlockRoom<Scalar>
  ) {
    let partition = exchange.plan.partition
    for number in exchange.ownPartials {
      compute(
        reduced.block, of: partition.partials[number].shards, scaledBy: 1,
        into: exchange.partial(number) + reduced.block.range.lowerBound, step: step, room)
    }
    for part in reduced.parts where !share.blocks.contains(part) { exchange.noteReduced(part) }
  }

  /// The gradient of one of this rank's blocks, from what all ranks have left.
  ///
  /// - Returns: Whether it is there; not if a rank was lost.
  private func reduce(
    step: Int, block: Int, _ exchange: StepExchange<Scalar>, _ room: BlockRoom<Scalar>
  ) -> Bool {
    guard exchange.waitForStatistics() else { return false }
    let divisor = divisor
    let factor = divisor == 0 ? 0 : 1 / divisor
    let place = blocks.blocks[block]
    let out = gradient(of: place, room)
    guard case .product(let number) = place.source, share.travelling.contains(number) else {
      return exchange.sum(block, of: place.range, scaledBy: factor, into: out)
    }
    guard exchange.waitForOperands(of: number, batch: batchKind(of: step)) else { return false }
    compute(place, of: 0..<partition.shards, scaledBy: factor, into: out, step: step, room)
    return true
  }

  /// Finds the samples of the other ranks' shards, where products read their rows from the dataset again: cheaper than
  /// to send them.
  private func findForeignSamples(step: Int) {
    guard share.travelling.contains(where: products.rereadsInput) else { return }
    for shard in 0..<partition.shards where !share.shards.contains(shard) {
      findSamples(of: shard, step: step, into: products.indices.pointer)
    }
  }
}
