import DataParallel
import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

/// Notes when each unit begins and ends, on one clock that all threads share.
private struct LoggingWork: TwoPhaseWork {
  struct Unit: Hashable {
    let step: Int
    let isUpdate: Bool
    let index: Int
  }

  struct Record {
    let unit: Unit
    let worker: Int
    let begin: Int
    let end: Int
  }

  private final class Log: Sendable {
    let clock = Atomic<Int>(0)
    let records = Mutex<[Record]>([])
  }
  private let log = Log()

  var records: [Record] { log.records.withLock { $0 } }

  private func note(_ unit: Unit, _ worker: Int) {
    let begin = log.clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    if unit.index % 3 == 1 { sched_yield() }
    let end = log.clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    log.records.withLock { $0.append(Record(unit: unit, worker: worker, begin: begin, end: end)) }
  }

  func gradient(step: Int, shard: Int, worker: Int) { note(Unit(step: step, isUpdate: false, index: shard), worker) }
  func update(step: Int, block: Int, worker: Int) { note(Unit(step: step, isUpdate: true, index: block), worker) }

  /// Expects every unit exactly once, and no phase to begin before the one before it has ended.
  func expectOrder(steps: Range<Int>, shards: Int, blocks: Int, workers: Int) {
    let records = records
    var phases: [(begin: Int, end: Int)] = []
    for step in steps {
      for (isUpdate, count) in [(false, shards), (true, blocks)] {
        let phase = records.filter { $0.unit.step == step && $0.unit.isUpdate == isUpdate }
        #expect(phase.map(\.unit.index).sorted() == Array(0..<count), "step \(step), update: \(isUpdate)")
        phases.append((phase.map(\.begin).min() ?? 0, phase.map(\.end).max() ?? 0))
      }
    }
    #expect(records.count == steps.count * (shards + blocks))
    #expect(records.allSatisfy { (0..<workers).contains($0.worker) })
    for (before, after) in zip(phases, phases.dropFirst()) { #expect(before.end < after.begin) }
    // Who runs several units runs them one after the other: its memory is its own.
    for worker in 0..<workers {
      let own = records.filter { $0.worker == worker }.sorted { $0.begin < $1.begin }
      for (before, after) in zip(own, own.dropFirst()) { #expect(before.end < after.begin) }
    }
  }
}

/// A small descent whose every number depends on all numbers of the step before: a race or a wrong order changes bits.
private struct CoupledWork: TwoPhaseWork {
  static let size = 3 * 64
  let slots: GradientSlots<Float>
  let parameters = SharedBuffer<Float>(count: size) { 1 + Float($0) / 7 }

  init(shards: Int) { slots = GradientSlots(slots: shards, count: Self.size, kernels: .best) }

  func gradient(step: Int, shard: Int, worker: Int) {
    let slot = slots[shard]
    for index in 0..<Self.size {
      let neighbour = parameters.pointer[(index + 64 + shard) % Self.size]
      slot[index] = (parameters.pointer[index] - neighbour) * Float(1 + shard) + Float(step % 5) / 3
    }
  }

  func update(step: Int, block: Int, worker: Int) {
    let range = block * 64..<(block + 1) * 64
    let sum = slots.reduce(range)
    for index in 0..<range.count { parameters.pointer[range.lowerBound + index] -= 0.001 * sum[index] }
  }
}

@Suite struct RegionTests {
  static let workerCounts = [1, 2, 3, 4, 7, 16]

  @Test(arguments: workerCounts)
  func runsEveryUnitOnceAndPhasesInOrder(workers: Int) {
    for (steps, shards, blocks) in [(0..<12, 4, 3), (5..<25, 1, 1), (0..<6, 17, 2), (100..<108, 2, 11)] {
      let starter = ThreadStarter(seed: UInt64(workers * 100 + shards))
      let work = LoggingWork()
      let participants = Region(workers: workers, start: starter.start).run(
        steps: steps, shards: shards, blocks: blocks, JitteredWork(work, seed: UInt64(shards)))
      work.expectOrder(steps: steps, shards: shards, blocks: blocks, workers: workers)
      #expect(participants == Set(work.records.map(\.worker)).count)
    }
  }

  @Test(arguments: [2, 7])
  func keepsOrderUnderOtherLoad(workers: Int) {
    underLoad {
      let work = LoggingWork()
      Region(workers: workers, start: ThreadStarter(seed: 9).start).run(steps: 0..<20, shards: 5, blocks: 3, work)
      work.expectOrder(steps: 0..<20, shards: 5, blocks: 3, workers: workers)
    }
  }

  @Test func dispatchRunsEveryUnitOnceWhateverIsAsked() {
    for workers in [1, 2, 64] {
      let work = LoggingWork()
      Region(workers: workers).run(steps: 0..<20, shards: 5, blocks: 3, work)
      work.expectOrder(steps: 0..<20, shards: 5, blocks: 3, workers: workers)
    }
  }

  @Test func oneWorkerFinishesWhenTheOthersNeverArrive() {
    let work = LoggingWork()
    let participants = Region(workers: 5, start: lonelyStarter).run(steps: 0..<10, shards: 4, blocks: 2, work)
    work.expectOrder(steps: 0..<10, shards: 4, blocks: 2, workers: 5)
    #expect(participants == 1)
    #expect(work.records.allSatisfy { $0.worker == 4 })
  }

  @Test func workersMayRunOneAfterTheOther() {
    let work = LoggingWork()
    let participants = Region(workers: 3, start: sequentialStarter).run(steps: 0..<10, shards: 4, blocks: 2, work)
    work.expectOrder(steps: 0..<10, shards: 4, blocks: 2, workers: 3)
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
      }.run(steps: 0..<50, shards: 3, blocks: 2, JitteredWork(work, seed: 1, longestPause: 0.000_05))
      work.expectOrder(steps: 0..<50, shards: 3, blocks: 2, workers: 2)
      #expect((1...2).contains(participants))
    }
  }

  @Test(arguments: workerCounts)
  func noStepsRunNothing(workers: Int) {
    let work = LoggingWork()
    let region = Region(workers: workers, start: ThreadStarter(seed: 2).start)
    #expect(region.run(steps: 7..<7, shards: 4, blocks: 2, work) == 0)
    #expect(work.records.isEmpty)
  }

  @Test(arguments: workerCounts)
  func manyStepsGiveTheBitsOfOneThread(workers: Int) {
    let (steps, shards) = (2000, 5)
    let alone = CoupledWork(shards: shards)
    for step in 0..<steps {
      for shard in 0..<shards { alone.gradient(step: step, shard: shard, worker: 0) }
      for block in 0..<3 { alone.update(step: step, block: block, worker: 0) }
    }
    let together = CoupledWork(shards: shards)
    let region = Region(workers: workers, start: ThreadStarter(seed: UInt64(workers)).start)
    // In regions of unequal lengths: where one ends changes nothing.
    for range in [0..<1, 1..<700, 700..<701, 701..<steps] {
      region.run(steps: range, shards: shards, blocks: 3, together)
    }
    #expect(bitDifference(Array(together.parameters.elements), Array(alone.parameters.elements)) == nil)
    #expect(alone.parameters.elements.allSatisfy { $0.isFinite })
  }

  @Test(arguments: workerCounts)
  func pausesChangeNoBit(workers: Int) {
    let alone = CoupledWork(shards: 4)
    Region(workers: 1, start: sequentialStarter).run(steps: 0..<60, shards: 4, blocks: 3, alone)
    let together = CoupledWork(shards: 4)
    Region(workers: workers, start: ThreadStarter(seed: 5).start)
      .run(steps: 0..<60, shards: 4, blocks: 3, JitteredWork(together, seed: UInt64(workers)))
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
