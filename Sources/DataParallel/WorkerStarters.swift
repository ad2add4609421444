import Foundation
import Foundations
import Kernels
import Synchronization

/// Starts `count` workers and returns when all have returned. Fewer threads than workers are enough: whoever calls a
/// worker's body may do so one after the other.
public typealias WorkerStarter = @Sendable (_ count: Int, _ body: @escaping @Sendable (_ worker: Int) -> Void) -> Void

/// The product's starter: Dispatch's `concurrentPerform`, or, where there are too few threads for Dispatch, those that
/// there are.
@Sendable
public func standardStarter(count: Int, body: @escaping @Sendable (Int) -> Void) {
  if ThreadSupply.current.isScarce {
    frugalStarter(count: count, body: body)
  } else {
    DispatchQueue.concurrentPerform(iterations: count, execute: body)
  }
}

/// Starts workers on the caller's thread and on as many others as can be made, each of which takes the next worker when
/// it is done with one. It waits for no thread that does not come.
@Sendable
public func frugalStarter(count: Int, body: @escaping @Sendable (Int) -> Void) {
  let shared = WorkerQueue(count: count, body: body)
  let threads = WorkerThreads(min(count, availableCores()) - 1) { shared.work() }
  shared.work()
  threads.join()
}

/// A starter that keeps each worker on a core of its own while it works: worker w on the w-th of the cores that the calling
/// thread may use now, from the first again if there are more workers than cores. So a worker finds in its core's caches
/// what it left there. Afterwards its thread may run where it could before.
///
/// - Returns: `nil` where the system lets no thread choose its core.
public func pinnedStarter(_ starter: @escaping WorkerStarter = standardStarter) -> WorkerStarter? {
  guard let own = ThreadCores.current, let first = own.numbers.first, ThreadCores.only(first).apply() else {
    return nil
  }
  own.apply()
  let cores = own.numbers.map(ThreadCores.only)
  return { count, body in
    starter(count) { worker in
      let before = ThreadCores.current
      // A core that was taken away meanwhile pins nothing.
      cores[worker % cores.count].apply()
      body(worker)
      before?.apply()
    }
  }
}

/// Workers that wait for a thread.
private final class WorkerQueue: Sendable {
  private let count: Int
  private let body: @Sendable (Int) -> Void
  private let next = Atomic<Int>(0)

  init(count: Int, body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
  }

  /// Runs workers until none is left.
  func work() {
    while true {
      let worker = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard worker < count else { return }
      body(worker)
    }
  }
}

/// Threads that do one thing and end; fewer than asked for where no more can be made.
private struct WorkerThreads {
  /// Much more than any kernel needs, and little where memory is scarce as well.
  private static let stackSize = 1 << 20

  private final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private var threads: [pthread_t] = []

  init(_ wanted: Int, _ body: @escaping @Sendable () -> Void) {
    guard wanted > 0 else { return }
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return }
    defer { pthread_attr_destroy(&attributes) }
    guard pthread_attr_setstacksize(&attributes, Self.stackSize) == 0 else { return }
    let job = Job(body)
    for _ in 0..<wanted {
      var thread = pthread_t()
      let held = Unmanaged.passRetained(job)
      let failure = pthread_create(
        &thread, &attributes,
        { job in
          if let job { Unmanaged<Job>.fromOpaque(job).takeRetainedValue().body() }
          return nil
        }, held.toOpaque())
      guard failure == 0 else {
        held.release()
        return
      }
      threads.append(thread)
    }
  }

  func join() {
    for thread in threads { pthread_join(thread, nil) }
  }
}
