import DataParallel
import RankModel
import TestSupport
import Testing

/// The simulation of ranks beyond this machine, against what can be said without it.
@Suite struct RankModelTests {
  private func isNear(_ value: Double, _ other: Double, relative: Double) -> Bool {
    abs(value - other) <= relative * abs(other)
  }

  private func costs(gradient: Double = 0, reduce: Double = 0) -> RankCosts {
    var costs = RankCosts()
    (costs.gradient, costs.reduce) = (gradient, reduce)
    (costs.overhead, costs.latency, costs.bytesPerSecond, costs.addedBytesPerSecond) = (3e-6, 5e-6, 1e9, 1e10)
    return costs
  }

  @Test func twoRanksTakeWhatLogGPSays() {
    // Two blocks of 4 kB, one owned by each: there and back, an addition between.
    let plan = ExchangePlan(RankPartition(shards: 2, ranks: 2), blocks: [0..<1000, 1000..<2000], elementBytes: 4)
    let step = SimulatedStep(plan, costs(gradient: 1e-3))
    let message = 3e-6 + 5e-6 + 4000 / 1e9 + 3e-6
    #expect(isNear(step.seconds, 1e-3 + message + 4000 / 1e10 + message, relative: 1e-12))
    #expect(step.mostBytes == 8000 && step.mostMessages == 2)
  }

  @Test func oneRankOnlyComputes() {
    let plan = ExchangePlan(RankPartition(shards: 4, ranks: 1), blocks: [0..<1000], elementBytes: 4)
    var costs = costs(gradient: 2e-3, reduce: 1e-3)
    costs.addedBytesPerSecond = .infinity
    #expect(isNear(SimulatedStep(plan, costs).seconds, 3e-3, relative: 1e-12))
  }

  @Test func theLinksAreFullWhereNothingElseCosts() {
    // 64 equal blocks a rank, no latency, no overhead: two times what a rank sends, to within a block.
    for ranks in [2, 4, 16] {
      let blocks = (0..<64 * ranks).map { $0 * 1000..<($0 + 1) * 1000 }
      let plan = ExchangePlan(RankPartition(shards: ranks, ranks: ranks), blocks: blocks, elementBytes: 4)
      var costs = costs()
      (costs.overhead, costs.latency, costs.addedBytesPerSecond) = (0, 0, .infinity)
      let bound = 2 * Double(ranks - 1) * 64 * 4000 / 1e9
      let seconds = SimulatedStep(plan, costs).seconds
      #expect(seconds >= bound * 0.999 && seconds <= bound * 1.6, "\(ranks): \(seconds) for \(bound)")
    }
  }

  @Test func overlapAndOrderNeverCost() {
    let model = LargeMLP()
    for gigabits in [10.0, 100] {
      var network = RankCosts()
      network.bytesPerSecond = gigabits / 8 * 1e9
      let best = model.efficiency(ranks: 16, samples: 128, network)
      (network.overlaps, network.isRotated) = (false, true)
      let serial = model.efficiency(ranks: 16, samples: 128, network)
      (network.overlaps, network.isRotated) = (false, false)
      let crowded = model.efficiency(ranks: 16, samples: 128, network)
      #expect(best > serial && serial > crowded && best < 1)
    }
  }

  /// SimGrid 3.32's SMPI with the same messages (scripts/rank-model), in milliseconds.
  @Test(arguments: [(16, 10.0, false, 63.851), (16, 10, true, 55.703), (64, 100, false, 29.052)])
  func itIsNearAnotherSimulator(ranks: Int, gigabits: Double, overlaps: Bool, milliseconds: Double) {
    var network = RankCosts()
    network.bytesPerSecond = gigabits / 8 * 1e9
    network.overlaps = overlaps
    let model = LargeMLP()
    let step = SimulatedStep(
      model.plan(ranks: ranks, samples: 128), model.costs(samples: 128, network))
    #expect(isNear(step.seconds * 1e3, milliseconds, relative: 0.12), "\(step.seconds * 1e3)")
  }
}
