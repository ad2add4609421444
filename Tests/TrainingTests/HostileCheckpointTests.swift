import Checkpoints
import Foundations
import TestSupport
import Testing
import Training

/// Checkpoints that are whole files and that no run can have saved are refused before they are gone on from.
@Suite struct HostileCheckpointTests {
  private static let adam = TrainingCase(
    name: "Adam", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": "adam", "schedule": {"type": "plateau", "metric": "train.loss"},
      "earlyStopping": {"metric": "train.loss", "patience": 50}, "training": {"epochs": 3, "batchSize": 32, "shards": 2},
      "checkpoints": {"every": {"steps": 5}, "keep": "all"}
      """)
  private static let lbfgs = TrainingCase(
    name: "L-BFGS", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "lbfgs", "historySize": 3}, "training": {"epochs": 6, "batchSize": "full", "shards": 2},
      "checkpoints": {"every": {"steps": 5}, "keep": "all"}
      """)

  /// The message of going on from the checkpoint of step 5 after each change.
  private func messages(_ training: TrainingCase, _ changes: [(inout Checkpoint) throws -> Void]) throws -> [String] {
    try withScratchDirectory { directory in
      _ = try trainToEnd(training.configuration(output: "\(directory)/run"))
      let good = try CheckpointFile.read("\(directory)/run/checkpoints/step-000000005.h5")
      let path = "\(directory)/x.h5"
      return try changes.enumerated().map { index, change in
        var checkpoint = good
        try change(&checkpoint)
        try CheckpointFile.write(checkpoint, to: path)
        let configuration = try training.configuration(output: "\(directory)/\(index)")
        let error = try trainerError {
          try train(configuration, options: RunOptions(workers: 1, resume: .file(path)))
        }
        guard let error else { return "no error" }
        #expect(error.code == .checkpoint, "\(error)")
        #expect(error.message.hasPrefix("\(path): "))
        return error.message
      }
    }
  }

  private func with(_ name: String, _ values: [ProgressValue]) -> [(inout Checkpoint) throws -> Void] {
    values.map { value in { $0.progress[name] = value } }
  }

  @Test func whatIsWholeIsGoneOnFrom() throws {
    #expect(try messages(Self.adam, [{ _ in }]) == ["no error"])
    #expect(try messages(Self.lbfgs, [{ _ in }]) == ["no error"])
  }

  @Test func placesOutsideTheRunAreRefused() throws {
    let found = try messages(
      Self.adam,
      [
        { $0.step = 13 }, { $0.step = .max }, { $0.epoch = 2 }, { $0.epoch = 0 }, { $0.seed = 4 }, { $0.config = "{" },
      ])
    let parts = [
      "it says step 13, and the run has 12", "it says step 9223372036854775807", "it says 2 completed epochs",
      "it says 0 completed epochs", "it says seed 4, and its config 3", "the checkpoint's config cannot be used",
    ]
    for (message, part) in zip(found, parts) { #expect(message.contains(part), "\(message)") }
  }

  @Test func numbersThatNoRunComesToAreRefused() throws {
    let integers: [ProgressValue] = [.integer(-2), .integer(.max), .integer(.min), .number(1)]
    let times: [ProgressValue] = [.number(-1), .number(.nan), .number(.infinity), .integer(1)]
    var changes: [(inout Checkpoint) throws -> Void] = []
    for name in ["stoppingStep", "stoppingSince", "bestStep", "plateauBadCount"] { changes += with(name, integers) }
    changes += with("plateauCooldown", [.integer(-1), .integer(.min), .number(0)])
    for name in ["seconds", "epochSeconds", "stallSeconds"] { changes += with(name, times) }
    changes += with("firstLoss", [.number(.nan), .number(.infinity), .integer(0)])
    changes += with("plateauFactor", [.number(-1), .number(2), .number(.nan), .integer(1)])
    for name in ["firstLoss", "stoppingValue", "bestValue", "plateauBest", "plateauBadCount"] {
      changes.append { $0.progress[name] = nil }
    }
    for (index, message) in try messages(Self.adam, changes).enumerated() {
      #expect(message.contains("cannot be gone on from") || message.contains("lacks"), "\(index): \(message)")
    }
  }

  @Test func tensorsOfOtherShapesAndNumbersAreRefused() throws {
    func replacing(_ name: String, _ shape: [Int], _ values: [Double]) -> (CheckpointTensor) -> CheckpointTensor {
      { $0.name == name ? CheckpointTensor(name: name, shape: shape, values: .float64(values)) : $0 }
    }
    let parameters = try messages(
      Self.adam,
      [{ $0.parameters[0].setElements(repeating: .nan) }, { $0.parameters[1].setElements(repeating: .infinity) }])
    for message in parameters { #expect(message.contains("holds a number that is not finite"), "\(message)") }
    let optimizer = try messages(
      Self.adam,
      [
        { $0.optimizer = [] },
        { checkpoint in
          checkpoint.optimizer = checkpoint.optimizer.map {
            CheckpointTensor(name: $0.name, shape: [3, 5], values: $0.values)
          }
        },
        { checkpoint in
          checkpoint.optimizer = checkpoint.optimizer.map {
            CheckpointTensor(name: $0.name, shape: [1], values: .float32([1]))
          }
        },
      ])
    for message in optimizer { #expect(message.contains("lacks the optimizer's state"), "\(message)") }
    let history = try messages(
      Self.adam,
      [
        { $0.history = $0.history.map(replacing("epochSums", [2], [.nan, 1])) },
        { $0.history = $0.history.map(replacing("epochSums", [1, 2], [1, 1])) },
        { $0.history = $0.history.map(replacing("epochSums", [9], Array(repeating: 1, count: 9))) },
        { $0.history = $0.history.map(replacing("step", [2, 2], [1, 2, 3, 4])) },
        { $0.history = $0.history.map(replacing("train/loss", [7], Array(repeating: 1, count: 7))) },
        { $0.history = $0.history.filter { $0.name != "epochSums" } },
      ])
    for message in history { #expect(message != "no error", "\(message)") }
  }

  @Test func preprocessingFitsTogether() throws {
    func with(_ name: String, _ values: [Double]) -> (inout Checkpoint) throws -> Void {
      { checkpoint in
        let tensor = CheckpointTensor(name: name, shape: [values.count], values: .float64(values))
        checkpoint.preprocessing.removeAll { $0.name == name }
        checkpoint.preprocessing.append(tensor)
        checkpoint.preprocessing.sort { $0.name < $1.name }
      }
    }
    try withScratchDirectory { directory in
      let run = try trainToEnd(Self.adam.configuration(output: "\(directory)/run"))
      let good = try CheckpointFile.read(run.checkpoint)
      let changes = [
        with("inputShape", [.nan]), with("inputShape", [-4]), with("inputShape", [1e300]), with("inputShape", [2.5]),
        with("inputShape", [0]), with("inputShape", [0x1p40, 0x1p40]), with("inputShape", [5]), with("scale", [1]),
        with("offset", []), with("offset", [0, .nan, 0, 0]), with("scale", [1, 1, .infinity, 1]),
        with("categories/4", [1]), with("categories/-1", [1]), with("categories/x", [1]), with("categories/1", [2, 1]),
        { $0.preprocessing = [] },
      ]
      for (index, change) in changes.enumerated() {
        var checkpoint = good
        try change(&checkpoint)
        let path = "\(directory)/x.h5"
        try CheckpointFile.write(checkpoint, to: path)
        let error = try trainerError { try evaluate(checkpoint: path, group: "test", options: RunOptions(workers: 1)) }
        #expect(error?.code == .checkpoint, "\(index): \(String(describing: error))")
      }
    }
  }

  @Test func theSearchOfLBFGSRemembersPlacesThatThereAre() throws {
    // Behind the twelve numbers of the line search: how many changes there are, and where the next goes.
    func with(_ index: Int, _ value: Double) -> (inout Checkpoint) throws -> Void {
      { checkpoint in
        checkpoint.optimizer = checkpoint.optimizer.map { tensor in
          guard tensor.name == "numbers" else { return tensor }
          var values = tensor.doubles
          values[index] = value
          return CheckpointTensor(name: tensor.name, shape: tensor.shape, values: .float64(values))
        }
      }
    }
    var changes: [(inout Checkpoint) throws -> Void] = []
    for value in [-1, 0.5, 4, 1e300, .nan, .infinity] { changes += [with(12, value), with(13, value)] }
    changes += [with(0, 17), with(0, .nan)]
    for message in try messages(Self.lbfgs, changes) {
      #expect(message.contains("the optimizer's 'numbers' are not its own"), "\(message)")
    }
  }
}

extension CheckpointTensor {
  /// Takes one number for all elements.
  fileprivate mutating func setElements(repeating value: Float) {
    setElements(copying: [Float](repeating: value, count: count).span.bytes)
  }
}
