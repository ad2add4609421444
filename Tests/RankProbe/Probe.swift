import DataParallel
import Foundation
import Foundations
import Kernels

/// At once, also into a pipe.
func printLine(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

/// The things that can be tried.
struct Probe {
  let ranks: any Communicator
  let argument: Double

  static var commands: [String: (Probe) -> () throws -> Void] {
    [
      "hosts": hosts, "exchange": exchange, "tree": tree, "pingpong": pingPong, "rate": rate, "wait": waitForLate,
      "long": longUnit,
      "die": die, "stop": stop, "leave": leave, "shuffle": shuffle,
    ]
  }

  var rank: Int { ranks.rank }
  var others: [Int] { (0..<ranks.rankCount).filter { $0 != rank } }

  func fail(_ text: String) -> TrainerError { TrainerError(.checkFailed, "rank \(rank): \(text)") }

  /// Rank 0 prints what all know.
  func say(_ text: String) { if rank == 0 { printLine(text) } }

  func hosts() { say("\(ranks.rankCount) ranks on \(Set(ranks.hosts).sorted().joined(separator: ","))") }

  func message(
    _ direction: MessageSet.Message.Direction, _ peer: Int, _ tag: Int, _ bytes: SharedBuffer<UInt8>
  ) -> MessageSet.Message {
    .init(direction, peer: peer, tag: MessageTag.firstFree + tag, bytes: UnsafeMutableRawBufferPointer(bytes.elements))
  }

  /// Each rank sends to each other one, messages of many sizes, again and again, with a broadcast and a gather between.
  func exchange() throws {
    let sizes = [0, 1, 7, 1000, 4096, 65_536, 300_000, 3_000_000]
    func byte(_ sender: Int, _ receiver: Int, _ size: Int, _ round: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: sender * 31 + receiver * 7 + size + round * 3 + 1)
    }
    var list: [MessageSet.Message] = []
    var buffers: [(peer: Int, size: Int, out: SharedBuffer<UInt8>, into: SharedBuffer<UInt8>)] = []
    for peer in others {
      for (tag, size) in sizes.enumerated() {
        let out = SharedBuffer<UInt8>(repeating: 0, count: size)
        let into = SharedBuffer<UInt8>(repeating: 0, count: size)
        buffers.append((peer, size, out, into))
        list += [message(.send, peer, tag, out), message(.receive, peer, tag, into)]
      }
    }
    let messages = MessageSet(list, memory: buffers.flatMap { [$0.out, $0.into] })
    let before = ranks.traffic
    for round in 0..<5 {
      for (peer, size, out, _) in buffers { out.elements.update(repeating: byte(rank, peer, size, round)) }
      // In another order on each rank.
      for index in 0..<messages.count { messages.post((index + rank * 5) % messages.count) }
      try ranks.wait(for: messages)
      for (peer, size, _, into) in buffers {
        let wanted = [UInt8](repeating: byte(peer, rank, size, round), count: size)
        if memcmp(wanted, into.pointer, size) != 0 { throw fail("\(size) bytes from \(peer) are wrong") }
      }
      messages.prepareAgain()
      if round == 0 {
        let sent = ranks.traffic.since(before)
        guard sent.bytes == others.count * sizes.reduce(0, +), sent.messages == others.count * sizes.count else {
          throw fail("traffic is counted as \(sent)")
        }
      }
      let told = try ranks.broadcast(rank == 0 ? Array("round \(round)".utf8) : [])
      guard told == Array("round \(round)".utf8) else { throw fail("the broadcast is wrong") }
      let all = try ranks.allGather([UInt8](repeating: UInt8(rank), count: rank * (round + 1)))
      guard all == (0..<ranks.rankCount).map({ [UInt8](repeating: UInt8($0), count: $0 * (round + 1)) }) else {
        throw fail("the gather is wrong")
      }
    }
    say("exchanged by \(ranks.rankCount)")
  }

  /// A step's sums and parameters by the plan, held against the tree over all shards.
  func tree() throws {
    let shards = argument > 0 ? Int(argument) : 8
    let count = 50_000
    let blocks = stride(from: 0, to: count, by: 700).map { $0..<min(count, $0 + 700) }
    let plan = ExchangePlan(
      RankPartition(shards: shards, ranks: ranks.rankCount), blocks: blocks, elementBytes: MemoryLayout<Float>.size)
    let exchange = SumExchange(plan, ranks: ranks, count: count)
    let slots = GradientSlots<Float>(shards: 0..<shards, count: count, kernels: .best)
    for step in 0..<3 {
      for shard in 0..<shards {
        for index in 0..<count {
          slots[shard][index] =
            Float(sin(Double(index * 37 + shard * 1009 + step * 13))) * [1e-4, 1, 1e4][(index + shard) % 3]
        }
      }
      try exchange.run(slots)
      let wanted = SharedBuffer<Float>(repeating: 0, count: count)
      withExtendedLifetime(slots) { slots.sum(0..<count, of: slots.shards, scaledBy: 1.0 / 3, into: wanted.pointer) }
      let isEqual = withExtendedLifetime((exchange, wanted)) {
        zip(exchange.sums.elements, wanted.elements).allSatisfy { $0.bitPattern == $1.bitPattern }
      }
      guard isEqual else { throw fail("the sum differs") }
    }
    say("the tree of \(shards) by \(ranks.rankCount)")
  }
}
