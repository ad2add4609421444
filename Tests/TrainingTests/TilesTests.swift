import Autodiff
import DataParallel
import Foundations
import TestSupport
import Testing
import Training

/// Gradients of shards that are cut among workers (Note [Tiles] in `Autodiff`): the same bits, and where it pays.
@Suite struct TilesTests {
  /// Two hidden layers, the second of columns that fill no panel, in shards of unequal size.
  static func training(_ layer: Int = 300, batch: Int = 50, shards: Int = 3, _ more: String = "")
    -> TrainingCase
  {
    TrainingCase(
      name: "tiles",
      settings: """
        "model": {"layers": [{"type": "dense", "units": \(layer), "activation": "relu"}, \(more)
          {"type": "dense", "units": 130, "activation": "tanh"}, {"type": "dense", "units": 10}]},
        "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "optimizer": {"type": "adam", "learningRate": 0.01},
        "training": {"epochs": 2, "batchSize": \(batch), "shards": \(shards)}
        """)
  }

  private struct Outcome: Equatable {
    let digest: String
    let measurement: LossAndMetrics
    let phases: Int
  }

  private func outcome<Scalar: TrainingScalar>(
    _ training: TrainingCase, _ type: Scalar.Type, workers: Int, shortcuts: EngineShortcuts = .all,
    costs: TileCosts = .none
  ) throws -> Outcome {
    let engine = try makeEngine(
      training.configuration(output: "/nowhere"), type, workers: workers,
      starter: ThreadStarter(seed: UInt64(workers)).start, shortcuts: shortcuts, tileCosts: costs)
    // The end of an epoch with its smaller batch, and the beginning of the next.
    try engine.run(steps: 0..<40)
    return Outcome(
      digest: engine.memory.parametersDigest, measurement: engine.epochMeasurement, phases: engine.work.phases.count)
  }

  @Test(arguments: [
    training(), training(batch: 200), training(batch: 4, shards: 3), training(batch: 2, shards: 5),
    training(128, batch: 33, shards: 2, #"{"type": "dropout", "rate": 0.3}, {"type": "layerNormalization"},"#),
    training(64, batch: 64, shards: 1, #"{"type": "batchNormalization"},"#),
  ])
  func tilesChangeNoBit(training: TrainingCase) throws {
    func check<Scalar: TrainingScalar>(_ type: Scalar.Type) throws {
      let alone = try outcome(training, type, workers: 1)
      for workers in [4, 6, 11] {
        let plain = try outcome(training, type, workers: workers, shortcuts: .all.subtracting(.tiles))
        let tiled = try outcome(training, type, workers: workers)
        #expect(plain.digest == alone.digest && plain.measurement == alone.measurement && plain.phases == alone.phases)
        #expect(tiled.digest == alone.digest && tiled.measurement == alone.measurement, "\(workers) workers")
        // Forwards and backwards.
        #expect((tiled.phases > alone.phases + 2) == (workers > (try training.shards())))
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func theyAreUsedWhereTheyPay() throws {
    func phases(_ layer: Int, batch: Int, shards: Int, workers: Int) throws -> Int {
      try makeEngine(
        Self.training(layer, batch: batch, shards: shards).configuration(output: "/nowhere"), Float.self,
        workers: workers
      ).work.phases.count
    }
    // Enough workers, enough to do.
    #expect(try phases(2048, batch: 128, shards: 2, workers: 8) > 4)
    #expect(try phases(2048, batch: 128, shards: 1, workers: 2) > 4)
    // As many shards as workers; little to do.
    #expect(try phases(2048, batch: 128, shards: 8, workers: 8) == 2)
    #expect(try phases(64, batch: 16, shards: 2, workers: 8) == 2)
  }

  @Test(arguments: [
    // (work, most tiles, shards, workers, tiles)
    (10_000_000, 4, 4, 4, 1), (10_000_000, 4, 8, 16, 2), (10_000_000, 3, 4, 6, 3), (10_000_000, 32, 1, 16, 16),
    (100_000, 4, 8, 16, 1), (10_000_000, 1, 1, 16, 1), (10_000_000, 4, 1, 64, 4), (300_000, 4, 1, 2, 2),
  ])
  func theBusiestWorkerDecides(work: Int, most: Int, shards: Int, workers: Int, tiles: Int) {
    #expect(TileCosts.measured.tiles(work: work, most: most, shards: shards, workers: workers) == tiles)
  }

  @Test func kernelsAreTimedInTiles() throws {
    let configuration = try Self.training(batch: 200).configuration(output: "/nowhere")
    let engine = try makeEngine(configuration, Float.self, workers: 5, tileCosts: .none)
    var step = 0
    let kernels = try engine.kernelTimes(steps: 2, rounds: 3) {
      try engine.run(steps: step..<step + 2)
      step += 2
    }
    #expect(kernels.reduce(0) { $0 + $1.operations } == engine.work.operationsPerStep)
    #expect(kernels.filter { $0.name.hasPrefix("matmul") }.count >= 5)
  }
}

extension TrainingCase {
  fileprivate func shards() throws -> Int { try configuration(output: "/nowhere").training.shards }
}
