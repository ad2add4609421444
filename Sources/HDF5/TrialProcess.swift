import Foundation
import Foundations
import Synchronization

/// A message between a program and its helper: whole numbers and texts, each with its length before it.
struct TrialMessage {
  private(set) var bytes: [UInt8] = []
  private var position = 0

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append(_ number: Int) { withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) } }
  mutating func append(_ content: UnsafeRawBufferPointer) {
    append(content.count)
    bytes.append(contentsOf: content)
  }
  mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// The next part; `nil` if there is none.
  mutating func number() -> Int? {
    guard bytes.count - position >= MemoryLayout<Int>.size else { return nil }
    defer { position += MemoryLayout<Int>.size }
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Int.self) }
  }
  mutating func content() -> ArraySlice<UInt8>? {
    guard let count = number(), count >= 0, count <= bytes.count - position else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
  mutating func text() -> String? { content().map { String(decoding: $0, as: UTF8.self) } }
}

/// A socket that whole messages go through.
struct TrialChannel: Sendable {
  let descriptor: Int32

  /// - Returns: Whether all of it went.
  func send(_ message: TrialMessage) -> Bool {
    var framed = TrialMessage()
    message.bytes.withUnsafeBytes { framed.append($0) }
    return framed.bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Foundation.send(
          descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  /// The next message; `nil` if the other end is closed.
  func receive() -> TrialMessage? {
    var header = TrialMessage(read(MemoryLayout<Int>.size) ?? [])
    guard let count = header.number(), count >= 0, MemoryLimit.allows(count) else { return nil }
    return read(count).map { TrialMessage($0) }
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let isWhole = bytes.withUnsafeMutableBytes { buffer in
      var received = 0
      while received < count {
        let step = recv(descriptor, buffer.baseAddress?.advanced(by: received), count - received, 0)
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return false }
        received += step
      }
      return true
    }
    return isWhole ? bytes : nil
  }
}

/// A helper process; it ends with this object.
final class TrialProcess: Sendable {
  /// What came of a request.
  enum Reply {
    /// It can be read; of many things, what of each.
    case passed([UInt8])
    /// It cannot, and this is why.
    case failed(HDF5Error)
    /// The process died of it: by a signal, or by itself if that is 0.
    case died(Int32)
  }

  /// The helper's end of the channel.
  static let descriptor: Int32 = 3

  private let identifier: pid_t
  private let channel: TrialChannel
  private let isAwaited = Atomic(false)

  /// Starts a program as a helper; `nil` if the system lets it not start.
  convenience init?(executable: String, arguments: [String]) {
    self.init { end, _ in Self.spawn(executable, arguments, end: end) }
  }

  /// Starts a copy of this process as a helper; `nil` if none can be made.
  convenience init?(copyDoing body: () -> Never) {
    self.init { end, other in ProcessCopy.start("read-in-trial", own: end, other: other, as: Self.descriptor, body) }
  }

  /// - Parameter start: Starts a process with the first end of a pair of sockets and without the second.
  private init?(_ start: (Int32, Int32) -> pid_t?) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      return nil
    }
    channel = TrialChannel(descriptor: ends[0])
    let process = start(ends[1], ends[0])
    close(ends[1])
    identifier = process ?? 0
    guard process != nil else {
      finish()
      return nil
    }
  }

  deinit { finish() }

  /// Waits until it is ready; asked once.
  ///
  /// - Returns: Whether it ever is. One that has not even begun has seen nothing of the file.
  func becomesReady() -> Bool { channel.receive() != nil }

  /// Sends a request and waits for the reply.
  func exchange(_ message: TrialMessage) -> Reply {
    guard channel.send(message), var reply = channel.receive(), let isFailure = reply.number() else {
      return .died(wait() & 0x7f)
    }
    guard isFailure != 0 else { return .passed(Array(reply.content() ?? [])) }
    return .failed(
      HDF5Error(reply.text().flatMap(HDF5Error.Reason.init) ?? .library, reply.text() ?? "the file cannot be read"))
  }

  /// Ends the process. Its end takes a millisecond that nobody needs to wait for: it is asked about when another is ended,
  /// and the system knows of the last one when this process has ended.
  private func finish() {
    close(channel.descriptor)
    let isRunning = identifier > 0 && !isAwaited.load(ordering: .acquiring)
    if isRunning { kill(identifier, SIGKILL) }
    Self.ending.withLock { ending in
      ending.removeAll { waitpid($0, nil, WNOHANG) != 0 }
      if isRunning { ending.append(identifier) }
    }
  }

  /// Processes that have been ended, and not asked about since.
  private static let ending = Mutex<[pid_t]>([])

  /// How the process has ended; afterwards its identifier may be another's.
  private func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    isAwaited.store(true, ordering: .releasing)
    return status
  }

  private static func spawn(_ executable: String, _ arguments: [String], end: Int32) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // What a dying library prints is for nobody: one sentence comes from the parent.
    for descriptor in 0...2 { posix_spawn_file_actions_addopen(&actions, Int32(descriptor), "/dev/null", O_RDWR, 0) }
    posix_spawn_file_actions_adddup2(&actions, end, descriptor)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // In a group of its own: what is typed to interrupt the program must not look like a crash of the helper.
    // And with no signal blocked or ignored, whatever this program was started with: one of them ends a computation
    // that takes too long.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPROF)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // Memory that is used before it is written shall not happen to hold what makes it go well here.
    // And in one arena, so that what it takes can be told from what it keeps free.
    let settings = ["MALLOC_PERTURB_=165", "MALLOC_ARENA_MAX=1", "SWIFT_BACKTRACE=enable=no"]
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" } + settings
    var process: pid_t = 0
    return withPointers([executable] + arguments) { arguments in
      withPointers(environment) { environment in
        posix_spawn(&process, executable, &actions, &attributes, arguments, environment) == 0 ? process : nil
      }
    }
  }

  private static func withPointers<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}
