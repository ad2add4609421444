import DataParallel
import Foundation
import Synchronization

/// Starts one worker after the other on the calling thread, the last first.
@Sendable
public func sequentialStarter(count: Int, body: @escaping @Sendable (Int) -> Void) {
  for worker in (0..<count).reversed() { body(worker) }
}

/// Runs a single worker; the others never arrive.
@Sendable
public func lonelyStarter(count: Int, body: @escaping @Sendable (Int) -> Void) {
  body(count - 1)
}

/// Work that pauses before and after its units, so that claims and completions come in every order. The pauses are
/// drawn from a seed: most units do not pause, some yield their processor, a few sleep.
package struct JitteredWork<Work: RegionWork>: RegionWork {
  private let work: Work
  private let seed: UInt64
  private let longestPause: Double

  /// Wraps `work`; `longestPause` is in seconds.
  public init(_ work: Work, seed: UInt64, longestPause: Double = 0.000_3) {
    self.work = work
    self.seed = seed
    self.longestPause = longestPause
  }

  /// Runs the wrapped unit.
  public func run(step: Int, phase: Int, unit: Int, worker: Int) {
    pause(step, unit, UInt64(2 * phase))
    work.run(step: step, phase: phase, unit: unit, worker: worker)
    pause(step, unit, UInt64(2 * phase + 1))
  }

  private func pause(_ step: Int, _ unit: Int, _ place: UInt64) {
    var generator = SeededGenerator(seed ^ UInt64(step) << 32 ^ UInt64(unit) << 4 ^ place)
    switch generator.next() % 16 {
    case 0: Thread.sleep(forTimeInterval: Double.random(in: 0...longestPause, using: &generator))
    case 1...4: sched_yield()
    default: break
    }
  }
}

/// Keeps every core busy with something else while the body runs.
public func underLoad<Result>(threads: Int = 4, _ body: () throws -> Result) rethrows -> Result {
  let isOver = SharedFlag()
  let group = DispatchGroup()
  for _ in 0..<threads {
    group.enter()
    let thread = Thread {
      while !isOver.isSet {}
      group.leave()
    }
    thread.start()
  }
  defer {
    isOver.set()
    group.wait()
  }
  return try body()
}

/// A flag that threads share.
public final class SharedFlag: Sendable {
  private let value = Atomic<Bool>(false)

  /// Not set.
  public init() {}
  /// Whether it is set.
  public var isSet: Bool { value.load(ordering: .acquiring) }
  /// Sets it.
  public func set() { value.store(true, ordering: .releasing) }
}
