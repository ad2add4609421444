import Kernels

/// The messages of a step: partial sums to the owners of the blocks, and updated parameters from them to all. Every rank
/// computes the same plan.
package struct ExchangePlan: Sendable, Equatable {
  /// Consecutive blocks of one owner that go in one message.
  package struct Piece: Sendable, Equatable {
    /// The blocks.
    package let blocks: Range<Int>
    /// Their elements of the flat vector.
    package let elements: Range<Int>
    /// Who updates them.
    package let owner: Int
    /// Whether partial sums of them travel; otherwise the owner computes their gradient, from operands that travel.
    package let isSummed: Bool
  }

  /// One message.
  package struct Transfer: Sendable, Equatable {
    /// The number of its piece.
    package let piece: Int
    /// The number of the partial sum, or `nil` if it is of parameters.
    package let partial: Int?
    /// Who sends it.
    package let sender: Int
    /// Who receives it.
    package let receiver: Int
    /// Its tag.
    package let tag: Int
    /// Its size.
    package let byteCount: Int
  }

  /// Bytes of a piece, if its blocks are not larger: large enough that a message costs little beside its bytes, small
  /// enough that the first goes out while the last is computed.
  private static let pieceBytes = 1 << 18

  /// Who computes and adds what.
  package let partition: RankPartition
  /// Who updates what.
  package let ownership: BlockOwnership
  /// The pieces, in the order of the vector.
  package let pieces: [Piece]
  private let elementBytes: Int
  private let firstTag: Int

  /// Creates the plan.
  ///
  /// - Parameters:
  ///   - blocks: The blocks of the flat vector, in its order.
  ///   - elementBytes: The size of an element.
  ///   - operands: The blocks whose gradient the owner computes, from operands that travel in place of partial sums.
  ///   - reservedTags: How many tags from `MessageTag.firstFree` on the plan leaves to others.
  package init(
    _ partition: RankPartition, blocks: [Range<Int>], elementBytes: Int, operands: Set<Int> = [], reservedTags: Int = 0
  ) {
    self.partition = partition
    self.elementBytes = elementBytes
    firstTag = MessageTag.firstFree + reservedTags
    let ownership = BlockOwnership(sizes: blocks.map(\.count), ranks: partition.ranks)
    let total = blocks.reduce(0) { $0 + $1.count } * elementBytes
    // Each piece and partial sum has a tag of its own, and there are only so many. Where sums and operands alternate, and
    // where a rank's blocks end, a piece is cut short.
    let changes = blocks.indices.dropFirst().count { operands.contains($0) != operands.contains($0 - 1) }
    let mostPieces = max(
      1, (MessageTag.last - firstTag) / max(1, partition.mostPartials) - partition.ranks - changes)
    let size = max(Self.pieceBytes, 2 * total / mostPieces)
    var pieces: [Piece] = []
    for owner in 0..<partition.ranks {
      var first = ownership.blocks(of: owner).lowerBound
      for block in ownership.blocks(of: owner) {
        let elements = blocks[first].lowerBound..<blocks[block].upperBound
        let isSummed = !operands.contains(block)
        let isLast =
          block + 1 == ownership.blocks(of: owner).upperBound || isSummed == operands.contains(block + 1)
        guard isLast || (elements.count + blocks[block + 1].count) * elementBytes > size else { continue }
        if !elements.isEmpty {
          pieces.append(Piece(blocks: first..<block + 1, elements: elements, owner: owner, isSummed: isSummed))
        }
        first = block + 1
      }
    }
    self.ownership = ownership
    self.pieces = pieces
  }

  /// The elements of the flat vector that a rank updates.
  package func elements(of rank: Int) -> Range<Int> {
    let own = pieces.filter { $0.owner == rank }
    return (own.first?.elements.lowerBound ?? 0)..<(own.last?.elements.upperBound ?? 0)
  }

  /// The elements of all partial sums that a rank keeps: its own of the whole vector, and the others' of its blocks.
  package func sumElements(of rank: Int) -> Int {
    let all = (pieces.last?.elements.upperBound ?? 0) - (pieces.first?.elements.lowerBound ?? 0)
    let own = partition.partials(of: rank).count
    return own * all + (partition.partials.count - own) * elements(of: rank).count
  }

  /// The partial sums that a rank sends to the owners, and those that it receives as one.
  package func partialSums(sentBy rank: Int) -> [Transfer] {
    transfers { piece in
      piece.owner == rank || !piece.isSummed ? [] : partition.partials(of: rank).map { (rank, piece.owner, $0) }
    }
  }

  /// The partial sums of others that a rank receives as an owner.
  package func partialSums(receivedBy rank: Int) -> [Transfer] {
    transfers { piece in
      guard piece.owner == rank, piece.isSummed else { return [] }
      return partition.partials.indices.filter { partition.partials[$0].rank != rank }.map {
        (partition.partials[$0].rank, rank, $0)
      }
    }
  }

  /// The parameters that an owner sends.
  package func parameters(sentBy rank: Int) -> [Transfer] {
    transfers { piece in
      piece.owner != rank ? [] : (0..<partition.ranks).filter { $0 != rank }.map { (rank, $0, nil) }
    }
  }

  /// The parameters that a rank receives.
  package func parameters(receivedBy rank: Int) -> [Transfer] {
    transfers { piece in piece.owner == rank ? [] : [(piece.owner, rank, nil)] }
  }

  private func transfers(_ of: (Piece) -> [(sender: Int, receiver: Int, partial: Int?)]) -> [Transfer] {
    let partials = max(1, partition.mostPartials)
    return pieces.enumerated().flatMap { number, piece in
      of(piece).map { transfer in
        let part = transfer.partial.map { $0 - partition.partials(of: transfer.sender).lowerBound } ?? 0
        return Transfer(
          piece: number, partial: transfer.partial, sender: transfer.sender, receiver: transfer.receiver,
          tag: firstTag + number * partials + part, byteCount: piece.elements.count * elementBytes)
      }
    }
  }
}

/// Adds the partial sums of a block as Note [Partial sums] says.
package struct PartialSums<Scalar: KernelElement>: Sendable {
  private let additions: SharedBuffer<RankPartition.Addition>
  private let kernels: Kernels<Scalar>

  /// Creates it for a partition.
  package init(_ partition: RankPartition, kernels: Kernels<Scalar>) {
    additions = SharedBuffer(partition.additions)
    self.kernels = kernels
  }

  /// Adds the partial sums of `count` elements, multiplies the sum by a factor, and writes it to `out`.
  ///
  /// - Parameters:
  ///   - partials: Where each partial sum lies, in the order of `RankPartition.partials`. Most are overwritten.
  ///   - start: The first element.
  package func add(
    _ partials: UnsafePointer<UnsafeMutablePointer<Scalar>>, from start: Int = 0, count: Int, scaledBy factor: Double,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    let last = additions.count - 1
    guard last >= 0 else {
      kernels.treeSum(partials[0] + start, slots: 1, stride: 0, count: count, scaledBy: factor, into: out)
      return
    }
    for index in 0...last {
      let addition = additions.pointer[index]
      let sum = partials[addition.sum] + start
      // Two slots that lie as far apart as the two sums do.
      kernels.treeSum(
        sum, slots: 2, stride: partials[addition.term] + start - sum, count: count,
        scaledBy: index == last ? factor : 1,
        into: index == last ? out : sum)
    }
  }
}
