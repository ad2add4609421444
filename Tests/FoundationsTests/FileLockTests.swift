import Foundation
import Foundations
import Synchronization
import TestSupport
import Testing

@Suite struct FileLockTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func oneHasItAndIsNamed() throws {
    try withScratchDirectory { directory in
      let path = directory + "/.lock"
      guard case .locked(let lock, nil) = try FileLock.lock(path) else {
        Issue.record("the lock of a new file is free")
        return
      }
      #expect(FileLock.Holder.current.process == getpid())
      #expect(try text(path) == "\(FileLock.Holder.current)\n")
      guard case .held(let holder) = try FileLock.lock(path) else {
        Issue.record("the lock is held")
        return
      }
      #expect(holder == .current)
      lock.release()
      #expect(!FileManager.default.fileExists(atPath: path))
      guard case .locked(let next, nil) = try FileLock.lock(path) else {
        Issue.record("the lock was given back")
        return
      }
      next.release()
    }
  }

  // A limit of the size of files stands for a full disk; in a process of its own, for it holds for all files.
  @Test func whatCannotSayWhoHoldsItIsNotLeftBehind() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limits = rlimit(rlim_cur: 0, rlim_max: 0)
      try #require(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
      limits.rlim_cur = 0
      try withScratchDirectory { directory in
        let path = directory + "/.lock"
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
        let error = try #require(throws: FileError.self) { _ = try FileLock.lock(path) }
        try #require(error.reason.lowercased().contains("file too large"))
        try #require(!FileManager.default.fileExists(atPath: path))
      }
    }
  }

  @Test(arguments: ["process 99999999 on elsewhere\n", "process 2 on \(FileLock.Holder.current.host)\n", "", "noise"])
  func aFileThatWasLeftBehindHoldsNobodyUp(before: String) throws {
    try withScratchDirectory { directory in
      let path = directory + "/.lock"
      try before.write(toFile: path, atomically: true, encoding: .utf8)
      guard case .locked(let lock, let stale) = try FileLock.lock(path) else {
        Issue.record("nobody holds the lock")
        return
      }
      #expect((stale?.description ?? "") == (before.hasPrefix("process") ? before.dropLast() : ""))
      #expect(try text(path) == "\(FileLock.Holder.current)\n")
      lock.release()
    }
  }

  // The lock of one that goes without a word, as a killed process does.
  @Test func aLockGoesWithItsHolder() throws {
    try withScratchDirectory { directory in
      let path = directory + "/.lock"
      var lock: FileLock?
      if case .locked(let taken, _) = try FileLock.lock(path) { lock = taken }
      #expect(lock != nil)
      lock = nil
      guard case .locked(let next, let stale) = try FileLock.lock(path) else {
        Issue.record("the lock went with its holder")
        return
      }
      #expect(stale == .current)
      next.release()
    }
  }

  @Test func onlyOneOfManyThreadsHasIt() throws {
    try withScratchDirectory { directory in
      let path = directory + "/.lock"
      let holders = SharedCount()
      DispatchQueue.concurrentPerform(iterations: 400) { _ in
        do {
          guard case .locked(let lock, _) = try FileLock.lock(path) else { return }
          #expect(holders.enter() == 1, "two hold the lock")
          holders.leave()
          lock.release()
        } catch {
          Issue.record("\(error)")
        }
      }
    }
  }

  @Test func whatCannotBeMadeIsAnError() throws {
    try withScratchDirectory { directory in
      let error = #expect(throws: FileError.self) { try FileLock.lock(directory + "/none/.lock") }
      #expect(error == FileError(operation: "open", path: directory + "/none/.lock", number: ENOENT))
    }
  }
}

private final class SharedCount: Sendable {
  private let count = Mutex(0)

  func enter() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
  func leave() { count.withLock { $0 -= 1 } }
}
