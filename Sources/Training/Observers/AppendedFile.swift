import Foundation
import Foundations
import Synchronization

/// A file that grows while a run goes on, written on a queue of its own: no step waits for it.
///
/// What cannot be written, such as on a full disk, is kept and written with what comes later; `flush` says if that could
/// not be mended. Where no thread can be made for the queue, writing is done at once.
final class AppendedFile: Sendable {
  private struct State {
    /// What is not written yet.
    var pending: [UInt8] = []
    /// The bytes of the file that are whole; `nil` for a file that is not made yet.
    var length: Int?
    /// Whether a write has failed, so that the file may have bytes of a torn one.
    var isTorn = false
    /// Whether all that is written is on the disk.
    var isSynchronized = true
    /// Whether the file's name is on the disk.
    var isNamed = true
  }

  /// The file.
  let path: String
  /// What the file holds, for messages: `the events`.
  private let contents: String
  private let fileSystem: any FileSystem
  private let queue = DispatchQueue(label: "observer")
  private let isAtOnce = ThreadSupply.current.isScarce
  private let state: Mutex<State>

  /// Takes over a file.
  ///
  /// - Parameters:
  ///   - length: The bytes that it has; `nil` if it is to be made, with the directory that it lies in, as soon as there is
  ///     something to write.
  ///   - contents: What the file holds, for messages.
  init(_ path: String, length: Int?, contents: String, fileSystem: any FileSystem) {
    self.path = path
    self.contents = contents
    self.fileSystem = fileSystem
    state = Mutex(State(length: length))
  }

  /// Writes bytes that are made on the queue, in the order of calls.
  func append(_ make: @escaping @Sendable () -> [UInt8]) {
    let work: @Sendable () -> Void = { [self] in
      let bytes = make()
      state.withLock { state in
        state.pending += bytes
        do {
          try write(&state)
        } catch _ {
          // Kept: `flush` tells if it cannot be written by then.
        }
      }
    }
    if isAtOnce { work() } else { queue.async(execute: work) }
  }

  /// Waits until all work that was given before is done; what it could not write may still be missing.
  func wait() { if !isAtOnce { queue.sync {} } }

  /// Makes sure that all that was appended is on the disk.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it cannot be written.
  func flush() throws {
    wait()
    do {
      try state.withLock { state in
        try write(&state)
        if !state.isNamed {
          try fileSystem.retryingWhenInterrupted { try fileSystem.synchronizeDirectory(directory(of: path)) }
          state.isNamed = true
        }
        guard !state.isSynchronized else { return }
        let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForAppending(path) }
        try fileSystem.withFile(file) { file in
          try fileSystem.retryingWhenInterrupted { try fileSystem.synchronize(file) }
        }
        state.isSynchronized = true
      }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): \(contents) cannot be written: \(error.reason)")
    }
  }

  private func write(_ state: inout State) throws {
    guard !state.pending.isEmpty else { return }
    let length = try state.length ?? make()
    if state.length == nil { (state.length, state.isNamed) = (length, false) }
    if state.isTorn { try fileSystem.retryingWhenInterrupted { try fileSystem.truncate(path, to: length) } }
    state.isTorn = true
    let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForAppending(path) }
    let bytes = state.pending
    try fileSystem.withFile(file) { try fileSystem.writeAll($0, bytes.span.bytes) }
    state.length = length + bytes.count
    (state.pending, state.isTorn, state.isSynchronized) = ([], false, false)
  }

  private func make() throws -> Int {
    try fileSystem.makeDurableDirectory(directory(of: path))
    try fileSystem.close(fileSystem.retryingWhenInterrupted { try fileSystem.openForWriting(creating: path) })
    return 0
  }
}

extension RunDescription {
  /// The run directory, which an observer that writes files needs.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the run has none.
  func directory(for observer: String, _ file: String) throws -> RunDirectory {
    guard let directory else {
      throw TrainerError(
        .usage,
        "observers: found \"\(observer)\", but \(name) has no \"output\", and \(file) lies in the run directory; give it "
          + "one, or leave the observer out")
    }
    return RunDirectory(directory)
  }
}
