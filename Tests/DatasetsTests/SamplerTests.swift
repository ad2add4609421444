import Datasets
import Foundation
import Testing

@Suite struct SamplerTests {
  private func order(_ sampler: Sampler, epoch: Int, positions: Range<Int>? = nil) -> [Int] {
    let positions = positions ?? 0..<sampler.count
    return Array(
      [Int64](unsafeUninitializedCapacity: positions.count) { buffer, count in
        if let first = buffer.baseAddress { sampler.fill(first, epoch: epoch, shard: 0, positions: positions) }
        count = positions.count
      }.map { Int($0) })
  }

  private func sampler(_ count: Int, seed: UInt64, _ order: SampleOrder = .rows) -> Sampler {
    Sampler(samples: count, batchSize: 7, shards: 3, order: order, seed: seed)
  }

  private func order(_ count: Int, seed: UInt64 = 0, epoch: Int = 0) -> [Int] {
    order(sampler(count, seed: seed), epoch: epoch)
  }

  @Test(arguments: Array(1...70) + [99, 100, 101, 127, 128, 255, 256, 257, 1000, 1442, 4096, 4097, 60_000])
  func everyEpochVisitsEverySampleOnce(count: Int) {
    for seed: UInt64 in [0, 7, .max] {
      for epoch in [0, 1, 2, 1000] {
        #expect(order(count, seed: seed, epoch: epoch).sorted() == Array(0..<count), "seed \(seed), epoch \(epoch)")
      }
    }
  }

  @Test func aPieceOfAnEpochIsThatPieceOfItsOrder() {
    let sampler = sampler(1000, seed: 3)
    let whole = order(sampler, epoch: 4)
    for positions in [0..<0, 0..<1, 17..<130, 999..<1000] {
      #expect(order(sampler, epoch: 4, positions: positions) == Array(whole[positions]))
    }
  }

  @Test(arguments: [SampleOrder.none, .rows])
  func twoPiecesComeAfterEachOther(inOrder kind: SampleOrder) {
    let sampler = sampler(1000, seed: 3, kind)
    for (positions, following) in [(5..<21, 21..<29), (90..<160, 0..<8), (7..<7, 3..<4)] {
      var both = [Int64](repeating: -1, count: positions.count + following.count)
      both.withUnsafeMutableBufferPointer {
        if let first = $0.baseAddress {
          sampler.fill(first, epoch: 4, shard: 0, positions: positions, nextShard: 1, following: following)
        }
      }
      let expected = order(sampler, epoch: 4, positions: positions) + order(sampler, epoch: 4, positions: following)
      #expect(both.map { Int($0) } == expected)
    }
  }

  @Test func orderDiffersByEpochAndBySeed() {
    let orders = (0..<20).map { order(100, epoch: $0) } + (1..<20).map { order(100, seed: UInt64($0)) }
    #expect(Set(orders).count == orders.count)
    #expect(order(100, seed: 5, epoch: 6) == order(100, seed: 5, epoch: 6))
  }

  @Test func withoutShufflingPositionIsSample() {
    let sampler = sampler(10, seed: 1, .none)
    #expect(order(sampler, epoch: 3) == Array(0..<10))
    #expect(order(sampler, epoch: 9, positions: 4..<7) == [4, 5, 6])
  }

  /// Σ (found − expected)² / expected, in standard deviations from its mean for that many equally likely cells.
  private func deviation(_ counts: some Collection<Int>, cells: Int) -> Double {
    let expected = Double(counts.reduce(0, +)) / Double(cells)
    let empty = Double(cells - counts.count) * expected
    let statistic = counts.reduce(empty) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    return (statistic - Double(cells - 1)) / (2 * Double(cells - 1)).squareRoot()
  }

  // Every sample comes at every position equally often.
  @Test(arguments: [2, 3, 5, 10, 37, 64])
  func positionsAreEven(count: Int) {
    let epochs = 200 * count
    var counts = [Int](repeating: 0, count: count * count)
    for epoch in 0..<epochs {
      for (position, sample) in order(count, seed: 11, epoch: epoch).enumerated() {
        counts[position * count + sample] += 1
      }
    }
    #expect(abs(deviation(counts, cells: counts.count)) < 5, "\(deviation(counts, cells: counts.count))")
  }

  // Who comes after whom is even too: neighbours in the data are not neighbours in an epoch more often than others.
  @Test(arguments: [10, 37])
  func followersAreEven(count: Int) {
    var counts: [Int: Int] = [:]
    for epoch in 0..<100 * count {
      let order = order(count, seed: 5, epoch: epoch)
      for (sample, next) in zip(order, order.dropFirst()) { counts[(next - sample + count) % count, default: 0] += 1 }
    }
    #expect(abs(deviation(counts.values, cells: count - 1)) < 6, "\(deviation(counts.values, cells: count - 1))")
  }

  // All orders of few samples occur.
  @Test func smallOrdersAllOccur() {
    for (count, orders) in [(2, 2), (3, 6), (4, 24)] {
      let found = Set((0..<3000).map { order(count, seed: 2, epoch: $0) })
      #expect(found.count == orders, "\(count) samples: \(found.count) of \(orders) orders")
    }
  }

  // The first batch of an epoch of a large set is spread over the set, not a neighbourhood of it.
  @Test func aBatchIsSpreadOverTheData() {
    let count = 60_000
    for epoch in 0..<20 {
      let sampler = sampler(count, seed: 1)
      var counts = [Int](repeating: 0, count: 10)
      for sample in order(sampler, epoch: epoch, positions: 0..<1000) { counts[sample * 10 / count] += 1 }
      #expect(abs(deviation(counts, cells: 10)) < 5, "epoch \(epoch): \(counts)")
    }
  }
}
