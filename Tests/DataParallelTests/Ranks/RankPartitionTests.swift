import DataParallel
import Kernels
import TestSupport
import Testing

@Suite struct RankPartitionTests {
  /// Numbers of all sizes, zeros of both signs and subnormal numbers.
  private func difficultNumbers(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
      switch Int.random(in: 0...9, using: &generator) {
      case 0, 1: -0.0
      case 2: 0
      case 3: Float(bitPattern: UInt32.random(in: 1...0x7F_FFFF, using: &generator))
      case 4: -Float.leastNonzeroMagnitude * Float(Int.random(in: 1...9, using: &generator))
      default: Float.random(in: -1...1, using: &generator) * [1e-4, 1, 1e4][Int.random(in: 0...2, using: &generator)]
      }
    }
  }

  /// The sum that the owners make of all ranks' partial sums.
  private func mergedSum(of slots: GradientSlots<Float>, _ partition: RankPartition, scaledBy factor: Double) -> [Float]
  {
    let kernels = Kernels<Float>.best
    let partials = partition.partials.map { _ in SharedBuffer<Float>(repeating: .nan, count: slots.count) }
    for (partial, out) in zip(partition.partials, partials) {
      kernels.treeSum(
        slots[partial.shards.lowerBound], slots: partial.shards.count, stride: slots.stride, count: slots.count,
        scaledBy: 1, into: out.pointer)
    }
    let sum = SharedBuffer<Float>(repeating: .nan, count: slots.count)
    // Pointers do not keep their buffers alive.
    return withExtendedLifetime((sum, partials, slots)) {
      PartialSums(partition, kernels: kernels)
        .add(partials.map(\.pointer), count: slots.count, scaledBy: factor, into: sum.pointer)
      return Array(sum.elements)
    }
  }

  @Test(arguments: 1...33) func theMergeIsTheTreeToTheLastBit(shards: Int) {
    var generator = SeededGenerator(UInt64(shards))
    let count = 203
    let slots = GradientSlots<Float>(shards: 0..<shards, count: count, kernels: .best)
    defer { withExtendedLifetime(slots) {} }
    for shard in 0..<shards { slots[shard].update(from: difficultNumbers(count, &generator), count: count) }
    if shards > 1 { slots.clear(shards / 2) }
    for flushes in [false, true] {
      for factor in [1, 1.0 / 3] {
        let sums = SharedBuffer<Float>(repeating: .nan, count: count)
        func compare() {
          slots.sum(0..<count, of: slots.shards, scaledBy: factor, into: sums.pointer)
          let wanted = withExtendedLifetime(sums) { sums.elements.map(\.bitPattern) }
          for ranks in 1...shards {
            let found = mergedSum(of: slots, RankPartition(shards: shards, ranks: ranks), scaledBy: factor)
            #expect(found.map(\.bitPattern) == wanted, "\(shards) shards, \(ranks) ranks, flushing \(flushes)")
          }
        }
        // As in a region, and as outside.
        if flushes { withoutSubnormals(compare) } else { compare() }
      }
    }
  }

  @Test func ranksHaveContiguousShardsAndWholeSubtrees() {
    for shards in 1...40 {
      for ranks in 1...shards {
        let partition = RankPartition(shards: shards, ranks: ranks)
        #expect((0..<ranks).flatMap { Array(partition.shards(of: $0)) } == Array(0..<shards))
        let sizes = (0..<ranks).map { partition.shards(of: $0).count }
        #expect((sizes.min() ?? 0) >= 1 && (sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        #expect(partition.partials.flatMap { Array($0.shards) } == Array(0..<shards))
        #expect(partition.additions.count == partition.partials.count - 1)
        for rank in 0..<ranks {
          let own = partition.partials[partition.partials(of: rank)]
          #expect(own.allSatisfy { $0.rank == rank })
          #expect(own.flatMap { Array($0.shards) } == Array(partition.shards(of: rank)))
          #expect(own.count <= max(1, 2 * (Int.bitWidth - shards.leadingZeroBitCount)))
          // A node: of a power of two, at a multiple of it, or cut off by the end.
          for shards in own.map(\.shards) {
            let size = shards.count.nextPowerOfTwo
            #expect(shards.lowerBound % size == 0)
            #expect(shards.count == size || shards.upperBound == partition.shards)
          }
        }
        if ranks.nextPowerOfTwo == ranks, shards % ranks == 0, (shards / ranks).nextPowerOfTwo == shards / ranks {
          #expect(partition.mostPartials == 1)
        }
      }
    }
  }

  @Test func aRankThatOwnsLessThanANodeSendsMoreThanOneSum() {
    // Shards 0, 1 | 2, 3, 4 | 5, 6, 7: the second rank has a pair and one of the next pair.
    let partition = RankPartition(shards: 8, ranks: 3)
    #expect(partition.partials.map(\.shards) == [0..<2, 2..<4, 4..<5, 5..<6, 6..<8])
    #expect(partition.partials.map(\.rank) == [0, 1, 1, 2, 2])
    #expect(
      partition.additions
        == [.init(sum: 0, term: 1), .init(sum: 2, term: 3), .init(sum: 2, term: 4), .init(sum: 0, term: 2)])
  }

  @Test func blocksAreOwnedInRunsOfAboutEqualSize() {
    var generator = SeededGenerator(8)
    for ranks in 1...9 {
      for blocks in [0, 1, 3, 20 * ranks, 1000] {
        let sizes = (0..<blocks).map { _ in Int.random(in: 500...1000, using: &generator) }
        let ownership = BlockOwnership(sizes: sizes, ranks: ranks)
        #expect((0..<ranks).flatMap { Array(ownership.blocks(of: $0)) } == Array(0..<blocks))
        for block in 0..<blocks { #expect(ownership.blocks(of: ownership.owner(of: block)).contains(block)) }
        let even = Double(sizes.reduce(0, +)) / Double(ranks)
        for rank in 0..<ranks {
          let own = Double(ownership.blocks(of: rank).reduce(0) { $0 + sizes[$1] })
          #expect(abs(own - even) <= 1000, "\(ranks) ranks, \(blocks) blocks")
        }
      }
    }
  }
}

extension Int {
  fileprivate var nextPowerOfTwo: Int {
    var power = 1
    while power < self { power *= 2 }
    return power
  }
}
