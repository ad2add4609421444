import DataParallel
import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

/// Notes when each unit begins and ends, on one clock that all threads share.
private struct LoggingWork: RegionWork {
  struct Record {
    let step: Int
    let phase: Int
    let unit: Int
    let worker: Int
    let begin: Int
    let end: Int
  }

  // The thread sanitizer knows this lock, but not the futex of a `Mutex`.
  private final class Log: @unchecked Sendable {
    let clock = Atomic<Int>(0)
    private let lock = NSLock()
    private var kept: [Record] = []

    var records: [Record] { lock.withLock { kept } }

    func add(_ record: Record) { lock.withLock { kept.append(record) } }
  }
  private let log = Log()

  var records: [Record] { log.records }

  func run(step: Int, phase: Int, unit: Int, worker: Int) {
    let begin = log.clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    if unit % 3 == 1 { sched_yield() }
    let end = log.clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    log.add(Record(step: step, phase: phase, unit: unit, worker: worker, begin: begin, end: end))
  }

  /// Expects every unit exactly once, and no phase to begin before the one before it has ended.
  func expectOrder(steps: Range<Int>, phases: [Int], workers: Int) {
    let records = records
    var spans: [(begin: Int, end: Int)] = []
    for step in steps {
      for (phase, units) in phases.enumerated() {
        let own = records.filter { $0.step == step && $0.phase == phase }
        #expect(own.map(\.unit).sorted() == Array(0..<units), "step \(step), phase \(phase)")
        guard let begin = own.map(\.begin).min(), let end = own.map(\.end).max() else { continue }
        spans.append((begin, end))
      }
    }
    #expect(records.count == steps.count * phases.reduce(0, +))
    #expect(records.allSatisfy { (0..<workers).contains($0.worker) })
    for (before, after) in zip(spans, spans.dropFirst()) { #expect(before.end < after.begin) }
    // Who runs several units runs them one after the other: its memory is its own.
    for worker in 0..<workers {
      let own = records.filter { $0.worker == worker }.sorted { $0.begin < $1.begin }
      for (before, after) in zip(own, own.dropFirst()) { #expect(before.end < after.begin) }
    }
  }
}

/// A small descent whose every number depends on all numbers of the step before: a race or a wrong order changes bits.
private struct CoupledWork: RegionWork {
  static let size = 3 * 64
  let slots: GradientSlots<Float>
  let parameters = SharedBuffer<Float>(count: size) { 1 + Float($0) / 7 }

  init(shards: Int) { slots = GradientSlots(shards: 0..<shards, count: Self.size, kernels: .best) }

  var phases: [Int] { [slots.shards.count, 3] }

  func run(step: Int, phase: Int, unit: Int, worker: Int) {
    if phase == 0 { gradient(step: step, shard: unit) } else { update(block: unit) }
  }

  private func gradient(step: Int, shard: Int) {
    let slot = slots[shard]
    for index in 0..<Self.size {
      let neighbour = parameters.pointer[(index + 64 + shard) % Self.size]
      slot[index] = (parameters.pointer[index] - neighbour) * Float(1 + shard) + Float(step % 5) / 3
    }
  }

  private func update(block: Int) {
    let range = block * 64..<(block + 1) * 64
    withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count) { memory in
      guard let sum = memory.baseAddress else { return }
      slots.sum(range, of: slots.shards, scaledBy: 1, into: sum)
      for index in 0..<range.count { parameters.pointer[range.lowerBound + index] -= 0.001 * sum[index] }
    }
  }
}

@Suite struct RegionTests {
  static let workerCounts = [1, 2, 3, 4, 7, 16]

  @Test(arguments: workerCounts)
  func runsEveryUnitOnceAndPhasesInOrder(workers: Int) {
    let cases: [(steps: Range<Int>, phases: [Int])] = [
      (0..<12, [4, 3]), (5..<25, [1, 1]), (0..<6, [17, 2]), (100..<108, [2, 11]),
      // An update in several passes: what joins the blocks' sums is a phase of its own.
      (0..<8, [3, 5, 1, 5, 1, 5]), (0..<10, [6]), (0..<5, [2, 0, 3]),
      (0..<5, [0, 3]), (2..<7, [3, 0]),
    ]
    for (steps, phases) in cases {
      let starter = ThreadStarter(seed: UInt64(workers * 100 + phases[0]))
      let work = LoggingWork()
      let participants = Region(workers: workers, start: starter.start).run(
        steps: steps, phases: phases, JitteredWork(work, seed: UInt64(phases[0])))
      work.expectOrder(steps: steps, phases: phases, workers: workers)
      #expect(participants == Set(work.records.map(\.worker)).count)
    }
  }

  @Test(arguments: [2, 7])
  func keepsOrderUnderOtherLoad(workers: Int) {
    underLoad {
      let work = LoggingWork()
      Region(workers: workers, start: ThreadStarter(seed: 9).start).run(steps: 0..<20, phases: [5, 3], work)
      work.expectOrder(steps: 0..<20, phases: [5, 3], workers: workers)
    }
  }

  @Test func dispatchRunsEveryUnitOnceWhateverIsAsked() {
    for workers in [1, 2, 64] {
      let work = LoggingWork()
      Region(workers: workers).run(steps: 0..<20, phases: [5, 3], work)
      work.expectOrder(steps: 0..<20, phases: [5, 3], workers: workers)
    }
  }

  @Test func oneWorkerFinishesWhenTheOthersNeverArrive() {
    let work = LoggingWork()
    let participants = Region(workers: 5, start: lonelyStarter).run(steps: 0..<10, phases: [4, 2], work)
    work.expectOrder(steps: 0..<10, phases: [4, 2], workers: 5)
    #expect(participants == 1)
    #expect(work.records.allSatisfy { $0.worker == 4 })
  }

  @Test func workersMayRunOneAfterTheOther() {
    let work = LoggingWork()
    let participants = Region(workers: 3, start: sequentialStarter).run(steps: 0..<10, phases: [4, 2], work)
    work.expectOrder(steps: 0..<10, phases: [4, 2], workers: 3)
    #expect(participants == 1)
  }

  // The first worker has begun, and is alone with the work, long before the second comes.
  @Test func aLateWorkerJoinsOrFindsNothing() {
    for delay in [0.001, 0.02] {
      let work = LoggingWork()
      let participants = Region(workers: 2) { count, body in
        let group = DispatchGroup()
        for worker in 0..<count {
          group.enter()
          Thread {
            if worker == 1 { Thread.sleep(forTimeInterval: delay) }
            body(worker)
            group.leave()
          }.start()
        }
        group.wait()
      }.run(steps: 0..<50, phases: [3, 2], JitteredWork(work, seed: 1, longestPause: 0.000_05))
      work.expectOrder(steps: 0..<50, phases: [3, 2], workers: 2)
      #expect((1...2).contains(participants))
    }
  }

  @Test(arguments: workerCounts)
  func noStepsRunNothing(workers: Int) {
    let work = LoggingWork()
    let region = Region(workers: workers, start: ThreadStarter(seed: 2).start)
    #expect(region.run(steps: 7..<7, phases: [4, 2], work) == 0)
    #expect(work.records.isEmpty)
  }

  @Test(arguments: workerCounts)
  func manyStepsGiveTheBitsOfOneThread(workers: Int) {
    let (steps, shards) = (2000, 5)
    let alone = CoupledWork(shards: shards)
    for step in 0..<steps {
      for (phase, units) in alone.phases.enumerated() {
        for unit in 0..<units { alone.run(step: step, phase: phase, unit: unit, worker: 0) }
      }
    }
    let together = CoupledWork(shards: shards)
    let region = Region(workers: workers, start: ThreadStarter(seed: UInt64(workers)).start)
    // In regions of unequal lengths: where one ends changes nothing.
    for range in [0..<1, 1..<700, 700..<701, 701..<steps] {
      region.run(steps: range, phases: together.phases, together)
    }
    #expect(bitDifference(Array(together.parameters.elements), Array(alone.parameters.elements)) == nil)
    #expect(alone.parameters.elements.allSatisfy { $0.isFinite })
  }

  @Test(arguments: workerCounts)
  func pausesChangeNoBit(workers: Int) {
    let alone = CoupledWork(shards: 4)
    Region(workers: 1, start: sequentialStarter).run(steps: 0..<60, phases: alone.phases, alone)
    let together = CoupledWork(shards: 4)
    Region(workers: workers, start: ThreadStarter(seed: 5).start)
      .run(steps: 0..<60, phases: together.phases, JitteredWork(together, seed: UInt64(workers)))
    #expect(bitDifference(Array(together.parameters.elements), Array(alone.parameters.elements)) == nil)
  }

  @Test(arguments: workerCounts)
  func forEachRunsEveryUnitOnce(workers: Int) {
    for count in [0, 1, 2, 5, 1000] {
      let runs = SharedBuffer<Int>(repeating: 0, count: count)
      let started = SharedBuffer<Int>(repeating: 0, count: 1)
      let threads = ThreadStarter(seed: UInt64(count))
      Region(workers: workers) { asked, body in
        started[0] = asked
        threads.start(count: asked, body: body)
      }.forEach(count) { unit, worker in
        // Only one worker runs a unit, so a plain addition is enough to count.
        if (0..<workers).contains(worker) { runs.pointer[unit] += 1 }
        if unit % 7 == 0 { sched_yield() }
      }
      #expect(runs.elements.allSatisfy { $0 == 1 })
      #expect(started[0] == min(workers, max(1, count)), "no more workers than units")
    }
  }

  @Test func forEachNeedsOnlyOneWorkerToArrive() {
    for starter in [lonelyStarter, sequentialStarter] as [WorkerStarter] {
      let runs = SharedBuffer<Int>(repeating: 0, count: 100)
      Region(workers: 4, start: starter).forEach(100) { unit, _ in runs.pointer[unit] += 1 }
      #expect(runs.elements.allSatisfy { $0 == 1 })
    }
  }
}
