import DataParallel
import Testing

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
    let ranges = (0..<partition.blocks).map(partition.range)
    #expect(ranges.flatMap(Array.init) == Array(0..<count))
    #expect(ranges.dropLast().allSatisfy { $0.count == BlockPartition.blockCount })
    #expect(!ranges.isEmpty, "block 0 writes the step's record also where there is no parameter")
    #expect(ranges.allSatisfy { $0.count <= BlockPartition.blockCount })
  }
}
