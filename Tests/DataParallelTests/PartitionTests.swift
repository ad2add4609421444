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
    let ranges = partition.blocks.map(\.range)
    #expect(partition.slotCount == count)
    #expect(ranges.flatMap(Array.init) == Array(0..<count))
    #expect(ranges.dropLast().allSatisfy { $0.count == BlockPartition.blockLength })
    #expect(!ranges.isEmpty, "block 0 writes the step's record also where there is no parameter")
    #expect(ranges.allSatisfy { $0.count <= BlockPartition.blockLength })
  }

  @Test func matricesAreCutIntoWholeRows() {
    // Matrices [784, 10] twice, [70, 300], a frozen one [100, 10] and [3, 1] with biases between them.
    let matrices = [
      BlockPartition.Matrix(range: 0..<7840, columns: 10, gradient: .transposedSlots),
      BlockPartition.Matrix(range: 7850..<15_690, columns: 10, gradient: .slots),
      BlockPartition.Matrix(range: 15_700..<36_700, columns: 300, gradient: .product),
      BlockPartition.Matrix(range: 36_710..<37_710, columns: 10, gradient: .absent),
      BlockPartition.Matrix(range: 40_000..<40_003, columns: 1, gradient: .product),
    ]
    let partitions = [1, 64, 100_000].map { BlockPartition(count: 40_004, matrices: matrices, samples: $0) }
    for partition in partitions + partitions.map({ $0.divided(forRanks: 3) })
      + partitions.map({ $0.divided(forWorkers: 40) }) + partitions.map({ $0.divided(forWorkers: 600) })
    {
      #expect(partition.blocks.map(\.range).flatMap(Array.init) == Array(0..<40_004))
      #expect(partition.slotCount == 40_004 - 21_000 - 1000 - 3)
      // Every element of the slots belongs to one element of the blocks.
      var slot: [Int] = []
      var rows = [[Int]](repeating: [], count: matrices.count)
      for block in partition.blocks {
        if let number = block.matrix {
          let matrix = matrices[number]
          rows[number] += block.rows
          #expect(block.range.lowerBound == matrix.range.lowerBound + block.rows.lowerBound * matrix.columns)
          #expect(block.range.count == block.rows.count * matrix.columns)
        }
        switch block.source {
        case .slots(let offset): slot += offset..<offset + block.range.count
        case .transposedSlots(let offset, let stride):
          #expect(block.matrix == 0 && stride == 784)
          for column in 0..<10 { slot += offset + column * stride..<offset + column * stride + block.rows.count }
        case .product(let number): #expect(block.matrix == [2, 4][number])
        case .absent: #expect(block.matrix == 3)
        }
      }
      #expect(slot.sorted() == Array(0..<partition.slotCount))
      #expect(rows == [784, 784, 70, 100, 3].map { Array(0..<$0) })
      #expect(
        partition.mostProductRows
          == partition.blocks.filter { $0.matrix == 2 || $0.matrix == 4 }.map(\.rows.count).max())
      #expect(partition.largestBlock == partition.blocks.map(\.range.count).max())
    }
  }

  @Test func operandsOfSeveralRowsASampleAndScatters() {
    let matrices = [
      BlockPartition.Matrix(range: 0..<100_000, columns: 100, gradient: .product, rowsOfSample: 7),
      BlockPartition.Matrix(range: 100_000..<400_000, columns: 10, gradient: .scatter, rowsOfSample: 7),
    ]
    let partition = BlockPartition(count: 400_000, matrices: matrices, samples: 64)
    // 65536 elements of 448 rows are 146, of which 128 are whole units.
    #expect(partition.blocks[0].rows == 0..<128 && partition.leftElementsOfSample == 7 * 128)
    // Rows are not read from a left operand: a block is as long as others.
    #expect(partition.largestScatter == 16_320 && partition.slotCount == 0)
    #expect(partition.blocks.map(\.range).flatMap(Array.init) == Array(0..<400_000))
  }

  @Test func dividedBlocksArePartsOfTheBlocks() {
    let matrices = [
      BlockPartition.Matrix(range: 0..<2_000_000, columns: 2000, gradient: .product),
      BlockPartition.Matrix(range: 2_000_100..<2_040_100, columns: 400, gradient: .slots),
    ]
    let whole = BlockPartition(count: 2_050_000, matrices: matrices, samples: 64)
    for ranks in [2, 16, 256, 5000] {
      let divided = whole.divided(forRanks: ranks)
      let parts = whole.parts(in: divided)
      #expect(parts.flatMap(Array.init) == Array(divided.blocks.indices))
      for (block, range) in zip(whole.blocks, parts) {
        let elements = divided.blocks[range].map(\.range)
        #expect(elements.flatMap(Array.init) == Array(block.range))
        #expect(divided.blocks[range].allSatisfy { $0.matrix == block.matrix })
      }
      // A row is the least.
      #expect(divided.largestBlock <= max(4096, 2_050_000 / (20 * ranks)))
    }
    #expect(whole.divided(forRanks: 1).blocks.count == whole.blocks.count)
  }
  /// Softmax regression of 784 inputs.
  private static let softmax = BlockPartition(
    count: 7850, matrices: [.init(range: 0..<7840, columns: 10, gradient: .transposedSlots)], samples: 64)

  @Test func workersHaveTwoBlocksEachWhereTheyCan() {
    let whole = Self.softmax
    #expect(whole.blocks.count == 5)
    for workers in 1...2 { #expect(whole.divided(forWorkers: workers) == whole) }
    for workers in 3...64 {
      let blocks = whole.divided(forWorkers: workers).blocks
      #expect(blocks.count >= min(2 * workers, 50), "\(workers) workers: \(blocks.count)")
      let rows = blocks.filter { $0.matrix != nil }.map(\.rows)
      #expect(rows.allSatisfy { $0.lowerBound % 16 == 0 && $0.count >= 16 }, "\(rows)")
      // A worker has at most what it has with blocks of 16 rows, dealt out evenly.
      let region = Region(workers: workers)
      let most = (0..<workers).map {
        region.home(of: $0, among: blocks.count).reduce(0) { $0 + blocks[$1].range.count }
      }
      #expect(
        (most.max() ?? 0) <= max(160 * ((48 + workers) / workers + 1), 7850 / workers + 700), "\(workers): \(most)")
    }
    #expect(whole.divided(forWorkers: 16).blocks.count == 50)
    #expect(whole.divided(forWorkers: 4).blocks.map(\.rows.count) == [112, 96, 112, 96, 112, 96, 80, 80, 0])
  }

  @Test func manyBlocksAreNotCut() {
    let large = BlockPartition(
      count: 2_000_000, matrices: [.init(range: 0..<2_000_000, columns: 2000, gradient: .product)], samples: 64)
    #expect(large.blocks.count == 32)
    #expect(large.divided(forWorkers: 16) == large)
    // Products keep the rows that their operands want.
    #expect(large.divided(forWorkers: 64).blocks.map(\.rows) == large.blocks.map(\.rows))
    let small = BlockPartition(
      count: 40_000, matrices: [.init(range: 0..<40_000, columns: 50, gradient: .product)], samples: 64)
    #expect(small.blocks.map(\.rows.count) == [320, 320, 160])
    #expect(small.divided(forWorkers: 3).blocks == small.blocks, "each worker has a block")
    for workers in [4, 400] {
      #expect(
        small.divided(forWorkers: workers).blocks.map(\.rows.count)
          == [64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 32])
    }
  }

  @Test func littleIsNotCut() {
    let matrices = [
      BlockPartition.Matrix(range: 0..<500, columns: 5, gradient: .slots),
      BlockPartition.Matrix(range: 500..<1100, columns: 5, gradient: .slots),
    ]
    let blocks = BlockPartition(count: 1600, matrices: matrices).divided(forWorkers: 100).blocks
    #expect(blocks[0].range == 0..<500 && blocks[1].range == 500..<580)
    #expect(blocks.last?.range == 1100..<1600)
    #expect(BlockPartition(count: 0).divided(forWorkers: 8) == BlockPartition(count: 0))
    #expect(
      BlockPartition(count: 5000).divided(forWorkers: 8).blocks.map(\.range.count).filter { $0 != 256 } == [136])
  }
}
