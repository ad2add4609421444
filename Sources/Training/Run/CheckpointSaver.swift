import Checkpoints
import Foundation
import Foundations
import Synchronization

/// Saves checkpoints on a queue of its own while training goes on, one at a time.
///
/// Note [Copy]. Between two regions, when no worker runs, the state of the run is copied into one checkpoint, whose
/// memory is used for every save: while the queue makes a file of it, the run changes only the original. Should the next
/// save come before the file is on the disk, the coordinator waits for it, so there is never a second copy. Where no
/// thread can be made for the queue, the file is made at once, and steps wait for it.
///
/// A best checkpoint that comes soon after another save stays in that memory for a while: most often a better one takes
/// its place before it has cost a file. It is saved before the memory is used for anything else, and before any checkpoint
/// that names it as the best.
final class CheckpointSaver: Sendable {
  /// What came of a save.
  typealias Outcome = Result<CheckpointDirectory.Saved, TrainerError>

  private struct State {
    var copy: Checkpoint
    var outcomes: [Outcome] = []
  }

  private let directory: CheckpointDirectory
  private let retention: CheckpointRetention
  // A queue of its own: a region that was started from a shared queue starves what else is on it.
  private let queue = DispatchQueue(label: "checkpoints")
  private let state: Mutex<State>

  /// Creates a saver.
  ///
  /// - Parameter copy: The memory that states are copied into.
  init(_ directory: CheckpointDirectory, keeping retention: CheckpointRetention, copy: Checkpoint) {
    self.directory = directory
    self.retention = retention
    state = Mutex(State(copy: copy))
  }

  /// Waits for the save in flight, and copies the state of the run by `update`.
  func copy(_ update: (inout Checkpoint) -> Void) {
    wait()
    state.withLock { update(&$0.copy) }
  }

  /// Saves what was copied last, while the caller goes on.
  ///
  /// - Parameters:
  ///   - best: Steps whose checkpoints stay in any case.
  ///   - works: What has to be done before; the save fails if it fails.
  func begin(best: Set<Int>, after works: [@Sendable () throws -> Void] = []) {
    if ThreadSupply.current.isScarce {
      save(best, works)
    } else {
      queue.async { [self] in save(best, works) }
    }
  }

  /// Waits until no save is in flight.
  func wait() { if !ThreadSupply.current.isScarce { queue.sync {} } }

  /// What came of the saves that have ended since the last call, in order.
  func takeOutcomes() -> [Outcome] {
    state.withLock { state in
      defer { state.outcomes = [] }
      return state.outcomes
    }
  }

  private func save(_ best: Set<Int>, _ works: [@Sendable () throws -> Void]) {
    let outcome: Outcome
    // A second reference for as long as the save takes; the copy itself is not touched before `wait` has returned.
    let checkpoint = state.withLock { $0.copy }
    do {
      for work in works { try work() }
      outcome = .success(try directory.save(checkpoint, keeping: retention, best: best))
    } catch let error as TrainerError {
      outcome = .failure(error)
    } catch {
      outcome = .failure(TrainerError(.checkpoint, "\(directory.path): the checkpoint cannot be saved: \(error)"))
    }
    state.withLock { $0.outcomes.append(outcome) }
  }
}
