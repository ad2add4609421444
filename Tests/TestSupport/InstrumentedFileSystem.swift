import Foundations
import Synchronization

/// A call of the file layer, with paths in place of descriptors.
package enum FileEvent: Sendable, Equatable {
  case openForReading(String)
  case create(String)
  case openForAppending(String)
  case read(String)
  case write(String, [UInt8])
  case truncate(String, Int)
  case synchronize(String)
  case close(String)
  case synchronizeDirectory(String)
  case rename(String, String)
  case remove(String)
  case makeDirectory(String)
  case removeDirectory(String)
  case list(String)
  case status(String)
  case freeSpace(String)
}

/// The machine's files, with every call shown to a hook first, which can make it fail or stop short.
package final class InstrumentedFileSystem: FileSystem {
  /// What a hook wants of a call that it lets happen.
  package enum Verdict: Sendable {
    /// Nothing: the call happens.
    case proceed
    /// A read or write moves at most so many bytes.
    case atMost(Int)
    /// The call says that so much is free.
    case free(Int)
  }

  private let base = SystemFileSystem()
  private let paths = Mutex<[Int32: String]>([:])
  private let hook: @Sendable (FileEvent) throws -> Verdict

  /// Creates the file system; what the hook throws is what the call throws. Threads may call it at once.
  package init(_ hook: @escaping @Sendable (FileEvent) throws -> Verdict) { self.hook = hook }

  private func path(of file: Int32) -> String { paths.withLock { $0[file] ?? "unknown" } }

  private func opened(_ path: String, _ open: () throws -> Int32) throws -> Int32 {
    let file = try open()
    paths.withLock { $0[file] = path }
    return file
  }

  package func openForReading(_ path: String) throws -> Int32 {
    _ = try hook(.openForReading(path))
    return try opened(path) { try base.openForReading(path) }
  }
  package func openForWriting(creating path: String) throws -> Int32 {
    _ = try hook(.create(path))
    return try opened(path) { try base.openForWriting(creating: path) }
  }
  package func openForAppending(_ path: String) throws -> Int32 {
    _ = try hook(.openForAppending(path))
    return try opened(path) { try base.openForAppending(path) }
  }
  package func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard case .atMost(let count) = try hook(.read(path(of: file))) else { return try base.read(file, into: buffer) }
    return try base.read(file, into: .init(rebasing: buffer[..<min(buffer.count, count)]))
  }
  package func write(_ file: Int32, _ bytes: RawSpan) throws -> Int {
    guard case .atMost(let count) = try hook(.write(path(of: file), bytes.withUnsafeBytes(Array.init))) else {
      return try base.write(file, bytes)
    }
    return try base.write(file, bytes.extracting(first: min(bytes.byteCount, count)))
  }
  package func truncate(_ path: String, to length: Int) throws {
    _ = try hook(.truncate(path, length))
    try base.truncate(path, to: length)
  }
  package func synchronize(_ file: Int32) throws {
    _ = try hook(.synchronize(path(of: file)))
    try base.synchronize(file)
  }
  package func close(_ file: Int32) throws {
    let path = path(of: file)
    // The system closes a file also when it reports an error.
    try base.close(file)
    _ = try hook(.close(path))
  }
  package func synchronizeDirectory(_ path: String) throws {
    _ = try hook(.synchronizeDirectory(path))
    try base.synchronizeDirectory(path)
  }
  package func rename(_ path: String, to newPath: String) throws {
    _ = try hook(.rename(path, newPath))
    try base.rename(path, to: newPath)
  }
  package func remove(_ path: String) throws {
    _ = try hook(.remove(path))
    try base.remove(path)
  }
  package func makeDirectory(_ path: String) throws {
    _ = try hook(.makeDirectory(path))
    try base.makeDirectory(path)
  }
  package func removeDirectory(_ path: String) throws {
    _ = try hook(.removeDirectory(path))
    try base.removeDirectory(path)
  }
  package func list(_ directory: String) throws -> [String] {
    _ = try hook(.list(directory))
    return try base.list(directory)
  }
  package func status(of path: String) throws -> FileStatus? {
    _ = try hook(.status(path))
    return try base.status(of: path)
  }
  package func freeSpace(at path: String) throws -> Int? {
    guard case .free(let bytes) = try hook(.freeSpace(path)) else { return try base.freeSpace(at: path) }
    return bytes
  }
}

extension FileEvent {
  /// The call without its paths, such as `write`.
  package var name: String { String("\(self)".prefix { $0 != "(" }) }
}
