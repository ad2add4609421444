import Foundation

/// The few system calls that files are made with, so that a test can make each of them fail or stop short.
///
/// Methods are the calls of POSIX: they may move fewer bytes than asked and may be interrupted (`EINTR`); the
/// extension's methods see to that. All throw ``FileError``.
package protocol FileSystem: Sendable {
  /// Opens a file for reading.
  func openForReading(_ path: String) throws -> Int32
  /// Makes a file that must not exist yet and opens it for writing.
  func openForWriting(creating path: String) throws -> Int32
  /// Opens an existing file for writing behind its end.
  func openForAppending(_ path: String) throws -> Int32
  /// Reads up to the buffer's size; 0 at the end of the file.
  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Writes some of the bytes; returns how many.
  func write(_ file: Int32, _ bytes: RawSpan) throws -> Int
  /// Cuts a file to a length in bytes.
  func truncate(_ path: String, to length: Int) throws
  /// Waits until a file's contents are on the disk.
  func synchronize(_ file: Int32) throws
  /// Closes a file.
  func close(_ file: Int32) throws
  /// Waits until a directory's entries are on the disk.
  func synchronizeDirectory(_ path: String) throws
  /// Gives a file another name in one step, in place of any that has it.
  func rename(_ path: String, to newPath: String) throws
  /// Removes a file.
  func remove(_ path: String) throws
  /// Makes a directory, and those above it that are missing.
  func makeDirectory(_ path: String) throws
  /// Removes an empty directory.
  func removeDirectory(_ path: String) throws
  /// The names in a directory in order, without `.` and `..`.
  func list(_ directory: String) throws -> [String]
  /// What a path leads to, or `nil` if to nothing.
  func status(of path: String) throws -> FileStatus?
  /// The bytes that this user may still write on the disk of an existing path; `nil` if the system does not say.
  func freeSpace(at path: String) throws -> Int?
}

extension FileSystem {
  /// Writes all the bytes, however few the system takes at a time.
  package func writeAll(_ file: Int32, _ bytes: RawSpan) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = try retryingWhenInterrupted { try write(file, rest) }
      // A device that takes nothing and reports nothing would hold the program forever.
      guard count > 0 else { throw FileError(operation: "write", path: "", number: ENOSPC) }
      rest = rest.extracting(droppingFirst: count)
    }
  }

  /// Fills the buffer unless the file ends before; returns the number of bytes.
  package func readAll(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while count < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let step = try retryingWhenInterrupted { try read(file, into: rest) }
      if step == 0 { break }
      count += step
    }
    return count
  }

  /// The bytes of a file.
  package func contents(of path: String) throws -> [UInt8] {
    try withFile(retryingWhenInterrupted { try openForReading(path) }) { file in
      var contents: [UInt8] = []
      // Read piece by piece: what `status` says of a pipe or of /proc is no size.
      let size = try status(of: path)?.size ?? 0
      try requireMemory(for: size, path)
      let piece = max(size, 1 << 16) + 1
      while true {
        let start = contents.count
        contents.append(contentsOf: repeatElement(0, count: piece))
        let count = try contents.withUnsafeMutableBytes {
          try readAll(file, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
        if count < piece {
          contents.removeLast(piece - count)
          return contents
        }
      }
    }
  }

  /// A file may say that it has any number of bytes, of which most are nowhere.
  private func requireMemory(for size: Int, _ path: String) throws {
    do {
      try MemoryLimit.require(Double(size), for: "it", code: .usage, advice: "is it the right file?")
    } catch let error as TrainerError {
      throw FileError(operation: "read", path: path, number: ENOMEM, finding: error.message)
    }
  }

  /// Makes a directory, and those above it that are missing, so that all of them survive a power cut.
  package func makeDurableDirectory(_ path: String) throws {
    if try status(of: path)?.isDirectory == true { return }
    let parent = directory(of: path)
    if parent != path { try makeDurableDirectory(parent) }
    try makeDirectory(path)
    try retryingWhenInterrupted { try synchronizeDirectory(parent) }
  }

  /// Calls `body` with an open file and closes it in any case; the first error counts.
  package func withFile<Result>(_ file: Int32, _ body: (Int32) throws -> Result) throws -> Result {
    let result: Result
    do {
      result = try body(file)
    } catch {
      // The error that stopped the work is the one to tell; that closing failed too adds nothing.
      do { try close(file) } catch _ {}
      throw error
    }
    do {
      try close(file)
    } catch let error as FileError where error.number == EINTR {
      // Linux has closed the file all the same; a second attempt could close one that another thread has opened since.
    }
    return result
  }

  /// Calls `body` again as long as a signal interrupts it.
  package func retryingWhenInterrupted<Result>(_ body: () throws -> Result) throws -> Result {
    while true {
      do {
        return try body()
      } catch let error as FileError where error.number == EINTR {
        continue
      }
    }
  }
}

/// The directory part of a path; `.` for a bare name.
package func directory(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The name part of a path, behind its last `/`.
package func fileName(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}
