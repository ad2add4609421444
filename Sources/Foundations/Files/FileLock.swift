import Foundation

/// The right of one process to write in a directory, kept by an advisory lock on a file that names its holder.
///
/// The system gives the lock of a process that ends, however it ends, to whoever asks next: a file that a killed process
/// has left behind holds nobody up. The file's text is for people, and for file systems that know no locks.
package final class FileLock: Sendable {
  /// Who holds a lock.
  package struct Holder: Sendable, Equatable, CustomStringConvertible {
    /// The machine.
    package let host: String
    /// The process on it.
    package let process: Int32

    /// Creates a holder.
    package init(host: String, process: Int32) {
      self.host = host
      self.process = process
    }

    /// This process.
    package static var current: Holder {
      // Not ProcessInfo's name, which may ask a name server.
      var name = [CChar](repeating: 0, count: 256)
      let isKnown = gethostname(&name, name.count - 1) == 0
      let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      return Holder(host: isKnown ? String(decoding: bytes, as: UTF8.self) : "unknown", process: getpid())
    }

    /// `process 4711 on node3`.
    package var description: String { "process \(process) on \(host)" }

    /// Reads a lock file's text.
    init?(text: String) {
      let words = text.split(whereSeparator: \.isWhitespace)
      guard words.count == 4, words[0] == "process", words[2] == "on", let process = Int32(words[1]) else { return nil }
      self.init(host: String(words[3]), process: process)
    }

    /// Whether it is of this machine and still runs.
    package var isRunningHere: Bool {
      host == Self.current.host && process != getpid() && (kill(process, 0) == 0 || errno == EPERM)
    }
  }

  /// Who the text of a lock's file names, for somebody who does not want the lock; `nil` if there is no file, or it names
  /// nobody. A process that was killed leaves its file behind.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  package static func holder(of path: String) throws -> Holder? {
    let files = SystemFileSystem()
    guard try files.status(of: path)?.kind == .regular else { return nil }
    return Holder(text: String(decoding: try files.contents(of: path), as: UTF8.self))
  }

  /// What came of asking for a lock.
  package enum Outcome: Sendable {
    /// It is ours. `stale` has left the file behind without giving the lock back.
    case locked(FileLock, stale: Holder?)
    /// It is somebody's; `nil` if the file does not say whose.
    case held(by: Holder?)
  }

  private let path: String
  private let file: Int32

  private init(path: String, file: Int32) {
    self.path = path
    self.file = file
  }

  deinit { close(file) }

  /// Asks for the lock on a file, which is made if there is none. A symbolic link is not followed: what it leads to is
  /// somebody else's, and would be overwritten.
  ///
  /// - Throws: ``FileError`` if the file cannot be made, read or written, or is no regular file.
  package static func lock(_ path: String) throws -> Outcome {
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
      guard file >= 0 else {
        let number = errno
        throw FileError(
          operation: "open", path: path, number: number,
          finding: number == ELOOP ? "\(path) is a symbolic link, expected a regular file; remove it" : nil)
      }
      do {
        try requireRegular(file, path)
        if let outcome = try take(path, file) { return outcome }
        close(file)
      } catch {
        close(file)
        throw error
      }
    }
  }

  /// Takes the file away; the lock itself goes with this object.
  package func release() {
    // Now, while it is locked: afterwards the file could be another process's. One that cannot be removed holds nobody
    // up.
    unlink(path)
  }

  /// - Returns: `nil` if the file was removed by its holder in between.
  private static func take(_ path: String, _ file: Int32) throws -> Outcome? {
    let before = try Holder(text: text(of: file, path))
    if flock(file, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EWOULDBLOCK:
        close(file)
        return .held(by: before)
      case EINTR: return nil
      case ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL:
        // No locks here: only the text tells, which is right for processes of this machine.
        if let before, before.isRunningHere {
          close(file)
          return .held(by: before)
        }
      default: throw FileError(operation: "lock", path: path, number: errno)
      }
    }
    guard try isFile(file, stillAt: path) else { return nil }
    let stale = try Holder(text: text(of: file, path))
    do {
      try write(Holder.current, to: file, path)
    } catch {
      // On a full disk, say. The lock is ours, and a file that says nothing must not stay.
      unlink(path)
      throw error
    }
    return .locked(FileLock(path: path, file: file), stale: stale)
  }

  private static func requireRegular(_ file: Int32, _ path: String) throws {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw FileError(operation: "status", path: path, number: errno) }
    let kind = FileKind(mode: status.st_mode)
    guard kind == .regular else {
      throw FileError(
        operation: "open", path: path, number: EINVAL,
        finding: "\(path) is \(kind.phrase), expected a regular file; remove it")
    }
  }

  private static func isFile(_ file: Int32, stillAt path: String) throws -> Bool {
    var (own, there) = (stat(), stat())
    guard fstat(file, &own) == 0 else { throw FileError(operation: "status", path: path, number: errno) }
    guard stat(path, &there) == 0 else {
      if errno == ENOENT { return false }
      throw FileError(operation: "status", path: path, number: errno)
    }
    return own.st_ino == there.st_ino && own.st_dev == there.st_dev
  }

  private static func text(of file: Int32, _ path: String) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count >= 0 else { throw FileError(operation: "read", path: path, number: errno) }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  private static func write(_ holder: Holder, to file: Int32, _ path: String) throws {
    let bytes = Array("\(holder)\n".utf8)
    guard ftruncate(file, 0) == 0, pwrite(file, bytes, bytes.count, 0) == bytes.count else {
      throw FileError(operation: "write", path: path, number: errno)
    }
  }
}
