import Foundation
import Kernels
import Synchronization

/// What a region computes. Units of one phase run at once on several threads and keep to Note [Disjointness].
public protocol RegionWork: Sendable {
  /// Computes one unit of a phase, such as the gradient of one shard or the update of one block.
  func run(step: Int, phase: Int, unit: Int, worker: Int)
}

/// Starts `count` workers and returns when all have returned. Fewer threads than workers are enough: whoever calls a
/// worker's body may do so one after the other.
public typealias WorkerStarter = @Sendable (_ count: Int, _ body: @escaping @Sendable (_ worker: Int) -> Void) -> Void

/// Dispatch's `concurrentPerform`: the product's starter.
@Sendable
public func dispatchStarter(count: Int, body: @escaping @Sendable (Int) -> Void) {
  DispatchQueue.concurrentPerform(iterations: count, execute: body)
}

/// A stretch of training steps that workers run without going back to the coordinator.
///
/// Note [Claims]. A step has phases: its shards' gradients, its blocks' updates, and between passes over the blocks a
/// unit that joins sums over all of them. All units of a region are numbered through, in order of steps, phases and
/// units. Workers claim the next number from one counter, but only while its phase is open, that is, when every unit of
/// the phases before it is done, which a second counter counts. Neither counter is ever reset. Any worker can claim any
/// unit, so one alone can finish a region: it does not matter how many threads the starter really runs, or when they
/// arrive.
public struct Region: Sendable {
  /// How often a waiting worker pauses before it yields its processor. Many more cost dearly when threads outnumber
  /// cores, since the one that would open the phase may be waiting for a core.
  private static let pausesBeforeYield = 50

  /// The number of workers.
  public let workers: Int
  private let start: WorkerStarter

  /// Creates a region.
  ///
  /// - Parameters:
  ///   - workers: How many workers to start; it changes no bit of the result.
  ///   - start: Starts them.
  public init(workers: Int, start: @escaping WorkerStarter = dispatchStarter) {
    precondition(workers >= 1, "a region has at least one worker")
    self.workers = workers
    self.start = start
  }

  /// Runs steps in order and returns when the last is done.
  ///
  /// - Parameter phases: The number of units of each phase of a step.
  /// - Returns: The number of workers that ran at least one unit.
  @discardableResult
  public func run(steps: Range<Int>, phases: [Int], _ work: some RegionWork) -> Int {
    let counters = Counters()
    // The units of a step up to and with each phase.
    var unitsPerStep = 0
    let ends = phases.map { units in
      unitsPerStep += units
      return unitsPerStep
    }
    start(workers) { worker in
      ends.withUnsafeBufferPointer { Self.runUnits(as: worker, steps: steps, ends: $0, work, counters) }
    }
    return counters.participants.load(ordering: .relaxed)
  }

  private static func runUnits<Work: RegionWork>(
    as worker: Int, steps: Range<Int>, ends: UnsafeBufferPointer<Int>, _ work: Work, _ counters: Counters
  ) {
    guard let unitsPerStep = ends.last else { return }
    let total = steps.count * unitsPerStep
    var pauses = 0
    var hasRun = false
    while true {
      let number = counters.next.load(ordering: .relaxed)
      guard number < total else { break }
      let (step, place) = number.quotientAndRemainder(dividingBy: unitsPerStep)
      var (phase, first) = (0, 0)
      while place >= ends[phase] {
        first = ends[phase]
        phase += 1
      }
      guard counters.done.load(ordering: .acquiring) >= step * unitsPerStep + first else {
        pauses += 1
        if pauses <= pausesBeforeYield { pauseProcessor() } else { sched_yield() }
        continue
      }
      pauses = 0
      guard
        counters.next.weakCompareExchange(expected: number, desired: number + 1, ordering: .relaxed).exchanged
      else { continue }
      work.run(step: steps.lowerBound + step, phase: phase, unit: place - first, worker: worker)
      counters.done.wrappingAdd(1, ordering: .releasing)
      hasRun = true
    }
    if hasRun { counters.participants.wrappingAdd(1, ordering: .relaxed) }
  }

  /// The counters of Note [Claims], on cache lines of their own.
  private final class Counters: Sendable {
    let next = Atomic<Int>(0)
    private let gap1 = InlineArray<15, Int>(repeating: 0)
    let done = Atomic<Int>(0)
    private let gap2 = InlineArray<15, Int>(repeating: 0)
    let participants = Atomic<Int>(0)
  }
}

extension Region {
  /// Runs independent units, each once, and returns when all are done: evaluation and other single-phase work.
  public func forEach(_ count: Int, _ body: @escaping @Sendable (_ unit: Int, _ worker: Int) -> Void) {
    let counters = Counters()
    start(min(workers, max(1, count))) { worker in
      while true {
        let unit = counters.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < count else { break }
        body(unit, worker)
      }
    }
  }
}
