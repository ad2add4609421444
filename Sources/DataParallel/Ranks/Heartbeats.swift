/// Who of the other ranks lives.
///
/// Note [Heartbeats]. Neither MPI notices that a rank was stopped or a cable pulled, and with some launchers not even that
/// it was killed. So each rank sends a few bytes several times within the deadline, to the ranks 1, 2, 4, … after it, and
/// listens to those 1, 2, 4, … before it: messages grow with log R, not with R. Whoever calls into the communicator sends
/// and listens, and if nobody does for some time, as in a long unit, the communicator's own thread. A rank that hears
/// nothing for the deadline fails, and says of whom in its last message, which the others pass on: all fail in a few
/// messages' time, with the same rank's name.
///
/// Time in which a rank itself did not listen does not count: if all ranks are stopped and go on, none accuses another.
///
/// One thread at a time uses it.
struct Heartbeats<Link: Transport>: Sendable {
  /// What a message says, with the rank that it is about.
  private enum Word {
    static var beat: UInt32 { 0 }
    static var farewell: UInt32 { 1 }
    static var silent: UInt32 { 2 }
    static var left: UInt32 { 3 }
    static var unreachable: UInt32 { 4 }
  }

  /// A message: the word and the rank.
  private typealias Letter = SIMD2<UInt32>

  /// What is known of a rank to which this one listens.
  private struct Peer {
    var silence: UInt64 = 0
    var isListening = false
    var hasFinished = false
  }

  private let link: Link
  private let before: [Int]
  private let after: [Int]
  private let interval: UInt64
  private let deadline: UInt64

  private let peers: SharedBuffer<Peer>
  private let received: SharedBuffer<Letter>
  private let receiving: SharedBuffer<UInt64>
  // A beat and a last word for each rank after this one.
  private let sent: SharedBuffer<Letter>
  private let sending: SharedBuffer<UInt64>
  private let isSending: SharedBuffer<Bool>
  private let hasSaidFarewell = SharedBuffer(repeating: false, count: 1)
  // When this rank last listened, and when it last sent.
  private let times: SharedBuffer<UInt64>

  /// Why a rank is given up, and which.
  struct Loss: Error {
    let rank: Int
    let kind: RankFailure.Kind
  }

  init(_ link: Link, deadline seconds: Double) {
    self.link = link
    let (rank, count) = (link.rank, link.rankCount)
    let distances = (0..<Int.bitWidth - 2).map { 1 << $0 }.prefix { $0 < count }
    before = distances.map { (rank + count - $0) % count }
    after = distances.map { (rank + $0) % count }
    deadline = UInt64(seconds * 1e9)
    interval = min(1_000_000_000, deadline / 10)
    peers = SharedBuffer(repeating: Peer(), count: before.count)
    received = SharedBuffer(repeating: Letter(), count: before.count)
    receiving = SharedBuffer(repeating: 0, count: before.count)
    sent = SharedBuffer(repeating: Letter(), count: 2 * after.count)
    sending = SharedBuffer(repeating: 0, count: 2 * after.count)
    isSending = SharedBuffer(repeating: false, count: 2 * after.count)
    times = SharedBuffer(repeating: monotonicNanoseconds(), count: 2)
    times[1] -= min(times[1], interval)
  }

  /// How often the communicator's own thread should look, in nanoseconds.
  var period: UInt64 { interval / 2 }

  /// Sends and listens, if it is time.
  ///
  /// - Throws: `Loss`.
  func advance() throws {
    let now = monotonicNanoseconds()
    let passed = now - min(now, times[0])
    guard passed >= interval / 8 else { return }
    times[0] = now
    try listen(after: min(passed, 2 * interval))
    if !hasSaidFarewell[0], now - min(now, times[1]) >= interval {
      times[1] = now
      try send(Word.beat, about: link.rank, place: 0)
    } else {
      try testSends()
    }
  }

  private func listen(after passed: UInt64) throws {
    for (index, peer) in before.enumerated() {
      while !peers[index].hasFinished {
        if !peers[index].isListening {
          try transfer(peer) {
            try link.receive(
              UnsafeMutableRawBufferPointer(start: received.pointer + index, count: MemoryLayout<Letter>.size),
              from: peer, tag: MessageTag.heartbeat, receiving.pointer + index)
          }
          peers[index].isListening = true
        }
        guard try transfer(peer, { try link.test(receiving.pointer + index) }) else {
          peers[index].silence += passed
          if peers[index].silence > deadline { throw Loss(rank: peer, kind: .silent) }
          break
        }
        peers[index].isListening = false
        try take(received[index], from: index)
      }
    }
  }

  private func take(_ letter: Letter, from index: Int) throws {
    let about = min(Int(letter.y), link.rankCount - 1)
    switch letter.x {
    case Word.farewell: peers[index].hasFinished = true
    case Word.silent: throw Loss(rank: about, kind: .silent)
    case Word.left: throw Loss(rank: about, kind: .left)
    case Word.unreachable: throw Loss(rank: about, kind: .unreachable("another rank found its connection broken"))
    default: peers[index].silence = 0
    }
  }

  /// Sends to the ranks after this one. A beat that has not gone out yet is enough.
  private func send(_ word: UInt32, about rank: Int, place: Int) throws {
    for index in after.indices { try send(word, about: rank, to: index, place: place) }
  }

  private func send(_ word: UInt32, about rank: Int, to index: Int, place: Int) throws {
    let slot = 2 * index + place
    if isSending[slot] { try testSend(slot) }
    guard !isSending[slot] else { return }
    sent[slot] = Letter(word, UInt32(rank))
    try transfer(after[index]) {
      try link.send(
        UnsafeRawBufferPointer(start: sent.pointer + slot, count: MemoryLayout<Letter>.size), to: after[index],
        tag: MessageTag.heartbeat, sending.pointer + slot)
    }
    isSending[slot] = true
  }

  private func testSends() throws { for slot in 0..<isSending.count { try testSend(slot) } }

  private func testSend(_ slot: Int) throws {
    guard isSending[slot] else { return }
    if try transfer(after[slot / 2], { try link.test(sending.pointer + slot) }) { isSending[slot] = false }
  }

  private func transfer<Result>(_ peer: Int, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as TransportError {
      throw Loss(rank: peer, kind: .unreachable(error.text))
    }
  }

  /// Says the last word about a rank that is lost, this one if it leaves. It waits for the message to go out, but not long.
  func tell(_ loss: Loss) {
    let word =
      switch loss.kind {
      case .silent, .givenUp: Word.silent
      case .left: Word.left
      case .unreachable: Word.unreachable
      }
    for index in after.indices {
      do { try send(word, about: loss.rank, to: index, place: 1) } catch _ {
        // Whoever cannot be told will find out by this rank's silence.
      }
    }
    let end = monotonicNanoseconds() + min(500_000_000, deadline / 10)
    var patience = Patience()
    while isSending.elements.contains(true), monotonicNanoseconds() < end {
      for slot in 0..<isSending.count {
        do { try testSend(slot) } catch _ {
          // It may be this rank that is lost. The others' messages may still go out until the time is up.
        }
      }
      patience.pause()
    }
  }

  /// Says that this rank is through with everything.
  ///
  /// - Throws: `Loss`.
  func sayFarewell() throws {
    hasSaidFarewell[0] = true
    try send(Word.farewell, about: link.rank, place: 1)
  }

  /// Whether all messages are out, and farewell was heard from all ranks before this one: no request is left.
  ///
  /// - Throws: `Loss`.
  func isThrough() throws -> Bool {
    try testSends()
    try listen(after: 0)
    return !isSending.elements.contains(true) && peers.elements.allSatisfy(\.hasFinished)
  }
}
