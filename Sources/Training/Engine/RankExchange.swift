import Autodiff
import DataParallel
import Kernels
import Optimizers

/// How a step is divided among ranks: which blocks are whose, and what travels of each product.
struct RankExchange<Scalar: TrainingScalar> {
  let plan: ExchangePlan
  /// The blocks that are updated.
  let blocks: BlockPartition
  let share: RankShare
  /// The shards whose operands a rank keeps.
  let keptShards: Range<Int>
  private let partition: ShardPartition
  private let travelling: Set<Int>
  /// The ranks that update rows of each product.
  private let owners: [[Int]]
  private let operandsOfShard: Int

  /// Divides steps.
  ///
  /// Note [Travelling operands]. The gradient of a large matrix is a product over samples. Its partial sums have the
  /// matrix's size, whatever the batch; its operands have a row for each sample, and go to each rank that updates rows
  /// of the matrix, which then computes them as one process does. Where the operands of the largest batch are fewer bytes
  /// over all ranks, they travel. An operand that is read from the dataset again needs no message: each rank has the
  /// dataset.
  ///
  /// - Parameters:
  ///   - whole: The blocks as one process has them.
  ///   - mayDivide: Whether they may be cut, as Note [Divided blocks] says.
  ///   - samples: Those of the largest batch.
  init(
    ranks: Int, rank: Int, partition: ShardPartition, blocks whole: BlockPartition, mayDivide: Bool,
    plans: PlanSet<Scalar>, samples: Int, kernels: Kernels<Scalar>, shortcuts: EngineShortcuts
  ) {
    let blocks = mayDivide ? whole.divided(forRanks: ranks) : whole
    self.blocks = blocks
    let ranksOfShards = RankPartition(shards: partition.shards, ranks: ranks)
    let ownership = BlockOwnership(sizes: blocks.blocks.map(\.range.count), ranks: ranks)
    let products = plans.all.first?.products ?? []
    var owners = [[Int]](repeating: [], count: products.count)
    var sumElements = [Int](repeating: 0, count: products.count)
    for (index, block) in blocks.blocks.enumerated() {
      guard case .product(let number) = block.source else { continue }
      let owner = ownership.owner(of: index)
      if !owners[number].contains(owner) { owners[number].append(owner) }
      sumElements[number] += ranksOfShards.partials.count { $0.rank != owner } * block.range.count
    }
    // Each has a tag of its own; there are not enough for thousands of shards.
    let operands = Self.operands(of: products, kernels)
    let mostOperands = (MessageTag.last - MessageTag.firstFree) / 4
    let mayTravel = shortcuts.contains(.travellingOperands) && partition.shards * operands.count <= mostOperands
    travelling = Set(
      products.indices.filter { number in
        let elements = (0..<partition.shards).reduce(0) { total, shard in
          let slice = partition.range(of: shard, in: samples)
          guard !slice.isEmpty else { return total }
          let sender = (0..<ranks).first { ranksOfShards.shards(of: $0).contains(shard) }
          let product = plans[slice.count].use { $0.products[number] }
          return total
            + owners[number].count { $0 != sender }
            * Self.operands(of: [product], kernels).reduce(0) { $0 + $1.elements }
        }
        return mayTravel && elements < sumElements[number]
      })
    let travelling = travelling
    let operandBlocks = blocks.blocks.indices.filter {
      if case .product(let number) = blocks.blocks[$0].source { travelling.contains(number) } else { false }
    }
    operandsOfShard = operands.count
    plan = ExchangePlan(
      ranksOfShards, blocks: blocks.blocks.map(\.range), elementBytes: MemoryLayout<Scalar>.stride,
      operands: Set(operandBlocks),
      reservedTags: StepTag.reserved(operands: travelling.isEmpty ? 0 : partition.shards * operands.count))
    share = RankShare(of: rank, plan, whole: whole, divided: blocks, travelling: travelling)
    keptShards = travelling.isEmpty ? share.shards : 0..<partition.shards
    self.partition = partition
    self.owners = owners
  }

  /// An operand in the memory that a shard keeps.
  private struct Operand {
    let product: Int
    let offset: Int
    let elements: Int
  }

  private static func operands(of products: [SampleProduct], _ kernels: Kernels<Scalar>) -> [Operand] {
    products.enumerated().flatMap { number, product in
      let right = Operand(product: number, offset: product.rightOffset, elements: product.rightCount(kernels))
      switch product.left {
      case .input: return [right]
      case .kept(let offset):
        return [right, Operand(product: number, offset: offset, elements: product.depth * product.rows)]
      case .places(let offset): return [right, Operand(product: number, offset: offset, elements: product.depth)]
      }
    }
  }

  /// The operands that travel in a batch of that size.
  func operands(
    samples: Int, plans: PlanSet<Scalar>, kept: ShardMemory<Scalar>, kernels: Kernels<Scalar>
  ) -> [TravellingOperand] {
    guard !travelling.isEmpty else { return [] }
    return (0..<partition.shards).flatMap { shard -> [TravellingOperand] in
      let slice = partition.range(of: shard, in: samples)
      guard !slice.isEmpty else { return [] }
      let sender = (0..<plan.partition.ranks).first { plan.partition.shards(of: $0).contains(shard) } ?? 0
      let operands = plans[slice.count].use { Self.operands(of: $0.products, kernels) }
      return operands.enumerated().filter { travelling.contains($0.element.product) }.map { index, operand in
        let memory = UnsafeMutableBufferPointer(start: kept[shard] + operand.offset, count: operand.elements)
        return TravellingOperand(
          shard: shard, product: operand.product, bytes: UnsafeMutableRawBufferPointer(memory), sender: sender,
          receivers: owners[operand.product], number: shard * operandsOfShard + index)
      }
    }
  }
}
