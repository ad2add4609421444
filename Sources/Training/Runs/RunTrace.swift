import Foundation
import Foundations

/// What a run directory tells of how its run went: the config and the lines of `metrics.jsonl`.
public struct RunTrace: Sendable {
  /// One line with measures.
  public struct Record: Sendable {
    /// Completed steps.
    public let step: Int
    /// Completed epochs; `nil` for a line within an epoch, and of a run without epochs.
    public let epoch: Int?
    /// Seconds of training since the line before; `nil` where the line has none.
    public let seconds: Double?
    /// Loss and metrics by group.
    public let measures: [GroupMeasures]
    /// The parameters in layout order; empty where the line has none.
    public let parameters: [Double]

    /// A measure such as `loss` of a group; `nil` if the line lacks it, NaN if it is not finite.
    public func value(_ metric: String, of group: String) -> Double? {
      measures.first { $0.group == group }?.values.first { $0.key == metric }.map { $0.value.double ?? .nan }
    }
  }

  /// How far the run has come.
  public enum Ending: Sendable, Equatable {
    /// It is complete; the reason if that was before its length.
    case finished(reason: String?)
    /// The loss or a parameter grew beyond all bounds.
    case diverged
    /// It runs, or was interrupted.
    case unfinished
  }

  /// Why a run ended that was to come so far only, though its length is greater.
  static let pauseReason = "paused"

  /// The run directory.
  public let directory: String
  /// The run's config.
  public let configuration: RunConfiguration
  /// The lines with measures, in order.
  public let records: [Record]
  /// How far the run has come.
  public let ending: Ending
  /// Completed steps at the end.
  public let step: Int
  /// Seconds that steps waited for checkpoints; `nil` if the run is not complete.
  public let stallSeconds: Double?
  /// The median of the epochs' paces; `nil` where no line tells.
  public let samplesPerSecond: Double?
  /// Why it ended before its length, or was stopped; `nil` if it did not say so.
  public let reason: String?
  /// The digest of the trained parameters; `nil` if the run is not complete.
  public let digest: String?

  /// Reads a run directory; the run may still be going on.
  ///
  /// - Parameter registries: The components that the run's config can choose from.
  /// - Throws: `TrainerError` with code `.usage` if there is no run, or its files cannot be read.
  public init(directory: String, registries: Registries = .standard) throws {
    let run = RunDirectory(directory)
    guard try run.storedConfiguration() != nil else {
      throw TrainerError(
        .usage,
        try SystemFileSystem().status(of: directory) == nil
          ? "\(directory): there is no such run directory\(neighbourHint(of: directory))"
          : "\(directory): there is no run in this directory (no config.json); expected one that trainer run made")
    }
    self.directory = directory
    configuration = try RunConfiguration(runDirectory: directory, registries: registries)
    let lines = try Self.lines(of: run.metricsPath)
    records = lines.compactMap(Record.init)
    let last = lines.last
    switch last?["event"]?.text {
    case "finished": ending = .finished(reason: last?["reason"]?.text)
    case "stopped" where last?["reason"]?.text?.hasPrefix("diverged") == true: ending = .diverged
    default: ending = .unfinished
    }
    step = last?["step"]?.int ?? 0
    stallSeconds = last?["stallSeconds"]?.double
    let paces = lines.compactMap { $0["samplesPerSecond"]?.double }.sorted()
    samplesPerSecond = paces.isEmpty ? nil : paces[paces.count / 2]
    reason = last?["reason"]?.text
    digest = last?["digest"]?.text
  }

  /// Completed epochs at the end; 0 for a run without epochs.
  public var epochs: Int { records.last { $0.epoch != nil }?.epoch ?? 0 }

  /// Seconds of training; `nil` where no line tells.
  public var seconds: Double? {
    let known = records.compactMap(\.seconds)
    return known.isEmpty ? nil : known.reduce(0, +)
  }

  /// The last measure of a group; `nil` if no line has it, NaN if it is not finite.
  ///
  /// - Parameter step: The last step that counts; `nil` for the whole run.
  public func last(_ metric: String, of group: String, upTo step: Int? = nil) -> Double? {
    records.last { $0.step <= step ?? .max && $0.value(metric, of: group) != nil }?.value(metric, of: group)
  }

  /// The best value of a measure and where it was taken, the first of equal ones; `nil` if there is none that is a number.
  ///
  /// - Parameter step: The last step that counts; `nil` for the whole run.
  public func best(_ metric: MetricReference, upTo step: Int? = nil) -> (value: Double, step: Int)? {
    var best: (value: Double, step: Int)?
    for record in records where record.step <= step ?? .max {
      guard let value = record.value(metric.name, of: metric.group.rawValue), !value.isNaN else { continue }
      if best.map({ metric.isBetter(value, than: $0.value) }) ?? true { best = (value, record.step) }
    }
    return best
  }

  /// What a run is judged by: its best value of a measure if it keeps its best checkpoint by that, else the last one.
  ///
  /// - Parameter step: The last step that counts; `nil` for the whole run.
  /// - Returns: `nil` if there is no such measure, or it is not a number.
  public func score(_ metric: MetricReference, upTo step: Int? = nil) -> Double? {
    let value =
      configuration.checkpoints.best == metric
      ? best(metric, upTo: step)?.value : last(metric.name, of: metric.group.rawValue, upTo: step)
    return value.flatMap { $0.isNaN ? nil : $0 }
  }

  private static func lines(of path: String) throws -> [JSONValue] {
    let text: String
    do {
      let fileSystem = SystemFileSystem()
      guard try fileSystem.status(of: path) != nil else { return [] }
      text = String(decoding: try fileSystem.contents(of: path), as: UTF8.self)
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the metrics cannot be read: \(error.reason)")
    }
    // What is behind the last line break is nothing, or a line that is being written.
    return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map { try JSONDocument(text: String($0), source: path).root }
  }

  /// What any of several runs has measured, metric by metric.
  package static func measures(of traces: [RunTrace]) -> [(group: String, metric: String)] {
    var names: [(group: String, metric: String)] = []
    for trace in traces {
      for metric in trace.metrics {
        for group in trace.groups(with: metric) where !names.contains(where: { $0 == (group, metric) }) {
          names.append((group, metric))
        }
      }
    }
    return names
  }

  /// The groups that have a metric, in the order train, validation, test.
  public func groups(with metric: String) -> [String] {
    ["train", "validation", "test"].filter { group in records.contains { $0.value(metric, of: group) != nil } }
  }

  /// The metrics that any line has.
  public var metrics: [String] {
    records.flatMap(\.measures).flatMap { $0.values.map(\.key) }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension RunTrace.Record {
  fileprivate init?(_ line: JSONValue) {
    guard let event = line["event"]?.text, ["epoch", "step"].contains(event), let step = line["step"]?.int else {
      return nil
    }
    self.step = step
    epoch = line["epoch"]?.int
    seconds = line["seconds"]?.double
    measures = ["train", "validation", "test"].compactMap { group in
      guard case .object(let values)? = line[group] else { return nil }
      return GroupMeasures(group: group, values: values.members)
    }
    guard case .object(let values)? = line["parameters"] else {
      parameters = []
      return
    }
    parameters = values.members.flatMap { Self.numbers(in: $0.value) }
  }

  private static func numbers(in value: JSONValue) -> [Double] {
    value.elements.map { $0.flatMap(numbers) } ?? [value.double ?? .nan]
  }
}
