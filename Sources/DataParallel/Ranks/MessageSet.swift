import Synchronization

/// Messages that go out and come in together, such as those of a step: a list that is made once and used again and again,
/// so that no step allocates.
///
/// Whoever has written what a message sends, or no longer needs what it overwrites, posts it; any thread may, and it waits
/// for no lock. Some thread that advances the communicator then starts it. That a message is done is told with release
/// order, so whoever sees it by `isDone` or `isComplete` may read what has arrived.
package final class MessageSet: Sendable {
  /// One message.
  package struct Message {
    /// Its direction.
    package enum Direction: Sendable { case send, receive }

    let direction: Direction
    let peer: Int
    let tag: Int
    let bytes: UnsafeMutableRawBufferPointer

    /// Creates a message.
    ///
    /// - Parameters:
    ///   - direction: Whether this rank sends or receives it.
    ///   - peer: The other rank.
    ///   - tag: What tells it from other messages between the two ranks at that time, from `MessageTag.firstFree` on.
    ///   - bytes: What is sent, or where it arrives: as many bytes as the other side says, below 2 GiB.
    package init(_ direction: Direction, peer: Int, tag: Int, bytes: UnsafeMutableRawBufferPointer) {
      precondition(tag >= 0 && tag <= MessageTag.last, "tag \(tag) is none that every MPI has")
      precondition(bytes.count <= Int(Int32.max), "a message has less than 2 GiB")
      self.direction = direction
      self.peer = peer
      self.tag = tag
      self.bytes = bytes
    }
  }

  /// The number of messages.
  package let count: Int
  private let messages: SharedBuffer<Message>
  /// Messages under way, the first `activeCount`: only for the thread that has entered.
  private let active: SharedBuffer<Int>
  /// Their requests, in the same places.
  private let requests: SharedBuffer<UInt64>
  private let isThrough: SharedBuffer<UInt8>
  private let activeCount = SharedBuffer(repeating: 0, count: 1)
  /// Of the queue, how many were taken, and where to go on testing: for the same thread.
  private let taken = SharedBuffer(repeating: 0, count: 1)
  private let cursor = SharedBuffer(repeating: 0, count: 1)
  /// Numbers of posted messages, plus one, in the order of posting.
  // Safe to share: atomics, which this object alone owns.
  nonisolated(unsafe) private let queue: UnsafeMutablePointer<Atomic<Int>>
  nonisolated(unsafe) private let marks: UnsafeMutablePointer<Atomic<Bool>>
  private let posted = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  private let entrance = Entrance()
  private let owner: any Sendable

  /// Creates a set.
  ///
  /// - Parameters:
  ///   - messages: The messages, none of which is posted.
  ///   - owner: What keeps their memory alive.
  package init(_ messages: [Message], memory owner: any Sendable) {
    count = messages.count
    self.messages = SharedBuffer(messages)
    self.owner = owner
    requests = SharedBuffer(repeating: 0, count: messages.count)
    active = SharedBuffer(repeating: 0, count: messages.count)
    isThrough = SharedBuffer(repeating: 0, count: messages.count)
    queue = .allocate(capacity: max(1, messages.count))
    marks = .allocate(capacity: max(1, messages.count))
    for index in messages.indices {
      (queue + index).initialize(to: Atomic(0))
      (marks + index).initialize(to: Atomic(false))
    }
  }

  deinit {
    queue.deinitialize(count: count)
    queue.deallocate()
    marks.deinitialize(count: count)
    marks.deallocate()
  }

  /// Lets a message go out or come in. Once for each message, until the set is used again.
  package func post(_ index: Int) {
    precondition(index >= 0 && index < count, "there is no message \(index)")
    let place = posted.wrappingAdd(1, ordering: .relaxed).oldValue
    precondition(place < count, "message \(index) was posted before")
    queue[place].store(index + 1, ordering: .releasing)
  }

  /// Posts all messages.
  package func postAll() { for index in 0..<count { post(index) } }

  /// Whether a message has arrived, or its memory is free again.
  package func isDone(_ index: Int) -> Bool { marks[index].load(ordering: .acquiring) }

  /// Whether all messages are done.
  package var isComplete: Bool { done.load(ordering: .acquiring) == count }

  /// Whether no message is posted.
  var isIdle: Bool { posted.load(ordering: .relaxed) == 0 }

  /// Makes a set ready for the next step. One thread calls it, when all messages are done; others may advance the set
  /// meanwhile, but not post.
  package func prepareAgain() {
    precondition(isComplete, "messages are under way")
    entrance.enter()
    defer { entrance.leave() }
    for index in 0..<count {
      queue[index].store(0, ordering: .relaxed)
      marks[index].store(false, ordering: .relaxed)
    }
    taken[0] = 0
    posted.store(0, ordering: .relaxed)
    done.store(0, ordering: .releasing)
  }

  /// Starts what was posted, tests what is under way; nothing if another thread does so.
  ///
  /// - Returns: What was sent, and whether anything was done.
  /// - Throws: `PeerError`.
  func advance(_ transport: some Transport) throws -> (sent: Traffic, hasMoved: Bool) {
    var sent = Traffic()
    guard entrance.tryEnter() else { return (sent, false) }
    defer { entrance.leave() }
    while taken[0] < count, case let number = queue[taken[0]].load(ordering: .acquiring), number > 0 {
      taken[0] += 1
      try start(number - 1, transport)
      if messages.pointer[number - 1].direction == .send {
        sent.messages += 1
        sent.bytes += messages.pointer[number - 1].bytes.count
      }
    }
    return (sent, try test(transport))
  }

  private func start(_ index: Int, _ transport: some Transport) throws {
    let message = messages.pointer[index]
    let request = requests.pointer + activeCount[0]
    try PeerError.of(message.peer) {
      switch message.direction {
      case .send:
        try transport.send(UnsafeRawBufferPointer(message.bytes), to: message.peer, tag: message.tag, request)
      case .receive:
        try transport.receive(message.bytes, from: message.peer, tag: message.tag, request)
      }
    }
    active[activeCount[0]] = index
    activeCount[0] += 1
  }

  /// Whether anything was done.
  private func test<Link: Transport>(_ transport: Link) throws -> Bool {
    guard activeCount[0] > 0 else { return false }
    let window = min(activeCount[0], Link.mostTests)
    let first = cursor[0] + window <= activeCount[0] ? cursor[0] : 0
    cursor[0] = first + window
    let tested = UnsafeMutableBufferPointer(start: requests.pointer + first, count: window)
    let finished: Int
    do {
      finished = try transport.testSome(tested, isDone: isThrough.pointer)
    } catch let error as TransportError {
      throw culprit(of: error, first..<first + window, transport)
    }
    guard finished > 0 else { return false }
    // From behind, so that what takes a finished one's place was looked at.
    for place in (first..<first + window).reversed() where isThrough[place - first] != 0 {
      marks[active[place]].store(true, ordering: .releasing)
      activeCount[0] -= 1
      active[place] = active[activeCount[0]]
      requests[place] = requests[activeCount[0]]
    }
    done.wrappingAdd(finished, ordering: .releasing)
    return true
  }

  /// The rank whose transfer failed.
  private func culprit(of error: TransportError, _ places: Range<Int>, _ transport: some Transport) -> PeerError {
    for place in places {
      do { _ = try transport.test(requests.pointer + place) } catch {
        return PeerError(
          peer: messages.pointer[active[place]].peer, text: (error as? TransportError)?.text ?? "\(error)")
      }
    }
    return PeerError(peer: messages.pointer[active[places.lowerBound]].peer, text: error.text)
  }
}

/// A transfer with a rank failed.
struct PeerError: Error {
  let peer: Int
  let text: String

  static func of<Result>(_ peer: Int, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as TransportError { throw PeerError(peer: peer, text: error.text) }
  }
}
