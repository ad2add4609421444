import DataParallel
import Synchronization
import Testing

@Suite struct WorkerStartersTests {
  private final class Counts: Sendable {
    let values = Mutex<[Int: Int]>([:])
  }

  // Whatever threads there are, each worker runs once.
  @Test(arguments: [1, 2, 3, 64]) func frugalWorkersRunOnceEach(count: Int) {
    let counts = Counts()
    frugalStarter(count: count) { worker in counts.values.withLock { $0[worker, default: 0] += 1 } }
    let found = counts.values.withLock { $0 }
    #expect(found == Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, 1) }))
  }

  @Test func aRegionOfFrugalWorkersRunsEachUnitOnce() {
    let counts = Counts()
    Region(workers: 8, start: frugalStarter).forEach(1000) { unit, _ in
      counts.values.withLock { $0[unit, default: 0] += 1 }
    }
    let found = counts.values.withLock { $0 }
    #expect(found.count == 1000 && found.values.allSatisfy { $0 == 1 })
  }
}
