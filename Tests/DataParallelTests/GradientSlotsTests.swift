import DataParallel
import Kernels
import TestSupport
import Testing

/// Note [Tree] as it is promised: neighbours at distance 1 are added, then at distance 2, 4 and so on.
private func treeSum<Scalar: BinaryFloatingPoint>(_ terms: [Scalar]) -> Scalar {
  var level = terms
  while level.count > 1 {
    level = stride(from: 0, to: level.count, by: 2).map { $0 + 1 < level.count ? level[$0] + level[$0 + 1] : level[$0] }
  }
  return level[0]
}

/// Numbers whose sum depends on the order of the additions.
private func unevenNumbers<Scalar: BinaryFloatingPoint>(_ count: Int, _ generator: inout SeededGenerator) -> [Scalar] {
  (0..<count).map { _ in
    Scalar(Double.random(in: -1...1, using: &generator) * [1e-4, 1, 1e4][Int.random(in: 0...2, using: &generator)])
  }
}

extension GradientSlots {
  /// One block of the sum.
  fileprivate func sum(_ block: Range<Int>, scaledBy factor: Double = 1) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: block.count) { out, count in
      if let first = out.baseAddress { sum(block, of: shards, scaledBy: factor, into: first) }
      count = block.count
    }
  }
}

@Suite struct GradientSlotsTests {
  private func expectTree<Scalar: KernelElement>(_ type: Scalar.Type, shards: Int) -> Bool {
    var generator = SeededGenerator(UInt64(shards))
    let count = 300
    let slots = GradientSlots<Scalar>(shards: 0..<shards, count: count, kernels: .best)
    let values: [[Scalar]] = (0..<shards).map { _ in unevenNumbers(count, &generator) }
    for shard in 0..<shards { slots[shard].update(from: values[shard], count: count) }
    let statistics = ShardStatistics(shards: shards, count: count)
    for shard in 0..<shards {
      for index in 0..<count { statistics[shard][index] = Double(values[shard][index]) }
    }

    let block = 100..<250
    let sums = block.map { index in treeSum(values.map { $0[index] }) }
    #expect(bitDifference(slots.sum(block), sums) == nil)
    #expect(bitDifference(slots.sum(block, scaledBy: 1 / 3), sums.map { $0 * Scalar(1.0 / 3) }) == nil)
    for shard in 0..<shards {
      #expect((0..<count).allSatisfy { slots[shard][$0] == values[shard][$0] }, "the slots stay as they are")
    }
    let doubles = (0..<count).map { index in treeSum(values.map { Double($0[index]) }) }
    #expect(bitDifference((0..<count).map(statistics.sum), doubles) == nil)
    return block.contains { index in treeSum(values.map { $0[index] }) != values.map { $0[index] }.reduce(0, +) }
  }

  @Test(arguments: 1...17)
  func theReductionIsTheTreeToTheLastBit(shards: Int) {
    let differs = expectTree(Float.self, shards: shards)
    let differsInDouble = expectTree(Double.self, shards: shards)
    // From four shards on the tree is not the sum from left to right, so the numbers above tell them apart.
    #expect((differs && differsInDouble) == (shards >= 4))
  }

  @Test(arguments: 1...17)
  func subtreesThatAreAddedUpAtOnceAreThoseOfTheTree(shards: Int) {
    var generator = SeededGenerator(UInt64(shards))
    let values: [[Float]] = (0..<shards).map { _ in unevenNumbers(300, &generator) }
    let sums = (0..<300).map { index in treeSum(values.map { $0[index] }) }
    for subtree in [1, 2, 4, 8, 16] {
      let slots = GradientSlots<Float>(shards: 0..<shards, count: 300, subtree: subtree, kernels: .best)
      #expect(slots.subtrees == (shards + subtree - 1) / subtree)
      // In any order of the subtrees.
      var seen: [Int] = []
      for unit in (0..<slots.subtrees).reversed() {
        for shard in slots.shards(ofSubtrees: unit..<unit + 1) {
          seen.append(shard)
          slots[shard].update(from: values[shard], count: 300)
          slots.join(after: shard)
        }
      }
      #expect(seen.sorted() == Array(0..<shards))
      #expect(bitDifference(slots.sum(20..<300), Array(sums[20...])) == nil, "subtrees of \(subtree)")
    }
  }

  @Test func aGradientAndAStatisticAreSummedInTheSameTree() {
    var generator = SeededGenerator(3)
    for shards in 1...17 {
      let terms: [Double] = unevenNumbers(shards, &generator)
      let slots = GradientSlots<Double>(shards: 0..<shards, count: 1, kernels: .best)
      let statistics = ShardStatistics(shards: shards, count: 1)
      for shard in 0..<shards {
        slots[shard][0] = terms[shard]
        statistics[shard][0] = terms[shard]
      }
      #expect(statistics.sum(0) == slots.sum(0..<1)[0])
    }
  }

  @Test func slotsLieOnCacheLinesOfTheirOwn() {
    for count in [0, 1, 31, 32, 33, 1000] {
      let slots = GradientSlots<Float>(shards: 0..<3, count: count, kernels: .best)
      let addresses = (0..<3).map { UInt(bitPattern: slots[$0]) }
      #expect(addresses.allSatisfy { $0 % 64 == 0 })
      #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $1 - $0 >= UInt(max(64, count * 4)) })
      #expect(slots.byteCount >= 3 * count * 4)
    }
  }

  @Test func anEmptyShardsSlotIsCleared() {
    let slots = GradientSlots<Float>(shards: 0..<3, count: 40, kernels: .best)
    for shard in 0..<3 { slots[shard].update(repeating: 7, count: 40) }
    slots.clear(1)
    #expect((0..<40).allSatisfy { slots[0][$0] == 7 && slots[1][$0] == 0 && slots[2][$0] == 7 })
  }
}
