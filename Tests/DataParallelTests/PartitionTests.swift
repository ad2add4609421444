import DataParallel
import Testing

extension BlockPartition.Block {
  fileprivate var productRows: Int { if case .product(_, let rows) = source { rows.count } else { 0 } }
}

@Suite struct PartitionTests {
  @Test(arguments: [1, 2, 3, 4, 7, 16, 100, 4096])
  func shardsCoverTheBatchInOrder(shards: Int) {
    let partition = ShardPartition(shards: shards)
    for count in [0, 1, 2, 3, 5, 16, 31, 32, 33, 255, 1000, 60_000] {
      let ranges = (0..<shards).map { partition.range(of: $0, in: count) }
      #expect(ranges.flatMap(Array.init) == Array(0..<count))
      let sizes = Set(ranges.map(\.count))
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      #expect(partition.sizes(in: count) == sizes.subtracting([0]), "\(shards) shards of \(count)")
      if shards > count { #expect(ranges.count(where: \.isEmpty) == shards - count) }
    }
  }

  @Test(arguments: [0, 1, 4095, 4096, 4097, 8192, 1_000_000])
  func blocksCoverTheVectorInOrder(count: Int) {
    let partition = BlockPartition(count: count)
    let ranges = partition.blocks.map(\.range)
    #expect(partition.slotCount == count)
    #expect(ranges.flatMap(Array.init) == Array(0..<count))
    #expect(ranges.dropLast().allSatisfy { $0.count == BlockPartition.blockCount })
    #expect(!ranges.isEmpty, "block 0 writes the step's record also where there is no parameter")
    #expect(ranges.allSatisfy { $0.count <= BlockPartition.blockCount })
  }

  @Test func productsAreCutIntoWholeRowsAndTheRestComesFromSlots() {
    // Weights [784, 10], [70, 300] and [3, 1] with biases between them.
    let products = [
      BlockPartition.Product(range: 0..<7840, columns: 10),
      BlockPartition.Product(range: 7850..<28850, columns: 300),
      BlockPartition.Product(range: 34000..<34003, columns: 1),
    ]
    for samples in [1, 64, 100_000] {
      let partition = BlockPartition(count: 34_004, products: products, samples: samples)
      #expect(partition.blocks.map(\.range).flatMap(Array.init) == Array(0..<34_004))
      #expect(partition.slotCount == 34_004 - 7840 - 21_000 - 3)
      var slot = 0
      var next = [0, 0, 0]
      for block in partition.blocks {
        switch block.source {
        case .slots(let offset):
          #expect(offset == slot)
          slot += block.range.count
        case .product(let number, let rows):
          #expect(rows.lowerBound == next[number])
          #expect(
            block.range.lowerBound == products[number].range.lowerBound + rows.lowerBound * products[number].columns)
          #expect(block.range.count == rows.count * products[number].columns)
          next[number] = rows.upperBound
        }
      }
      #expect(slot == partition.slotCount)
      #expect(next == [784, 70, 3])
      #expect(partition.mostProductRows == partition.blocks.map(\.productRows).max())
      #expect(partition.largestProductBlock >= partition.mostProductRows)
    }
  }
}
