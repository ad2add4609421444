import Foundation
import Synchronization

/// Puts a whole file in place of another, or leaves everything as it was.
///
/// A temporary file in the same directory is written, forced to the disk, read back and compared, and only then
/// renamed; the directory is forced to the disk last, so that the new name survives a pulled plug. Whatever fails, the
/// temporary file is removed and the old file stands untouched. Only a failure of the very last step leaves the new
/// file, complete, under its name. What is no regular file, such as a device, is never replaced.
package enum AtomicFile {
  /// The ending of temporary files; one that a killed process left behind may be removed.
  package static let temporarySuffix = ".partial"

  /// Replaces the file at a path by one with these contents, given in pieces.
  ///
  /// - Parameter verify: called with the temporary file's path when its bytes are known to be those given; what it
  ///   throws stops the replacement.
  /// - Throws: ``FileError``, or what `verify` throws.
  package static func replace(
    _ path: String, contents pieces: [[UInt8]], fileSystem: some FileSystem = SystemFileSystem(),
    verify: (String) throws -> Void = { _ in }
  ) throws {
    try replace(path, fileSystem) { temporary in
      let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForWriting(creating: temporary) }
      try fileSystem.withFile(file) { file in
        for piece in pieces { try fileSystem.writeAll(file, piece.span.bytes) }
        try fileSystem.retryingWhenInterrupted { try fileSystem.synchronize(file) }
      }
    } verify: { temporary in
      try compare(temporary, with: pieces, fileSystem)
      try verify(temporary)
    }
  }

  /// Replaces the file at a path by one with these contents; see ``replace(_:contents:fileSystem:verify:)``.
  package static func replace(
    _ path: String, contents: [UInt8], fileSystem: some FileSystem = SystemFileSystem()
  ) throws {
    try replace(path, contents: [contents], fileSystem: fileSystem)
  }

  /// Replaces the file at a path by the one that `write` makes at the temporary path that it is given.
  ///
  /// - Parameter verify: called with the temporary path when the file is on the disk.
  /// - Throws: ``FileError``, or what `write` and `verify` throw.
  package static func replace(
    _ path: String, fileSystem: some FileSystem = SystemFileSystem(), write: (_ temporary: String) throws -> Void,
    verify: (_ temporary: String) throws -> Void
  ) throws {
    try replace(path, fileSystem) { temporary in
      try write(temporary)
      let part = WorkProgress.begin("saving \(fileName(of: path))")
      defer { part?.end() }
      let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForReading(temporary) }
      try fileSystem.withFile(file) { file in
        try fileSystem.retryingWhenInterrupted { try fileSystem.synchronize(file) }
      }
    } verify: { temporary in
      try verify(temporary)
    }
  }

  private static func replace(
    _ path: String, _ fileSystem: some FileSystem, prepare: (_ temporary: String) throws -> Void,
    verify: (_ temporary: String) throws -> Void
  ) throws {
    if let kind = try fileSystem.retryingWhenInterrupted({ try fileSystem.status(of: path) })?.kind, kind != .regular {
      throw FileError.notRegular(kind, operation: "replace", path: path)
    }
    let temporary = temporaryPath(for: path)
    partials.withLock { _ = $0.insert(temporary) }
    defer { partials.withLock { _ = $0.remove(temporary) } }
    do {
      try prepare(temporary)
      try verify(temporary)
      try fileSystem.retryingWhenInterrupted { try fileSystem.rename(temporary, to: path) }
    } catch {
      // What went wrong first is what the caller must know; a temporary file that cannot be removed does no harm.
      do { try fileSystem.remove(temporary) } catch _ {}
      // Calls on a descriptor do not know the path.
      if let error = error as? FileError { throw error.at(path) }
      throw error
    }
    try fileSystem.retryingWhenInterrupted { try fileSystem.synchronizeDirectory(directory(of: path)) }
  }

  /// The temporary files that this process is making.
  private static let partials = Mutex<Set<String>>([])

  /// Removes the temporary files that this process is making: for a program that ends at once.
  package static func removePartials() {
    partials.withLock { paths in
      for path in paths { unlink(path) }
    }
  }

  /// Names differ between processes and within one, so that two that replace the same file do not meet.
  private static func temporaryPath(for path: String) -> String {
    let number = counter.add(1, ordering: .relaxed).newValue
    // Of a name as long as names can be, only the beginning fits beside what is added.
    let stem = String(fileName(of: path).unicodeScalars.prefix(maximumNameBytes / 8))
    let name = ".\(stem).\(getpid())-\(number)\(temporarySuffix)"
    let directory = directory(of: path)
    return directory == "." && !path.hasPrefix("./") ? name : "\(directory)/\(name)"
  }

  private static let counter = Atomic<Int>(0)

  private static func compare(_ path: String, with pieces: [[UInt8]], _ fileSystem: some FileSystem) throws {
    let mismatch = FileError(operation: "read back", path: path, number: EIO)
    let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForReading(path) }
    try fileSystem.withFile(file) { file in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
      defer { buffer.deallocate() }
      for piece in pieces {
        try piece.withUnsafeBytes { expected in
          var rest = expected
          while !rest.isEmpty {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest.count, buffer.count)])
            let count = try fileSystem.readAll(file, into: part)
            guard count == part.count, memcmp(part.baseAddress!, rest.baseAddress!, count) == 0 else { throw mismatch }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
          }
        }
      }
      guard try fileSystem.readAll(file, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])) == 0 else {
        throw mismatch
      }
    }
  }
}
