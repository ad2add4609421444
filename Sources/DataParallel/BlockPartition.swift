/// The fixed blocks of the flat parameter vector, the units of the all-reduce and of the update.
///
/// Most of the vector are weights whose gradient is a product over samples; a block of them is a few whole rows of one
/// weight, whose gradient is computed when the block is updated. The gradient of all else comes from the shards' slots.
public struct BlockPartition: Sendable, Equatable {
  /// A weight [rows, columns] whose gradient is a product over samples.
  public struct Product: Sendable, Equatable {
    /// Where it lies in the flat vector.
    public let range: Range<Int>
    /// Its columns.
    public let columns: Int

    /// Creates the value.
    public init(range: Range<Int>, columns: Int) {
      self.range = range
      self.columns = columns
    }
  }

  /// Where a block's gradient comes from.
  public enum Source: Sendable, Equatable {
    /// The sum over the shards' slots, from this element of each.
    case slots(offset: Int)
    /// These rows of the product of that number.
    case product(Int, rows: Range<Int>)
  }

  /// One block.
  public struct Block: Sendable, Equatable {
    /// Its elements of the flat vector.
    public let range: Range<Int>
    /// Where its gradient comes from.
    public let source: Source
  }

  /// Elements of a block that comes from slots: with the slots' parts, the parameters and the optimizer's state it stays
  /// in the second-level cache, and it is large enough that claiming it costs nothing beside it.
  public static let blockCount = 4096

  /// Rows of a product's block come in this unit: a multiple of the kernels' tiles or close to it, and whole cache lines.
  static let rowUnit = 32
  /// Elements that a product's block should have, so that claiming it costs nothing beside computing it.
  static let productBlockCount = 1024
  /// Elements of the left operand, over all samples, that a product's block should not exceed: a second-level cache.
  static let leftOperandCount = 65536

  /// The blocks, in the order of the vector.
  public let blocks: [Block]
  /// Elements of each shard's slot.
  public let slotCount: Int

  /// Creates the partition of a vector of `count` elements.
  ///
  /// - Parameters:
  ///   - products: The weights whose gradients are products, in the order of the vector.
  ///   - samples: The samples of a batch.
  public init(count: Int, products: [Product] = [], samples: Int = 1) {
    var blocks: [Block] = []
    var (position, slot) = (0, 0)
    func addSlots(upTo end: Int) {
      while position < end {
        let next = min(end, position + Self.blockCount)
        blocks.append(Block(range: position..<next, source: .slots(offset: slot)))
        slot += next - position
        position = next
      }
    }
    for (number, product) in products.enumerated() {
      addSlots(upTo: product.range.lowerBound)
      let rows = product.range.count / max(1, product.columns)
      let step = Self.rows(columns: product.columns, samples: samples)
      for first in stride(from: 0, to: rows, by: step) {
        let chosen = first..<min(rows, first + step)
        let next = position + chosen.count * product.columns
        blocks.append(Block(range: position..<next, source: .product(number, rows: chosen)))
        position = next
      }
    }
    addSlots(upTo: count)
    // An empty vector has one empty block, in which the step's record is still written.
    if blocks.isEmpty { blocks.append(Block(range: 0..<0, source: .slots(offset: 0))) }
    self.blocks = blocks
    slotCount = slot
  }

  private static func rows(columns: Int, samples: Int) -> Int {
    let wanted = min(productBlockCount / max(1, columns), leftOperandCount / max(1, samples))
    return max(rowUnit, wanted / rowUnit * rowUnit)
  }

  /// The most elements of a block whose gradient is a product.
  public var largestProductBlock: Int { largest { $0.range.count } }

  /// The most rows of such a block.
  public var mostProductRows: Int {
    largest { block in
      if case .product(_, let rows) = block.source { rows.count } else { 0 }
    }
  }

  private func largest(_ size: (Block) -> Int) -> Int {
    blocks.filter { if case .product = $0.source { true } else { false } }.map(size).max() ?? 0
  }
}
