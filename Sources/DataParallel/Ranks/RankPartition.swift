/// Which shards each rank computes, and how the partial sums of all ranks become the sum over all shards.
///
/// Note [Partial sums]. A rank owns a contiguous range of shards. Its range covers some nodes of the tree of Note [Tree] as
/// a whole; the largest of them are its subtrees, at most 2·log₂S, and for each it makes one partial sum, by the tree
/// alone. What is left of the tree, the nodes that lie on several ranks, is added by the owner of a block, left child
/// first. So each addition of the tree is made exactly once, of the same two numbers, whatever the number of ranks. An
/// empty shard is a zero that is added as well: −0 + 0 is +0.
package struct RankPartition: Sendable, Equatable {
  /// A sum over a whole subtree, which its rank sends to the owners.
  package struct Partial: Sendable, Equatable {
    /// Who makes it.
    package let rank: Int
    /// Its shards.
    package let shards: Range<Int>
  }

  /// An addition that an owner makes, of two sums by their numbers in `partials`: the first becomes the sum of both.
  package struct Addition: Sendable, Equatable {
    /// The left child, and then the node.
    package let sum: Int
    /// The right child.
    package let term: Int

    /// Creates the value.
    package init(sum: Int, term: Int) {
      self.sum = sum
      self.term = term
    }
  }

  /// The number of shards of a batch.
  package let shards: Int
  /// The number of ranks, from 1 to that of the shards.
  package let ranks: Int
  /// All ranks' partial sums, in the order of the shards.
  package let partials: [Partial]
  /// The additions, in order. The last one's sum, or the only partial sum, is that over all shards; its number is 0.
  package let additions: [Addition]

  /// Creates the partition.
  package init(shards: Int, ranks: Int) {
    precondition(ranks >= 1 && ranks <= shards, "\(ranks) ranks for \(shards) shards")
    self.shards = shards
    self.ranks = ranks
    let partials = (0..<ranks).flatMap { rank in
      Self.subtrees(covering: Self.range(of: rank, shards: shards, ranks: ranks), of: shards).map {
        Partial(rank: rank, shards: $0)
      }
    }
    var additions: [Addition] = []
    func add(_ node: Range<Int>) -> Int {
      guard let number = partials.firstIndex(where: { $0.shards.lowerBound == node.lowerBound }) else {
        preconditionFailure("the partial sums cover the shards")
      }
      if partials[number].shards == node { return number }
      let middle = node.lowerBound + Self.half(node.count)
      let left = add(node.lowerBound..<middle)
      let right = add(middle..<node.upperBound)
      additions.append(Addition(sum: left, term: right))
      return left
    }
    _ = add(0..<shards)
    self.partials = partials
    self.additions = additions
  }

  /// The shards of a rank: numbers of them differ by at most one.
  package func shards(of rank: Int) -> Range<Int> { Self.range(of: rank, shards: shards, ranks: ranks) }

  /// The numbers of a rank's partial sums in `partials`.
  package func partials(of rank: Int) -> Range<Int> {
    let first = partials.firstIndex { $0.rank == rank } ?? 0
    return first..<first + partials[first...].prefix { $0.rank == rank }.count
  }

  /// The most partial sums that a rank makes.
  package var mostPartials: Int { (0..<ranks).map { partials(of: $0).count }.max() ?? 0 }

  private static func range(of rank: Int, shards: Int, ranks: Int) -> Range<Int> {
    shards * rank / ranks..<shards * (rank + 1) / ranks
  }

  /// The left half of a node: the largest power of two below its size.
  private static func half(_ count: Int) -> Int {
    var half = 1
    while 2 * half < count { half *= 2 }
    return half
  }

  /// The largest nodes of the tree that lie within a range, in order.
  private static func subtrees(covering range: Range<Int>, of shards: Int) -> [Range<Int>] {
    var subtrees: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      // A node of that size begins here, or is cut off by the end of all shards.
      var size = 1
      while start % (2 * size) == 0, start + size < shards, min(start + 2 * size, shards) <= range.upperBound {
        size *= 2
      }
      subtrees.append(start..<min(start + size, shards))
      start += size
    }
    return subtrees
  }
}

/// Which blocks of the parameters each rank updates: contiguous runs, of about as many bytes.
package struct BlockOwnership: Sendable, Equatable {
  private let cuts: [Int]

  /// Creates the ownership.
  ///
  /// - Parameter sizes: The size of each block, in any unit.
  package init(sizes: [Int], ranks: Int) {
    precondition(ranks >= 1, "blocks belong to somebody")
    let ends = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let total = ends[ends.count - 1]
    var cuts = [0]
    for rank in 1..<max(2, ranks) where ranks > 1 {
      // The end of a block that is nearest to an even share.
      let wanted = Double(total) * Double(rank) / Double(ranks)
      var cut = cuts[rank - 1]
      while cut < sizes.count, abs(Double(ends[cut + 1]) - wanted) <= abs(Double(ends[cut]) - wanted) { cut += 1 }
      cuts.append(cut)
    }
    self.cuts = cuts + [sizes.count]
  }

  /// A rank's blocks; none if there are too few.
  package func blocks(of rank: Int) -> Range<Int> { cuts[rank]..<cuts[rank + 1] }

  /// The rank that updates a block.
  package func owner(of block: Int) -> Int { (cuts.firstIndex { $0 > block } ?? 1) - 1 }
}
