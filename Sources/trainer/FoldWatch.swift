import Foundations
import Synchronization
import Training

/// How far the runs of a cross-validation are, for the line that says it.
final class FoldWatch: RunObserver, Sendable {
  private struct State {
    /// The runs that go on, by the names of their directories.
    var running: [String: RunDescription] = [:]
    var ended = 0
  }

  private let folds: Int
  private let state = Mutex(State())

  init(folds: Int) { self.folds = folds }

  func observe(_ event: RunEvent) {
    guard case .started(let run) = event else { return }
    state.withLock { $0.running[fileName(of: run.directory ?? "")] = run }
  }

  /// Notes that a fold's run has ended, now or before.
  func end(fold: Int) {
    state.withLock { state in
      state.running["fold-\(fold)"] = nil
      state.ended += 1
    }
  }

  /// The folds that have ended, and the share of all steps that is done.
  var progress: (count: Int, share: Double?) {
    state.withLock { state in
      let running = state.running.values.reduce(0) { $0 + Double($1.live.step) / Double(max(1, $1.steps)) }
      return (state.ended, min(1, (Double(state.ended) + running) / Double(folds)))
    }
  }
}
