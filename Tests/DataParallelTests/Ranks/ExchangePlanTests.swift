import DataParallel
import TestSupport
import Testing

@Suite struct ExchangePlanTests {
  /// Blocks of 16384 elements with smaller ones between, as matrices and biases give.
  private func blocks(_ count: Int) -> [Range<Int>] {
    var start = 0
    return (0..<count).map { number in
      defer { start += number % 7 == 6 ? 3000 : 16_384 }
      return start..<start + (number % 7 == 6 ? 3000 : 16_384)
    }
  }

  @Test func eachSumGoesOnceToItsOwnerAndEachParameterOnceToAll() {
    for (shards, ranks) in [(1, 1), (8, 2), (8, 3), (7, 5), (16, 8), (33, 33)] {
      for count in [1, 5, 200] {
        let blocks = blocks(count)
        let plan = ExchangePlan(RankPartition(shards: shards, ranks: ranks), blocks: blocks, elementBytes: 4)
        #expect(plan.pieces.flatMap { Array($0.blocks) } == Array(blocks.indices))
        for piece in plan.pieces {
          #expect(
            piece.elements == blocks[piece.blocks.lowerBound]
              .lowerBound..<blocks[piece.blocks.upperBound - 1].upperBound)
          #expect(piece.blocks.allSatisfy { plan.ownership.owner(of: $0) == piece.owner })
        }
        let all = 0..<ranks
        let sums = (
          sent: all.flatMap(plan.partialSums(sentBy:)), received: all.flatMap(plan.partialSums(receivedBy:))
        )
        let parameters = (
          sent: all.flatMap(plan.parameters(sentBy:)), received: all.flatMap(plan.parameters(receivedBy:))
        )
        for (sent, received) in [sums, parameters] {
          #expect(sent.count == received.count)
          // Who sends and who receives agree on tag and size, and no two messages between them have one tag.
          let routes = sent.map { Route($0) }
          #expect(Set(routes) == Set(received.map { Route($0) }) && Set(routes).count == sent.count)
          #expect(
            sent.allSatisfy { $0.tag >= MessageTag.firstFree && $0.tag <= MessageTag.last && $0.sender != $0.receiver })
        }
        for transfer in sums.sent {
          #expect(plan.pieces[transfer.piece].owner == transfer.receiver)
          #expect(transfer.partial.map { plan.partition.partials[$0].rank } == transfer.sender)
        }
        let others = plan.partition.partials.count - plan.partition.partials.count / ranks
        #expect(ranks > 1 || (others == 0 && sums.sent.isEmpty && parameters.sent.isEmpty))
        #expect(parameters.sent.count == plan.pieces.count * (ranks - 1))
      }
    }
  }

  private struct Route: Hashable {
    let sender, receiver, tag, byteCount: Int
    init(_ transfer: ExchangePlan.Transfer) {
      (sender, receiver, tag, byteCount) = (transfer.sender, transfer.receiver, transfer.tag, transfer.byteCount)
    }
  }

  @Test(arguments: [2, 4, 8, 16, 32]) func noRankSendsMuchMoreThanTheLeastThatIsPossible(ranks: Int) {
    for shards in [ranks, 2 * ranks, 4 * ranks] {
      for blocksOfRank in [20, 21, 33, 100] {
        let blocks = blocks(ranks * blocksOfRank)
        let plan = ExchangePlan(RankPartition(shards: shards, ranks: ranks), blocks: blocks, elementBytes: 4)
        let bytes = Double(4 * blocks.reduce(0) { $0 + $1.count })
        let optimum = 2 * Double(ranks - 1) / Double(ranks) * bytes
        let sent = (0..<ranks).map { rank in
          Double((plan.partialSums(sentBy: rank) + plan.parameters(sentBy: rank)).reduce(0) { $0 + $1.byteCount })
        }
        #expect((sent.max() ?? 0) <= 1.05 * optimum, "\(ranks) ranks, \(shards) shards, \(blocksOfRank) blocks a rank")
        #expect(abs(sent.reduce(0, +) - Double(ranks) * optimum) < 1)
      }
    }
  }

  @Test func aLargeModelHasAsManyTagsAsThereAre() {
    // 40 GB of parameters, and ranks that each make several sums.
    let blocks = (0..<20_000).map { $0 * 500_000..<($0 + 1) * 500_000 }
    let plan = ExchangePlan(RankPartition(shards: 1000, ranks: 300), blocks: blocks, elementBytes: 4)
    let tags = plan.partialSums(sentBy: 1).map(\.tag) + plan.parameters(sentBy: 1).map(\.tag)
    #expect((tags.max() ?? 0) <= MessageTag.last)
    #expect(plan.partialSums(sentBy: 1).allSatisfy { $0.byteCount <= Int(Int32.max) })
  }
}
