import DataParallel
import Foundation
import Foundations

/// Processes of this same program, one at a time.
struct ChildProcesses {
  /// Runs the program with arguments, its output on this one's.
  ///
  /// - Parameter isDue: Asked about every millisecond whether it is to be killed now.
  func run(_ arguments: [String], killedWhen isDue: () throws -> Bool = { false }) throws -> ChildProcess.End {
    // Not the name that the user typed: the same binary, wherever it lies.
    do {
      var surroundings = ChildProcess.Surroundings()
      // Where this process is a rank, its own processes are none.
      surroundings.environment = RankLauncher.withoutRanks(ProcessInfo.processInfo.environment)
      return try ChildProcess("/proc/self/exe", arguments, in: surroundings).wait(killedWhen: isDue)
    } catch let error as FileError {
      throw TrainerError(.usage, "a process of the run cannot be started: \(error.reason)")
    }
  }

  /// Handles signals while `body` runs: the program ends at once, and the process that runs with it.
  func whileHandlingSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
    for number in [SIGINT, SIGTERM, SIGHUP] where !SignalHandling.isIgnored(number) {
      _ = signal(number) { _exit(SignalHandling.exitCode(of: $0)) }
    }
    return try body()
  }
}
