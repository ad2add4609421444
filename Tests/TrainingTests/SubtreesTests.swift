import DataParallel
import TestSupport
import Testing
import Training

/// Slots of neighbouring shards that one worker adds up (Note [Subtrees] in `DataParallel`): the same bits, and where it pays.
@Suite struct SubtreesTests {
  static func training(batch: Int, shards: Int, _ optimizer: String = #"{"type": "adam", "learningRate": 0.01}"#)
    -> TrainingCase
  {
    TrainingCase(
      name: "subtrees",
      settings: """
        "model": {"layers": [{"type": "dense", "units": 30, "activation": "relu"}, {"type": "batchNormalization"},
          {"type": "dense", "units": 10}]},
        "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "optimizer": \(optimizer),
        "training": {"epochs": 2, "batchSize": \(batch), "shards": \(shards)}
        """)
  }

  private struct Outcome: Equatable {
    let digest: String
    let measurement: LossAndMetrics
    let units: Int
  }

  private func outcome<Scalar: TrainingScalar>(
    _ training: TrainingCase, _ type: Scalar.Type, workers: Int, shortcuts: EngineShortcuts = .all
  ) throws -> Outcome {
    let engine = try makeEngine(
      training.configuration(output: "/nowhere"), type, workers: workers,
      starter: ThreadStarter(seed: UInt64(workers)).start, shortcuts: shortcuts, tileCosts: .none)
    try engine.run(steps: 0..<40)
    return Outcome(
      digest: engine.memory.parametersDigest, measurement: engine.epochMeasurement, units: engine.work.phases[0])
  }

  @Test(arguments: [
    training(batch: 50, shards: 4), training(batch: 33, shards: 8), training(batch: 64, shards: 16),
    training(batch: 7, shards: 12), training(batch: 50, shards: 7, #"{"type": "lamb", "learningRate": 0.01}"#),
  ])
  func whoAddsThemUpChangesNoBit(training: TrainingCase) throws {
    func check<Scalar: TrainingScalar>(_ type: Scalar.Type) throws {
      let alone = try outcome(training, type, workers: 1)
      var fewest = alone.units
      for workers in [2, 3, 4] {
        let plain = try outcome(training, type, workers: workers, shortcuts: .all.subtracting(.subtrees))
        let joined = try outcome(training, type, workers: workers)
        #expect(plain.units == alone.units)
        for other in [plain, joined] {
          #expect(other.digest == alone.digest && other.measurement == alone.measurement, "\(workers) workers")
        }
        fewest = min(fewest, joined.units)
      }
      #expect(fewest < alone.units)
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test(arguments: [
    // (shards, workers, elements of a slot, operations of a shard, shards of a subtree)
    (4, 2, 7850, 1_000_000, 2), (8, 2, 7850, 1_000_000, 4), (16, 2, 7850, 1_000_000, 8), (16, 4, 7850, 1_000_000, 4),
    (32, 16, 7850, 1_000_000, 2), (8, 8, 7850, 1_000_000, 1), (8, 16, 7850, 1_000_000, 1), (8, 1, 7850, 1_000_000, 1),
    // Nobody is to have more shards than without.
    (8, 3, 7850, 1_000_000, 1), (6, 2, 7850, 1_000_000, 1), (5, 2, 7850, 1_000_000, 1), (16, 3, 7850, 1_000_000, 2),
    // Small and large slots, and much to do for each element.
    (8, 2, 100, 10_000, 1), (8, 2, 100_000, 1_000_000, 1), (8, 2, 2000, 16_000_000, 1), (8, 2, 0, 1_000_000, 1),
  ])
  func theyAreAddedUpWhereItPays(shards: Int, workers: Int, slot: Int, work: Int, subtree: Int) {
    #expect(TileCosts.measured.subtree(shards: shards, workers: workers, slot: slot, work: work) == subtree)
  }
}
