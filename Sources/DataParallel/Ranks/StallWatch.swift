import Foundation
import Foundations

/// What watches over calls of MPI that wait for all ranks and cannot be told to give up: its start and its end.
package struct StallWatch: Sendable {
  /// The seconds that such a call may take: processes of one job may start far apart.
  package static let standardSeconds = 60.0

  private let seconds: Double
  private let onStall: @Sendable (TrainerError) -> Void

  /// Creates a watch.
  ///
  /// - Parameters:
  ///   - seconds: What a call may take.
  ///   - onStall: Called on a thread of its own when one takes longer. Only the end of the process ends the call.
  package init(seconds: Double = StallWatch.standardSeconds, onStall: @escaping @Sendable (TrainerError) -> Void) {
    self.seconds = seconds
    self.onStall = onStall
  }

  /// Runs a call under the watch.
  func guarding<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
    let isDone = DispatchSemaphore(value: 0)
    let thread = Thread { [seconds, onStall] in
      guard isDone.wait(timeout: .now() + seconds) == .timedOut else { return }
      onStall(
        TrainerError(
          .interruptedAfterSave,
          "MPI has not \(what) within \(Int(seconds)) s: one of the ranks does not run, was killed or stopped, or is cut off"
        ))
    }
    thread.stackSize = 1 << 20
    thread.start()
    defer { isDone.signal() }
    return try body()
  }
}
