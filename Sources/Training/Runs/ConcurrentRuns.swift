import Foundation
import Foundations
import Synchronization

/// Several runs that train in one process at once, each on a thread of its own and with its share of the workers. How many
/// there are changes no bit: a run's result does not depend on its workers.
struct ConcurrentRuns: Sendable {
  /// How many train at once.
  let count: Int
  /// Those of each run. They share their control: a stop through it ends all, each with a checkpoint.
  let options: RunOptions

  /// - Parameters:
  ///   - jobs: How many may train at once.
  ///   - runs: How many there are.
  ///   - options: Those of all together; their workers are shared out.
  init(atOnce jobs: Int, of runs: Int, options: RunOptions) {
    count = ThreadSupply.current.isScarce ? 1 : max(1, min(jobs, runs))
    var options = options
    options.workers = max(1, options.workerCount / count)
    self.options = options
  }

  private final class State<Result: Sendable>: Sendable {
    struct Values {
      var next = 0
      var results: [Result?]
      var error: (any Error)?
    }
    let values: Mutex<Values>
    init(_ count: Int) { values = Mutex(Values(results: Array(repeating: nil, count: count))) }
  }

  /// Carries out runs 0 and following, in this order.
  ///
  /// - Parameter body: One run. An error that it throws stops the others, which save and end: it needs somebody.
  /// - Returns: What came of each; `nil` for those that were not begun, because all were stopped.
  /// - Throws: The first error of `body`.
  func map<Result: Sendable>(_ runs: Int, _ body: @escaping @Sendable (Int) throws -> Result) throws -> [Result?] {
    let (state, control, atOnce) = (State<Result>(runs), options.control, min(count, runs))
    let work: @Sendable () -> Void = {
      while !control.isStopping {
        let run = state.values.withLock { values in
          defer { values.next += 1 }
          return values.next
        }
        guard run < runs else { return }
        do {
          let result = try body(run)
          state.values.withLock { $0.results[run] = result }
        } catch {
          state.values.withLock { $0.error = $0.error ?? error }
          control.stop()
        }
      }
    }
    let done = DispatchSemaphore(value: 0)
    for _ in 1..<max(1, atOnce) {
      let thread = Thread {
        work()
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    work()
    for _ in 1..<max(1, atOnce) { done.wait() }
    return try state.values.withLock { values in
      if let error = values.error { throw error }
      return values.results
    }
  }
}
