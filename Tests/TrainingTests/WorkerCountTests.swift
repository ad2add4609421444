import Checkpoints
import DataParallel
import Foundations
import Kernels
import Optimizers
import TestSupport
import Testing
import Training

/// Promise 1: the trained parameters are a pure function of config, data and seed, whatever the number of workers.
@Suite struct WorkerCountTests {
  private static let twoLayers = """
    "model": {"layers": [{"type": "dense", "units": 128, "activation": "relu"}, {"type": "dropout", "rate": 0.3},
      {"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy",
    "metrics": ["accuracy", "f1", "topKAccuracy", "logLoss", "expectedCalibrationError"]
    """
  private static let softmax = """
    "model": {"layers": [{"type": "dense", "units": 10}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"]
    """
  private static let iris = """
    "model": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3}]}
    """

  /// All that a convolutional network has kernels of its own for.
  static let convolutions = TrainingCase(
    name: "convolutions",
    settings: """
      "model": {"layers": [{"type": "reshape", "shape": [8, 8, 1]}, {"type": "randomShift", "most": 1},
        {"type": "randomFlip"}, {"type": "randomCrop", "size": 7}, {"type": "gaussianNoise", "standardDeviation": 0.5},
        {"type": "convolution", "filters": 8, "kernel": 3, "padding": "same", "useBias": false},
        {"type": "batchNormalization"}, {"type": "activation", "activation": "relu"},
        {"type": "residual", "layers": [{"type": "convolution", "kernel": 3, "groups": "depthwise", "padding": "same"},
          {"type": "convolution", "filters": 8, "kernel": 1, "groups": 2}]},
        {"type": "maxPooling", "size": 3, "stride": 2, "padding": "same"},
        {"type": "transposedConvolution", "filters": 4, "kernel": 2, "stride": 2},
        {"type": "averagePooling", "size": 2}, {"type": "groupNormalization", "groups": 2}, {"type": "upsampling"},
        {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 10}]},
      "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "adam", "learningRate": 0.01, "averaging": {"decay": 0.9}},
      "training": {"epochs": 2, "batchSize": 60, "shards": 7}
      """)

  static let cases = [
    TrainingCase(
      name: "softmax",
      settings: """
        \(softmax), "optimizer": {"type": "sgd", "learningRate": 0.1},
        "training": {"epochs": 2, "batchSize": 64, "shards": 4}
        """),
    TrainingCase(
      name: "two layers with dropout, Adam, cosine",
      settings: """
        \(twoLayers), "optimizer": {"type": "adam", "learningRate": 0.01}, "schedule": "cosine",
        "training": {"epochs": 2, "batchSize": 128, "shards": 8}
        """),
    TrainingCase(
      name: "two layers in float64, Nesterov, steps",
      settings: """
        "precision": "float64", \(twoLayers),
        "optimizer": {"type": "sgd", "learningRate": 0.05, "momentum": 0.9, "nesterov": true},
        "schedule": {"type": "step", "every": 10, "unit": "steps", "gamma": 0.5},
        "training": {"steps": 31, "batchSize": 100, "shards": 4}
        """),
    TrainingCase(
      name: "last batch smaller", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        \(iris), "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
        "training": {"epochs": 5, "batchSize": 32, "shards": 3}
        """),
    TrainingCase(
      name: "shards that do not divide the batch", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        \(iris), "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.1},
        "training": {"epochs": 5, "batchSize": 50, "shards": 7}
        """),
    TrainingCase(
      name: "more shards than samples", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        \(iris), "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.05},
        "training": {"epochs": 2, "batchSize": 7, "shards": 11}
        """),
    TrainingCase(
      name: "class weights and label smoothing", data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        \(iris), "loss": {"type": "softmaxCrossEntropy", "classWeights": [1, 0.5, 3], "labelSmoothing": 0.1},
        "metrics": ["accuracy", "precision", "recall", "f1", "rocAUC", {"type": "topKAccuracy", "k": 2}, "logLoss",
          "averagePrecision", "expectedCalibrationError"], "optimizer": {"type": "adam", "learningRate": 0.01},
        "training": {"epochs": 4, "batchSize": 25, "shards": 4}
        """),
    TrainingCase(
      name: "full batch, not shuffled", data: "iris", preprocessing: #"["standardize"]"#, shuffle: #""none""#,
      settings: """
        \(iris), "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.5},
        "training": {"epochs": 20, "batchSize": "full", "shards": 5}
        """),
    TrainingCase(
      name: "logistic", data: "breast-cancer", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 1}]},
        "loss": {"type": "binaryCrossEntropy", "classWeights": [2, 1]},
        "metrics": ["accuracy", "recall", "averagePrecision", "rocAUC", "logLoss", "expectedCalibrationError"],
        "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.5},
        "training": {"epochs": 3, "batchSize": 40, "shards": 4}
        """),
    TrainingCase(
      name: "regression with penalties", data: "diabetes", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
        "metrics": ["r2", "meanAbsoluteError"], "penalties": {"l1": 0.01, "l2": 0.02},
        "optimizer": {"type": "sgd", "learningRate": 0.01}, "training": {"epochs": 3, "batchSize": 32, "shards": 2}
        """),
    TrainingCase(
      name: "row blocks", shuffle: #"{"block": 50, "window": 3}"#,
      settings: """
        \(twoLayers), "optimizer": {"type": "sgd", "learningRate": 0.1},
        "training": {"epochs": 2, "batchSize": 90, "shards": 4}
        """),
    TrainingCase(
      name: "small row blocks, last batch smaller", data: "iris", preprocessing: #"["standardize"]"#,
      shuffle: #"{"block": 7, "window": 2}"#,
      settings: """
        \(iris), "loss": "softmaxCrossEntropy", "optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9},
        "training": {"epochs": 5, "batchSize": 32, "shards": 3}
        """),
    convolutions,
  ]

  @Test(arguments: cases + TrainingCase.optimizers)
  func anyNumberOfWorkersGivesTheSameRun(training: TrainingCase) throws {
    try withScratchDirectory { directory in
      let alone = try trainToEnd(training.configuration(output: "\(directory)/alone"))
      #expect(!alone.history.entries.isEmpty && alone.summary.step > 0)
      // What a run reports is what it saved.
      let saved = try CheckpointFile.read(alone.checkpoint)
      #expect(saved.digest.description == alone.summary.digest && saved.step == alone.summary.step)
      for workers in [1, 2, 3, 4, 7, 8, 16] {
        let starter = ThreadStarter(seed: UInt64(workers))
        let together = try trainToEnd(
          training.configuration(output: "\(directory)/\(workers)"), workers: workers, starter: starter.start)
        #expect(together.summary.digest == alone.summary.digest, "\(workers) workers")
        #expect(together.history.entries == alone.history.entries, "\(workers) workers")
      }
    }
  }

  @Test func dispatchGivesTheSameRun() throws {
    try withScratchDirectory { directory in
      let alone = try trainToEnd(Self.cases[1].configuration(output: "\(directory)/alone"))
      for workers in [2, 5] {
        let configuration = try Self.cases[1].configuration(output: "\(directory)/\(workers)")
        #expect(
          try trainToEnd(configuration, workers: workers, starter: standardStarter).summary.digest
            == alone.summary.digest)
      }
    }
  }

  // The digests above are not equal because nothing was trained.
  @Test func seedShardsAndSettingsGiveOtherBits() throws {
    try withScratchDirectory { directory in
      var digests: Set<String> = []
      let changes = [
        "seed=3", "seed=4", "training.shards=5", "data.shuffle=none", #"data.shuffle={"block": 9, "window": 2}"#,
        #"data.shuffle={"block": 9, "window": 3}"#, "optimizer.learningRate=0.02",
      ]
      for (index, change) in changes.enumerated() {
        let configuration = try Self.cases[1].configuration(output: "\(directory)/\(index)", change)
        digests.insert(try trainToEnd(configuration).summary.digest)
      }
      #expect(digests.count == changes.count)
    }
  }

  // Weights in the kernels' order, which an update leaves for the next step, are those made anew before each step.
  @Test(arguments: cases.prefix(4))
  func stepsInOneRegionAreThoseOfARegionEach(training: TrainingCase) throws {
    func check<Scalar: TrainingScalar>(_ type: Scalar.Type) throws {
      let configuration = try training.configuration(output: "/nowhere")
      let (together, apart) = (try makeEngine(configuration, type), try makeEngine(configuration, type))
      try together.run(steps: 0..<20)
      for step in 0..<20 {
        apart.work.writeCopies()
        try apart.run(steps: step..<step + 1)
      }
      let (one, many) = (Array(together.memory.parameters.elements), Array(apart.memory.parameters.elements))
      #expect(bitDifference(one, many) == nil, "\(Scalar.self)")
    }
    try check(Float.self)
    try check(Double.self)
  }

  // Pauses before and after every unit, which no starter can bring about: the engine's own units, wrapped.
  @Test(arguments: [2, 3, 7, 16])
  func pausesBetweenUnitsChangeNoBit(workers: Int) throws {
    let configuration = try Self.cases[1].configuration(output: "/nowhere")
    func parameters(_ run: (TrainingEngine<Float>) -> Void) throws -> [Float] {
      let engine = try makeEngine(configuration, Float.self, workers: workers)
      run(engine)
      return Array(engine.memory.parameters.elements)
    }
    let alone = try parameters { engine in
      Region(workers: 1, start: sequentialStarter).run(
        steps: 0..<20, phases: engine.work.phases, engine.work)
    }
    let together = try parameters { engine in
      Region(workers: workers, start: ThreadStarter(seed: 1).start).run(
        steps: 0..<20, phases: engine.work.phases,
        JitteredWork(engine.work, seed: UInt64(workers)))
    }
    #expect(bitDifference(together, alone) == nil)
  }
}
