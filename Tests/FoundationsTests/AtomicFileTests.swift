import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing

/// The machine's files with one call that fails, or with calls that stop short and are interrupted.
private final class FaultyFileSystem: FileSystem {
  private let base = SystemFileSystem()
  private let calls = Mutex<[String]>([])
  private let failing: (name: String, number: Int32)?
  private let isLame: Bool
  private let corrupts: Bool

  init(failing: (String, Int32)? = nil, isLame: Bool = false, corrupts: Bool = false) {
    self.failing = failing.map { (name: $0.0, number: $0.1) }
    self.isLame = isLame
    self.corrupts = corrupts
  }

  var log: [String] { calls.withLock { $0 } }

  private func enter(_ name: String) throws {
    let count = calls.withLock {
      $0.append(name)
      return $0.count
    }
    if let failing, failing.name == name { throw FileError(operation: name, path: "", number: failing.number) }
    if isLame, ["read", "write", "synchronize"].contains(name), count % 2 == 0 {
      throw FileError(operation: name, path: "", number: EINTR)
    }
  }

  func openForReading(_ path: String) throws -> Int32 {
    try enter("openForReading")
    return try base.openForReading(path)
  }
  func openForWriting(creating path: String) throws -> Int32 {
    try enter("openForWriting")
    return try base.openForWriting(creating: path)
  }
  func openForAppending(_ path: String) throws -> Int32 { try base.openForAppending(path) }
  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try enter("read")
    return try base.read(file, into: .init(rebasing: buffer[..<min(buffer.count, isLame ? 3 : buffer.count)]))
  }
  func write(_ file: Int32, _ bytes: RawSpan) throws -> Int {
    try enter("write")
    if corrupts {
      var copy = bytes.withUnsafeBytes(Array.init)
      copy[copy.count / 2] ^= 1
      return try base.write(file, copy.span.bytes)
    }
    return try base.write(file, bytes.extracting(first: min(bytes.byteCount, isLame ? 3 : bytes.byteCount)))
  }
  func truncate(_ path: String, to length: Int) throws { try base.truncate(path, to: length) }
  func synchronize(_ file: Int32) throws {
    try enter("synchronize")
    try base.synchronize(file)
  }
  func close(_ file: Int32) throws {
    try base.close(file)
    try enter("close")
  }
  func synchronizeDirectory(_ path: String) throws {
    try enter("synchronizeDirectory")
    try base.synchronizeDirectory(path)
  }
  func rename(_ path: String, to newPath: String) throws {
    try enter("rename")
    try base.rename(path, to: newPath)
  }
  func remove(_ path: String) throws { try base.remove(path) }
  func makeDirectory(_ path: String) throws { try base.makeDirectory(path) }
  func removeDirectory(_ path: String) throws { try base.removeDirectory(path) }
  func list(_ directory: String) throws -> [String] { try base.list(directory) }
  func status(of path: String) throws -> FileStatus? { try base.status(of: path) }
  func freeSpace(at path: String) throws -> Int? { try base.freeSpace(at: path) }
}

private func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
  try withScratchDirectory { directory in
    try SystemFileSystem().makeDirectory(directory + "/a/b")
    try body(directory)
  }
}

@Suite struct AtomicFileTests {
  private let files = SystemFileSystem()
  private let old = Array("old".utf8)
  private let new = [Array("brand ".utf8), [], Array("new contents".utf8)]

  @Test func replacesWholeFilesInOrder() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      let system = FaultyFileSystem()
      try AtomicFile.replace(path, contents: new, fileSystem: system)
      try #expect(files.contents(of: path) == new.flatMap { $0 })
      try #expect(files.list(directory) == ["a", "file"])
      #expect(
        system.log.filter { $0 != "read" } == [
          "openForWriting", "write", "write", "synchronize", "close", "openForReading", "close", "rename",
          "synchronizeDirectory",
        ])
      try AtomicFile.replace(path, contents: old)
      try #expect(files.contents(of: path) == old)
    }
  }

  @Test func copesWithShortAndInterruptedCalls() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      try AtomicFile.replace(path, contents: new, fileSystem: FaultyFileSystem(isLame: true))
      #expect(try FaultyFileSystem(isLame: true).contents(of: path) == new.flatMap { $0 })
    }
  }

  @Test(arguments: ["openForWriting", "write", "synchronize", "close", "openForReading", "read", "rename"])
  func failureLeavesTheOldFileAndNothingElse(call: String) throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      try AtomicFile.replace(path, contents: [old])
      let error = #expect(throws: FileError.self) {
        try AtomicFile.replace(path, contents: new, fileSystem: FaultyFileSystem(failing: (call, ENOSPC)))
      }
      #expect(error == FileError(operation: call, path: path, number: ENOSPC))
      try #expect(files.contents(of: path) == old)
      try #expect(files.list(directory) == ["a", "file"])
    }
  }

  @Test func whatIsReadBackIsCompared() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      let error = #expect(throws: FileError.self) {
        try AtomicFile.replace(path, contents: new, fileSystem: FaultyFileSystem(corrupts: true))
      }
      #expect(error?.operation == "read back")
      try #expect(files.list(directory) == ["a"])
    }
  }

  @Test func verificationStopsTheReplacement() throws {
    struct Refused: Error {}
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      #expect(throws: Refused.self) {
        try AtomicFile.replace(path, contents: new) { temporary in
          try #expect(files.contents(of: temporary) == new.flatMap { $0 })
          throw Refused()
        }
      }
      try #expect(files.list(directory) == ["a"])
    }
  }

  @Test func filesMadeByOthersAreReplacedToo() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      try AtomicFile.replace(path) { temporary in
        try files.withFile(files.openForWriting(creating: temporary)) { file in
          try files.writeAll(file, old.span.bytes)
        }
      } verify: { temporary in
        try #expect(files.status(of: temporary) == FileStatus(kind: .regular, size: 3))
      }
      try #expect(files.contents(of: path) == old)
    }
  }

  @Test func aDirectoryThatCannotBeSynchronizedIsAnError() throws {
    try inTemporaryDirectory { directory in
      #expect(throws: FileError.self) {
        try AtomicFile.replace(
          directory + "/file", contents: new, fileSystem: FaultyFileSystem(failing: ("synchronizeDirectory", EIO)))
      }
    }
  }

  @Test func systemCalls() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/a/b/file"
      try #expect(files.status(of: path) == nil)
      try #expect(files.status(of: directory)?.isDirectory == true)
      try AtomicFile.replace(path, contents: [Array(repeating: 7, count: 200_000)])
      try #expect(files.contents(of: path) == Array(repeating: 7, count: 200_000))
      try files.truncate(path, to: 5)
      try files.withFile(files.openForAppending(path)) { file in
        try files.writeAll(file, old.span.bytes)
      }
      try #expect(files.contents(of: path) == [7, 7, 7, 7, 7] + old)
      try files.makeDirectory(directory + "/a/b")
      #expect(throws: FileError(operation: "mkdir", path: path, number: ENOTDIR)) { try files.makeDirectory(path) }
      let missing = directory + "/none"
      #expect(throws: FileError(operation: "open", path: missing, number: ENOENT)) {
        try files.contents(of: missing)
      }
      #expect(throws: FileError(operation: "list", path: missing, number: ENOENT)) { try files.list(missing) }
      #expect("\(FileError(operation: "open", path: "x", number: ENOENT))" == "open x: No such file or directory")
    }
  }

  // Whatever a signal interrupts is done again, but for closing, which the system has done already.
  @Test func everyInterruptedCallIsDoneAgain() throws {
    try inTemporaryDirectory { directory in
      let path = directory + "/file"
      let calls = 13
      for index in 0..<calls {
        let count = Mutex(0)
        let interrupted = InstrumentedFileSystem { event in
          let number = count.withLock { count in
            defer { count += 1 }
            return count
          }
          if number == index { throw FileError(operation: event.name, path: "", number: EINTR) }
          return .proceed
        }
        try AtomicFile.replace(path, contents: [old, [UInt8(index)]], fileSystem: interrupted)
        try #expect(files.contents(of: path) == old + [UInt8(index)])
        // Opening, writing, … and the directory last; one more for the call that was made again.
        let made = count.withLock { $0 }
        #expect(made == calls + 1 || made == calls, "\(made) calls")
      }
    }
  }

  @Test func directoriesAreMadeDurable() throws {
    try inTemporaryDirectory { directory in
      let events = Mutex<[FileEvent]>([])
      let recording = InstrumentedFileSystem { event in
        if event.name != "status" { events.withLock { $0.append(event) } }
        return .proceed
      }
      try recording.makeDurableDirectory(directory + "/x/y")
      #expect(
        events.withLock { $0 } == [
          .makeDirectory(directory + "/x"), .synchronizeDirectory(directory), .makeDirectory(directory + "/x/y"),
          .synchronizeDirectory(directory + "/x"),
        ])
    }
  }

  @Test func freeSpaceIsThatOfTheDisk() throws {
    try inTemporaryDirectory { directory in
      let attributes = try FileManager.default.attributesOfFileSystem(forPath: directory)
      let free = try #require(attributes[.systemFreeSize] as? Int)
      let found = try #require(try files.freeSpace(at: directory))
      // Other processes write meanwhile, and some of the space is the superuser's.
      #expect(found > 0 && abs(found - free) < free / 4 + 1_000_000_000)
      #expect(throws: FileError.self) { try files.freeSpace(at: directory + "/none") }
    }
  }

  @Test(arguments: [("a/b", "a", "b"), ("b", ".", "b"), ("/b", "/", "b"), ("/x/y.z", "/x", "y.z")])
  func pathsAreSplit(path: String, directoryPart: String, name: String) {
    #expect(directory(of: path) == directoryPart)
    #expect(fileName(of: path) == name)
  }
}
