import DataParallel
import Foundation
import Foundations
import HDF5
import Synchronization
import TestSupport
import Testing
import Training

/// Rows in memory are predicted to the bits that `predict` writes for the same rows in a file.
@Suite struct PredictorTests {
  /// A model with outputs, probabilities and classes of any kind, on bytes and on numbers, in both precisions.
  static let cases = [1, 2, 4, 8, 9].map { WorkerCountTests.cases[$0] }

  /// What `predict` writes for rows in a file.
  private func written<Input: NativeScalar>(
    _ checkpoint: String, _ rows: [Input], shape: [Int], in directory: String
  ) throws -> (predictions: [Double], probabilities: [Double]?) {
    let input = "\(directory)/rows-\(Input.numberType)-\(rows.count).h5"
    if !FileManager.default.fileExists(atPath: input) {
      try writeFile(input) { _ = try $0.createDataset("inputs", shape: shape, values: rows) }
    }
    let output = "\(directory)/predictions.h5"
    let report = try predict(
      checkpoint: checkpoint, input: input, output: output, overwriting: true)
    let file = try HDF5.File.open(at: output)
    let predictions = try file.root.dataset("predictions").read(as: Double.self)
    let probabilities = try report.probabilityShape.map { _ in
      try file.root.dataset("probabilities").read(as: Double.self)
    }
    try file.close()
    // Of two classes with one output, the file has both probabilities, and a predictor that of the second.
    let isPair = try Predictor(checkpoint: checkpoint).outputCount == 1 && report.probabilityShape != nil
    return (
      predictions,
      isPair ? probabilities.map { all in stride(from: 1, to: all.count, by: 2).map { all[$0] } } : probabilities
    )
  }

  private func expectTheSame<Input: NativeScalar>(
    _ predictor: Predictor, _ checkpoint: String, _ rows: [Input], in directory: String, _ name: String
  ) throws {
    let count = rows.count / predictor.inputCount
    let expected = try written(
      checkpoint, rows, shape: [count] + predictor.inputShape, in: directory)
    let whole = try predictor.predict(rows: rows)
    #expect(whole.rows == count)
    #expect(whole.probabilities == expected.probabilities, "\(name)")
    #expect((whole.classes.map { $0.map(Double.init) } ?? whole.outputs) == expected.predictions, "\(name)")
    // However the rows are cut into calls.
    for size in [1, 3, 17, 64, 100] {
      var outputs: [Double] = []
      for start in stride(from: 0, to: count, by: size) {
        let range = start * predictor.inputCount..<min(count, start + size) * predictor.inputCount
        outputs += try predictor.predict(rows: Array(rows[range])).outputs
      }
      #expect(outputs == whole.outputs, "\(name), \(size) rows a call")
    }
  }

  @Test(arguments: cases) func rowsInMemoryAreRowsInAFile(training: TrainingCase) throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(training.configuration(output: "\(directory)/run"))
      let predictor = try Predictor(checkpoint: trained.checkpoint)
      #expect(predictor.step == trained.summary.step)
      let file = try HDF5.File.open(at: Repository.data(training.data))
      let inputs = try file.root.dataset("train/inputs")
      let doubles = try inputs.read(as: Double.self)
      try expectTheSame(predictor, trained.checkpoint, doubles, in: directory, "float64")
      try expectTheSame(predictor, trained.checkpoint, doubles.map { Float($0) }, in: directory, "float32")
      if inputs.datatype.numberType == .uint8 {
        try expectTheSame(predictor, trained.checkpoint, doubles.map { UInt8($0) }, in: directory, "uint8")
        try expectTheSame(predictor, trained.checkpoint, doubles.map { Int($0) }, in: directory, "int64")
        try expectTheSame(predictor, trained.checkpoint, doubles.map { UInt16($0) }, in: directory, "uint16")
      }
      try file.close()
    }
  }

  @Test(arguments: ["float32", "float64"]) func categoriesAreExpanded(precision: String) throws {
    try withScratchDirectory { directory in
      for bytes in [false, true] {
        let codes = (0..<40).flatMap { [$0 % 3, $0 * 7 % 11, $0 % 5 * 2] }
        let targets = (0..<40).map { $0 % 2 }
        let arrays =
          try bytes
          ? TrainingArrays(inputs: codes.map { UInt8($0) }, inputShape: [3], targets: targets)
          : TrainingArrays(inputs: codes.map { Float($0) }, inputShape: [3], targets: targets)
        let configuration = try RunConfiguration(
          json: """
            {"precision": "\(precision)",
             "data": {"preprocessing": [{"type": "oneHot", "columns": [0, 2]}, {"type": "scale", "factor": 0.3},
               "standardize"]},
             "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy",
             "training": {"epochs": 2, "batchSize": 8}}
            """, output: "\(directory)/\(bytes)")
        let outcome = try train(configuration, on: arrays)
        let checkpoint = try #require(outcome.summary.checkpoint)
        let predictor = try outcome.predictor()
        #expect(predictor.inputCount == 3 && predictor.outputCount == 2)
        try expectTheSame(predictor, checkpoint, codes.map { Double($0) }, in: directory, "numbers")
        try expectTheSame(predictor, checkpoint, codes.map { UInt8($0) }, in: directory, "bytes")
        let error = try trainerError { try predictor.predict(rows: [[0, 0, 0], [1, 3, 5]]) }
        #expect(
          error?.message
            == "row 1, column 2 of the inputs has the category 5.0, which the training group does not have")
      }
    }
  }

  @Test func theModelInMemoryIsThatOfItsCheckpoint() throws {
    try withScratchDirectory { directory in
      let training = Self.cases[0]
      let arrays = try TrainingArrays(file: Repository.data(training.data))
      let saved = try trainToEnd(training.configuration(output: "\(directory)/run"))
      let rows = (0..<5 * 64).map { Float($0 % 17) }
      let inMemory = try train(training.configurationInMemory(), on: arrays).predictor().predict(rows: rows)
      #expect(try Predictor(checkpoint: saved.checkpoint).predict(rows: rows) == inMemory)
      #expect(inMemory.rows == 5 && Set(inMemory.outputs).count > 20)
      let nested = (0..<5).map { Array(rows[$0 * 64..<($0 + 1) * 64]) }
      #expect(try Predictor(checkpoint: saved.checkpoint).predict(rows: nested) == inMemory)
      #expect(try Predictor(checkpoint: saved.checkpoint).predict(rows: rows.span) == inMemory)
    }
  }

  /// A small trained model, and rows for it.
  private func digits() throws -> (predictor: Predictor, rows: [UInt8]) {
    let outcome = try train(
      Self.cases[0].configurationInMemory(), on: TrainingArrays(file: Repository.data("digits")),
      options: RunOptions(workers: 1))
    return (try outcome.predictor(), (0..<300 * 64).map { UInt8($0 * $0 % 17) })
  }

  @Test func manyThreadsAtOnce() throws {
    let (predictor, rows) = try digits()
    let expected = try predictor.predict(rows: rows)
    // Each call has rows of its own, so that two that shared memory would spoil each other's numbers.
    let found = Mutex<[(rows: Range<Int>, predictions: Predictions?)]>([])
    ThreadStarter(seed: 2).start(count: 16) { thread in
      for turn in 0..<20 {
        let first = (37 * thread + 11 * turn) % 200
        let range = first..<first + [100, 1, 77, 64][(thread + turn) % 4]
        let rows = Array(rows[range.lowerBound * 64..<range.upperBound * 64])
        do {
          let part = try predictor.predict(rows: rows)
          found.withLock { $0.append((range, part)) }
        } catch {
          found.withLock { $0.append((range, nil)) }
        }
      }
    }
    let parts = found.withLock { $0 }
    #expect(parts.count == 320)
    var differing = 0
    for (range, part) in parts {
      let part = try #require(part)
      let outputs = expected.outputs[range.lowerBound * 10..<range.upperBound * 10]
      if !part.outputs.elementsEqual(outputs)
        || part.classes.map({ Array($0) }) != expected.classes.map({ Array($0[range]) })
      {
        differing += 1
      }
    }
    #expect(differing == 0)
  }

  @Test(.enabled(if: allocationsAreCounted)) func buffersAreFilledWithoutAllocating() throws {
    let (predictor, bytes) = try digits()
    let numbers = bytes.map { Float($0) }
    let count = 299
    var (outputs, probabilities) = ([Float](repeating: 0, count: count * 10), [Float](repeating: 0, count: count * 10))
    var classes = [Int](repeating: 0, count: count)
    func fill<Input: NativeScalar>(_ rows: [Input]) throws -> Int {
      try rows.withUnsafeBufferPointer { rows in
        try outputs.withUnsafeMutableBufferPointer { outputs in
          try probabilities.withUnsafeMutableBufferPointer { probabilities in
            try classes.withUnsafeMutableBufferPointer { classes in
              let rows = UnsafeBufferPointer(rebasing: rows[..<(count * 64)])
              return try allocations {
                try predictor.predict(rows: rows, outputs: outputs, probabilities: probabilities, classes: classes)
              }
            }
          }
        }
      }
    }
    #expect(try fill(bytes) > 0, "the first call makes its memory")
    for _ in 0..<3 {
      #expect(try fill(bytes) == 0)
      #expect(try fill(numbers) == 0)
    }
    let expected = try predictor.predict(rows: Array(numbers[..<(count * 64)]))
    #expect(outputs.map { Double($0) } == expected.outputs && classes == expected.classes)
    #expect(probabilities.map { Double($0) } == expected.probabilities)
  }

  @Test func faultsAreToldByRow() throws {
    let (predictor, _) = try digits()
    func message(_ rows: [Float]) throws -> String {
      try trainerError { try predictor.predict(rows: rows) }?.message ?? "no error"
    }
    var rows = [Float](repeating: 1, count: 70 * 64)
    rows[66 * 64 + 3] = .nan
    #expect(
      try message(rows)
        == "the inputs have NaN in row 66, column 3 (both counted from 0); remove or replace such values")
    rows[66 * 64 + 3] = -.infinity
    #expect(try message(rows).hasPrefix("the inputs have an infinity in row 66, column 3"))
    #expect(
      try message([1, 2, 3])
        == "found 3 inputs, expected a whole number of rows: the model was made for 64 a row")
    #expect(
      try trainerError { try predictor.predict(rows: [[1.0]]) }?.message
        == "row 0 has 1 inputs, but the model was made for 64")
    let overflowing = try trainerError { try predictor.predict(rows: [Double](repeating: 1e300, count: 64)) }
    #expect(overflowing?.message.contains("float32 cannot hold") == true)
    #expect(try predictor.predict(rows: [Float]()).rows == 0)
    #expect(try trainerError { try Predictor(checkpoint: "/nowhere.h5") }?.code == .checkpoint)
  }
}
