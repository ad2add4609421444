import Checkpoints
import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Writes the metrics file's last line, as the product's observer does.
final class FinishedLine: RunObserver {
  private let path: String
  init(_ path: String) { self.path = path }

  func observe(_ event: RunEvent) throws {
    guard case .finished(let summary) = event else { return }
    let text = """
      {"event":"epoch","epoch":\(summary.epoch),"step":\(summary.step),"test":{"loss":0.25},"seconds":1.5}
      {"event":"stopped","reason":"interrupted"}
      {"event":"finished","step":\(summary.step),"digest":"\(summary.digest)"}

      """
    try AtomicFile.replace(path, contents: Array(text.utf8))
  }
}

/// When a run begins, goes on, ends and is refused.
@Suite struct RunRulesTests {
  private static let softmax = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
      "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 3, "batchSize": 32, "shards": 2}
      """)
  private static let linear = TrainingCase(
    name: "linear", data: "diabetes", preprocessing: "[]",
    settings: """
      "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError",
      "optimizer": {"type": "sgd", "learningRate": 0.01}, "training": {"epochs": 5, "batchSize": 32, "shards": 3}
      """)

  /// The error of training, with the directory's path taken out of its message.
  private func failure(
    _ configuration: RunConfiguration, _ options: RunOptions = RunOptions(workers: 1), in directory: String
  ) throws -> (code: ExitCode?, message: String) {
    let error = try trainerError { try train(configuration, options: options) }
    return (error?.code, error?.message.replacing(directory, with: "D") ?? "no error")
  }

  // MARK: The directory

  // The file is gone when the second run is looked at.
  @Test func runsThatAreCheckedInARowShareTheirData() throws {
    try withScratchDirectory { directory in
      var training = WorkerCountTests.cases[3]
      let file = "\(directory)/iris.h5"
      try FileManager.default.copyItem(atPath: Repository.data(training.data), toPath: file)
      training.data = file
      let check = TrainabilityCheck(options: RunOptions(workers: 1))
      try check.require(training.configuration(output: "\(directory)/a"))
      try FileManager.default.removeItem(atPath: file)
      try check.require(training.configuration(output: "\(directory)/b", "optimizer.learningRate=0.2"))
      let smaller = try trainerError {
        try check.require(training.configuration(output: "\(directory)/c", "training.batchSize=1000"))
      }
      #expect(smaller?.message.hasPrefix("training.batchSize: found 1000") == true)
      for (name, change) in [("d", "data.preprocessing=[]"), ("e", #"precision="float64""#)] {
        let error = try trainerError {
          try check.require(training.configuration(output: "\(directory)/\(name)", change))
        }
        #expect(error?.code == .data, "\(change)")
      }
    }
  }

  @Test func aCompleteRunIsNotDoneAgain() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      let options = RunOptions(workers: 1)
      let line = FinishedLine("\(directory)/run/metrics.jsonl")
      guard case .finished(let summary) = try train(configuration, options: options, observers: [line]) else {
        Issue.record("the run did not end")
        return
      }
      let before = try CheckpointDirectory("\(directory)/run/checkpoints").steps()
      let renamed = try Self.softmax.configuration(
        output: "\(directory)/run", #"name="other""#, #"checkpoints={"keep": 1}"#)
      let history = History()
      guard case .alreadyFinished(let again) = try train(renamed, options: options, observers: [history]) else {
        Issue.record("the run was done again")
        return
      }
      #expect(again.digest == summary.digest && again.checkpoint == summary.checkpoint && again.reason == nil)
      #expect(again.digest.hasPrefix("sha256:") && again.step == 12 && again.epoch == 3 && again.seconds == 1.5)
      #expect(
        again.measures.map(\.group) == ["test"] && again.measures.first?.values.map(\.value) == [.number(0.25)])
      #expect(history.starts.isEmpty && history.saved.isEmpty)
      #expect(try CheckpointDirectory("\(directory)/run/checkpoints").steps() == before)
    }
  }

  @Test func anotherConfigIsRefusedWithTheDifference() throws {
    try withScratchDirectory { directory in
      _ = try trainToEnd(Self.softmax.configuration(output: "\(directory)/run"))
      let other = try Self.softmax.configuration(
        output: "\(directory)/run", "optimizer.learningRate=0.2", "training.epochs=4")
      let (code, message) = try failure(other, in: directory)
      #expect(code == .usage)
      #expect(
        message == "D/run: the directory holds a run of another config (optimizer.learningRate: 0.1 in the directory, "
          + "0.2 now; training.epochs: 3 in the directory, 4 now); choose another directory")
    }
  }

  @Test func theOrderThatTheDataDecideIsWritten() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      #expect(configuration.resolved["data"]?["shuffle"] == nil)
      let trained = try trainToEnd(configuration)
      let stored = try #require(try RunDirectory("\(directory)/run").storedConfiguration())
      #expect(stored["data"]?["shuffle"] == "rows" && stored["training"]?["shuffle"] == nil)
      let checkpoint = try CheckpointFile.read(trained.checkpoint)
      #expect(try JSONDocument(text: checkpoint.config, source: "config").root == stored)
      #expect(trained.history.starts.map(\.order) == [.rows])
      // The order of blocks is another run.
      let other = try Self.softmax.configuration(
        output: "\(directory)/run", #"data.shuffle={"block": 8, "window": 2}"#)
      let (code, message) = try failure(other, in: directory)
      #expect(code == .usage)
      #expect(
        message.contains(
          #"(data.shuffle: "rows" in the directory, {"block": 8, "window": 2} now)"#), "\(message)")
    }
  }

  @Test(arguments: [true, false]) func aRunOfTheOldKeyGoesOn(isShuffling: Bool) throws {
    try withScratchDirectory { directory in
      let order = isShuffling ? "rows" : "none"
      let whole = try trainToEnd(Self.softmax.configuration(output: "\(directory)/whole", "data.shuffle=\(order)"))
      let output = "\(directory)/run"
      let configuration = try Self.softmax.configuration(output: output, "data.shuffle=\(order)")
      let options = RunOptions(workers: 1)
      options.control.stop()
      _ = try train(configuration, options: options)
      // As an older program has written it.
      let path = RunDirectory(output).configPath
      guard case .object(var old)? = try RunDirectory(output).storedConfiguration(),
        case .object(var data)? = old["data"],
        case .object(var training)? = old["training"]
      else { throw TrainerError(.usage, "no config") }
      data["shuffle"] = nil
      training["shuffle"] = .boolean(isShuffling)
      (old["data"], old["training"]) = (.object(data), .object(training))
      try AtomicFile.replace(path, contents: [Array(JSONValue.object(old).prettyText.utf8)])
      #expect(
        ConfigurationDifference(stored: .object(old), given: configuration.shuffling(by: .none).resolved).isEmpty)
      let rest = try trainToEnd(RunConfiguration(runDirectory: output))
      #expect(rest.history.starts.first?.resumedStep == 1)
      #expect(rest.summary.digest == whole.summary.digest)
      let stored = try RunDirectory(output).storedConfiguration()
      #expect(stored?["data"]?["shuffle"]?.text == order && stored?["training"]?["shuffle"] == nil)
    }
  }

  @Test(arguments: [false, true])
  func otherDataIsRefused(isFinished: Bool) throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/data.h5"
      try FileManager.default.copyItem(atPath: Repository.data("iris"), toPath: data)
      var training = Self.softmax
      training.data = data
      let configuration = try training.configuration(output: "\(directory)/run")
      let options = RunOptions(workers: 1)
      if !isFinished { options.control.stop() }
      _ = try train(configuration, options: options, observers: [FinishedLine("\(directory)/run/metrics.jsonl")])

      let file = try HDF5.File.open(at: data, writable: true)
      let targets = try file.root.dataset("train/targets")
      let labels = try targets.read(as: UInt8.self)
      try targets.write([labels[0] ^ 1] + labels.dropFirst())
      try file.close()
      let (code, message) = try failure(configuration, in: directory)
      #expect(code == .usage)
      #expect(
        message.hasPrefix(
          "D/run: the directory holds a run on other data: the contents of D/data.h5 are not those that "
            + "D/run/checkpoints/step-0"))
    }
  }

  @Test func aRunThatMustBeNewNeedsADirectoryWithoutOne() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/a/b/run")
      let options = RunOptions(workers: 1, resume: .never)
      _ = try train(configuration, options: options)
      let (code, message) = try failure(configuration, options, in: directory)
      #expect(code == .usage)
      #expect(
        message == "D/a/b/run: the directory holds a run already, but a new one was asked for; remove this one or "
          + "choose another directory")
    }
  }

  @Test func theDirectoryHoldsTheResolvedConfig() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run")
      _ = try trainToEnd(configuration)
      let stored = try RunDirectory("\(directory)/run").storedConfiguration()
      #expect(stored == configuration.shuffling(by: .rows).resolved)
    }
  }

  @Test func anOutputThatIsAFileIsRefused() throws {
    try withScratchDirectory { directory in
      try Data("x".utf8).write(to: URL(filePath: "\(directory)/file"))
      for output in ["file", "file/run"] {
        let (code, message) = try failure(Self.softmax.configuration(output: "\(directory)/\(output)"), in: directory)
        #expect(code == .usage && message.hasPrefix("D/\(output)"), "\(message)")
      }
    }
  }

  // A fault that is found before the first step leaves nothing behind.
  @Test func aRunThatCannotBeginLeavesNoDirectory() throws {
    try withScratchDirectory { directory in
      var training = Self.softmax
      training.data = "\(directory)/absent.h5"
      let (code, message) = try failure(training.configuration(output: "\(directory)/run"), in: directory)
      #expect(code == .data && message == "cannot open 'D/absent.h5': no such file or directory")
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/run"))
    }
  }

  // MARK: Checkpoints

  @Test func checkpointsFollowTheirPeriodAndRetention() throws {
    try withScratchDirectory { directory in
      // 120 samples in batches of 32: four steps an epoch, twelve in all.
      for (index, (settings, expected)) in [
        (#"{"every": {"epochs": 1}, "keep": 3}"#, [4, 8, 12]),
        (#"{"every": {"epochs": 1}, "keep": 1}"#, [12]),
        (#"{"every": {"epochs": 2}, "keep": "all"}"#, [8, 12]),
        (#"{"every": {"steps": 5}, "keep": "all"}"#, [5, 10, 12]),
        (#"{"every": {"steps": 1}, "keep": 4}"#, [9, 10, 11, 12]),
        (#"{"every": {"steps": 3}, "keep": 1, "keepEveryEpochs": 2}"#, [9, 12]),
        (#"{"every": {"epochs": 1}, "keep": 1, "keepEveryEpochs": 2}"#, [8, 12]),
        (#"{"every": {"seconds": 3600}}"#, [12]),
      ].enumerated() {
        let trained = try trainToEnd(
          Self.softmax.configuration(output: "\(directory)/\(index)", "checkpoints=\(settings)"))
        let steps = try CheckpointDirectory("\(directory)/\(index)/checkpoints").steps()
        #expect(steps == expected, "\(settings)")
        #expect(trained.checkpoint.hasSuffix("step-000000012.h5"))
      }
    }
  }

  // MARK: Length

  @Test func aRunOfStepsEndsWithinAnEpoch() throws {
    try withScratchDirectory { directory in
      let steps = try trainToEnd(
        Self.softmax.configuration(
          output: "\(directory)/steps", #"training={"steps": 10, "batchSize": 32, "shards": 2}"#))
      let epochs = try trainToEnd(Self.softmax.configuration(output: "\(directory)/epochs"))
      #expect(steps.summary.step == 10 && steps.summary.epoch == 2)
      #expect(steps.history.entries.map(\.step) == [4, 8, 10])
      #expect(steps.history.entries.map(\.epoch) == [1, 2, nil])
      #expect(Array(steps.history.entries.prefix(2)) == Array(epochs.history.entries.prefix(2)))
      let run = try #require(steps.history.starts.first)
      #expect(run.steps == 10 && run.stepsPerEpoch == 4 && run.batchSize == 32 && run.shards == 2)
      #expect(run.samples.map(\.group) == ["train", "test"] && run.samples.map(\.count) == [120, 30])
      #expect(run.layout.entries.map(\.name) == ["dense1/weight", "dense1/bias"])
    }
  }

  // 120 = 3 · 32 + 24: the reported loss weighs the smaller batch by its samples.
  @Test func anEpochsLossIsTheMeanOverItsSamples() throws {
    try withScratchDirectory { directory in
      // With a learning rate this small the parameters stay as they are, to within the tolerance.
      let small = "optimizer.learningRate=1e-12"
      let batches = try trainToEnd(Self.softmax.configuration(output: "\(directory)/batches", small))
      let full = try trainToEnd(
        Self.softmax.configuration(output: "\(directory)/full", small, #"training.batchSize="full""#))
      let (one, other) = (batches.history.entries[0].train, full.history.entries[0].train)
      #expect(abs(one.loss - other.loss) < 1e-6 * other.loss)
      #expect(one["accuracy"] == other["accuracy"])
    }
  }

  @Test func dataWithoutATestGroupTrains() throws {
    try withScratchDirectory { directory in
      var training = Self.softmax
      training.data = "\(directory)/train-only.h5"
      try DatasetWriter().write(
        groups: [
          .init(
            name: "train", inputs: NumberTable(shape: [6, 2], values: (0..<12).map { Float($0) }),
            targets: NumberTable(shape: [6], values: [0, 1, 2, 0, 1, 2] as [UInt8]))
        ], to: training.data)
      let trained = try trainToEnd(
        training.configuration(output: "\(directory)/run", "training.batchSize=4"))
      #expect(trained.history.entries.count == 3 && trained.history.entries.allSatisfy { $0.groups.isEmpty })
      let error = try trainerError { try evaluate(checkpoint: trained.checkpoint) }
      #expect(error?.code == .data)
      #expect(
        error?.message == "\(training.data): there is no group 'test'; the file has 'train'")
    }
  }

  @Test func aMeasureOfAGroupThatTheDataLacksIsRefused() throws {
    try withScratchDirectory { directory in
      for (change, key) in [
        (#"earlyStopping={"patience": 2}"#, "earlyStopping.metric"),
        (#"checkpoints.best={"metric": "validation.loss"}"#, "checkpoints.best.metric"),
      ] {
        let (code, message) = try failure(Self.softmax.configuration(output: "\(directory)/run", change), in: directory)
        #expect(code == .usage)
        #expect(
          message
            == "\(key): found \"validation.loss\", but \(Repository.data("iris")) has no group 'validation'; it "
            + "has 'train', 'test'")
      }
    }
  }

  @Test func aBatchLargerThanTheDatasetIsRefused() throws {
    try withScratchDirectory { directory in
      let configuration = try Self.softmax.configuration(output: "\(directory)/run", "training.batchSize=121")
      let (code, message) = try failure(configuration, in: directory)
      #expect(code == .usage)
      #expect(
        message == "training.batchSize: found 121, but the group 'train' of \(Repository.data("iris")) has only 120 "
          + "samples; choose at most that, or \"full\"")
      let largest = try Self.softmax.configuration(output: "\(directory)/run", "training.batchSize=120")
      #expect(try trainToEnd(largest).summary.step == 3)
    }
  }

  // MARK: Data that do not fit

  @Test func dataThatDoNotFitTheModelAreRefused() throws {
    try withScratchDirectory { directory in
      func message(
        _ training: TrainingCase, inputs: [[Float]], targets: NumberTable, test: NumberTable? = nil
      ) throws -> String {
        var training = training
        training.data = "\(directory)/\(UUID().uuidString).h5"
        let table = NumberTable(shape: [inputs.count, inputs[0].count], values: inputs.flatMap(\.self))
        try writeFile(training.data) { root in
          for (name, targets) in [("train", targets), ("test", test ?? targets)] {
            let group = try root.createGroup(name)
            for (name, table) in [("inputs", table), ("targets", targets)] {
              let dataset = try group.createDataset(name, shape: table.shape, type: .number(table.type))
              try table.bytes.withUnsafeBytes { try dataset.write(bytes: $0, of: table.type) }
            }
          }
        }
        let configuration = try training.configuration(output: "\(directory)/run", "training.batchSize=1")
        let (code, message) = try failure(configuration, in: directory)
        #expect(code == .data || code == .usage, "\(message)")
        return message.replacing(training.data.replacing(directory, with: "D"), with: "d.h5")
      }
      let rows: [[Float]] = [[1, 2], [3, 4]]
      let beyond = try message(Self.softmax, inputs: rows, targets: NumberTable(shape: [2], values: [0, 3] as [UInt8]))
      #expect(
        beyond
          == "d.h5: /train/targets has the class label 3 in row 1 (counted from 0); expected labels from 0 to 2; give the "
          + "last layer a unit for each class")
      let negative = try message(
        Self.softmax, inputs: rows, targets: NumberTable(shape: [2], values: [-1, 0] as [Int8]))
      #expect(
        negative
          == "d.h5: /train/targets has the class label -1 in row 0 (counted from 0); expected labels from 0 to 2; number "
          + #"the classes from 0, or add "labels": "sorted" to data"#)
      let rowCounts = try message(
        Self.softmax, inputs: rows, targets: NumberTable(shape: [3], values: [0, 1, 2] as [UInt8]))
      #expect(
        rowCounts
          == "d.h5: in the group 'train', 'inputs' has 2 rows, but 'targets' has 3; a row of each is one sample")
      let outputs = try message(
        Self.linear, inputs: rows, targets: NumberTable(shape: [2, 3], values: [0, 1, 2, 3, 4, 5] as [Float]))
      #expect(outputs == "the targets have 3 values a sample, but the model has 1 outputs")
      let groups = try message(
        Self.linear, inputs: rows, targets: NumberTable(shape: [2], values: [1, 2] as [Float]),
        test: NumberTable(shape: [2, 2], values: [1, 2, 3, 4] as [Float]))
      #expect(
        groups
          == "d.h5: 'targets' has 1 columns in the group 'train', but 2 in the group 'test'; all groups need the same")
    }
  }

  // MARK: Divergence

  @Test(arguments: [1, 4])
  func aRunThatDivergesSaysWhereAndWhatToDo(workers: Int) throws {
    try withScratchDirectory { directory in
      let starter = ThreadStarter(seed: 1)
      let options = RunOptions(workers: workers, starter: starter.start)
      let configuration = try Self.linear.configuration(output: "\(directory)/run", "optimizer.learningRate=100")
      let history = History()
      let error = try trainerError { try train(configuration, options: options, observers: [history]) }
      #expect(error?.code == .diverged)
      #expect(
        error?.message == "the run diverged at step 2: the loss is not finite or beyond all bounds; a smaller "
          + "optimizer.learningRate (now 100.0) helps")
      #expect(history.stops == ["2: diverged at step 2: the loss is not finite or beyond all bounds"])
      #expect(history.saved.isEmpty)
    }
  }

  @Test func parametersThatStopBeingFiniteEndARun() throws {
    try withScratchDirectory { directory in
      // The first gradient is about 1e5: this step leaves float32's range.
      let configuration = try Self.linear.configuration(output: "\(directory)/run", "optimizer.learningRate=1e38")
      let (code, message) = try failure(configuration, in: directory)
      #expect(code == .diverged)
      #expect(message.hasPrefix("the run diverged at step 1: a parameter is not finite"))
    }
  }

  @Test func samplesThatWeighNothingAreNoDivergence() throws {
    try withScratchDirectory { directory in
      // Not shuffled, the first batches hold only samples of class 0, which weigh nothing.
      let configuration = try Self.softmax.configuration(
        output: "\(directory)/run", #"loss={"type": "softmaxCrossEntropy", "classWeights": [0, 1, 1]}"#,
        "data.shuffle=none", "training.batchSize=8")
      let trained = try trainToEnd(configuration)
      #expect(trained.history.entries.allSatisfy { $0.train.loss.isFinite })
    }
  }
}
