import DataParallel
import Datasets
import Foundation
import Foundations
import HDF5
import Synchronization
import TestSupport
import Testing
import Training

/// Ranks that read their rows meanwhile train the bits of one process with all rows in memory, and read no row twice.
@Suite struct StreamedRankTests {
  private static let blocks = #"{"block": 16, "window": 4}"#

  /// Matrices on both sides of the bound from which gradients are products, which read the rows once more.
  private static func wide(_ batch: Int, _ shuffle: String) -> TrainingCase {
    TrainingCase(
      name: "batch \(batch), \(shuffle)", shuffle: shuffle,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 300, "activation": "relu"}, {"type": "dropout", "rate": 0.2},
          {"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
        "optimizer": {"type": "adam", "learningRate": 0.01}, "training": {"epochs": 2, "batchSize": \(batch), "shards": 7}
        """)
  }

  private static let cases = [wide(40, blocks), wide(1000, blocks), wide(3, blocks), wide(40, #""none""#)]

  private func train(
    _ configuration: RunConfiguration, ranks: Int, shards: Int, steps: Int, workers: Int
  ) throws -> (parameters: [[Float]], measurements: [LossAndMetrics], bytesRead: [Int]) {
    let network = MemoryNetwork(ranks, seed: UInt64(ranks), longestDelay: 30)
    let found = Mutex([([Float], LossAndMetrics, Int)?](repeating: nil, count: ranks))
    let errors = runRanks(ranks, seed: 5, deadline: 60, network) { communicator in
      let engine = try makeEngine(
        configuration, Float.self, workers: workers, shards: shards,
        starter: workers == 1 ? sequentialStarter : ThreadStarter(seed: 1).start, steps: steps,
        communicator: communicator)
      try engine.run(steps: 0..<steps / 3)
      try engine.run(steps: steps / 3..<steps)
      let outcome = (Array(engine.memory.parameters.elements), engine.epochMeasurement, engine.loading?.bytesRead ?? 0)
      found.withLock { $0[communicator.rank] = outcome }
      try communicator.finish()
    }
    for error in errors { if let error { throw error } }
    let all = found.withLock { $0.compactMap(\.self) }
    return (all.map(\.0), all.map(\.1), all.map(\.2))
  }

  @Test(arguments: cases) func ranksGiveTheBitsOfOneProcess(training: TrainingCase) throws {
    let configuration = try training.configuration(output: "/nowhere")
    let alone = try makeEngine(configuration, Float.self, shards: 7, starter: sequentialStarter, steps: 9)
    try alone.run(steps: 0..<9)
    let expected = Array(alone.memory.parameters.elements)
    for (ranks, workers) in [(2, 1), (3, 2), (5, 1)] {
      let outcome = try train(configuration.placing(.streamed), ranks: ranks, shards: 7, steps: 9, workers: workers)
      #expect(outcome.parameters.count == ranks && outcome.bytesRead.reduce(0, +) > 0)
      for (rank, parameters) in outcome.parameters.enumerated() {
        #expect(bitDifference(parameters, expected) == nil, "rank \(rank) of \(ranks)")
        #expect(outcome.measurements[rank] == alone.epochMeasurement, "rank \(rank) of \(ranks)")
      }
    }
  }

  /// Packed rows of more than 8 MB, in chunks that divide the blocks: lanes that begin within a block share a chunk.
  @Test func togetherTheyReadTheFileOnceInAnEpoch() throws {
    try withScratchDirectory { directory in
      let path = directory + "/large.h5"
      let (rows, columns, epochs) = (20_000, 128, 2)
      var random = SeededGenerator(3)
      let inputs = (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &random) }
      try writeFile(path) { root in
        let group = try root.createGroup("train")
        let packed = try PropertyList.datasetCreation(chunk: [32, columns], deflate: 1, shuffle: true)
        try group.createDataset("inputs", shape: [rows, columns], values: inputs, properties: packed)
        try group.createDataset("targets", shape: [rows], values: (0..<rows).map { UInt8($0 % 10) })
      }
      let size = try Data(contentsOf: URL(filePath: path)).count
      #expect(size > 8_000_000)
      let test = TrainingCase(
        name: "large", data: path, shuffle: #"{"block": 128, "window": 4}"#,
        settings: """
          "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy",
          "optimizer": {"type": "sgd", "learningRate": 0.01}, "training": {"epochs": 2, "batchSize": 400, "shards": 7}
          """)
      let configuration = try test.configuration(output: "/nowhere").placing(.streamed)
      for ranks in [1, 2, 3, 5] {
        let read = try train(configuration, ranks: ranks, shards: 7, steps: epochs * rows / 400, workers: 1).bytesRead
        let share = Double(read.reduce(0, +)) / Double(epochs * size)
        #expect(share > 0.9 && share <= 1.05, "\(ranks) ranks read \(share) of the file in an epoch")
        // 7 shards: a rank of R has at most 7 / R of them, rounded up.
        let most = Double((7 + ranks - 1) / ranks) / 7
        let greatest = Double(read.max() ?? 0) / Double(epochs * size)
        #expect(greatest <= 1.06 * most, "a rank of \(ranks) reads \(greatest) of the file, its shards are \(most)")
      }
    }
  }
}
