import DataParallel
import Foundation
import Foundations
import Kernels
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

  /// The cores of each worker while it works; the calling thread may use `cores` alone.
  private func places(of workers: Int, on cores: ThreadCores) throws -> [Int: [Int]] {
    let before = try #require(ThreadCores.current)
    #expect(cores.apply())
    defer { before.apply() }
    let starter = try #require(pinnedStarter())
    let places = Mutex<[Int: [Int]]>([:])
    starter(workers) { worker in
      let numbers = ThreadCores.current?.numbers
      places.withLock { $0[worker] = numbers }
    }
    #expect(ThreadCores.current?.numbers == cores.numbers, "the thread is where it was")
    return places.withLock { $0 }
  }

  @Test func pinnedWorkersHaveACoreEachOfThoseThatTheMaskAllows() throws {
    let all = try #require(ThreadCores.current)
    let numbers = all.numbers
    #expect(numbers.count == processorAffinity())
    let workers = numbers.count + 2
    #expect(
      try places(of: workers, on: all)
        == Dictionary(uniqueKeysWithValues: (0..<workers).map { ($0, [numbers[$0 % numbers.count]]) }))
    let last = try #require(numbers.last)
    #expect(try places(of: 3, on: .only(last)) == [0: [last], 1: [last], 2: [last]])
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
