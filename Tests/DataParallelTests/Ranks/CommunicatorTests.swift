import DataParallel
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct CommunicatorTests {
  @Test func oneProcessHasNobodyToTalkTo() throws {
    let ranks: any Communicator = SingleProcess()
    #expect(ranks.rank == 0 && ranks.rankCount == 1)
    #expect(try ranks.broadcast([1, 2]) == [1, 2])
    #expect(try ranks.allGather([3]) == [[3]])
    try ranks.barrier()
    try ranks.wait(for: MessageSet([], memory: 0))
    try ranks.finish()
    #expect(ranks.traffic == Traffic())
  }

  @Test(arguments: [1, 2, 3, 5, 8]) func textsGoToAll(count: Int) {
    let network = MemoryNetwork(count, seed: UInt64(count))
    let errors = runRanks(count, seed: UInt64(count), network) { ranks in
      #expect(ranks.hosts == (0..<count).map { "host\($0)" })
      for round in 0..<5 {
        #expect(try ranks.broadcast(ranks.rank == 0 ? [7, UInt8(round)] : [9]) == [7, UInt8(round)])
        let all = try ranks.allGather([UInt8](repeating: UInt8(ranks.rank), count: ranks.rank * round))
        #expect(all == (0..<count).map { [UInt8](repeating: UInt8($0), count: $0 * round) })
      }
      try ranks.finish()
    }
    #expect(errors.allSatisfy { $0 == nil }, "\(errors)")
    #expect(network.isEmpty, "a request is left behind the end")
  }

  /// Messages that overtake each other, posted and polled by three threads of each rank.
  @Test(arguments: [1, 2, 3]) func messagesArriveWhoeverPollsAndWhateverOvertakes(seed: UInt64) {
    let (count, tags, rounds) = (4, 9, 6)
    let errors = runRanks(count, seed: seed) { ranks in
      let others = (0..<count).filter { $0 != ranks.rank }
      let out = SharedBuffer<Int>(repeating: 0, count: count * tags)
      let into = SharedBuffer<Int>(repeating: -1, count: count * tags)
      func message(_ direction: MessageSet.Message.Direction, _ peer: Int, _ tag: Int) -> MessageSet.Message {
        let buffer = direction == .send ? out : into
        let place = UnsafeMutableBufferPointer(rebasing: buffer.elements[(peer * tags + tag)..<(peer * tags + tag + 1)])
        return .init(direction, peer: peer, tag: 16 + tag, bytes: UnsafeMutableRawBufferPointer(place))
      }
      let messages = MessageSet(
        others.flatMap { peer in (0..<tags).flatMap { [message(.send, peer, $0), message(.receive, peer, $0)] } },
        memory: [out, into])
      let before = ranks.traffic
      let failure = Mutex<(any Error & Sendable)?>(nil)
      for round in 0..<rounds {
        for peer in others {
          for tag in 0..<tags { out[peer * tags + tag] = (ranks.rank * 100 + peer) * 100 + tag + round }
        }
        let next = Mutex(0)
        Region(workers: 3, start: frugalStarter).forEach(messages.count) { unit, _ in
          messages.post(
            next.withLock { number in
              defer { number += 1 }; return number
            })
          do { try ranks.advance(messages) } catch { failure.withLock { $0 = error } }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        try ranks.wait(for: messages)
        for peer in others {
          for tag in 0..<tags { #expect(into[peer * tags + tag] == (peer * 100 + ranks.rank) * 100 + tag + round) }
        }
        messages.prepareAgain()
      }
      let sent = ranks.traffic.since(before)
      #expect(sent == Traffic(bytes: rounds * others.count * tags * 8, messages: rounds * others.count * tags))
      try ranks.finish()
    }
    #expect(errors.allSatisfy { $0 == nil }, "\(errors)")
  }

  /// Waits for what never comes.
  private static func waitInVain(_ ranks: RankCommunicator<MemoryTransport>) throws {
    let memory = SharedBuffer<UInt8>(repeating: 0, count: 1)
    let peer = ranks.rank == 0 ? 1 : 0
    let messages = MessageSet(
      [.init(.receive, peer: peer, tag: 99, bytes: UnsafeMutableRawBufferPointer(memory.elements))], memory: memory)
    messages.postAll()
    try ranks.wait(for: messages)
  }

  @Test(arguments: [2, 3, 5, 8]) func aRankThatFallsSilentIsNamedByAll(count: Int) {
    let lost = count / 2
    let start = Date()
    let errors = runRanks(count, seed: 5, deadline: 2) { ranks in
      try ranks.barrier()
      // Gone without a word: with its communicator its heart stops.
      if ranks.rank == lost { return }
      try Self.waitInVain(ranks)
    }
    #expect(Date().timeIntervalSince(start) < 20)
    for (rank, error) in errors.enumerated() where rank != lost {
      #expect(error as? RankFailure == RankFailure(rank: lost, host: "host\(lost)", kind: .silent, deadline: 2))
    }
    #expect(errors[lost] == nil)
  }

  @Test func aRankThatLeavesIsNamedAtOnce() {
    let start = Date()
    let errors = runRanks(5, seed: 6, deadline: 30) { ranks in
      try ranks.barrier()
      if ranks.rank == 3 { ranks.leave() } else { try Self.waitInVain(ranks) }
    }
    #expect(Date().timeIntervalSince(start) < 15, "nobody waits for the deadline")
    for (rank, error) in errors.enumerated() where rank != 3 {
      #expect((error as? RankFailure).map { "\($0)" } == "rank 3 on host host3 ended with an error of its own")
    }
  }

  @Test func aBrokenConnectionIsNamed() {
    let network = MemoryNetwork(3, seed: 7)
    let errors = runRanks(3, seed: 7, deadline: 2, network) { ranks in
      try ranks.barrier()
      if ranks.rank == 0 {
        Thread.sleep(forTimeInterval: 0.2)
        network.breakConnections(of: 2)
      }
      try Self.waitInVain(ranks)
    }
    for rank in [0, 1] {
      let failure = errors[rank] as? RankFailure
      #expect(failure?.rank == 2 && failure?.host == "host2")
    }
    #expect(errors[2] is RankFailure)
  }

  @Test func aLongUnitIsNoDeath() {
    let errors = runRanks(3, seed: 8, deadline: 2) { ranks in
      if ranks.rank == 1 { Thread.sleep(forTimeInterval: 4.5) }
      try ranks.barrier()
      try ranks.finish()
    }
    #expect(errors.allSatisfy { $0 == nil }, "\(errors)")
  }

  @Test func afterAFailureEveryCallFails() {
    let errors = runRanks(2, seed: 9, deadline: 0.5) { ranks in
      try ranks.barrier()
      if ranks.rank == 1 { return }
      #expect(throws: RankFailure.self) { try Self.waitInVain(ranks) }
      #expect(throws: RankFailure.self) { try ranks.poll() }
      #expect(throws: RankFailure.self) { try ranks.broadcast([1]) }
      #expect(throws: RankFailure.self) { try ranks.finish() }
      ranks.leave()
    }
    #expect(errors.allSatisfy { $0 == nil }, "\(errors)")
  }
}
