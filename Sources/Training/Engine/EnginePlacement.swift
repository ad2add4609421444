import DataParallel
import Optimizers

extension StepWork {
  /// Which worker uses what of the engine's memory most: as Note [Placement] in `MemoryPlacement` wants it.
  ///
  /// What belongs to blocks lies near those who update them, what belongs to shards near those who compute them, and a
  /// worker's room, or that of a shard which several workers share, near it. The matrices in the kernels' order are read whole by all. The rows of a dataset in memory are read
  /// by all as well, but may be another run's at the same time: they stay where they were read to.
  package var placement: MemoryPlacement {
    var placement = MemoryPlacement(workers: region.workers)
    let own = pieces(of: Array(share.blocks))
    placement.add(memory.parameters, own + pieces(of: Array(share.foreign.elements)))
    // Of others' blocks a rank has no state, and no gradient.
    for vector in memory.state + [memory.gradient].compactMap(\.self) { placement.add(vector, own) }
    placement.addByTurns(copies.bytes)
    slots.place(in: &placement, for: region)
    products.kept.place(in: &placement, for: region, own: share.shards)
    stream?.place(in: &placement, for: region)
    if let sums = exchange?.partialSums {
      let first = exchange?.plan.elements(of: communicator.rank).lowerBound ?? 0
      let reduced = owned(share.reduced.elements.map(\.block.range))
      for vector in sums.own { placement.add(vector, reduced) }
      for vector in sums.others { placement.add(vector, own.map { ($0.elements.shifted(by: -first), $0.worker) }) }
    }
    for worker in 0..<region.workers { for part in blockRooms[worker].memory { placement.add(part, of: worker) } }
    for room in 0..<shardRooms.count {
      let owner = tiles.isCut ? region.owner(of: room, among: share.shards.count) : room
      for part in shardRooms[room].memory { placement.add(part, of: owner) }
    }
    return placement
  }

  /// The stretches of some blocks, which are the units of a phase, with the workers in whose homes they are.
  private func pieces(of numbers: [Int]) -> [(elements: Range<Int>, worker: Int)] {
    owned(numbers.map { blocks.blocks[$0].range })
  }

  /// Stretches, one for each unit of a phase, with the workers in whose homes these are.
  private func owned(_ stretches: [Range<Int>]) -> [(elements: Range<Int>, worker: Int)] {
    stretches.enumerated().map { ($1, region.owner(of: $0, among: stretches.count)) }
  }
}

extension MemoryPlacement {
  /// A vector of which each piece, given by its elements, is a worker's.
  fileprivate mutating func add<Scalar>(
    _ vector: SharedBuffer<Scalar>, _ pieces: [(elements: Range<Int>, worker: Int)]
  ) {
    let stride = MemoryLayout<Scalar>.stride
    add(vector.bytes, pieces.map { ($0.elements.lowerBound * stride..<$0.elements.upperBound * stride, $0.worker) })
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Range { lowerBound + distance..<upperBound + distance }
}

extension Region {
  /// Places the rooms of workers that run shards, one each, near them.
  func place<Scalar: TrainingScalar>(_ rooms: SharedBuffer<ShardRoom<Scalar>>) {
    guard placesMemory else { return }
    var placement = MemoryPlacement(workers: workers)
    for worker in 0..<rooms.count { for part in rooms[worker].memory { placement.add(part, of: worker) } }
    place(placement)
  }
}
