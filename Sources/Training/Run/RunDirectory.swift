import Checkpoints
import Foundation
import Foundations

/// The files of a run: `config.json`, `metrics.jsonl`, `checkpoints/`, and `.lock` while a process writes.
public struct RunDirectory: Sendable {
  /// The directory.
  public let path: String
  /// The resolved config.
  public var configPath: String { "\(path)/config.json" }
  /// One line for each event.
  public var metricsPath: String { "\(path)/metrics.jsonl" }
  /// The same as a table, if an observer writes it.
  public var csvPath: String { "\(path)/metrics.csv" }
  /// The directory of what an observer writes for TensorBoard.
  public var tensorBoardPath: String { "\(path)/tensorboard" }
  /// The checkpoints.
  package var checkpoints: CheckpointDirectory { CheckpointDirectory("\(path)/checkpoints", fileSystem: fileSystem) }
  /// Names the process that writes in the directory; it is there while one does.
  var lockPath: String { "\(path)/.lock" }
  private let fileSystem: any FileSystem

  /// Creates the value; nothing is made yet.
  public init(_ path: String) { self.init(path, fileSystem: SystemFileSystem()) }

  /// The same over a file layer that tests make fail.
  package init(_ path: String, fileSystem: any FileSystem) {
    self.path = path
    self.fileSystem = fileSystem
  }

  /// The config of the run that the directory holds; `nil` if it holds none.
  ///
  /// - Throws: `TrainerError` if it cannot be read or is damaged.
  public func storedConfiguration() throws -> JSONValue? {
    do {
      guard try fileSystem.status(of: configPath) != nil else { return nil }
      return try JSONDocument(fileSystem.contents(of: configPath), source: configPath).root
    } catch let error as FileError {
      throw TrainerError(.usage, "\(configPath): the run's config cannot be read: \(error.reason)")
    }
  }

  /// Whether a run has begun here: a config alone may be anybody's.
  public var holdsRun: Bool {
    get throws {
      guard try storedConfiguration() != nil else { return false }
      return try [metricsPath, checkpoints.path, "\(path)/.lock"].contains { try fileSystem.status(of: $0) != nil }
    }
  }

  /// Makes the directory hold this run, or finds that it does already, and keeps other processes from writing in it.
  ///
  /// - Parameter objection: Why a run may not become longer, or `nil` if it may.
  /// - Returns: The right to write in it, and what to warn of: a lock that a process on another machine has left behind.
  /// - Throws: `TrainerError` with code `.usage` if it cannot be written to, holds another run, or another process
  ///   writes in it.
  func claim(
    for configuration: RunConfiguration, mustBeNew: Bool,
    objection: (ConfigurationDifference.Lengthening) -> String?
  ) throws -> (claim: RunClaim, warning: String?) {
    // Before anything is made: a refusal leaves nothing behind.
    try compare(configuration, mustBeNew: mustBeNew, objection)
    var claim = RunClaim(self, fileSystem)
    do {
      try requireNoFileAbove()
      try claim.noteMissing()
      try fileSystem.makeDurableDirectory(path)
      let (lock, warning) = try lock()
      claim.lock = lock
      try removeLeftovers()
      // Another process may have begun a run since.
      try compare(configuration, mustBeNew: mustBeNew, objection)
      // Also where the same run has another name now, or it or its data lie elsewhere: a resume goes by this file.
      if try storedConfiguration() != configuration.resolved {
        try claim.noteConfig()
        let text = Array((configuration.resolved.prettyText + "\n").utf8)
        try AtomicFile.replace(configPath, contents: [text], fileSystem: fileSystem)
      }
      return (claim, warning)
    } catch {
      claim.takeBack()
      guard let error = error as? FileError else { throw error }
      throw TrainerError(.usage, "\(path): the run directory cannot be written to: \(error.reason)")
    }
  }

  /// Finds that the directory holds no run, or this one.
  ///
  /// - Parameter objection: Why a run may not become longer, or `nil` if it may.
  /// - Throws: `TrainerError` with code `.usage` if it holds another run.
  func requireSameRun(
    _ configuration: RunConfiguration, mustBeNew: Bool,
    objection: (ConfigurationDifference.Lengthening) -> String?
  ) throws {
    try compare(configuration, mustBeNew: mustBeNew, objection)
  }

  /// Makes sure that the directory holds no run, this run, or one that becomes this one by going on for longer.
  private func compare(
    _ configuration: RunConfiguration, mustBeNew: Bool,
    _ objection: (ConfigurationDifference.Lengthening) -> String?
  ) throws {
    guard let stored = try storedConfiguration() else { return }
    guard !mustBeNew else {
      throw TrainerError(
        .usage,
        "\(path): the directory holds a run already, but a new one was asked for",
        remedy: .init("output", "remove this one or choose another directory"))
    }
    let difference = ConfigurationDifference(stored: stored, given: configuration.resolved)
    if difference.isEmpty { return }
    let objection = difference.lengthening.map(objection)
    guard case .some(nil) = objection else {
      let reason = objection.flatMap(\.self).map { ": \($0)" } ?? ""
      throw TrainerError(
        .usage,
        "\(path): the directory holds a run of another config (\(difference.lines.joined(separator: "; ")))\(reason)",
        remedy: .init("output", "choose another directory"))
    }
  }

  /// Removes what a process that was killed while it wrote the config has left.
  private func removeLeftovers() throws {
    for name in try fileSystem.list(path)
    where name.hasPrefix(".\(fileName(of: configPath)).") && name.hasSuffix(AtomicFile.temporarySuffix) {
      try fileSystem.remove("\(path)/\(name)")
    }
  }

  private func lock() throws -> (FileLock, warning: String?) {
    switch try FileLock.lock(lockPath) {
    case .held(let holder):
      throw TrainerError(
        .usage,
        "\(path): another process writes in the run directory: \(holder.map(String.init(describing:)) ?? "unknown")",
        remedy: .init("output", "wait for it to end, stop it, or choose another directory"))
    case .locked(let lock, let stale):
      let isElsewhere = stale.map { $0.host != FileLock.Holder.current.host } ?? false
      return (
        lock,
        isElsewhere
          ? "\(lockPath): \(stale?.description ?? "") has not given its lock back, but does not hold it any more; "
            + "the run goes on here" : nil
      )
    }
  }

  private func requireNoFileAbove() throws {
    var ancestor = path
    while ancestor != "/", !ancestor.isEmpty, try fileSystem.status(of: ancestor) == nil {
      ancestor = directory(of: ancestor)
    }
    if let status = try fileSystem.status(of: ancestor), !status.isDirectory {
      throw FileError(operation: "make directory", path: ancestor, number: ENOTDIR)
    }
  }

  /// The summary of the run, if its metrics file says that it is complete.
  ///
  /// - Throws: `TrainerError` if the file cannot be read.
  public func finishedSummary() throws -> RunSummary? {
    let text: String
    do {
      guard try fileSystem.status(of: metricsPath) != nil else { return nil }
      text = String(decoding: try fileSystem.contents(of: metricsPath), as: UTF8.self)
    } catch let error as FileError {
      throw TrainerError(.usage, "\(metricsPath): the metrics cannot be read: \(error.reason)")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // The text behind the last line break is empty, or a line that was torn off.
    guard lines.count >= 2, lines[lines.count - 2].hasPrefix("{\"event\":\"finished\"") else { return nil }
    let end = try JSONDocument(text: String(lines[lines.count - 2]), source: metricsPath).root
    return try summary(from: lines.dropLast(2), end)
  }

  private func summary(from lines: ArraySlice<Substring>, _ end: JSONValue) throws -> RunSummary {
    var seconds = 0.0
    var measures: [GroupMeasures] = []
    var epoch = 0
    for line in lines {
      let event = try JSONDocument(text: String(line), source: metricsPath).root
      seconds += event["seconds"]?.double ?? 0
      epoch = event["epoch"]?.int ?? epoch
      let measured = ["train", "validation", "test"].compactMap { group -> GroupMeasures? in
        guard case .object(let values)? = event[group] else { return nil }
        return GroupMeasures(group: group, values: values.members)
      }
      // A line without measures, such as that of an interruption, leaves those before it standing.
      if !measured.isEmpty { measures = measured }
    }
    let step = end["step"]?.int ?? 0
    return RunSummary(
      name: try storedConfiguration()?["name"]?.text ?? fileName(of: path), directory: path, step: step, epoch: epoch,
      measures: measures, seconds: seconds, checkpoint: checkpoints.path(ofStep: step),
      digest: end["digest"]?.text ?? "",
      reason: end["reason"]?.text, stallSeconds: end["stallSeconds"]?.double ?? 0)
  }
}
