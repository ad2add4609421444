import Foundation
import Foundations

/// A run in a list of runs: how far it has come and what it measured. One that cannot be read says so.
public struct RunOverview: Sendable {
  /// How far a run has come.
  public enum Status: String, Sendable {
    /// It is complete.
    case finished
    /// A process trains it now.
    case running
    /// It was interrupted, or its time was over; it goes on when it is asked to.
    case interrupted
    /// It was to come this far only, as the runs of successive halving are that others were better than.
    case paused
    /// The loss or a parameter left all bounds.
    case diverged
    /// It has not ended, and no process of this machine trains it: it was killed, or goes on on another machine.
    case unfinished
    /// Its files are missing or damaged.
    case unreadable
  }

  /// The run directory.
  public let directory: String
  /// The run's name; `nil` if it cannot be read.
  public let name: String?
  /// How far it has come.
  public let status: Status
  /// Why it ended before its length, who trains it, or why it cannot be read; `nil` if there is nothing to say.
  public let reason: String?
  /// What the run's files tell; `nil` if they cannot be read.
  public let trace: RunTrace?

  /// The best value of what the run keeps its best checkpoint by; `nil` if it keeps none.
  public var best: (metric: MetricReference, value: Double, step: Int)? {
    guard let metric = trace?.configuration.checkpoints.best, let best = trace?.best(metric) else { return nil }
    return (metric, best.value, best.step)
  }

  /// Looks at a run directory.
  public init(directory: String, registries: Registries = .standard) {
    self.directory = directory
    do {
      let holder = try FileLock.holder(of: RunDirectory(directory).lockPath)
      let trace = try RunTrace(directory: directory, registries: registries)
      self.trace = trace
      name = trace.configuration.name
      switch trace.ending {
      case .finished(let why): (status, reason) = (.finished, why)
      case .diverged: (status, reason) = (.diverged, trace.reason)
      case .unfinished:
        if let holder, holder.isRunningHere {
          (status, reason) = (.running, "\(holder)")
        } else if let why = trace.reason {
          (status, reason) = (why == RunTrace.pauseReason ? .paused : .interrupted, why)
        } else {
          (status, reason) = (.unfinished, holder.map { "begun by \($0)" })
        }
      }
    } catch {
      (trace, name, status, reason) = (nil, nil, .unreadable, Self.sentence(error))
    }
  }

  private static func sentence(_ error: any Error) -> String {
    switch error {
    case let error as TrainerError: error.message
    case let error as FileError: error.description
    default: "\(error)"
    }
  }

  /// The run directories in a directory and below, in the order of their paths. Symbolic links below it are not followed.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is no such directory.
  public static func directories(in directory: String) throws -> [String] {
    let files = SystemFileSystem()
    do {
      guard try files.status(of: directory)?.isDirectory == true else {
        throw TrainerError(
          .usage,
          try files.status(of: directory) == nil
            ? "\(directory): there is no such directory\(neighbourHint(of: directory))"
            : "\(directory): it is a file; name a directory with runs in it")
      }
      _ = try files.list(directory)
    } catch let error as FileError {
      throw TrainerError(.usage, "\(directory): the directory cannot be read: \(error.reason)")
    }
    let root = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    var found = isRun(root) ? [root] : []
    // The directory itself may be a link.
    let place = URL(filePath: root).resolvingSymlinksInPath().path(percentEncoded: false)
    guard let enumerator = FileManager.default.enumerator(atPath: place) else { return found }
    while let path = enumerator.nextObject() as? String {
      guard enumerator.fileAttributes?[.type] as? FileAttributeType == .typeDirectory else { continue }
      let name = fileName(of: path)
      // Of a run itself nothing in these is another run.
      if name == "checkpoints" || name.hasPrefix(".") {
        enumerator.skipDescendants()
      } else if isRun("\(root)/\(path)") {
        found.append("\(root)/\(path)")
      }
    }
    return found.sorted(by: Self.isBefore)
  }

  /// The order of paths: numbers in them go by their values, so that `fold-10` is behind `fold-9`, and `rate=0.1` behind
  /// `rate=0.02`.
  package static func isBefore(_ one: String, _ other: String) -> Bool {
    var (first, second) = (one[...], other[...])
    while let left = first.first, let right = second.first {
      if left.isASCII, left.isNumber, right.isASCII, right.isNumber {
        let (leftNumber, rightNumber) = (takeNumber(&first), takeNumber(&second))
        if leftNumber != rightNumber { return leftNumber < rightNumber }
      } else {
        if left != right { return left < right }
        first.removeFirst()
        second.removeFirst()
      }
    }
    return first.isEmpty && second.isEmpty ? one < other : first.isEmpty
  }

  private static func takeNumber(_ text: inout Substring) -> Double {
    func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
    var number = text.prefix(while: isDigit)
    var rest = text.dropFirst(number.count)
    if rest.first == ".", let next = rest.dropFirst().first, isDigit(next) {
      let fraction = rest.dropFirst().prefix(while: isDigit)
      rest = rest.dropFirst(fraction.count + 1)
      number = text[..<rest.startIndex]
    }
    text = rest
    return Double(number) ?? 0
  }

  /// Whether somebody began a run here. A config alone may be anybody's.
  private static func isRun(_ path: String) -> Bool {
    let run = RunDirectory(path)
    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
    return exists(run.metricsPath) || exists(run.checkpoints.path)
      || exists(run.configPath) && exists(run.lockPath)
  }
}
