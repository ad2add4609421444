import DataParallel
import Foundation
import Foundations

extension Probe {
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
  }

  /// The processor time of this process so far.
  private var processorSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

  /// Ranks 0 and 1 send each other the same bytes in turn; the others wait.
  func pingPong() throws {
    for size in [8, 4096, 65_536, 1 << 20, 1 << 24] where ranks.rankCount > 1 {
      let rounds = size <= 65_536 ? 1000 : 20
      let bytes = SharedBuffer<UInt8>(repeating: 1, count: size)
      let outgoing = MessageSet([message(.send, 1 - rank, 1, bytes)], memory: bytes)
      let incoming = MessageSet([message(.receive, 1 - rank, 1, bytes)], memory: bytes)
      try ranks.barrier()
      guard rank < 2 else { continue }
      let time = try seconds {
        for _ in 0..<rounds {
          for turn in [0, 1] {
            let messages = turn == rank ? outgoing : incoming
            messages.postAll()
            try ranks.wait(for: messages)
            messages.prepareAgain()
          }
        }
      }
      let oneWay = time / Double(2 * rounds)
      say("\(size) bytes: \(String(format: "%.1f us, %.2f GB/s", oneWay * 1e6, Double(size) / oneWay / 1e9))")
    }
    try ranks.barrier()
  }

  /// Rank 0 sends rank 1 a thousand small messages at once: what one of them takes, on the busier side.
  func rate() throws {
    let bytes = SharedBuffer<UInt8>(repeating: 1, count: 8)
    let direction: MessageSet.Message.Direction = rank == 0 ? .send : .receive
    let messages = MessageSet((0..<1000).map { message(direction, 1 - rank, $0, bytes) }, memory: bytes)
    var best = Double.infinity
    for _ in 0..<20 where rank < 2 {
      let time = try seconds {
        messages.postAll()
        try ranks.wait(for: messages)
      }
      messages.prepareAgain()
      best = min(best, time)
    }
    try ranks.barrier()
    say("\(String(format: "%.2f", best * 1e6 / 1000)) us for each of 1000 messages")
  }

  /// Rank 1 is late by that many seconds; what does it cost the others to wait?
  func waitForLate() throws {
    let bytes = SharedBuffer<UInt8>(repeating: 1, count: 8)
    let messages =
      rank == 1
      ? MessageSet(others.map { message(.send, $0, 1, bytes) }, memory: bytes)
      : MessageSet([message(.receive, 1, 1, bytes)], memory: bytes)
    try ranks.barrier()
    if rank == 1 { Thread.sleep(forTimeInterval: argument) }
    let before = processorSeconds
    messages.postAll()
    let time = try seconds { try ranks.wait(for: messages) }
    say("waited \(String(format: "%.2f s with %.1f %% of a core", time, (processorSeconds - before) / time * 100))")
  }

  /// Nobody calls the communicator for that many seconds, longer than the deadline.
  func longUnit() throws {
    if rank == ranks.rankCount - 1 { Thread.sleep(forTimeInterval: argument) }
    try ranks.barrier()
    Thread.sleep(forTimeInterval: argument)
    try ranks.barrier()
    say("a long unit is no death")
  }

  /// Waits for a message that never comes.
  private func waitInVain() throws {
    let bytes = SharedBuffer<UInt8>(repeating: 1, count: 8)
    let messages = MessageSet(others.prefix(1).map { message(.receive, $0, 99, bytes) }, memory: bytes)
    messages.postAll()
    try ranks.wait(for: messages)
  }

  /// The rank of that number is lost, in one of three ways; the others must find out.
  private func lose(_ how: () throws -> Void) throws {
    try ranks.barrier()
    say("begins")
    if rank == Int(argument) {
      Thread.sleep(forTimeInterval: 0.3)
      try how()
    }
    try waitInVain()
  }

  func die() throws { try lose { kill(getpid(), SIGKILL) } }
  func stop() throws { try lose { kill(getpid(), SIGSTOP) } }
  func leave() throws {
    try lose { throw fail("this is what the test wants") }
  }

  /// Steps, that many, of messages between all: for what comes from outside at any moment.
  func shuffle() throws {
    let out = others.map { _ in SharedBuffer<UInt8>(repeating: 1, count: 100_000) }
    let into = others.map { _ in SharedBuffer<UInt8>(repeating: 0, count: 100_000) }
    let messages = MessageSet(
      others.indices.flatMap { [message(.send, others[$0], 1, out[$0]), message(.receive, others[$0], 1, into[$0])] },
      memory: out + into)
    say("begins")
    for _ in 0..<Int(argument) {
      messages.postAll()
      try ranks.wait(for: messages)
      messages.prepareAgain()
      _ = try ranks.broadcast([0])
    }
    say("shuffled")
  }
}
