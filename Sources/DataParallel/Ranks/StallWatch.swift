import Foundation
import Foundations

/// What watches over calls of MPI that wait for all ranks and cannot be told to give up: its start and its end.
package struct StallWatch: Sendable {
  /// The seconds that such a call may take: processes of one job may start far apart.
  package static let standardSeconds = 60.0

  /// The seconds that MPI's end may take. All ranks have said farewell by then, so that nothing is lost with it.
  package static let endSeconds = 10.0

  private let seconds: Double
  private let onStall: @Sendable (TrainerError) -> Void
  private let onStalledEnd: @Sendable (Int32) -> Void

  /// Creates a watch.
  ///
  /// - Parameters:
  ///   - seconds: What MPI's start may take.
  ///   - onStall: Called on a thread of its own when it takes longer. Only the end of the process ends the call.
  ///   - onStalledEnd: Called on a thread of its own, with the exit code, when MPI's end does not come back although all
  ///     ranks are done: MPICH 4.0 was seen to wait for ever there between hosts.
  package init(
    seconds: Double = StallWatch.standardSeconds, onStall: @escaping @Sendable (TrainerError) -> Void,
    onStalledEnd: @escaping @Sendable (Int32) -> Void
  ) {
    self.seconds = seconds
    self.onStall = onStall
    self.onStalledEnd = onStalledEnd
  }

  /// Runs MPI's start under the watch.
  func guardingStart<Result>(_ body: () throws -> Result) rethrows -> Result {
    try guarding(seconds, body) { [seconds, onStall] in
      onStall(
        TrainerError(
          .interruptedAfterSave,
          "MPI has not started within \(Int(seconds)) s: one of the ranks does not run, was killed or stopped, or is cut off"
        ))
    }
  }

  /// Runs MPI's end under the watch.
  ///
  /// - Parameter code: The exit code that the process ends with.
  func guardingEnd<Result>(code: Int32, _ body: () throws -> Result) rethrows -> Result {
    try guarding(Self.endSeconds, body) { [onStalledEnd] in onStalledEnd(code) }
  }

  private func guarding<Result>(
    _ seconds: Double, _ body: () throws -> Result, onStall: @escaping @Sendable () -> Void
  ) rethrows -> Result {
    let isDone = DispatchSemaphore(value: 0)
    let thread = Thread {
      guard isDone.wait(timeout: .now() + seconds) == .timedOut else { return }
      onStall()
    }
    thread.stackSize = 1 << 20
    thread.start()
    defer { isDone.signal() }
    return try body()
  }
}
