import Checkpoints
import Foundation
import Foundations

/// The files of a run: `config.json`, `metrics.jsonl`, `checkpoints/`.
public struct RunDirectory: Sendable {
  /// The directory.
  public let path: String
  /// The resolved config.
  public var configPath: String { "\(path)/config.json" }
  /// One line for each event.
  public var metricsPath: String { "\(path)/metrics.jsonl" }
  /// The checkpoints.
  public var checkpoints: CheckpointDirectory { CheckpointDirectory("\(path)/checkpoints") }
  private let fileSystem: any FileSystem

  /// Creates the value; nothing is made yet.
  public init(_ path: String, fileSystem: any FileSystem = SystemFileSystem()) {
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

  /// Makes the directory hold this run, or finds that it does already.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it cannot be written to or holds another run.
  func prepare(for configuration: RunConfiguration, mustBeNew: Bool) throws {
    if let stored = try storedConfiguration() {
      guard !mustBeNew else {
        throw TrainerError(
          .usage,
          "\(path): the directory holds a run already, and --resume never wants one without; "
            + "choose another directory with --output or remove this one")
      }
      let difference = ConfigurationDifference(stored: stored, given: configuration.resolved)
      guard difference.isEmpty else {
        throw TrainerError(
          .usage,
          "\(path): the directory holds a run of another config (\(difference.lines.joined(separator: "; "))); "
            + "choose another directory with --output")
      }
      return
    }
    do {
      try makeDirectories()
      try AtomicFile.replace(
        configPath, contents: [Array((configuration.resolved.prettyText + "\n").utf8)], fileSystem: fileSystem)
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the run directory cannot be written to: \(error.reason)")
    }
  }

  private func makeDirectories() throws {
    var missing: [String] = []
    var ancestor = path
    while ancestor != "/", !ancestor.isEmpty, try fileSystem.status(of: ancestor) == nil {
      missing.append(ancestor)
      ancestor = directory(of: ancestor)
    }
    if let status = try fileSystem.status(of: ancestor), !status.isDirectory {
      throw FileError(operation: "make directory", path: ancestor, number: ENOTDIR)
    }
    for directory in missing.reversed() { try fileSystem.makeDirectory(directory) }
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
      reason: end["reason"]?.text)
  }
}
