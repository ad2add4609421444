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

  /// Creates the plan.
  ///
  /// - Parameters:
  ///   - blocks: The blocks of the flat vector, in its order.
  ///   - elementBytes: The size of an element.
  package init(_ partition: RankPartition, blocks: [Range<Int>], elementBytes: Int) {
    self.partition = partition
    self.elementBytes = elementBytes
    let ownership = BlockOwnership(sizes: blocks.map(\.count), ranks: partition.ranks)
    let total = blocks.reduce(0) { $0 + $1.count } * elementBytes
    // Each piece and partial sum has a tag of its own, and there are only so many.
    let mostPieces = max(1, (MessageTag.last - MessageTag.firstFree) / max(1, partition.mostPartials) - partition.ranks)
    let size = max(Self.pieceBytes, 2 * total / mostPieces)
    var pieces: [Piece] = []
    for owner in 0..<partition.ranks {
      var first = ownership.blocks(of: owner).lowerBound
      for block in ownership.blocks(of: owner) {
        let elements = blocks[first].lowerBound..<blocks[block].upperBound
        let isLast = block + 1 == ownership.blocks(of: owner).upperBound
        guard isLast || (elements.count + blocks[block + 1].count) * elementBytes > size else { continue }
        if !elements.isEmpty { pieces.append(Piece(blocks: first..<block + 1, elements: elements, owner: owner)) }
        first = block + 1
      }
    }
    self.ownership = ownership
    self.pieces = pieces
  }

  /// The partial sums that a rank sends to the owners, and those that it receives as one.
  package func partialSums(sentBy rank: Int) -> [Transfer] {
    transfers { piece in
      piece.owner == rank ? [] : partition.partials(of: rank).map { (rank, piece.owner, $0) }
    }
  }

  /// The partial sums of others that a rank receives as an owner.
  package func partialSums(receivedBy rank: Int) -> [Transfer] {
    transfers { piece in
      guard piece.owner == rank else { return [] }
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
          tag: MessageTag.firstFree + number * partials + part, byteCount: piece.elements.count * elementBytes)
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
  /// - Parameter partials: Where each partial sum lies, in the order of `RankPartition.partials`. Most are overwritten.
  package func add(
    _ partials: UnsafePointer<UnsafeMutablePointer<Scalar>>, count: Int, scaledBy factor: Double,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    let last = additions.count - 1
    guard last >= 0 else {
      kernels.treeSum(partials[0], slots: 1, stride: 0, count: count, scaledBy: factor, into: out)
      return
    }
    for index in 0...last {
      let addition = additions.pointer[index]
      let sum = partials[addition.sum]
      // Two slots that lie as far apart as the two sums do.
      kernels.treeSum(
        sum, slots: 2, stride: partials[addition.term] - sum, count: count, scaledBy: index == last ? factor : 1,
        into: index == last ? out : sum)
    }
  }
}
