import Datasets
import Foundation
import Testing

/// How a run might be set up.
private struct Setting: CustomTestStringConvertible {
  let samples: Int
  let batchSize: Int
  let shards: Int
  let block: Int
  let window: Int

  var testDescription: String {
    "\(samples) samples, batches of \(batchSize), \(shards) shards, blocks of \(block), windows of \(window)"
  }

  func order(seed: UInt64 = 7) -> BlockOrder {
    BlockOrder(samples: samples, batchSize: batchSize, shards: shards, block: block, window: window, seed: seed)
  }

  var sampler: Sampler {
    Sampler(
      samples: samples, batchSize: batchSize, shards: shards, order: .blocks(rows: block, window: window), seed: 7)
  }

  /// The samples of a shard in all batches together: counted.
  func laneLength(_ shard: Int) -> Int {
    stride(from: 0, to: samples, by: batchSize).reduce(0) { length, start in
      let count = min(batchSize, samples - start)
      return length + count * (shard + 1) / shards - count * shard / shards
    }
  }

  static let corners = [
    // One of everything, blocks that the data do not fill, windows larger than a lane, more shards than samples of a
    // batch, blocks of one row, a last batch that is smaller, batches larger than the data.
    Setting(samples: 1, batchSize: 1, shards: 1, block: 1, window: 1),
    Setting(samples: 10, batchSize: 4, shards: 2, block: 100, window: 3),
    Setting(samples: 100, batchSize: 10, shards: 3, block: 7, window: 1000),
    Setting(samples: 50, batchSize: 3, shards: 8, block: 4, window: 2),
    Setting(samples: 101, batchSize: 10, shards: 4, block: 1, window: 5),
    Setting(samples: 101, batchSize: 10, shards: 4, block: 10, window: 1),
    Setting(samples: 30, batchSize: 1000, shards: 4, block: 8, window: 2),
    Setting(samples: 1000, batchSize: 64, shards: 5, block: 64, window: 2),
    Setting(samples: 7, batchSize: 7, shards: 64, block: 3, window: .max),
    Setting(samples: 20, batchSize: .max, shards: 3, block: .max, window: .max),
  ]

  static let random: [Setting] = {
    var generator = SystemRandomNumberGenerator()
    return (0..<300).map { _ in
      let samples = Int.random(in: 1...400, using: &generator)
      return Setting(
        samples: samples, batchSize: .random(in: 1...(samples + 20), using: &generator),
        shards: .random(in: 1...9, using: &generator),
        block: .random(in: 1...[3, 20, 500][samples % 3], using: &generator),
        window: .random(in: 1...[2, 6, 40][samples / 3 % 3], using: &generator))
    }
  }()
}

@Suite struct BlockOrderTests {
  private func rows(_ order: BlockOrder, lane: Int, epoch: Int, positions: Range<Int>? = nil) -> [Int] {
    let positions = positions ?? 0..<order.lanes[lane].count
    return filled(positions.count) { order.fill($0, lane: lane, epoch: epoch, positions: positions) }
  }

  private func epoch(_ order: BlockOrder, _ epoch: Int) -> [Int] {
    order.lanes.indices.flatMap { rows(order, lane: $0, epoch: epoch) }
  }

  /// What `body` writes, and nothing beside it.
  private func filled(_ count: Int, _ body: (UnsafeMutablePointer<Int64>) -> Void) -> [Int] {
    var numbers = [Int64](repeating: -1, count: count + 1)
    numbers.withUnsafeMutableBufferPointer { if let first = $0.baseAddress { body(first) } }
    #expect(numbers.popLast() == -1)
    return numbers.map { Int($0) }
  }

  @Test(arguments: Setting.corners + Setting.random)
  private func everyEpochIsAPermutation(setting: Setting) {
    let order = setting.order()
    for number in [0, 1, 2, 1000] {
      #expect(epoch(order, number).sorted() == Array(0..<setting.samples), "epoch \(number)")
    }
  }

  @Test(arguments: Setting.corners + Setting.random)
  private func lanesAreAsLongAsTheShardsOfAllBatches(setting: Setting) {
    let lanes = setting.order().lanes
    #expect(setting.batchSize == .max || lanes.map(\.count) == (0..<setting.shards).map { setting.laneLength($0) })
    #expect(lanes.first?.lowerBound == 0 && lanes.last?.upperBound == setting.samples)
    #expect(zip(lanes, lanes.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
  }

  @Test(arguments: Setting.corners + Setting.random)
  private func windowsFollowEachOtherAndAreWholeBlocks(setting: Setting) {
    let order = setting.order()
    for (lane, range) in order.lanes.enumerated() {
      for epoch in 0..<4 {
        let windows = (0..<order.windowCount(ofLane: lane, epoch: epoch)).map {
          order.window($0, ofLane: lane, epoch: epoch)
        }
        #expect(windows.flatMap { Array($0.positions) } == Array(0..<range.count))
        #expect(windows.enumerated().allSatisfy { $0.offset == $0.element.number && $0.element.lane == lane })
        for window in windows {
          #expect(!window.positions.isEmpty && window.positions.count <= order.mostRowsOfWindow)
          for position in [window.positions.lowerBound, window.positions.upperBound - 1] {
            #expect(order.window(at: position, ofLane: lane, epoch: epoch) == window)
          }
          let pieces = order.pieces(of: window, epoch: epoch)
          #expect(pieces.map(\.count).reduce(0, +) == window.positions.count)
          #expect(window.number == windows.count - 1 || pieces.count == order.window)
          #expect(pieces.count <= order.window)
          // Each piece lies in one block, and only those at the ends of a lane are cut.
          for (index, piece) in pieces.enumerated() {
            let block = piece.lowerBound / order.block
            #expect((piece.upperBound - 1) / order.block == block)
            let whole = block * order.block..<min(setting.samples, (block + 1) * order.block)
            let isFirst = window.number == 0 && index == 0
            let isLast = window.number == windows.count - 1 && index == pieces.count - 1
            #expect(piece == whole || isFirst && piece.upperBound == whole.upperBound || isLast)
          }
        }
      }
    }
  }

  @Test(arguments: Setting.corners + Setting.random)
  private func rowsAreThoseOfTheWindowsPiecesAndSlotsPointToThem(setting: Setting) {
    let order = setting.order()
    for (lane, range) in order.lanes.enumerated() where !range.isEmpty {
      for (epoch, extra) in [(0, 0), (1, 3), (7, 1)] {
        let capacity = order.mostRowsOfWindow + extra
        for number in 0..<order.windowCount(ofLane: lane, epoch: epoch) {
          let window = order.window(number, ofLane: lane, epoch: epoch)
          let stream = order.pieces(of: window, epoch: epoch).flatMap { Array($0) }
          let found = rows(order, lane: lane, epoch: epoch, positions: window.positions)
          #expect(found.sorted() == stream.sorted())
          // The ring as a loader fills it.
          var ring = [Int](repeating: -1, count: capacity)
          for (place, row) in stream.enumerated() {
            ring[(epoch * range.count + window.positions.lowerBound + place) % capacity] = row
          }
          let slots = filled(window.positions.count) {
            order.fillSlots(
              $0, lane: lane, epoch: epoch, positions: window.positions, capacity: capacity, base: 1_000_000)
          }
          #expect(slots.map { ring[$0 - 1_000_000] } == found)
        }
      }
    }
  }

  @Test(arguments: Setting.corners + Setting.random.prefix(50))
  private func someRowsOfALaneAreThoseOfTheWhole(setting: Setting) {
    let order = setting.order()
    for (lane, range) in order.lanes.enumerated() {
      let whole = rows(order, lane: lane, epoch: 3)
      for _ in 0..<5 {
        let bounds = [Int.random(in: 0...range.count), Int.random(in: 0...range.count)].sorted()
        let positions = bounds[0]..<bounds[1]
        #expect(rows(order, lane: lane, epoch: 3, positions: positions) == Array(whole[positions]))
      }
    }
  }

  // Batch after batch, shard after shard, with the next shard's first samples.
  @Test(arguments: Setting.corners + Setting.random)
  private func aSamplerTakesEachShardFromItsLane(setting: Setting) {
    let (order, sampler) = (setting.order(), setting.sampler)
    let batchSize = min(setting.batchSize, setting.samples)
    var places = [Int](repeating: 0, count: setting.shards)
    for start in stride(from: 0, to: setting.samples, by: batchSize) {
      let count = min(batchSize, setting.samples - start)
      for shard in 0..<setting.shards {
        let next = (shard + 1) % setting.shards
        let bounds = [shard, shard + 1, next, next + 1].map { start + count * $0 / setting.shards }
        let (positions, following) = (bounds[0]..<bounds[1], bounds[2]..<min(bounds[2] + 2, bounds[3]))
        let found = filled(positions.count + following.count) {
          sampler.fill($0, epoch: 2, shard: shard, positions: positions, nextShard: next, following: following)
        }
        let own = places[shard]..<places[shard] + positions.count
        places[shard] = own.upperBound
        // A single shard is its own next one, and has moved on by now.
        let place = setting.shards == 1 ? own.lowerBound : places[next] - (next < shard ? bounds[3] - bounds[2] : 0)
        let expected =
          rows(order, lane: shard, epoch: 2, positions: own)
          + rows(order, lane: next, epoch: 2, positions: place..<place + following.count)
        #expect(found == expected, "batch at \(start), shard \(shard)")
      }
    }
  }

  @Test func ordersDifferByEpochAndBySeed() {
    let setting = Setting(samples: 1000, batchSize: 50, shards: 4, block: 10, window: 5)
    let orders = (0..<20).map { epoch(setting.order(), $0) } + (10..<30).map { epoch(setting.order(seed: $0), 0) }
    #expect(Set(orders).count == orders.count)
    #expect(epoch(setting.order(), 5) == epoch(setting.order(), 5))
  }

  /// Σ (found − expected)² / expected, in standard deviations from its mean, of equally likely cells.
  private func deviation(_ counts: [Int]) -> Double {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    let statistic = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    return (statistic - Double(counts.count - 1)) / (2 * Double(counts.count - 1)).squareRoot()
  }

  // Every row comes at every position equally often, over epochs.
  @Test func positionsAreEven() {
    let order = Setting(samples: 24, batchSize: 6, shards: 1, block: 4, window: 3).order()
    var counts = [Int](repeating: 0, count: 24 * 24)
    for number in 0..<6000 {
      for (position, row) in epoch(order, number).enumerated() { counts[position * 24 + row] += 1 }
    }
    // Rows of a block come together, so cells are not independent: the bound is wider than for one permutation.
    #expect(abs(deviation(counts)) < 8, "\(deviation(counts))")
  }

  // So does every block, the short one too.
  @Test func placesOfBlocksAreEven() {
    let order = Setting(samples: 22, batchSize: 6, shards: 1, block: 5, window: 1).order()
    var counts = [Int](repeating: 0, count: 5 * 5)
    for epoch in 0..<2000 {
      for number in 0..<5 {
        let window = order.window(number, ofLane: 0, epoch: epoch)
        for piece in order.pieces(of: window, epoch: epoch) { counts[number * 5 + piece.lowerBound / 5] += 1 }
      }
    }
    #expect(abs(deviation(counts)) < 5, "\(deviation(counts))")
  }

  // Within a window a row's place says nothing about the place where it is stored.
  @Test func rowsOfAWindowAreMixed() {
    let order = Setting(samples: 4096, batchSize: 64, shards: 2, block: 64, window: 8).order()
    var tenths = [Int](repeating: 0, count: 64)
    var followers = 0
    for epoch in 0..<40 {
      for number in 0..<order.windowCount(ofLane: 0, epoch: epoch) {
        let window = order.window(number, ofLane: 0, epoch: epoch)
        let slots = filled(window.positions.count) {
          order.fillSlots($0, lane: 0, epoch: epoch, positions: window.positions, capacity: 512, base: 0)
        }.map { ($0 - epoch * 2048 % 512 - window.positions.lowerBound % 512 + 1024) % 512 }
        for (place, slot) in slots.enumerated() where place < 512 { tenths[place * 8 / 512 * 8 + slot * 8 / 512] += 1 }
        followers += zip(slots, slots.dropFirst()).count { $1 == $0 + 1 }
      }
    }
    #expect(abs(deviation(tenths)) < 6, "\(deviation(tenths))")
    // One in 512 is a neighbour by chance: 160 windows x 511 / 512.
    #expect((110...210).contains(followers), "\(followers)")
  }

  @Test func billionsOfRows() {
    let order = BlockOrder(
      samples: 5_000_000_007, batchSize: 65_536, shards: 32, block: 8192, window: 16, seed: 1)
    var seen: Set<Int> = []
    for (lane, range) in order.lanes.enumerated() {
      for first in [0, range.count / 2, range.count - 300] {
        let found = rows(order, lane: lane, epoch: 4, positions: first..<first + 300)
        #expect(found.allSatisfy { (0..<5_000_000_007).contains($0) })
        seen.formUnion(found)
      }
    }
    #expect(seen.count == 32 * 900)
    #expect(seen.contains { $0 > 1 << 32 })
    let last = order.windowCount(ofLane: 31, epoch: 4) - 1
    #expect(order.window(last, ofLane: 31, epoch: 4).positions.upperBound == order.lanes[31].count)
  }
}
