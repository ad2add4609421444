import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Runs on sparse matrices: the parameters, measures and predictions of runs on the same numbers stored dense.
@Suite struct SparseRunTests {
  private static let file = "\(Fixture.directory)/matrices/matrices.h5"

  private func configuration(
    _ inputs: String, _ preprocessing: String, precision: String, units: Int = 6, split: Bool = false,
    shuffle: String = #""rows""#, output: String
  ) throws -> RunConfiguration {
    try RunConfiguration(
      json: """
        {"seed": 5, "precision": "\(precision)",
         "data": {"path": "\(Self.file)", "inputs": "\(inputs)", "preprocessing": \(preprocessing), "shuffle": \(shuffle)
                  \(split ? #", "split": {"validation": 0.2}"# : "")},
         "model": {"layers": [{"type": "dense", "units": \(units), "activation": "relu"}, {"type": "dense", "units": 3}]},
         "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
         "optimizer": {"type": "adam", "learningRate": 0.01}, "training": {"epochs": 3, "batchSize": 16, "shards": 3}}
        """, output: output)
  }

  // With 600 units the first weight is a product, whose left operand is gathered again by columns.
  @Test(arguments: [
    ("float32", "[]", "float32", 6), ("float32", #"["standardize"]"#, "float32", 600), ("uint8", "[]", "float32", 600),
    ("uint8", #"[{"type": "scale", "factor": 0.00392156862745098}]"#, "float64", 6),
    ("uint8", #"["standardize"]"#, "float32", 6), ("float64", #"["standardize"]"#, "float64", 6),
  ])
  func aSparseMatrixTrainsToTheBitsOfTheDenseOne(
    type: String, preprocessing: String, precision: String, units: Int
  ) throws {
    try withScratchDirectory { directory in
      func run(_ kind: String, workers: Int) throws -> Trained {
        try trainToEnd(
          configuration(
            "\(kind)_\(type)", preprocessing, precision: precision, units: units, split: units == 6,
            output: "\(directory)/\(kind)-\(workers)"), workers: workers,
          starter: workers == 1 ? sequentialStarter : ThreadStarter(seed: 2).start)
      }
      let dense = try run("dense", workers: 1)
      for workers in [1, 3] {
        let sparse = try run("csr", workers: workers)
        #expect(sparse.summary.digest == dense.summary.digest, "\(workers)")
        #expect(sparse.summary.measures == dense.summary.measures)
      }
    }
  }

  /// Its rows are read as they are needed, with their zeros.
  @Test(arguments: [
    ("float32", "[]", "float32"), ("float32", #"["standardize"]"#, "float64"),
    ("uint8", #"["standardize"]"#, "float32"),
  ])
  func aSparseMatrixMayStayInTheFile(type: String, preprocessing: String, precision: String) throws {
    try withScratchDirectory { directory in
      func configuration(_ name: String) throws -> RunConfiguration {
        try self.configuration(
          "csr_\(type)", preprocessing, precision: precision, split: true, shuffle: #"{"block": 8, "window": 3}"#,
          output: "\(directory)/\(name)")
      }
      let inMemory = try trainToEnd(configuration("memory"))
      let streamed = try trainToEnd(
        configuration("streamed").placing(.streamed), workers: 2, starter: ThreadStarter(seed: 2).start)
      #expect(streamed.summary.digest == inMemory.summary.digest)
      #expect(streamed.summary.measures == inMemory.summary.measures)
      #expect(streamed.history.starts.first?.rowSource != nil)
    }
  }

  @Test func aModelOfEitherKindTakesTheOther() throws {
    try withScratchDirectory { directory in
      func run(_ inputs: String) throws -> Trained {
        try trainToEnd(
          configuration(
            inputs, #"["standardize"]"#, precision: "float32", output: "\(directory)/\(inputs)"))
      }
      let (sparse, dense) = (try run("csr_float32"), try run("dense_float32"))
      let expected = try evaluate(checkpoint: dense.checkpoint, group: "test")
      #expect(try evaluate(checkpoint: sparse.checkpoint, group: "test").measurement == expected.measurement)
      func predicted(_ trained: Trained, _ name: String) throws -> [UInt8] {
        let output = "\(directory)/\(name)"
        _ = try predict(checkpoint: trained.checkpoint, input: Self.file, output: output)
        return try SystemFileSystem().contents(of: output)
      }
      #expect(try predicted(sparse, "p.csv") == predicted(dense, "q.csv"))
    }
  }
}
