import Foundation
import Foundations
import Synchronization

/// Ranks that send their bytes over a transport, and watch over each other as Note [Heartbeats] says.
package final class RankCommunicator<Link: Transport>: Communicator {
  /// The seconds after which a silent rank counts as lost.
  package static var standardDeadline: Double { 10 }

  /// The number of this process, from 0.
  package let rank: Int
  /// How many ranks there are.
  package let rankCount: Int
  private let link: Link
  private let heartbeats: Heartbeats<Link>
  private let deadline: Double
  private let entrance = Entrance()
  private let hasEnded = Atomic<Bool>(false)
  private let hasFailed = Atomic<Bool>(false)
  private let failure = Mutex<RankFailure?>(nil)
  private let names = Mutex<[String]>([])
  private let bytesSent = Atomic<Int>(0)
  private let messagesSent = Atomic<Int>(0)

  /// Begins to beat, and tells the ranks each other's hosts. All ranks call it.
  ///
  /// - Parameter deadline: The seconds after which a silent rank counts as lost.
  /// - Throws: `RankFailure`.
  package init(_ link: Link, deadline: Double = RankCommunicator.standardDeadline) throws {
    self.link = link
    self.deadline = deadline
    rank = link.rank
    rankCount = link.rankCount
    heartbeats = Heartbeats(link, deadline: deadline)
    startPacemaker()
    let hosts = try allGather(Array(link.hostName.utf8)).map { String(decoding: $0, as: UTF8.self) }
    names.withLock { $0 = hosts }
  }

  deinit { hasEnded.store(true, ordering: .relaxed) }

  /// Each rank's host.
  package var hosts: [String] { names.withLock { $0 } }

  /// What this rank has sent so far.
  package var traffic: Traffic {
    Traffic(bytes: bytesSent.load(ordering: .relaxed), messages: messagesSent.load(ordering: .relaxed))
  }

  /// A thread that does what nobody else may do for a while. If the system refuses it, those that poll are enough unless
  /// a unit takes as long as the deadline.
  private func startPacemaker() {
    let pause = Double(heartbeats.period) / 1e9
    let thread = Thread { [weak self] in
      while let self {
        guard !self.hasEnded.load(ordering: .relaxed) else { return }
        do { try self.poll() } catch _ {
          // It is kept, and thrown by the next call of those who can do something about it.
          return
        }
        Thread.sleep(forTimeInterval: pause)
      }
    }
    thread.stackSize = 1 << 20
    thread.start()
  }

  @discardableResult
  package func advance(_ messages: MessageSet) throws -> Bool {
    try inside {
      let (sent, hasMoved) = try messages.advance(link)
      if sent.messages > 0 {
        bytesSent.wrappingAdd(sent.bytes, ordering: .relaxed)
        messagesSent.wrappingAdd(sent.messages, ordering: .relaxed)
      }
      return hasMoved
    } ?? false
  }

  package func poll() throws { try inside {} }

  /// Runs a body inside, and beats. `nil` if another thread is inside.
  private func inside<Result>(_ body: () throws -> Result) throws -> Result? {
    if hasFailed.load(ordering: .acquiring) { try rethrow() }
    guard entrance.tryEnter() else { return nil }
    defer { entrance.leave() }
    // Who was inside before may have failed, or finished.
    if hasFailed.load(ordering: .acquiring) { try rethrow() }
    guard !hasEnded.load(ordering: .relaxed) else { return nil }
    do {
      let result = try body()
      try heartbeats.advance()
      return result
    } catch let error as PeerError {
      throw fail(Heartbeats<Link>.Loss(rank: error.peer, kind: .unreachable(error.text)))
    } catch let loss as Heartbeats<Link>.Loss {
      throw fail(loss)
    }
  }

  private func rethrow() throws { if let failure = failure.withLock({ $0 }) { throw failure } }

  /// Keeps the failure for all calls to come, and passes it on.
  private func fail(_ loss: Heartbeats<Link>.Loss) -> RankFailure {
    let hosts = hosts
    let failure = RankFailure(
      rank: loss.rank, host: loss.rank < hosts.count ? hosts[loss.rank] : "unknown",
      kind: loss.rank == rank && loss.kind == .silent ? .givenUp : loss.kind, deadline: deadline)
    self.failure.withLock { $0 = failure }
    hasFailed.store(true, ordering: .releasing)
    heartbeats.tell(loss)
    return failure
  }

  package func leave() {
    if let failure = failure.withLock({ $0 }) {
      if rank != failure.reporter { Thread.sleep(forTimeInterval: 2) }
      return
    }
    entrance.enter()
    defer { entrance.leave() }
    guard !hasEnded.load(ordering: .relaxed) else { return }
    hasEnded.store(true, ordering: .relaxed)
    heartbeats.tell(Heartbeats<Link>.Loss(rank: rank, kind: .left))
  }

  package func finish(code: Int32) throws {
    try barrier()
    var patience = Patience()
    var hasSaidFarewell = false
    let end = monotonicNanoseconds() + UInt64(deadline * 1e9)
    while true {
      let isThrough = try inside {
        if !hasSaidFarewell { try heartbeats.sayFarewell() }
        hasSaidFarewell = true
        return try heartbeats.isThrough()
      }
      if isThrough == true { break }
      // Who sent its last message may be gone without a word, and then nobody waits for it in vain.
      if monotonicNanoseconds() > end { return }
      patience.pause()
    }
    // Nobody comes in any more.
    entrance.enter()
    hasEnded.store(true, ordering: .relaxed)
    defer { entrance.leave() }
    let hosts = hosts
    if hosts.contains(where: { $0 != hosts[0] }) { Thread.sleep(forTimeInterval: link.pauseBeforeEnd) }
    do { try link.finish(code: code) } catch let error as TransportError {
      throw RankFailure(rank: rank, host: hosts[rank], kind: .unreachable(error.text), deadline: deadline)
    }
  }
}
