import DataParallel
import Foundations
import TestSupport
import Testing
import Training

/// Memory that is placed near its workers, as on a machine with several memory nodes, is the same memory.
@Suite struct EnginePlacementTests {
  private static let cases = WorkerCountTests.cases + TrainingCase.optimizers + TrainingCase.wide

  @Test(arguments: cases) func placedMemoryGivesTheSameSteps(training: TrainingCase) throws {
    func check<Scalar: TrainingScalar>(_ type: Scalar.Type) throws {
      let configuration = try training.configuration(output: "/nowhere")
      for (workers, starter) in [(2, sequentialStarter), (5, ThreadStarter(seed: 4).start), (3, lonelyStarter)] {
        func engine(_ places: Bool) throws -> TrainingEngine<Scalar> {
          try makeEngine(configuration, type, workers: workers, starter: starter, placesMemory: places)
        }
        let (plain, placed) = (try engine(false), try engine(true))
        let beginsAlike = EngineState(placed).bits == EngineState(plain).bits
        #expect(beginsAlike, "before the first step, \(workers) workers, \(Scalar.self)")
        try plain.run(steps: 0..<6)
        try placed.run(steps: 0..<6)
        let endsAlike = EngineState(placed) == EngineState(plain)
        #expect(endsAlike, "after steps, \(workers) workers, \(Scalar.self)")
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func blocksAndRoomsLieWithTheirWorkers() throws {
    let training = TrainingCase(
      name: "large",
      settings: """
        "model": {"layers": [{"type": "dense", "units": 4000, "activation": "relu"}, {"type": "dense", "units": 10}]},
        "loss": "softmaxCrossEntropy", "optimizer": {"type": "adam", "averaging": {"decay": 0.9}},
        "training": {"epochs": 1, "batchSize": 64, "shards": 8}
        """)
    let workers = 4
    let engine = try makeEngine(
      training.configuration(output: "/nowhere"), Float.self, workers: workers, placesMemory: true)
    let placement = engine.work.placement
    let region = Region(workers: workers)
    let blocks = engine.work.blocks.blocks.map(\.range)
    for vector in [engine.memory.parameters] + engine.memory.state {
      let start = UInt(bitPattern: vector.pointer)
      let all = start..<start + UInt(vector.bytes.count)
      for worker in 0..<workers {
        let home = region.home(of: worker, among: blocks.count)
        let own =
          start + UInt(4 * blocks[home.lowerBound].lowerBound)..<start
          + UInt(4 * blocks[home.upperBound - 1].upperBound)
        let found = placement.stretches[worker].filter { $0.overlaps(all) }
        // One stretch, that of the home, but for parts of pages at its ends.
        try #require(found.count == 1, "\(found)")
        #expect(found[0].lowerBound >= own.lowerBound && found[0].lowerBound < own.lowerBound + 4096)
        #expect(found[0].upperBound < own.upperBound + 4096 && found[0].upperBound + 4096 > own.upperBound)
      }
    }
    // Vectors, slots, operands, copies and rooms: nearly all that the engine has.
    let bytes = placement.stretches.joined().reduce(0) { $0 + $1.count }
    #expect(bytes > 5 * engine.memory.parameters.bytes.count)
    // No page has two movers.
    let stretches = placement.stretches.joined().sorted { $0.lowerBound < $1.lowerBound }
    #expect(zip(stretches, stretches.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
  }
}
