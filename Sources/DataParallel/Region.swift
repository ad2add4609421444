import Foundation
import Kernels
import Synchronization

/// What a region computes. Units of one phase run at once on several threads and keep to Note [Disjointness].
package protocol RegionWork: Sendable {
  /// Computes one unit of a phase, such as the gradient of one shard or the update of one block.
  func run(step: Int, phase: Int, unit: Int, worker: Int)

  /// Waits a little for other workers to finish a phase: called again and again, with the number of the turn, from 1.
  func pause(turn: Int)
}

extension RegionWork {
  /// Waits as Note [Waiting] says.
  package func pause(turn: Int) { Region.pause(turn: turn) }
}

/// A stretch of training steps that workers run without going back to the coordinator.
///
/// Note [Claims]. A step has phases: its shards' gradients, its blocks' updates, and between passes over the blocks a
/// unit that joins sums over all of them. Each unit has a ticket, the number of the last step for which it was claimed; a
/// worker claims it by exchanging the ticket for the step's, but only while the unit's phase is open, that is, when every
/// unit of the phases before it is done, which a counter counts. Tickets and counter only rise. Any worker can claim any
/// unit, so one alone can finish a region: it does not matter how many threads the starter really runs, or when they
/// arrive. A worker counts what it ran of a home once it has gone through the home, not unit by unit: no phase opens in
/// between, and each count takes a cache line from the other workers.
///
/// Note [Homes]. Each worker begins with units of its own, the same in every step, whose memory its core's cache still
/// holds; then it goes backwards through the others', whose owners come from the front, if they are not done by then. Who
/// runs a unit changes no bit of its result.
package struct Region: Sendable {
  /// Note [Waiting]. A waiting worker pauses that often before it yields its processor. Many more cost dearly when threads
  /// outnumber cores, since the one that would open the phase may be waiting for a core.
  private static let pausesBeforeYield = 50

  /// Waits a little, as Note [Waiting] says.
  package static func pause(turn: Int) {
    if turn <= pausesBeforeYield { pauseProcessor() } else { sched_yield() }
  }

  /// The number of workers.
  package let workers: Int
  /// Whether what the workers use is placed near them, as Note [Placement] in `MemoryPlacement` says.
  package let placesMemory: Bool
  let start: WorkerStarter

  /// Creates a region.
  ///
  /// - Parameters:
  ///   - workers: How many workers to start; it changes no bit of the result.
  ///   - start: Starts them.
  ///   - placesMemory: Whether several workers have what they use placed near them; `nil` for where that is of use.
  package init(
    workers: Int, start: @escaping WorkerStarter = standardStarter, placesMemory: Bool? = nil
  ) {
    precondition(workers >= 1, "a region has at least one worker")
    self.workers = workers
    self.start = start
    self.placesMemory = workers > 1 && (placesMemory ?? MemoryPlacement.isOfUse)
  }

  /// Runs steps in order and returns when the last is done.
  ///
  /// - Parameter phases: The number of units of each phase of a step.
  /// - Returns: The number of workers that ran at least one unit.
  @discardableResult
  package func run(steps: Range<Int>, phases: [Int], _ work: some RegionWork) -> Int {
    let claims = Claims(units: phases.reduce(0, +), phases: phases.count, workers: workers)
    // Units may use what the work owns without counting references.
    withExtendedLifetime(work) {
      start(workers) { worker in
        phases.withUnsafeBufferPointer { phases in
          // The same arithmetic in every worker: the mode belongs to the thread.
          withoutSubnormals {
            let hasRun = runUnits(as: worker, steps: steps, phases: phases, work, claims)
            if hasRun { claims.participants.wrappingAdd(1, ordering: .relaxed) }
          }
        }
      }
    }
    return claims.participants.load(ordering: .relaxed)
  }

  /// Whether the worker ran at least one unit.
  private func runUnits<Work: RegionWork>(
    as worker: Int, steps: Range<Int>, phases: UnsafeBufferPointer<Int>, _ work: Work, _ claims: Claims
  ) -> Bool {
    var hasRun = false
    var index = 0
    while claims.units > 0 {
      // A worker that comes late, or was held up, goes on where the others are.
      index = max(index, claims.done.load(ordering: .relaxed) / claims.units)
      guard index < steps.count else { break }
      var first = 0
      for phase in phases.indices {
        let units = phases[phase]
        let end = index * claims.units + first + units
        var done = waitUntilDone(end - units, work, claims)
        for distance in 0..<workers where done < end {
          let owner = (worker >= distance ? worker : worker + workers) - distance
          let home = home(of: owner, among: units)
          let tickets = claims.firstTicket(of: owner, phase: phase) + first
          var finished = 0
          for turn in home.indices {
            let unit = distance == 0 ? turn : home.upperBound - 1 - (turn - home.lowerBound)
            guard claims.claim(tickets + unit, ticket: index + 1) else { continue }
            work.run(step: steps.lowerBound + index, phase: phase, unit: unit, worker: worker)
            finished += 1
          }
          if finished > 0 {
            done = claims.done.wrappingAdd(finished, ordering: .releasing).newValue
            hasRun = true
          }
        }
        first += units
      }
      index += 1
    }
    return hasRun
  }

  /// The units of a phase with which a worker begins, as Note [Homes] says, in ascending order.
  package func home(of worker: Int, among units: Int) -> Range<Int> {
    units * worker / workers..<units * (worker + 1) / workers
  }

  /// The worker in whose home a unit of a phase is.
  package func owner(of unit: Int, among units: Int) -> Int { ((unit + 1) * workers - 1) / units }

  /// Waits until that many units are done, or more, and returns how many.
  private func waitUntilDone(_ count: Int, _ work: some RegionWork, _ claims: Claims) -> Int {
    var turn = 0
    while true {
      let done = claims.done.load(ordering: .acquiring)
      if done >= count { return done }
      turn += 1
      work.pause(turn: turn)
    }
  }

  /// The tickets and the counter of Note [Claims].
  private final class Claims: Sendable {
    let units: Int
    private let gap1 = InlineArray<16, Int>(repeating: 0)
    let done = Atomic<Int>(0)
    private let gap2 = InlineArray<15, Int>(repeating: 0)
    let participants = Atomic<Int>(0)
    // Safe to share: atomics, which this object alone owns.
    nonisolated(unsafe) private let tickets: UnsafeMutablePointer<Atomic<Int>>

    private let workers: Int
    private let ticketCount: Int
    /// Tickets before each home: their owners write no cache line in common, nor a pair of them.
    private static let gap = 16

    init(units: Int, phases: Int, workers: Int) {
      self.units = units
      self.workers = workers
      ticketCount = units + Self.gap * (workers * phases + 1)
      tickets = .allocate(capacity: max(1, ticketCount))
      for ticket in 0..<ticketCount { (tickets + ticket).initialize(to: Atomic(0)) }
    }

    deinit {
      tickets.deinitialize(count: ticketCount)
      tickets.deallocate()
    }

    /// What is added to the number of a unit of an owner's home to find its ticket.
    func firstTicket(of owner: Int, phase: Int) -> Int { Self.gap * (workers * phase + owner + 1) }

    /// Whether the unit of that ticket is the caller's to run.
    func claim(_ place: Int, ticket: Int) -> Bool {
      let last = tickets[place].load(ordering: .relaxed)
      return last < ticket
        && tickets[place].compareExchange(expected: last, desired: ticket, ordering: .relaxed).exchanged
    }
  }
}

extension Region {
  /// Runs independent units, each once, and returns when all are done: evaluation and other single-phase work.
  package func forEach(_ count: Int, _ body: @escaping @Sendable (_ unit: Int, _ worker: Int) -> Void) {
    let next = Counter()
    start(min(workers, max(1, count))) { worker in
      withoutSubnormals {
        while true {
          let unit = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
          guard unit < count else { break }
          body(unit, worker)
        }
      }
    }
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
