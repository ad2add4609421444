import Foundation
import Synchronization

/// Starts real threads, more than there are cores if asked to, and stops them at random moments for random times.
///
/// Dispatch runs no more threads at once than there are cores, so on a small machine it shows few of the orders in which
/// workers may claim their units. Here each worker is a thread of its own that begins late, and that a signal stops again
/// and again, anywhere: between two claims, within one, holding the last unit of a phase.
public struct ThreadStarter: Sendable {
  /// The longest pause.
  private static let longestPause: UInt32 = 300

  private let seed: UInt64
  private let regions = Regions()

  /// Creates a starter.
  ///
  /// - Parameter seed: Decides who begins when and who is stopped when; the system's scheduler adds to it.
  public init(seed: UInt64) { self.seed = seed }

  /// Runs `body` on `count` threads and returns when all have returned.
  @Sendable
  public func start(count: Int, body: @escaping @Sendable (Int) -> Void) {
    var random = SeededGenerator(seed &+ UInt64(regions.next()) &* 0x9E37_79B9)
    handlePauses()
    let running = Running(count)
    var threads: [pthread_t] = []
    for worker in 0..<count {
      let delay = UInt32(random.next() % 200)
      threads.append(
        makeThread {
          usleep(delay)
          body(worker)
          running.leave()
        })
    }
    // A thread that has returned and was not joined yet can still be sent signals: they go nowhere.
    while running.count > 0 {
      pthread_kill(threads[Int(random.next() % UInt64(count))], SIGURG)
      usleep(UInt32(random.next() % 200))
    }
    for thread in threads { pthread_join(thread, nil) }
  }

  private func handlePauses() {
    signal(SIGURG) { _ in usleep(UInt32(clock() % Int(ThreadStarter.longestPause))) }
  }

  private func makeThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context)
    precondition(status == 0, "no thread could be made: \(String(cString: strerror(status)))")
    return thread
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private final class Running: Sendable {
    private let workers: Atomic<Int>
    init(_ count: Int) { workers = Atomic(count) }
    var count: Int { workers.load(ordering: .acquiring) }
    func leave() { workers.subtract(1, ordering: .releasing) }
  }

  private final class Regions: Sendable {
    private let number = Atomic<Int>(0)
    func next() -> Int { number.add(1, ordering: .relaxed).oldValue }
  }
}
