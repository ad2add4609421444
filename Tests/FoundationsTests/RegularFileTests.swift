import Foundation
import Foundations
import TestSupport
import Testing

/// Only regular files are opened: a pipe's other end may never come, and a device may never end.
@Suite struct RegularFileTests {
  private let files = SystemFileSystem()

  private func reason(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return (error as? FileError)?.reason ?? "\(error)"
    }
  }

  @Test func pipesDevicesAndDirectoriesAreNotOpened() throws {
    try withScratchDirectory { directory in
      let pipe = directory + "/pipe"
      #expect(mkfifo(pipe, 0o666) == 0)
      #expect(reason { _ = try files.openForReading(pipe) } == "it is a named pipe, expected a regular file")
      #expect(reason { _ = try files.openForAppending(pipe) } == "it is a named pipe, expected a regular file")
      #expect(reason { _ = try files.contents(of: "/dev/zero") } == "it is a device, expected a regular file")
      #expect(reason { _ = try files.contents(of: directory) } == "it is a directory, expected a regular file")
      try #expect(files.status(of: pipe) == FileStatus(kind: .pipe, size: 0))
    }
  }

  @Test func aReplacementTakesThePlaceOfNothingElse() throws {
    try withScratchDirectory { directory in
      let pipe = directory + "/pipe"
      #expect(mkfifo(pipe, 0o666) == 0)
      let found = reason { try AtomicFile.replace(pipe, contents: [[1]]) }
      #expect(found == "it is a named pipe, expected a regular file")
      try #expect(files.status(of: pipe)?.kind == .pipe)
      try #expect(files.list(directory) == ["pipe"])
    }
  }

  // A file may say that it has a terabyte of which none is anywhere.
  @Test func aFileBeyondAllMemoryIsNotRead() throws {
    try withScratchDirectory { directory in
      let path = directory + "/sparse"
      try AtomicFile.replace(path, contents: [[1]])
      guard truncate(path, 1 << 43) == 0 else { return }
      #expect(reason { _ = try files.contents(of: path) }.hasPrefix("it needs 8.80 TB of memory, but only "))
    }
  }

  @Test func aLockIsNoLink() throws {
    try withScratchDirectory { directory in
      let (path, victim) = (directory + "/.lock", directory + "/victim")
      try AtomicFile.replace(victim, contents: [Array("precious".utf8)])
      #expect(symlink("victim", path) == 0)
      #expect(
        reason { _ = try FileLock.lock(path) } == "\(path) is a symbolic link, expected a regular file; remove it")
      try #expect(files.contents(of: victim) == Array("precious".utf8))
      #expect(unlink(path) == 0 && mkfifo(path, 0o666) == 0)
      #expect(reason { _ = try FileLock.lock(path) } == "\(path) is a named pipe, expected a regular file; remove it")
    }
  }

  @Test func whatIsMissingNamesItsNeighbour() throws {
    try withScratchDirectory { directory in
      try AtomicFile.replace(directory + "/digits.h5", contents: [[1]])
      #expect(neighbourHint(of: directory + "/digit.h5") == "; did you mean \(directory)/digits.h5?")
      #expect(neighbourHint(of: directory + "/entirely.other") == "")
      #expect(neighbourHint(of: directory + "/no/digits.h5") == "; there is no directory \(directory)/no either")
      try SystemFileSystem().makeDirectory(directory + "/configs")
      try AtomicFile.replace(directory + "/configs/softmax.json", contents: [[1]])
      for wrong in ["confgs/softmax.json", "confgs/sofmax.json", "./confgs/../confgs/sofmax.json"] {
        let right = wrong.hasPrefix(".") ? "./configs/../configs/softmax.json" : "configs/softmax.json"
        #expect(neighbourHint(of: "\(directory)/\(wrong)") == "; did you mean \(directory)/\(right)?")
      }
      #expect(neighbourHint(of: directory + "/confgs/other") == "; there is no directory \(directory)/confgs either")
      #expect(symlink("nowhere", directory + "/link") == 0)
      #expect(neighbourHint(of: directory + "/link") == "; it is a symbolic link that leads to no file")
    }
  }
}
