/// The fixed blocks of the flat parameter vector, the units of the all-reduce and of the update.
///
/// Most of the vector is matrices; a block of one is a few whole rows, so that it can be written in other orders too. The
/// gradient of a large matrix is a product over samples, of which a block's rows are computed when the block is updated.
/// The gradient of all else comes from the shards' slots.
package struct BlockPartition: Sendable, Equatable {
  /// A matrix [rows, columns].
  package struct Matrix: Sendable, Equatable {
    /// Where it lies in the flat vector.
    package let range: Range<Int>
    /// Its columns.
    package let columns: Int
    /// How its gradient comes about.
    package let gradient: Gradient
    /// Rows of a product's operands for each sample.
    package let rowsOfSample: Int

    /// Creates the value.
    package init(range: Range<Int>, columns: Int, gradient: Gradient, rowsOfSample: Int = 1) {
      self.range = range
      self.columns = columns
      self.gradient = gradient
      self.rowsOfSample = rowsOfSample
    }

    var rows: Int { range.count / max(1, columns) }
  }

  /// How the gradient of a matrix comes about.
  package enum Gradient: Sendable {
    /// Each shard writes its own to its slot.
    case slots
    /// Each shard writes its own to its slot, as its transpose [columns, rows].
    case transposedSlots
    /// It is a product over samples.
    case product
    /// It is a product over samples whose left operand is places in the matrix, to which rows are added.
    case scatter
    /// Nobody computes it: the matrix is frozen.
    case absent
  }

  /// Where a block's gradient comes from.
  package enum Source: Sendable, Equatable {
    /// The sum over the shards' slots, from this element of each.
    case slots(offset: Int)
    /// The same, but the slots hold the transpose: from this element of each on the block's first column, the next one
    /// `stride` further.
    case transposedSlots(offset: Int, stride: Int)
    /// The block's rows of the product of that number.
    case product(Int)
    /// From nowhere: it is 0.
    case absent
  }

  /// One block.
  package struct Block: Sendable, Equatable {
    /// Its elements of the flat vector.
    package let range: Range<Int>
    /// Where its gradient comes from.
    package let source: Source
    /// The number of the matrix to which it belongs, if it does.
    package var matrix: Int?
    /// Its rows of that matrix.
    package var rows = 0..<0
  }

  /// The most elements of a block that comes from slots: with the slots' parts, the parameters and the optimizer's state
  /// it stays in the second-level cache, and it is large enough that claiming it costs nothing beside it.
  package static let blockLength = 4096

  /// Rows of a product's block come in this unit: a multiple of the kernels' tiles or close to it, and whole cache lines.
  static let rowUnit = 32
  /// Rows of a block whose gradient is in slots, or nowhere, come in this unit.
  private static let slotUnit = 16
  /// Elements that a product's block should have: the chosen rows of its left operand are then whole cache lines, even of
  /// bytes, where the right one is not too wide.
  static let productBlockLength = 16384
  /// Elements of the left operand, over all its rows, that a product's block should not exceed: a second-level cache.
  static let leftOperandLength = 65536
  /// Rows of the operands from which a block has twice the rows at the least: all its rows meet all of the right operand,
  /// which no longer stays near.
  static let manyOperandRows = 512

  /// The blocks, in the order of the vector.
  package let blocks: [Block]
  /// Elements of each shard's slot.
  package let slotCount: Int
  /// The most elements, for each sample of a batch, of the left operand's columns that a product's block is of.
  package let leftElementsOfSample: Int
  /// The most elements of a block to which rows are added.
  package let largestScatter: Int

  /// Creates the partition of a vector of `count` elements.
  ///
  /// - Parameters:
  ///   - matrices: The matrices, in the order of the vector.
  ///   - samples: The samples of a batch.
  package init(count: Int, matrices: [Matrix] = [], samples: Int = 1) {
    var blocks: [Block] = []
    var (position, slot, product) = (0, 0, 0)
    var (leftElementsOfSample, largestScatter) = (0, 0)
    func addSlots(upTo end: Int) {
      while position < end {
        let next = min(end, position + Self.blockLength)
        blocks.append(Block(range: position..<next, source: .slots(offset: slot)))
        slot += next - position
        position = next
      }
    }
    for (number, matrix) in matrices.enumerated() {
      addSlots(upTo: matrix.range.lowerBound)
      let step: Int
      switch matrix.gradient {
      case .product:
        step = Self.productRows(of: matrix, depth: samples * matrix.rowsOfSample)
        leftElementsOfSample = max(leftElementsOfSample, min(step, matrix.rows) * matrix.rowsOfSample)
      case .scatter:
        step = Self.productRows(of: matrix, depth: 1)
        largestScatter = max(largestScatter, min(step, matrix.rows) * matrix.columns)
      case .slots, .transposedSlots, .absent: step = Self.slotRows(of: matrix)
      }
      for first in stride(from: 0, to: matrix.rows, by: step) {
        let rows = first..<min(matrix.rows, first + step)
        let next = position + rows.count * matrix.columns
        let source: Source =
          switch matrix.gradient {
          case .slots: .slots(offset: slot + first * matrix.columns)
          case .transposedSlots: .transposedSlots(offset: slot + first, stride: matrix.rows)
          case .product, .scatter: .product(product)
          case .absent: .absent
          }
        blocks.append(Block(range: position..<next, source: source, matrix: number, rows: rows))
        position = next
      }
      switch matrix.gradient {
      case .product, .scatter: product += 1
      case .absent: break
      case .slots, .transposedSlots: slot += matrix.range.count
      }
    }
    addSlots(upTo: count)
    // An empty vector has one empty block, in which the step's record is still written.
    if blocks.isEmpty { blocks.append(Block(range: 0..<0, source: .slots(offset: 0))) }
    self.blocks = blocks
    slotCount = slot
    self.leftElementsOfSample = leftElementsOfSample
    self.largestScatter = largestScatter
  }

  /// The blocks cut into smaller ones where ranks would otherwise have few each, of unequal size or none at all.
  ///
  /// Note [Divided blocks]. The sum of a block's elements over shards, and an update that acts on each element by itself,
  /// have the same bits however the vector is cut: for ranks, or for more workers than there are blocks. The sums that
  /// global transformations need over blocks do not: where an update has several passes, the blocks stay as they are.
  package func divided(forRanks ranks: Int) -> BlockPartition {
    let count = blocks.last?.range.upperBound ?? 0
    let most = max(Self.blockLength, count / (Self.blocksOfRank * max(1, ranks)))
    return BlockPartition(
      blocks: blocks.flatMap { $0.range.count > most ? $0.parts(of: most / $0.columns) : [$0] }, of: self)
  }

  /// The blocks cut into smaller ones where workers would otherwise have fewer than two each, and those of products fewer
  /// than one; but not so small that a claim costs as much as what it divides. As Note [Divided blocks] says, for updates of
  /// one pass.
  package func divided(forWorkers workers: Int) -> BlockPartition {
    let wanted = Self.blocksOfWorker * workers
    guard blocks.count < wanted else { return self }
    let share = (blocks.last?.range.upperBound ?? 0) / wanted
    return BlockPartition(
      blocks: blocks.flatMap { block -> [Block] in
        guard block.range.count >= Self.leastDivided, !block.isProduct || blocks.count < workers else { return [block] }
        let unit = block.isProduct ? 2 * Self.rowUnit : block.matrix != nil ? Self.slotUnit : Self.stretchUnit
        let step = max(unit, share / block.columns / unit * unit)
        // As many parts as come nearest to that, of about one size.
        let parts = (block.rowCount + step / 2) / step
        guard parts > 1 else { return [block] }
        return block.parts(of: ((block.rowCount + parts - 1) / parts + unit - 1) / unit * unit)
      }, of: self)
  }

  /// How many blocks a worker should have at the least, so that a late one's share goes to others.
  private static let blocksOfWorker = 2
  /// Elements from which a block is worth dividing: its update then takes several times as long as a claim.
  private static let leastDivided = 512
  /// Elements of which a part is a multiple that belongs to no matrix.
  private static let stretchUnit = 256

  /// How many blocks a rank should have at the least, so that its share is even and its messages are many.
  private static let blocksOfRank = 20

  private init(blocks: [Block], of whole: BlockPartition) {
    self.blocks = blocks
    slotCount = whole.slotCount
    leftElementsOfSample = whole.leftElementsOfSample
    largestScatter = whole.largestScatter
  }

  /// Which of the blocks of a divided partition each block of this one has become.
  package func parts(in divided: BlockPartition) -> [Range<Int>] {
    var next = 0
    return blocks.map { block in
      let first = next
      while next < divided.blocks.count, divided.blocks[next].range.upperBound <= block.range.upperBound { next += 1 }
      return first..<next
    }
  }

  /// - Parameter depth: Rows of the operands.
  private static func productRows(of matrix: Matrix, depth: Int) -> Int {
    let wanted = min(productBlockLength / max(1, matrix.columns), leftOperandLength / max(1, depth))
    let isDoubled = depth >= manyOperandRows && rowUnit * depth <= leftOperandLength
    return max(isDoubled ? 2 * rowUnit : rowUnit, wanted / rowUnit * rowUnit)
  }

  /// Blocks of about equal size, as many as a power of two, so that an even number of workers has an even share.
  private static func slotRows(of matrix: Matrix) -> Int {
    var parts = 1
    while parts * blockLength / 2 < matrix.range.count { parts *= 2 }
    return max(slotUnit, (matrix.rows / parts + slotUnit - 1) / slotUnit * slotUnit)
  }

  /// The most rows of a block whose gradient is a product.
  package var mostProductRows: Int {
    largest { if case .product = $0.source { $0.rows.count } else { 0 } }
  }

  /// The most elements of a block.
  package var largestBlock: Int { largest { $0.range.count } }

  private func largest(_ size: (Block) -> Int) -> Int { blocks.map(size).max() ?? 0 }
}

extension BlockPartition.Block {
  /// Whether its gradient is computed when it is updated.
  fileprivate var isProduct: Bool {
    if case .product = source { true } else { false }
  }

  /// The columns of the matrix; a stretch of no matrix is one column.
  fileprivate var columns: Int { matrix == nil ? 1 : max(1, range.count / max(1, rows.count)) }

  /// The rows of the matrix, or the elements of a stretch of none.
  fileprivate var rowCount: Int { matrix == nil ? range.count : rows.count }

  /// The block in parts of at most that many rows, or of one if that is more.
  fileprivate func parts(of most: Int) -> [BlockPartition.Block] {
    let columns = columns
    let all = matrix == nil ? 0..<range.count : rows
    return stride(from: all.lowerBound, to: all.upperBound, by: max(1, most)).map { first in
      let part = first..<min(all.upperBound, first + max(1, most))
      let skipped = first - all.lowerBound
      let start = range.lowerBound + skipped * columns
      let source: BlockPartition.Source =
        switch source {
        case .slots(let offset): .slots(offset: offset + skipped * columns)
        case .transposedSlots(let offset, let stride): .transposedSlots(offset: offset + skipped, stride: stride)
        case .product(let number): .product(number)
        case .absent: .absent
        }
      return BlockPartition.Block(
        range: start..<start + part.count * columns, source: source, matrix: matrix, rows: matrix == nil ? 0..<0 : part)
    }
  }
}
