import Foundation

/// The threads that this process can make beside the one that it began with.
///
/// Where a limit of processes or of memory allows no more, Dispatch tries to make a thread for ever, and whoever waits
/// for its work does too, deaf to signals. So it is tried beforehand: as many threads as the program ever has at once are
/// made, and ended again. If the limit comes first, Dispatch is left alone, and everything is done by the threads that
/// there are.
package struct ThreadSupply: Sendable, Equatable {
  /// How many threads could be made; no more than wanted were tried.
  package let count: Int
  /// How many the program wants at most, for its work and for what goes on beside it.
  package let wanted: Int

  /// Whether Dispatch would wait for threads that never come.
  package var isScarce: Bool { count < wanted }

  /// Creates the value.
  package init(count: Int, wanted: Int) {
    self.count = count
    self.wanted = wanted
  }

  /// What to tell whoever waits for the work; `nil` if there are threads enough.
  package var warning: String? {
    guard isScarce else { return nil }
    let found = count == 0 ? "no thread" : count == 1 ? "only 1 thread" : "only \(count) threads"
    return
      "\(found) can be made beside the first of \(wanted) wanted: a limit of processes, threads or memory; the work "
      + "goes on with those there are, without a live line, and steps wait while a checkpoint is saved"
  }

  /// Signals, the live line, checkpoints, two files of observers, Dispatch's own, and some to spare.
  private static let beside = 8

  /// What this process has, tried once when it is first asked for.
  package static let current: ThreadSupply = {
    let wanted = ProcessInfo.processInfo.activeProcessorCount + beside
    return ThreadSupply(count: makeThreads(wanted), wanted: wanted)
  }()

  /// Makes threads that live at the same time, and ends them.
  ///
  /// - Returns: How many could be made.
  private static func makeThreads(_ wanted: Int) -> Int {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    gate.initialize(to: pthread_mutex_t())
    defer { gate.deallocate() }
    guard pthread_mutex_init(gate, nil) == 0 else { return 0 }
    defer { pthread_mutex_destroy(gate) }
    pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    for _ in 0..<wanted {
      var thread = pthread_t()
      // With a stack of the usual size, which memory may lack as well.
      let failure = pthread_create(
        &thread, nil,
        { gate in
          guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
          pthread_mutex_lock(gate)
          pthread_mutex_unlock(gate)
          return nil
        }, gate)
      guard failure == 0 else { break }
      threads.append(thread)
    }
    pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    return threads.count
  }
}
