import Foundation
import Foundations

/// The runs that a user means by paths: run directories, and directories with runs in them, such as a sweep's.
public struct NamedRuns: Sendable {
  /// The run directories.
  public let directories: [String]
  /// Those that were found in a directory and not named themselves.
  public let found: Set<String>

  /// Looks at paths.
  ///
  /// - Throws: `TrainerError` with code `.usage` if a directory has no run in it or below.
  public init(_ paths: [String]) throws {
    var (directories, found): ([String], Set<String>) = ([], [])
    for path in paths {
      guard try RunDirectory(path).storedConfiguration() == nil, try SystemFileSystem().status(of: path) != nil else {
        // What is wrong with it is said by who reads it.
        directories.append(path)
        continue
      }
      if try SystemFileSystem().status(of: path)?.isDirectory == false, Self.areNoRuns(fileName(of: path)) { continue }
      let own = try RunOverview.directories(in: path)
      guard !own.isEmpty else {
        throw TrainerError(
          .usage,
          "\(path): there is no run in this directory or below; expected one that trainer run made, or one with runs in it, such "
            + "as a sweep's")
      }
      directories += own
      found.formUnion(own)
    }
    guard !directories.isEmpty else {
      throw TrainerError(
        .usage, "\(paths.joined(separator: ", ")): these are files; name directories with runs in them")
    }
    var seen: Set<String> = []
    self.directories = directories.filter { seen.insert($0).inserted }
    self.found = found.subtracting(paths)
  }

  /// What the runs' directories tell. One that was found in a directory and tells nothing is left out.
  ///
  /// - Parameter leaveOut: Told of each that is left out, and why.
  /// - Throws: `TrainerError` with code `.usage` for one that was named and cannot be read, or if none is left.
  package func traces(_ leaveOut: (_ directory: String, _ reason: String) -> Void) throws -> [RunTrace] {
    let traces = try directories.compactMap { directory -> RunTrace? in
      do {
        let trace = try RunTrace(directory: directory)
        guard found.contains(directory), trace.records.isEmpty, trace.ending != .diverged else { return trace }
        leaveOut(directory, "it has not measured anything yet")
      } catch let error as TrainerError where found.contains(directory) {
        leaveOut(directory, error.message)
      }
      return nil
    }
    guard !traces.isEmpty else {
      throw TrainerError(.usage, "no run is left to be shown; name one that has measured something")
    }
    return traces
  }

  /// Whether a file is one that lies beside runs: a pattern such as `sweep/*` names it too.
  private static func areNoRuns(_ name: String) -> Bool {
    [
      SweepReport.resultName, SweepReport.bestName, CrossValidation.resultName, CrossValidation.predictionsName,
    ].contains(name) || [".svg", ".png", ".html"].contains { name.hasSuffix($0) }
  }
}
