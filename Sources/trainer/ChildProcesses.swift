import Foundation
import Foundations
import Synchronization

/// Processes of this same program, one at a time. None of them outlives this one when a signal ends it.
final class ChildProcesses: Sendable {
  /// What became of a process.
  enum End: Equatable {
    /// It ended by itself.
    case exited(Int32)
    /// A signal ended it.
    case killed(Int32)
  }

  /// The running process; 0 for none.
  private let running = Mutex<pid_t>(0)

  /// Runs the program with arguments, its output on this one's.
  ///
  /// - Parameters:
  ///   - limit: How long it may take before it is killed; `nil` for as long as it takes.
  ///   - watch: Called about every millisecond while it runs.
  func run(
    _ arguments: [String], killedAfter limit: Duration? = nil, watch: () -> Void = {}
  ) throws -> End {
    let process = Process()
    // Not the name that the user typed: the same binary, wherever it lies.
    process.executableURL = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let start = ContinuousClock.now
    try running.withLock { running in
      try process.run()
      running = process.processIdentifier
    }
    var isKilled = false
    while process.isRunning {
      watch()
      if let limit, !isKilled, start.duration(to: .now) >= limit {
        kill(process.processIdentifier, SIGKILL)
        isKilled = true
      }
      usleep(500)
    }
    process.waitUntilExit()
    running.withLock { $0 = 0 }
    return process.terminationReason == .exit
      ? .exited(process.terminationStatus) : .killed(process.terminationStatus)
  }

  /// Handles signals while `body` runs: the process that runs is killed, and the program ends.
  func whileHandlingSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
    let queue = DispatchQueue(label: "signals")
    let sources = [SIGINT, SIGTERM, SIGHUP].filter { !SignalHandling.isIgnored($0) }.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        running.withLock { if $0 != 0 { kill($0, SIGKILL) } }
        _exit((number == SIGINT ? Foundations.ExitCode.interrupted : .terminated).rawValue)
      }
      signal(number, SIG_IGN)
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try body()
  }
}
