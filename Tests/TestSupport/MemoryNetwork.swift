import DataParallel
import Foundation
import Synchronization

/// Made-up ranks, one thread each: messages take time, those of different tags and peers overtake each other, and a rank
/// can be stopped for a while or for ever. Nothing is moved but by who calls.
package final class MemoryNetwork: Sendable {
  private struct Route: Hashable { let sender, receiver, tag: Int }

  private struct Letter {
    let bytes: [UInt8]
    let arrival: UInt64
  }

  private struct Request {
    let route: Route
    /// Where a message goes; `nil` for one that was sent.
    let into: UInt?
    let count: Int
    /// When one that was sent is out.
    let end: UInt64
  }

  private struct State {
    var random: SeededGenerator
    var letters: [Route: [Letter]] = [:]
    /// Receives are served in the order in which they were posted.
    var waiting: [Route: [UInt64]] = [:]
    var requests: [UInt64: Request] = [:]
    var last: UInt64 = 0
    var broken: Set<Int> = []
  }

  package let count: Int
  private let longestDelay: UInt64
  private let lock = NSLock()
  // Safe to share: behind the lock. The thread sanitizer knows that one, and not `Mutex`.
  nonisolated(unsafe) private var shared: State

  package init(_ count: Int, seed: UInt64, longestDelay microseconds: UInt64 = 300) {
    self.count = count
    longestDelay = microseconds * 1000
    shared = State(random: SeededGenerator(seed))
  }

  private func withState<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&shared)
  }

  /// Makes every transfer with that rank fail.
  package func breakConnections(of rank: Int) { withState { _ = $0.broken.insert(rank) } }

  /// Whether a request is left.
  package var isEmpty: Bool { withState { $0.requests.isEmpty && $0.letters.values.allSatisfy(\.isEmpty) } }

  package func transport(_ rank: Int) -> MemoryTransport { MemoryTransport(network: self, rank: rank) }

  fileprivate func begin(_ sender: Int, _ receiver: Int, _ tag: Int, into: UInt?, _ bytes: [UInt8], count: Int) throws
    -> UInt64
  {
    let now = DispatchTime.now().uptimeNanoseconds
    return try withState { state in
      guard state.broken.isDisjoint(with: [sender, receiver]) else { throw TransportError("the cable is cut") }
      let route = Route(sender: sender, receiver: receiver, tag: tag)
      func delay() -> UInt64 { state.random.next() % (longestDelay + 1) }
      state.last += 1
      state.requests[state.last] = Request(route: route, into: into, count: count, end: now + delay())
      if into == nil {
        let before = state.letters[route]?.last?.arrival ?? 0
        state.letters[route, default: []].append(Letter(bytes: bytes, arrival: max(before, now + delay())))
      } else {
        state.waiting[route, default: []].append(state.last)
      }
      return state.last
    }
  }

  fileprivate func test(_ number: UInt64) throws -> Bool {
    let now = DispatchTime.now().uptimeNanoseconds
    return try withState { state in
      guard let request = state.requests[number] else { throw TransportError("there is no request \(number)") }
      let route = request.route
      guard state.broken.isDisjoint(with: [route.sender, route.receiver]) else {
        throw TransportError("the cable is cut")
      }
      guard let into = request.into else {
        guard now >= request.end else { return false }
        state.requests[number] = nil
        return true
      }
      // An earlier receive of the same route takes the first message, even if this one is tested before it.
      guard let turn = state.waiting[route]?.firstIndex(of: number), let letters = state.letters[route],
        turn == 0, let letter = letters.first, letter.arrival <= now
      else { return false }
      guard letter.bytes.count == request.count, let memory = UnsafeMutableRawPointer(bitPattern: into) else {
        throw TransportError("\(letter.bytes.count) bytes for \(request.count)")
      }
      letter.bytes.withUnsafeBytes {
        if let start = $0.baseAddress { memory.copyMemory(from: start, byteCount: $0.count) }
      }
      state.letters[route]?.removeFirst()
      state.waiting[route]?.removeFirst()
      state.requests[number] = nil
      return true
    }
  }
}

/// One rank's end of a made-up network.
package struct MemoryTransport: Transport {
  package let network: MemoryNetwork
  package let rank: Int

  package var rankCount: Int { network.count }
  package var hostName: String { "host\(rank)" }

  package func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>)
    throws
  {
    request.pointee = try network.begin(rank, peer, tag, into: nil, Array(bytes), count: bytes.count)
  }

  package func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>
  ) throws {
    // Memory without bytes may have no address.
    let address = bytes.baseAddress.map { UInt(bitPattern: $0) } ?? 64
    request.pointee = try network.begin(peer, rank, tag, into: address, [], count: bytes.count)
  }

  package func test(_ request: UnsafeMutablePointer<UInt64>) throws -> Bool { try network.test(request.pointee) }

  package func testSome(_ requests: UnsafeMutableBufferPointer<UInt64>, isDone: UnsafeMutablePointer<UInt8>) throws
    -> Int
  {
    var count = 0
    for (place, request) in requests.enumerated() {
      let isThrough = try network.test(request)
      isDone[place] = isThrough ? 1 : 0
      count += isThrough ? 1 : 0
    }
    return count
  }

  package func finish(code: Int32) {}
}

/// Runs a body for each made-up rank on a thread of its own, and gives what each threw.
package func runRanks(
  _ count: Int, seed: UInt64, deadline: Double = 5, _ network: MemoryNetwork? = nil,
  _ body: @escaping @Sendable (RankCommunicator<MemoryTransport>) throws -> Void
) -> [(any Error)?] {
  let network = network ?? MemoryNetwork(count, seed: seed)
  let errors = Mutex([(any Error & Sendable)?](repeating: nil, count: count))
  ThreadStarter(seed: seed).start(count: count) { rank in
    do {
      let ranks = try RankCommunicator(network.transport(rank), deadline: deadline)
      try body(ranks)
    } catch {
      errors.withLock { $0[rank] = error }
    }
  }
  return errors.withLock { $0 }
}
