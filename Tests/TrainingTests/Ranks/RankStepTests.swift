import DataParallel
import Foundations
import Synchronization
import TestSupport
import Testing
import Training

/// Steps that are divided among ranks give the bits of one process, whatever the number of ranks.
@Suite struct RankStepTests {
  /// Matrices on both sides of the bound from which gradients are products, in batches whose operands are fewer bytes than
  /// partial sums, but for the last one's.
  private static func wide(
    _ batch: Int, _ optimizer: String = #"{"type": "sgd", "learningRate": 0.05}"#, shuffle: String? = nil
  ) -> TrainingCase {
    TrainingCase(
      name: "wide layers, batch \(batch), \(optimizer.prefix(20)) \(shuffle ?? "")", shuffle: shuffle,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 300, "activation": "relu"}, {"type": "dropout", "rate": 0.2},
          {"type": "dense", "units": 100, "activation": "tanh"}, {"type": "dense", "units": 10}]},
        "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], "optimizer": \(optimizer),
        "training": {"epochs": 2, "batchSize": \(batch), "shards": 8}
        """)
  }

  private static let cases =
    WorkerCountTests.cases + TrainingCase.optimizers + [
      wide(40), wide(1000), wide(3), wide(48, #"{"type": "lamb", "learningRate": 0.01}"#),
      wide(40, shuffle: #"{"block": 16, "window": 4}"#),
    ]

  /// What steps leave behind.
  private struct Outcome<Scalar: TrainingScalar>: Equatable {
    var parameters: [Scalar]
    var evaluated: [Scalar]
    var state: [[Scalar]]
    var measurement: LossAndMetrics
    var numbers: [Double]

    init(_ engine: TrainingEngine<Scalar>) {
      parameters = Array(engine.memory.parameters.elements)
      evaluated = Array(engine.memory.evaluatedParameters.elements)
      state = engine.memory.state.map { Array($0.elements) }
      measurement = engine.epochMeasurement
      numbers = Array(engine.memory.numbers.elements)
    }
  }

  private static let steps = 0..<9

  private func outcomes<Scalar: TrainingScalar>(
    _ configuration: RunConfiguration, _ type: Scalar.Type, ranks: Int, shards: Int, workers: Int = 1,
    shortcuts: EngineShortcuts = .all
  ) throws -> (all: [Outcome<Scalar>], bytes: Int) {
    let network = MemoryNetwork(ranks, seed: UInt64(ranks), longestDelay: 30)
    let outcomes = Mutex([Outcome<Scalar>?](repeating: nil, count: ranks))
    let bytes = Mutex(0)
    let errors = runRanks(ranks, seed: 5, deadline: 60, network) { communicator in
      let engine = try makeEngine(
        configuration, Scalar.self, workers: workers, shards: shards,
        starter: workers == 1 ? sequentialStarter : ThreadStarter(seed: 1).start, shortcuts: shortcuts,
        communicator: communicator, tileCosts: .none)
      let before = communicator.traffic
      try engine.run(steps: Self.steps.lowerBound..<4)
      try engine.run(steps: 4..<Self.steps.upperBound)
      let sent = communicator.traffic.since(before).bytes
      bytes.withLock { $0 = max($0, sent) }
      try engine.gatherState()
      try engine.shareEvaluatedParameters()
      let outcome = Outcome(engine)
      outcomes.withLock { $0[communicator.rank] = outcome }
      try communicator.finish()
    }
    for error in errors { if let error { throw error } }
    return (outcomes.withLock { $0.compactMap(\.self) }, bytes.withLock { $0 })
  }

  private func alone<Scalar: TrainingScalar>(
    _ configuration: RunConfiguration, _ type: Scalar.Type, shards: Int
  ) throws -> Outcome<Scalar> {
    let engine = try makeEngine(configuration, Scalar.self, shards: shards, starter: sequentialStarter)
    try engine.run(steps: Self.steps)
    return Outcome(engine)
  }

  private func check<Scalar: TrainingScalar>(
    _ training: TrainingCase, _ type: Scalar.Type, ranks: [Int], shards: Int, workers: Int = 1,
    shortcuts: EngineShortcuts = .all
  ) throws {
    let configuration = try training.configuration(output: "/nowhere")
    let expected = try alone(configuration, type, shards: shards)
    for count in ranks where count <= shards {
      let outcomes = try outcomes(
        configuration, type, ranks: count, shards: shards, workers: workers, shortcuts: shortcuts
      ).all
      #expect(outcomes.count == count)
      for (rank, outcome) in outcomes.enumerated() {
        var outcome = outcome
        // The others have the state of their own blocks alone.
        if rank > 0 { outcome.state = expected.state }
        #expect(
          bitDifference(outcome.parameters, expected.parameters) == nil, "rank \(rank) of \(count), \(shards) shards")
        #expect(outcome == expected, "rank \(rank) of \(count), \(shards) shards")
      }
    }
  }

  @Test(arguments: cases) func ranksGiveTheBitsOfOneProcess(training: TrainingCase) throws {
    let isDouble = try training.configuration(output: "/nowhere").precision == .float64
    // 2, 4 and 8 ranks alone would not tell a sum in another order.
    let counts = Torture.isOn ? [(7, [2, 3, 4, 5, 7]), (8, [2, 3, 4, 5, 7, 8])] : [(7, [2, 5]), (8, [3, 8])]
    for (shards, ranks) in counts {
      if isDouble {
        try check(training, Double.self, ranks: ranks, shards: shards)
      } else {
        try check(training, Float.self, ranks: ranks, shards: shards)
      }
    }
  }

  @Test(arguments: [2, 3]) func someWorkersInEachRankGiveThemToo(workers: Int) throws {
    for training in [Self.wide(40), WorkerCountTests.cases[1], WorkerCountTests.cases[5]] {
      try check(training, Float.self, ranks: [2, 3], shards: 7, workers: workers)
    }
  }

  /// With more workers in a rank than it has shards, so that their products are cut into tiles.
  @Test func ranksWhoseShardsAreCutGiveThemToo() throws {
    for training in [Self.wide(40), Self.wide(48, #"{"type": "lamb", "learningRate": 0.01}"#)] {
      try check(training, Float.self, ranks: [2, 3], shards: 7, workers: 5)
    }
  }

  @Test func operandsTravelWhereTheyAreFewerBytesAndChangeNoBit() throws {
    let plain = EngineShortcuts.all.subtracting(.travellingOperands)
    for batch in [3, 40, 1000] {
      try check(Self.wide(batch), Float.self, ranks: [2, 3, 5], shards: 8, shortcuts: plain)
      let configuration = try Self.wide(batch).configuration(output: "/nowhere")
      let travelling = try outcomes(configuration, Float.self, ranks: 4, shards: 8).bytes
      let summed = try outcomes(configuration, Float.self, ranks: 4, shards: 8, shortcuts: plain).bytes
      if batch < 1000 { #expect(travelling < summed * 4 / 5, "\(travelling) of \(summed)") }
      #expect(travelling <= summed)
    }
  }

  @Test func aRankSendsHardlyMoreThanTheLeastThatIsPossible() throws {
    // 20 blocks a rank and more, ranks that are a power of two and divide the shards.
    let training = TrainingCase(
      name: "large",
      settings: """
        "model": {"layers": [{"type": "dense", "units": 6000, "activation": "relu"}, {"type": "dense", "units": 10}]},
        "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.05},
        "training": {"epochs": 2, "batchSize": 1000, "shards": 8}
        """)
    let configuration = try training.configuration(output: "/nowhere")
    for ranks in [2, 4] {
      let (outcomes, bytes) = try outcomes(
        configuration, Float.self, ranks: ranks, shards: 8,
        shortcuts: .all.subtracting([.travellingOperands, .products]))
      let parameters = 4 * outcomes[0].parameters.count * Self.steps.count
      let optimum = 2 * Double(ranks - 1) / Double(ranks) * Double(parameters)
      #expect(Double(bytes) <= 1.05 * optimum, "\(bytes) bytes, optimum \(optimum)")
      #expect(Double(bytes) > 0.9 * optimum)
    }
  }

  @Test func aLostRankEndsTheRegion() throws {
    let configuration = try Self.wide(40).configuration(output: "/nowhere")
    let network = MemoryNetwork(3, seed: 1, longestDelay: 30)
    let errors = runRanks(3, seed: 5, deadline: 20, network) { communicator in
      let engine = try makeEngine(
        configuration, Float.self, shards: 8, starter: sequentialStarter, steps: 100_000, communicator: communicator)
      try engine.run(steps: 0..<5)
      if communicator.rank == 1 {
        network.breakConnections(of: 1)
        return
      }
      try engine.run(steps: 5..<100_000)
    }
    // Who notices it second may blame the one that noticed first and has left.
    let blamed = [0, 2].compactMap { (errors[$0] as? RankFailure)?.rank }
    #expect(blamed.count == 2 && blamed.contains(1), "\(errors)")
  }
}
