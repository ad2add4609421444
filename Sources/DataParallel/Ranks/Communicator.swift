import Foundations

/// The ranks that train one model together, and the ways in which bytes go from one to another. It adds nothing up: sums
/// are made by their owners, in the order of Note [Tree].
///
/// Any thread may call `advance` and `poll` at any time. One of them at once is inside; the others go on without waiting.
/// The rest is for the coordinator, between regions.
package protocol Communicator: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// How many ranks there are.
  var rankCount: Int { get }
  /// Each rank's host.
  var hosts: [String] { get }
  /// What this rank has sent so far.
  var traffic: Traffic { get }

  /// Starts the messages of a set that were posted, looks which have arrived, and keeps this rank's heart beating. It
  /// returns at once, also when another thread is inside.
  ///
  /// - Returns: Whether a message has arrived or gone out by this call.
  /// - Throws: `RankFailure` once a rank is lost, and from then on.
  @discardableResult
  func advance(_ messages: MessageSet) throws -> Bool

  /// Keeps this rank's heart beating and listens for the others'. It returns at once.
  ///
  /// - Throws: `RankFailure` once a rank is lost, and from then on.
  func poll() throws

  /// Gives all ranks what rank 0 has; the bytes of other ranks count for nothing. All ranks call it.
  ///
  /// - Throws: `RankFailure`.
  func broadcast(_ bytes: [UInt8]) throws -> [UInt8]

  /// Gives each rank the bytes of all, in the order of ranks: few of them, they go through rank 0. All ranks call it.
  ///
  /// - Throws: `RankFailure`.
  func allGather(_ bytes: [UInt8]) throws -> [[UInt8]]

  /// Ends the ranks' work together when all is done. All ranks call it, and nothing after it.
  ///
  /// - Parameter code: The exit code that the process ends with.
  /// - Throws: `RankFailure`.
  func finish(code: Int32) throws

  /// Tells the others that this rank ends early, so that they need not wait for their deadline.
  ///
  /// After a `RankFailure` they know already. Then the ranks that do not report it wait two seconds: a launcher may end all
  /// processes when the first one ends.
  func leave()
}

extension Communicator {
  /// Ends the ranks' work together when all is done well.
  ///
  /// - Throws: `RankFailure`.
  package func finish() throws { try finish(code: 0) }

  /// How messages call a rank.
  package func name(of rank: Int) -> String { RankName.text(rank, on: hosts[rank]) }

  /// Returns when all ranks have called it.
  ///
  /// - Throws: `RankFailure`.
  package func barrier() throws { _ = try allGather([]) }

  /// Returns when all messages of a set, each of which must be posted, have arrived or gone out. Between two looks it
  /// sleeps.
  ///
  /// - Throws: `RankFailure`.
  package func wait(for messages: MessageSet) throws {
    var patience = Patience()
    while !messages.isComplete {
      if try advance(messages) { patience = Patience() } else { patience.pause() }
    }
  }
}

/// How messages call a rank.
package enum RankName {
  /// A rank by its number and its host.
  package static func text(_ rank: Int, on host: String) -> String { "rank \(rank) on host \(host)" }
}

/// What a rank has sent, heartbeats aside.
package struct Traffic: Sendable, Equatable {
  /// Bytes of all messages.
  package var bytes = 0
  /// The number of messages.
  package var messages = 0

  /// Creates a count.
  package init(bytes: Int = 0, messages: Int = 0) {
    self.bytes = bytes
    self.messages = messages
  }

  /// What was sent since an earlier count.
  package func since(_ earlier: Traffic) -> Traffic {
    Traffic(bytes: bytes - earlier.bytes, messages: messages - earlier.messages)
  }
}

/// A rank was lost, and with it the work of all since the last checkpoint.
package struct RankFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What became of it.
  package enum Kind: Sendable, Equatable {
    /// Nothing was heard of it for longer than the deadline: it was killed or stopped, or its host is cut off.
    case silent
    /// It is this rank: the others have heard nothing of it for longer than the deadline, and gone on without it.
    case givenUp
    /// It ended with an error of its own.
    case left
    /// The library could not send to it or receive from it.
    case unreachable(String)
  }

  /// The rank.
  package let rank: Int
  /// Its host.
  package let host: String
  /// What became of it.
  package let kind: Kind
  /// The rank that tells the user: 0, or 1 if 0 is lost.
  package var reporter: Int { rank == 0 ? 1 : 0 }
  /// The seconds after which silence counts.
  package let deadline: Double

  /// Creates the error.
  package init(rank: Int, host: String, kind: Kind, deadline: Double) {
    self.rank = rank
    self.host = host
    self.kind = kind
    self.deadline = deadline
  }

  /// One sentence without a full stop.
  package var description: String {
    let name = RankName.text(rank, on: host)
    let seconds = deadline == deadline.rounded() ? String(Int(deadline)) : String(deadline)
    return switch kind {
    case .silent: "\(name) has not answered for \(seconds) s: it was killed or stopped, or its host is cut off"
    case .givenUp: "the other ranks have not heard of \(name) for \(seconds) s and have ended"
    case .left: "\(name) ended with an error of its own"
    case .unreachable(let text): "\(name) cannot be reached: \(text)"
    }
  }
}

/// One process by itself: nothing to send, nobody to wait for.
package struct SingleProcess: Communicator {
  /// Creates it.
  package init() {}

  /// Always 0.
  package var rank: Int { 0 }
  /// Always 1.
  package var rankCount: Int { 1 }
  /// One name that nobody needs.
  package var hosts: [String] { ["localhost"] }
  /// Nothing.
  package var traffic: Traffic { Traffic() }

  /// Does nothing: a set of messages to oneself is a caller's mistake.
  package func advance(_ messages: MessageSet) -> Bool {
    precondition(messages.count == 0, "one process has nobody to send to")
    return false
  }

  /// Does nothing.
  package func poll() {}
  /// The bytes.
  package func broadcast(_ bytes: [UInt8]) -> [UInt8] { bytes }
  /// The bytes.
  package func allGather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
  /// Does nothing.
  package func finish(code: Int32) {}
  /// Does nothing.
  package func leave() {}
}
