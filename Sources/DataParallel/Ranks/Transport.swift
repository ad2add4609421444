/// Moves bytes between ranks: MPI, or what a test puts in its place. One thread at a time calls it.
///
/// Messages of one sender, receiver and tag arrive in the order in which they were sent; all others in any order.
package protocol Transport: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// How many ranks there are.
  var rankCount: Int { get }
  /// What this rank's host is called.
  var hostName: String { get }

  /// Begins to send. The memory stays as it is until the request is done.
  ///
  /// - Parameter request: Where the transport keeps what it needs; it must stay where it is until the request is done.
  /// - Throws: `TransportError`.
  func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>) throws

  /// Begins to receive exactly that many bytes. Nobody else touches the memory until the request is done.
  ///
  /// - Throws: `TransportError`.
  func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int, _ request: UnsafeMutablePointer<UInt64>) throws

  /// Whether a request is done; it is then no longer one. It never waits, and drives all requests.
  ///
  /// - Throws: `TransportError`.
  func test(_ request: UnsafeMutablePointer<UInt64>) throws -> Bool

  /// Which of several requests are done, of which there are at most `mostTests`: 1 in their places of `isDone`, 0 in the
  /// others. A request may be moved in memory between two calls.
  ///
  /// - Returns: How many there are.
  /// - Throws: `TransportError`; which request it was, `test` says.
  func testSome(
    _ requests: UnsafeMutableBufferPointer<UInt64>, isDone: UnsafeMutablePointer<UInt8>
  ) throws -> Int

  /// The seconds between the last call of any rank and the end, in which no rank of several hosts calls the transport.
  var pauseBeforeEnd: Double { get }

  /// Ends the transport. All ranks call it, with no request left, and it waits for them.
  ///
  /// - Parameter code: The exit code that the process ends with, for a transport whose end does not come back.
  /// - Throws: `TransportError`.
  func finish(code: Int32) throws
}

extension Transport {
  /// The most requests of one call of `testSome`.
  package static var mostTests: Int { 256 }
  /// None.
  package var pauseBeforeEnd: Double { 0 }
}

/// Why a transfer failed, in the transport's words.
package struct TransportError: Error, Sendable, Equatable {
  /// The words, one line.
  package let text: String

  /// Creates the error.
  package init(_ text: String) { self.text = text }
}

/// Tags of messages. Those from `firstFree` to `last` are the callers'.
package enum MessageTag {
  /// Heartbeats.
  static let heartbeat = 0
  /// Broadcasts and gathers.
  static let collective = 1
  /// The first that a `MessageSet` may use.
  package static let firstFree = 16
  /// The last that every MPI has.
  package static let last = 32767
}
