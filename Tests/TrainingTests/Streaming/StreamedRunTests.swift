import DataParallel
import Datasets
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A run whose rows are read while it goes on trains the bits of the run that has them in memory.
@Suite struct StreamedRunTests {
  static let blocks = #"{"block": 50, "window": 3}"#
  static let mlp = """
    "model": {"layers": [{"type": "dense", "units": 40, "activation": "relu"}, {"type": "dropout", "rate": 0.2}, \
    {"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], \
    "optimizer": {"type": "adam", "learningRate": 0.01}, "training": {"epochs": 2, "batchSize": 64, "shards": 4}
    """
  static let softmax = """
    "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"], \
    "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 2, "batchSize": 30, "shards": 7}
    """
  /// A first layer whose gradient is a product, which reads the rows once more.
  static let wide = """
    "model": {"layers": [{"type": "dense", "units": 400, "activation": "tanh"}, {"type": "dense", "units": 10}]}, \
    "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9}, \
    "training": {"epochs": 1, "batchSize": 100, "shards": 2}
    """

  static let scale = #"[{"type": "scale", "factor": 0.0625}]"#
  static let cases = [
    TrainingCase(name: "mlp", shuffle: blocks, settings: mlp),
    TrainingCase(name: "in order", shuffle: #""none""#, settings: mlp),
    TrainingCase(name: "standardized", preprocessing: #"["standardize"]"#, shuffle: blocks, settings: softmax),
    TrainingCase(name: "one large block", shuffle: #"{"block": 5000, "window": 1}"#, settings: softmax),
    TrainingCase(name: "single rows", shuffle: #"{"block": 1, "window": 7}"#, settings: softmax),
    TrainingCase(name: "product", shuffle: blocks, settings: wide),
    TrainingCase(
      name: "all at once", shuffle: #""none""#,
      settings: softmax.replacingOccurrences(of: #""batchSize": 30"#, with: #""batchSize": "full""#)),
  ]

  @Test(arguments: cases)
  func sameBitsAsInMemory(_ test: TrainingCase) throws {
    try withScratchDirectory { directory in
      let inMemory = try trainToEnd(test.configuration(output: directory + "/memory"))
      for (number, workers) in [1, 3].enumerated() {
        let streamed = try trainToEnd(
          test.configuration(output: directory + "/\(number)").placing(number == 0 ? .streamed : .inFile),
          workers: workers,
          starter: workers == 1 ? sequentialStarter : ThreadStarter(seed: 2).start)
        #expect(streamed.summary.digest == inMemory.summary.digest)
        #expect(streamed.history.entries == inMemory.history.entries)
        #expect(streamed.history.starts.first?.rowSource != nil)
        #expect(inMemory.history.starts.first?.rowSource == nil)
      }
    }
  }

  /// Chunks that are unpacked by workers, of sizes that share no factor with blocks, batches and shards.
  @Test(arguments: [37, 100, 5000])
  func packedChunksGiveTheSameBits(rowsOfChunk: Int) throws {
    try withScratchDirectory { directory in
      let path = directory + "/packed.h5"
      try Self.writePacked(path, rows: 700, rowsOfChunk: rowsOfChunk)
      for shuffle in [Self.blocks, #""none""#] {
        let test = TrainingCase(
          name: "packed", data: path, preprocessing: #"["standardize"]"#, shuffle: shuffle, settings: Self.softmax)
        let inMemory = try trainToEnd(test.configuration(output: directory + "/memory-\(shuffle.count)"))
        let streamed = try trainToEnd(
          test.configuration(output: directory + "/file-\(shuffle.count)").placing(.streamed), workers: 2,
          starter: ThreadStarter(seed: 1).start)
        #expect(streamed.summary.digest == inMemory.summary.digest)
        #expect(streamed.history.entries == inMemory.history.entries)
        let report = try evaluate(checkpoint: streamed.checkpoint, group: "train")
        #expect(report.samples == 700)
      }
    }
  }

  /// Files of 400, 37 and 263 rows, in chunks that differ, one of them without.
  @Test func severalFilesGiveTheBitsOfOne() throws {
    try withScratchDirectory { directory in
      try Self.writePacked(directory + "/all.h5", rows: 700, rowsOfChunk: 64)
      for (index, (rows, chunk)) in [(0..<400, 37), (400..<437, nil), (437..<700, 100)].enumerated() {
        try Self.writePacked("\(directory)/part-\(index).h5", rows: 700, rowsOfChunk: chunk, of: rows)
      }
      func test(_ data: String) -> TrainingCase {
        TrainingCase(
          name: "files", data: "\(directory)/\(data).h5", preprocessing: #"["standardize"]"#, shuffle: Self.blocks,
          settings: Self.softmax)
      }
      let inMemory = try trainToEnd(test("all").configuration(output: directory + "/memory"))
      for (index, placement) in [DataPlacement.bySize, .inFile, .streamed].enumerated() {
        let run = try trainToEnd(
          test("part-*").configuration(output: "\(directory)/\(index)").placing(placement), workers: 2,
          starter: ThreadStarter(seed: 1).start)
        #expect(run.summary.digest == inMemory.summary.digest, "\(placement)")
        #expect(run.history.entries == inMemory.history.entries, "\(placement)")
      }
    }
  }

  /// Ten classes of rows of 12 numbers.
  ///
  /// - Parameters:
  ///   - rowsOfChunk: `nil` for no chunks.
  ///   - part: Those of the rows that are written; of the test group, the first file has all.
  static func writePacked(
    _ path: String, rows: Int, rowsOfChunk: Int?, of part: Range<Int>? = nil
  ) throws {
    var random = SeededGenerator(8)
    try writeFile(path) { root in
      for (name, count) in [("train", rows), ("test", rows / 7)] {
        let targets = (0..<count).map { _ in UInt8.random(in: 0...9, using: &random) }
        let inputs = targets.flatMap { target in
          (0..<12).map { Float(($0 * Int(target)) % 5) + Float.random(in: -1...1, using: &random) }
        }
        guard name == "train" || part.map({ $0.lowerBound == 0 }) ?? true else { continue }
        let written = name == "train" ? part ?? 0..<count : 0..<count
        let group = try root.createGroup(name)
        let packed = try rowsOfChunk.map {
          try PropertyList.datasetCreation(chunk: [min(written.count, $0), 12], deflate: 4, shuffle: true)
        }
        try group.createDataset(
          "inputs", shape: [written.count, 12],
          values: Array(inputs[written.lowerBound * 12..<written.upperBound * 12]), properties: packed)
        try group.createDataset("targets", shape: [written.count], values: Array(targets[written]))
      }
    }
  }

  /// From the middle of an epoch, and of a window.
  @Test func aResumeGoesOnInTheMiddle() throws {
    try withScratchDirectory { directory in
      let test = TrainingCase(name: "mlp", shuffle: Self.blocks, settings: Self.mlp)
      let whole = try trainToEnd(test.configuration(output: directory + "/memory"))
      let configuration = try test.configuration(output: directory + "/run").placing(.streamed)
      let pieces = try trainInPieces(configuration) { 6 + $0 % 5 }
      #expect(pieces.stops.count > 2)
      #expect(pieces.summary.digest == whole.summary.digest)
      #expect(pieces.history.entries == whole.history.entries)
    }
  }

  @Test func oneOrderOfAllRowsIsRefused() throws {
    try withScratchDirectory { directory in
      let test = TrainingCase(name: "rows", shuffle: #""rows""#, settings: Self.softmax)
      let error = try trainerError { try trainToEnd(test.configuration(output: directory + "/run").placing(.streamed)) }
      #expect(error?.code == .usage)
      #expect(error?.message.contains(#"set data.shuffle to {"block":"#) == true, "\(error?.message ?? "no error")")
    }
  }

  /// Which nothing has looked for before rows are gathered; a rectifier hides it from the accuracy.
  @Test(arguments: ["train", "test"], [DataPlacement.inFile, .streamed])
  func aNumberThatIsNotFiniteIsFoundWhereTheRowsAreInTheFile(group: String, placement: DataPlacement) throws {
    try withScratchDirectory { directory in
      let path = directory + "/nan.h5"
      try writeFile(path) { root in
        for name in ["train", "test"] {
          var inputs = (0..<300 * 4).map { Float($0 % 17) }
          if name == group { inputs[4 * 211 + 2] = .nan }
          let made = try root.createGroup(name)
          try made.createDataset("inputs", shape: [300, 4], values: inputs)
          try made.createDataset("targets", shape: [300], values: (0..<300).map { UInt8($0 % 10) })
        }
      }
      let test = TrainingCase(name: "nan", data: path, shuffle: Self.blocks, settings: Self.mlp)
      let error = try trainerError {
        try trainToEnd(test.configuration(output: directory + "/run").placing(placement))
      }
      #expect(error?.code == .data)
      #expect(
        error?.message.contains("/\(group)/inputs has NaN in row 211, column 2") == true,
        "\(error?.message ?? "no error")")
    }
  }
}
