import Foundation

/// Whether tests by fault run in their long form, as `make torture` asks for.
public enum Torture {
  /// Whether `TORTURE` is set in the environment.
  public static let isOn = ProcessInfo.processInfo.environment["TORTURE"] != nil

  /// A number of trials: the first in the test suite, the second in the long form.
  public static func count(_ short: Int, _ long: Int) -> Int { isOn ? long : short }
}

/// Runs the body with the path of a fresh directory, in memory where the system has such a place: hundreds of runs that
/// wait for a disk take too long. It is removed afterwards.
public func withMemoryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let memory = "/dev/shm"
  guard FileManager.default.isWritableFile(atPath: memory) else { return try withScratchDirectory(body) }
  return try withScratchDirectory(in: URL(filePath: memory), body)
}
