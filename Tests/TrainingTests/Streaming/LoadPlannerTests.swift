import DataParallel
import Datasets
import TestSupport
import Testing
import Training

/// What is loaded when: everything in time, nothing over what is still read.
@Suite struct LoadPlannerTests {
  struct Case: CustomTestStringConvertible {
    let samples: Int
    let batch: Int
    let shards: Int
    let order: SampleOrder
    /// The rows of a band of each source.
    let bands: [Int]
    let first: Int
    let steps: Int
    /// The shards of this process.
    var own: Range<Int>?

    var testDescription: String {
      "\(samples) rows, batches of \(batch), \(shards) shards (\(own ?? 0..<shards)), \(order), bands \(bands), from \(first) to \(steps)"
    }
  }

  static let chosen: [Case] = [
    Case(
      samples: 1000, batch: 64, shards: 4, order: .blocks(rows: 32, window: 4), bands: [50, 1 << 40], first: 0,
      steps: 60),
    // Windows smaller than what a step takes, and lanes that end in the middle of everything.
    Case(samples: 103, batch: 50, shards: 7, order: .blocks(rows: 2, window: 1), bands: [7], first: 0, steps: 20),
    // One window is all.
    Case(samples: 90, batch: 8, shards: 2, order: .blocks(rows: 1000, window: 9), bands: [16], first: 5, steps: 50),
    // Shards without rows.
    Case(samples: 25, batch: 3, shards: 8, order: .blocks(rows: 4, window: 2), bands: [4], first: 0, steps: 40),
    Case(samples: 1000, batch: 1000, shards: 3, order: .blocks(rows: 10, window: 3), bands: [64], first: 1, steps: 5),
    Case(samples: 1000, batch: 64, shards: 4, order: .none, bands: [50, 300], first: 0, steps: 40),
    Case(samples: 77, batch: 10, shards: 4, order: .none, bands: [9], first: 13, steps: 40, own: 2..<3),
    Case(
      samples: 5000, batch: 100, shards: 5, order: .blocks(rows: 128, window: 2), bands: [256], first: 77, steps: 160,
      own: 1..<4),
  ]

  static let random: [Case] = (0..<60).map { number in
    var random = SeededGenerator(UInt64(number))
    let samples = Int.random(in: 1...600, using: &random)
    let batch = Int.random(in: 1...samples, using: &random)
    let shards = Int.random(in: 1...9, using: &random)
    let steps = Int.random(in: 1...60, using: &random)
    let own = Int.random(in: 0..<shards, using: &random)
    return Case(
      samples: samples, batch: batch, shards: shards,
      order: number % 5 == 0
        ? .none
        : .blocks(rows: Int.random(in: 1...80, using: &random), window: Int.random(in: 1...6, using: &random)),
      bands: (0..<Int.random(in: 1...2, using: &random)).map { _ in Int.random(in: 1...100, using: &random) },
      first: Int.random(in: 0..<steps, using: &random), steps: steps,
      own: number % 3 == 0 ? own..<Int.random(in: own + 1...shards, using: &random) : nil)
  }

  @Test(arguments: chosen + random)
  func allIsThereInTime(_ test: Case) {
    let schedule = BatchSchedule(samples: test.samples, batchSize: test.batch)
    let partition = ShardPartition(shards: test.shards)
    let own = test.own ?? 0..<test.shards
    let laneSteps = LaneSteps(schedule: schedule, partition: partition, steps: test.steps)
    let order: StreamedOrder
    if case .blocks(let rows, let window) = test.order {
      order = .blocks(
        BlockOrder(
          samples: test.samples, batchSize: test.batch, shards: test.shards, block: rows, window: window, seed: 4),
        laneSteps)
    } else {
      order = .inOrder(laneSteps, stretch: 16)
    }
    let lanes = order.lanes(schedule: schedule, partition: partition, shards: own)
    var planner = LoadPlanner(
      lanes: lanes,
      bands: test.bands.map { band in .init(mostRows: band) { ($0 / band + 1) * band } }, from: test.first,
      of: test.steps)
    let sampler = Sampler(samples: test.samples, batchSize: test.batch, shards: test.shards, order: test.order, seed: 4)
    let slots = lanes.reduce(0) { $0 + $1.capacity }
    var rings = test.bands.map { _ in [Int](repeating: -1, count: slots) }
    var loaded = 0

    /// Loads units, none of which may touch what is read meanwhile, or cross a band.
    func load(_ units: [LoadUnit], whileReading read: Set<Int> = []) {
      var written: Set<Int> = []
      for unit in units {
        let band = test.bands[unit.source]
        #expect(unit.rows.lowerBound / band == (unit.rows.upperBound - 1) / band)
        for (offset, row) in unit.rows.enumerated() {
          let slot = unit.slot + offset
          #expect(slot < slots && !read.contains(slot))
          #expect(written.insert(unit.source * slots + slot).inserted)
          rings[unit.source][slot] = row
        }
        if unit.source == 0 { loaded += unit.rows.count }
      }
    }

    load(planner.beforeFirst())
    for step in test.first..<test.steps {
      let (epoch, positions) = schedule.batch(of: step)
      var read: Set<Int> = []
      for shard in own {
        let slice = partition.range(of: shard, in: positions.count)
        guard !slice.isEmpty else { continue }
        let lane = lanes[lanes.count == 1 ? 0 : shard - own.lowerBound]
        var found = [Int64](repeating: -1, count: slice.count)
        var wanted = found
        order.fillSlots(
          &found, step: step, shard: shard, samples: 0..<slice.count,
          lane: LanePlace(base: lane.base, capacity: lane.capacity, length: lane.feed.length))
        let first = positions.lowerBound + slice.lowerBound
        sampler.fill(&wanted, epoch: epoch, shard: shard, positions: first..<first + slice.count)
        for ring in rings { #expect(found.map { ring[Int($0)] } == wanted.map { Int($0) }) }
        read.formUnion(found.map { Int($0) })
      }
      load(planner.next(), whileReading: read)
    }
    #expect(planner.isOver)
    // No row of an epoch is loaded twice, but for the windows around the first step and the last.
    let epochs = Double(test.steps - test.first) / Double(schedule.stepsPerEpoch)
    let most = lanes.reduce(0) { $0 + $1.capacity } + Int(epochs.rounded(.up)) * lanes.reduce(0) { $0 + $1.feed.length }
    #expect(loaded <= most)
  }

  /// All lanes load in the same steps, and about a block each: no worker is alone with the one band of a step.
  @Test func lanesLoadTogether() {
    let schedule = BatchSchedule(samples: 100_000, batchSize: 256)
    let partition = ShardPartition(shards: 4)
    let laneSteps = LaneSteps(schedule: schedule, partition: partition, steps: 1000)
    let order = StreamedOrder.blocks(
      BlockOrder(samples: 100_000, batchSize: 256, shards: 4, block: 1024, window: 8, seed: 1), laneSteps)
    var planner = LoadPlanner(
      lanes: order.lanes(schedule: schedule, partition: partition, shards: 0..<4),
      bands: [.init(mostRows: 256) { ($0 / 256 + 1) * 256 }], from: 0, of: 1000)
    _ = planner.beforeFirst()
    var most = 0, all = 0, bursts = 0
    while !planner.isOver {
      let units = planner.next().count
      (most, all) = (max(most, units), all + units)
      if units > 0 { bursts += 1 }
    }
    // About one of 256 rows a step, 16 steps' at once.
    #expect(all > 900 && all < 1200)
    #expect(most <= 4 * 6)
    #expect(bursts < 1000 / 16 * 3 / 2)
  }
}
