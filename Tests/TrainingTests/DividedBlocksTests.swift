import DataParallel
import Foundations
import TestSupport
import Testing
import Training

/// Blocks that are cut for more workers than there are blocks change no bit (Note [Divided blocks]).
@Suite struct DividedBlocksTests {
  private static let cases = WorkerCountTests.cases + TrainingCase.optimizers + TrainingCase.wide

  @Test(arguments: cases) func blocksOfAnyNumberOfWorkersGiveTheSameSteps(training: TrainingCase) throws {
    func check<Scalar: TrainingScalar>(_ type: Scalar.Type) throws {
      let configuration = try training.configuration(output: "/nowhere")
      func state(_ workers: Int) throws -> (state: EngineState<Scalar>, blocks: Int) {
        let engine = try makeEngine(configuration, type, workers: workers, starter: sequentialStarter)
        try engine.run(steps: 0..<5)
        return (EngineState(engine), engine.work.blocks.blocks.count)
      }
      let alone = try state(1)
      for workers in 2...16 {
        let found = try state(workers)
        let isAlike = found.state == alone.state
        #expect(isAlike, "\(workers) workers, \(found.blocks) blocks, \(Scalar.self)")
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  private func blocks(_ training: TrainingCase, workers: Int) throws -> [BlockPartition.Block] {
    try makeEngine(training.configuration(output: "/nowhere"), Float.self, workers: workers).work.blocks.blocks
  }

  // What the cases above have seen.
  @Test func eachWayToAGradientIsCut() throws {
    var cut: Set<String> = []
    for training in Self.cases {
      let few = try blocks(training, workers: 1)
      let many = try blocks(training, workers: 16)
      for (block, parts) in few.map({ block in (block, many.count { block.range.contains($0.range.lowerBound) }) })
      where parts > 1 {
        switch block.source {
        case .slots: cut.insert(block.matrix == nil ? "stretch of slots" : "slots")
        case .transposedSlots: cut.insert("transposed slots")
        case .product: cut.insert("product")
        case .absent: cut.insert("absent")
        }
      }
    }
    #expect(cut == ["stretch of slots", "slots", "transposed slots", "product", "absent"])
  }

  @Test func updatesOfSeveralPassesKeepTheirBlocks() throws {
    let lamb = try #require(TrainingCase.wide.first { $0.name.contains("lamb") })
    #expect(try blocks(lamb, workers: 16) == blocks(lamb, workers: 1))
  }
}

extension TrainingCase {
  /// Matrices on both sides of the bound from which gradients are products, small ones, one that nobody computes, and much
  /// that is in no matrix.
  static let wide: [TrainingCase] = {
    func layers(_ units: [Int], _ batch: Int, _ rest: String, _ optimizer: String) -> TrainingCase {
      let hidden = units.map { #"{"type": "dense", "units": \#($0), "activation": "tanh"}"# }
      return TrainingCase(
        name: "\(units), batch \(batch), \(optimizer)\(rest)",
        settings: """
          "model": {"layers": [\((hidden + [#"{"type": "layerNormalization"}, {"type": "dense", "units": 10}"#])
            .joined(separator: ", "))]},
          "loss": "softmaxCrossEntropy", "optimizer": {"type": \(optimizer)}\(rest),
          "training": {"epochs": 2, "batchSize": \(batch), "shards": 8}
          """)
    }
    let momentum = #""sgd", "learningRate": 0.05, "momentum": 0.9"#
    let frozen = #", "initial": {"freeze": ["dense1", "dense2"]}"#
    return [
      layers([300, 100, 2000], 40, "", momentum),
      layers([300, 100, 2000], 600, "", #""adam", "averaging": {"decay": 0.9}"#),
      layers([300, 100, 2000], 3, frozen, #""adam""#), layers([40, 20], 40, "", momentum),
      layers([40, 20], 40, frozen, momentum), layers([300, 100, 2000], 40, "", #""lamb", "learningRate": 0.01"#),
    ]
  }()
}
