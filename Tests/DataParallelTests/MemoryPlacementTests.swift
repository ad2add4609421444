import DataParallel
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite struct MemoryPlacementTests {
  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  private static let largePage = 1 << 21

  /// The whole pages of some memory, as large as they may be: where each begins and ends.
  private func pages(of bytes: UnsafeMutableRawBufferPointer) -> [Range<Int>] {
    let start = Int(bitPattern: bytes.baseAddress)
    let end = start + bytes.count
    var pages: [Range<Int>] = []
    var next = (start + Self.page - 1) / Self.page * Self.page
    while next + Self.page <= end {
      let isLarge = bytes.count >= 2 * Self.largePage && next % Self.largePage == 0 && next + Self.largePage <= end
      let size = isLarge ? Self.largePage : Self.page
      pages.append(next..<next + size)
      next += size
    }
    return pages
  }

  private func owners(_ page: Range<Int>, _ placement: MemoryPlacement) -> [Int] {
    placement.stretches.indices.filter { worker in
      placement.stretches[worker].contains {
        UInt(page.lowerBound) >= $0.lowerBound && UInt(page.upperBound) <= $0.upperBound
      }
    }
  }

  // Pieces that end anywhere; from 3 MB on some pages are large where they may be.
  @Test(arguments: [0, 100, 5000, 300_000, 3_000_000, 9_000_001])
  func aPageIsMovedByTheOneWorkerInWhosePieceItBegins(count: Int) {
    let buffer = SharedBuffer<UInt8>(repeating: 1, count: count)
    let cuts = [0, 0.1, 0.1003, 0.35, 0.8, 1].map { Int(Double(count) * $0) }
    let pieces = zip(cuts, cuts.dropFirst()).enumerated().map { (bytes: $1.0..<$1.1, worker: $0 % 4) }
    var placement = MemoryPlacement(workers: 4)
    placement.add(buffer.bytes, pieces)
    let pages = pages(of: buffer.bytes)
    #expect(count < 8192 || !pages.isEmpty)
    for page in pages {
      let start = page.lowerBound - Int(bitPattern: buffer.pointer)
      #expect(owners(page, placement) == pieces.filter { $0.bytes.contains(start) }.map(\.worker))
    }
    #expect(placement.stretches.joined().reduce(0) { $0 + $1.count } == pages.reduce(0) { $0 + $1.count })

    var whole = MemoryPlacement(workers: 3)
    whole.add(buffer.bytes, of: 2)
    #expect(whole.stretches[0].isEmpty && whole.stretches[1].isEmpty)
    #expect(pages.allSatisfy { owners($0, whole) == [2] })

    var turns = MemoryPlacement(workers: 3)
    turns.addByTurns(buffer.bytes)
    #expect(pages.allSatisfy { owners($0, turns).count == 1 })
    for size in [Self.page, Self.largePage] {
      let shares = (0..<3).map { worker in pages.count { $0.count == size && owners($0, turns) == [worker] } }
      #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 2, "\(shares)")
    }
  }

  /// Numbers that no two places share, in a buffer of some pages for each worker.
  private func placed(
    _ count: Int, workers: Int, by starter: @escaping WorkerStarter
  ) -> (SharedBuffer<UInt64>, MemoryPlacement, Region) {
    let buffer = SharedBuffer<UInt64>(count: count) { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
    let region = Region(workers: workers, start: starter, placesMemory: true)
    var placement = MemoryPlacement(workers: workers)
    placement.add(
      buffer.bytes,
      (0..<workers).map { (8 * (count * $0 / workers)..<8 * (count * ($0 + 1) / workers), $0) })
    return (buffer, placement, region)
  }

  private func isAsItWas(_ buffer: SharedBuffer<UInt64>) -> Bool {
    buffer.elements.enumerated().allSatisfy { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 == $1 }
  }

  // Workers that are late, one after the other, or never come.
  @Test(arguments: [100, 60_000, 1_300_000]) func contentsStay(count: Int) throws {
    let pinned = try #require(pinnedStarter())
    for starter in [ThreadStarter(seed: 3).start, sequentialStarter, lonelyStarter, frugalStarter, pinned] {
      let (buffer, placement, region) = placed(count, workers: 7, by: starter)
      region.place(placement)
      #expect(isAsItWas(buffer))
      region.place(placement)
      #expect(isAsItWas(buffer))
    }
  }

  // A page that is given back is a fault of whoever writes it next: of the worker whose it is, on its thread.
  @Test func eachWorkerWritesItsOwnPagesFirst() {
    let faults = Mutex([Int](repeating: 0, count: 3))
    let (buffer, placement, region) = placed(3 * 50_000, workers: 3) { count, body in
      let group = DispatchGroup()
      for worker in 0..<count {
        group.enter()
        Thread {
          let before = Self.faultsOfThisThread
          // The last one comes, and has nothing to do.
          body(worker)
          let found = Self.faultsOfThisThread - before
          faults.withLock { $0[worker] = found }
          group.leave()
        }.start()
      }
      group.wait()
    }
    var own = MemoryPlacement(workers: 3)
    let pieces = [0..<400_000, 400_000..<1_200_000]
    own.add(buffer.bytes, pieces.enumerated().map { ($1, $0) })
    region.place(own)
    let found = faults.withLock { $0 }
    // Their copies are new memory as well, so it is twice that at the most; pages may come several at a time.
    #expect(found[0] > 0 && found[1] > found[0] && found[0] > 4 * found[2], "\(found)")
    #expect(isAsItWas(buffer) && placement.stretches[2].isEmpty == false)
  }

  private static var faultsOfThisThread: Int {
    var usage = rusage()
    // RUSAGE_THREAD, which Glibc's module leaves out.
    getrusage(1, &usage)
    return Int(usage.ru_minflt)
  }

  @Test func regionsOfOneWorkerPlaceNothing() {
    #expect(!Region(workers: 1, placesMemory: true).placesMemory)
    #expect(Region(workers: 2, placesMemory: true).placesMemory)
    #expect(!Region(workers: 2, placesMemory: false).placesMemory)
  }

  @Test(arguments: [1, 2, 3, 7, 16]) func theOwnerOfAUnitHasItInItsHome(workers: Int) {
    let region = Region(workers: workers)
    for units in [1, 2, 3, 5, 16, 50, 1001] {
      for unit in 0..<units {
        let owner = region.owner(of: unit, among: units)
        #expect(owner < workers && region.home(of: owner, among: units).contains(unit))
      }
    }
  }

  @Test func shardsLieWithTheirHomes() throws {
    let memory = ShardMemory<Double>(shards: 4..<9, count: 3000)
    let region = Region(workers: 2, placesMemory: true)
    var placement = MemoryPlacement(workers: 2)
    memory.place(in: &placement, for: region, own: 4..<9)
    // Homes of five shards are two and three.
    let cut = UInt(bitPattern: memory[6])
    #expect(placement.stretches.allSatisfy { $0.count == 1 })
    let (first, second) = (try #require(placement.stretches[0].first), try #require(placement.stretches[1].first))
    #expect(first.upperBound == second.lowerBound && first.lowerBound >= UInt(bitPattern: memory[4]))
    #expect(first.upperBound >= cut && first.upperBound - cut < UInt(Self.page))
    // Of shards 4 and 5 alone, each worker has one.
    placement = MemoryPlacement(workers: 2)
    memory.place(in: &placement, for: region, own: 4..<6)
    #expect(placement.stretches[0].contains { $0.contains(UInt(bitPattern: memory[5]) - 1) })
    #expect(placement.stretches[1].contains { $0.contains(UInt(bitPattern: memory[6]) - 1) })
  }
}
