import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

/// A disk as POSIX promises it: what was written is sure to be there after a power cut only once it was synchronized, a
/// file's name only once its directory was. Of the rest, any part may be there.
private struct Disk {
  private struct File {
    var contents: [UInt8] = []
    var durable: [UInt8] = []
  }
  private enum Entry: Equatable {
    case file(Int)
    case directory
  }
  /// A change of a directory that is not durable yet; a rename is two names in one step.
  private struct Change {
    let removed: String?
    let added: (path: String, entry: Entry)?
  }

  private var files: [File] = []
  private var entries: [String: Entry] = [:]
  private var durableEntries: [String: Entry] = [:]
  private var changes: [Change] = []

  mutating func apply(_ event: FileEvent) {
    switch event {
    case .create(let path):
      files.append(File())
      change(removing: nil, adding: (path, .file(files.count - 1)))
    case .write(let path, let bytes): edit(path) { $0.contents += bytes }
    case .truncate(let path, let length): edit(path) { $0.contents.removeLast($0.contents.count - length) }
    case .synchronize(let path): edit(path) { $0.durable = $0.contents }
    case .makeDirectory(let path): change(removing: nil, adding: (path, .directory))
    case .rename(let path, let newPath):
      if let entry = entries[path] { change(removing: path, adding: (newPath, entry)) }
    case .remove(let path), .removeDirectory(let path): change(removing: path, adding: nil)
    case .synchronizeDirectory(let path):
      let isOfIt: (Change) -> Bool = { directory(of: $0.added?.path ?? $0.removed ?? "") == path }
      for change in changes where isOfIt(change) { Self.apply(change, to: &durableEntries) }
      changes.removeAll(where: isOfIt)
    case .openForReading, .openForAppending, .read, .close, .list, .status, .freeSpace: break
    }
  }

  private mutating func edit(_ path: String, _ body: (inout File) -> Void) {
    if case .file(let number)? = entries[path] { body(&files[number]) }
  }

  private mutating func change(removing removed: String?, adding added: (path: String, entry: Entry)?) {
    let change = Change(removed: removed, added: added)
    Self.apply(change, to: &entries)
    changes.append(change)
  }

  private static func apply(_ change: Change, to entries: inout [String: Entry]) {
    if let removed = change.removed { entries[removed] = nil }
    if let (path, entry) = change.added { entries[path] = entry }
  }

  /// What a power cut leaves.
  ///
  /// - Parameters:
  ///   - keepsChange: Whether a change of a directory that is not durable has reached the disk.
  ///   - flushed: How many of so many bytes that are not durable have reached the disk.
  ///   - noise: Whether the last of these bytes are garbage.
  func afterPowerCut(
    keepsChange: () -> Bool, flushed: (Int) -> Int, noise: () -> Bool
  ) -> [String: [UInt8]?] {
    var names = durableEntries
    for change in changes where keepsChange() { Self.apply(change, to: &names) }
    var state: [String: [UInt8]?] = [:]
    for (path, entry) in names {
      switch entry {
      case .directory: state[path] = .some(nil)
      case .file(let number): state[path] = contents(of: files[number], flushed, noise)
      }
    }
    // A file is gone with its directory.
    return state.filter { path, _ in
      var parent = directory(of: path)
      while names[parent] != nil { parent = directory(of: parent) }
      return parent == Self.root
    }
  }

  /// Above everything that a run makes.
  static let root = "/recorded"

  private func contents(of file: File, _ flushed: (Int) -> Int, _ noise: () -> Bool) -> [UInt8] {
    guard file.contents.starts(with: file.durable) else {
      // It was cut: the old end may be there or not.
      return flushed(1) == 1 ? file.contents : file.durable
    }
    let count = flushed(file.contents.count - file.durable.count)
    var contents = Array(file.contents[..<(file.durable.count + count)])
    if noise() { for index in contents.indices.suffix(min(count, 100)) { contents[index] = UInt8(index * 131 & 255) } }
    return contents
  }
}

/// The file operations of whole runs are recorded, and every state that a power cut could leave is replayed.
@Suite struct PowerCutTests {
  /// The calls of a run that is interrupted once, so that metrics are cut, in order.
  private func record(in directory: String) throws -> [FileEvent] {
    let events = Mutex<[FileEvent]>([])
    let recording = InstrumentedFileSystem { event in
      events.withLock { $0.append(Self.moved(event, from: directory, to: Disk.root)) }
      return .proceed
    }
    let control = RunControl()
    var options = RunOptions(workers: 1, control: control)
    options.fileSystem = recording
    let stopper = Warnings { event in
      if case .epoch(let report) = event, report.epoch == 2 { control.stop() }
    }
    let configuration = try SmallRun.configuration(output: directory + "/run")
    guard
      case .interrupted = try train(
        configuration, options: options, observers: [MetricsFile(fileSystem: recording), stopper])
    else { throw TrainerError(.usage, "the run was not interrupted") }
    _ = try SmallRun.train(in: directory + "/run", fileSystem: recording)
    return events.withLock { $0 }
  }

  private static func moved(_ event: FileEvent, from old: String, to new: String) -> FileEvent {
    func move(_ path: String) -> String { path.replacing(old, with: new) }
    return switch event {
    case .openForReading(let path): .openForReading(move(path))
    case .create(let path): .create(move(path))
    case .openForAppending(let path): .openForAppending(move(path))
    case .read(let path): .read(move(path))
    case .write(let path, let bytes): .write(move(path), bytes)
    case .truncate(let path, let length): .truncate(move(path), length)
    case .synchronize(let path): .synchronize(move(path))
    case .close(let path): .close(move(path))
    case .synchronizeDirectory(let path): .synchronizeDirectory(move(path))
    case .rename(let path, let newPath): .rename(move(path), move(newPath))
    case .remove(let path): .remove(move(path))
    case .makeDirectory(let path): .makeDirectory(move(path))
    case .removeDirectory(let path): .removeDirectory(move(path))
    case .list(let path): .list(move(path))
    case .status(let path): .status(move(path))
    case .freeSpace(let path): .freeSpace(move(path))
    }
  }

  @Test func everyStateThatAPowerCutCouldLeaveGoesOn() throws {
    try withMemoryDirectory { directory in
      let whole = try SmallRun.train(in: directory + "/whole")
      let events = try record(in: directory)
      var generator = SeededGenerator(11)
      var disk = Disk()
      var seen: Set<[String: [UInt8]?]> = []
      for (index, event) in events.enumerated() {
        disk.apply(event)
        var states = [
          // Nothing but what is sure.
          disk.afterPowerCut(keepsChange: { false }, flushed: { _ in 0 }, noise: { false }),
          // All names, but no contents that are not sure: the order in which many file systems write.
          disk.afterPowerCut(keepsChange: { true }, flushed: { _ in 0 }, noise: { false }),
          disk.afterPowerCut(keepsChange: { true }, flushed: { $0 / 2 }, noise: { false }),
          disk.afterPowerCut(keepsChange: { true }, flushed: { $0 }, noise: { true }),
          disk.afterPowerCut(keepsChange: { false }, flushed: { $0 }, noise: { false }),
          disk.afterPowerCut(keepsChange: { true }, flushed: { $0 }, noise: { false }),
        ]
        for _ in 0..<Torture.count(1, 25) {
          states.append(
            disk.afterPowerCut(
              keepsChange: { Bool.random(using: &generator) }, flushed: { Int.random(in: 0...$0, using: &generator) },
              noise: { Bool.random(using: &generator) }))
        }
        for state in states where seen.insert(state).inserted {
          let name = "\(directory)/\(seen.count)"
          try write(state, to: name)
          let warnings = Warnings()
          let result = try SmallRun.train(in: name + "/run", observer: warnings)
          #expect(result == whole, "after call \(index), \(event.name)")
          #expect(warnings.sentences == [], "after call \(index), \(event.name)")
          try FileManager.default.removeItem(atPath: name)
        }
      }
      #expect(seen.count > 60, "\(seen.count) states")
    }
  }

  private func write(_ state: [String: [UInt8]?], to directory: String) throws {
    let files = SystemFileSystem()
    try files.makeDirectory(directory)
    for (path, contents) in state.sorted(by: { $0.key < $1.key }) {
      let place = path.replacing(Disk.root, with: directory)
      if let contents {
        try Data(contents).write(to: URL(filePath: place))
      } else {
        try files.makeDirectory(place)
      }
    }
  }
}
