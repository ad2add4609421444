import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A run and its data may lie elsewhere than when it was begun.
@Suite struct MovedRunTests {
  private static let training = TrainingCase(
    name: "softmax", data: "iris", preprocessing: #"["standardize"]"#,
    settings: """
      "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy",
      "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 3, "batchSize": 32, "shards": 2}
      """)

  /// A project with data and an interrupted run, and the digest that the run comes to.
  private func withProject(_ body: (_ directory: String, _ digest: String) throws -> Void) throws {
    try withScratchDirectory { directory in
      let whole = try trainToEnd(Self.training.configuration(output: "\(directory)/whole"))
      let files = FileManager.default
      try files.createDirectory(atPath: "\(directory)/old/data", withIntermediateDirectories: true)
      try files.copyItem(atPath: Repository.data("iris"), toPath: "\(directory)/old/data/d.h5")
      var training = Self.training
      training.data = "\(directory)/old/data/d.h5"
      let options = RunOptions(workers: 1)
      options.control.stop()
      _ = try train(training.configuration(output: "\(directory)/old/runs/x"), options: options)
      try body(directory, whole.summary.digest)
    }
  }

  @Test func aProjectMovesWithItsData() throws {
    try withProject { directory, digest in
      try FileManager.default.moveItem(atPath: "\(directory)/old", toPath: "\(directory)/new")
      let configuration = try MovedData.configuration(of: "\(directory)/new/runs/x")
      #expect(configuration.data?.path == "\(directory)/new/data/d.h5")
      let rest = try trainToEnd(configuration)
      #expect(rest.summary.digest == digest && rest.history.starts.first?.resumedStep == 1)
      // Whoever goes on with it next finds the data where they are now.
      let stored = try RunDirectory("\(directory)/new/runs/x").storedConfiguration()
      #expect(stored?["data"]?["path"]?.text == "\(directory)/new/data/d.h5")
      let report = try evaluate(checkpoint: rest.checkpoint, options: RunOptions(workers: 1))
      #expect(report.data == "\(directory)/new/data/d.h5")
    }
  }

  @Test func evaluateFindsTheDataOfARunThatWasMovedComplete() throws {
    try withProject { directory, _ in
      _ = try trainToEnd(MovedData.configuration(of: "\(directory)/old/runs/x"))
      try FileManager.default.moveItem(atPath: "\(directory)/old", toPath: "\(directory)/new")
      let report = try evaluate(
        checkpoint: "\(directory)/new/runs/x/checkpoints/step-000000012.h5", options: RunOptions(workers: 1))
      #expect(report.data == "\(directory)/new/data/d.h5")
    }
  }

  @Test func theSameConfigGoesOnInAMovedTree() throws {
    try withProject { directory, digest in
      try FileManager.default.moveItem(atPath: "\(directory)/old", toPath: "\(directory)/new")
      var training = Self.training
      training.data = "\(directory)/new/data/d.h5"
      let rest = try trainToEnd(training.configuration(output: "\(directory)/new/runs/x"))
      #expect(rest.summary.digest == digest && rest.history.starts.first?.resumedStep == 1)
    }
  }

  @Test func dataAreToldByTheirContents() throws {
    try withProject { directory, digest in
      // The same contents, stored in chunks, under another name.
      try writeFile("\(directory)/repacked.h5") { root in
        let source = try HDF5.File.open(at: Repository.data("iris")).root
        for group in ["train", "test"] {
          let (inputs, targets) = (try source.dataset("\(group)/inputs"), try source.dataset("\(group)/targets"))
          let shape = try inputs.shape
          try root.createDataset(
            "\(group)/inputs", shape: shape, type: .number(#require(inputs.datatype.numberType)),
            properties: .datasetCreation(chunk: [7, 2], deflate: 3)
          ).write(inputs.read(as: Double.self))
          let copy = try root.createDataset(
            "\(group)/targets", shape: try targets.shape, type: .number(#require(targets.datatype.numberType)))
          try copy.write(targets.read(as: UInt8.self))
          try copy.setAttribute("classes", to: targets.attribute("classes").readStrings())
        }
      }
      let run = "\(directory)/old/runs/x"
      let repacked = try SettingsOverride("data.path=\(directory)/repacked.h5")
      let other = try HDF5.File.open(at: "\(directory)/old/data/d.h5", writable: true)
      let targets = try other.root.dataset("train/targets")
      try targets.write(try targets.read(as: UInt8.self).reversed())
      try other.close()
      let error = try trainerError { try train(MovedData.configuration(of: run), options: RunOptions(workers: 1)) }
      #expect(error?.code == .usage)
      #expect(
        error?.message.contains("a run on other data: the contents of \(directory)/old/data/d.h5 are not those") == true
      )
      #expect(try trainToEnd(MovedData.configuration(of: run, overrides: [repacked])).summary.digest == digest)
    }
  }

  @Test func checkpointsOfEarlierVersionsAreToldByTheirFile() throws {
    try withProject { directory, digest in
      let path = "\(directory)/old/runs/x/checkpoints/step-000000001.h5"
      var checkpoint = try CheckpointFile.read(path)
      #expect(checkpoint.provenance["dataContents"]?.hasPrefix("sha256:") == true)
      checkpoint.provenance["dataContents"] = nil
      checkpoint.provenance["data"] =
        Digest(of: try Data(contentsOf: URL(filePath: Repository.data("iris")))).description
      try CheckpointFile.write(checkpoint, to: path)
      let configuration = try MovedData.configuration(of: "\(directory)/old/runs/x")
      checkpoint.provenance["data"] = Digest(of: Data()).description
      try CheckpointFile.write(checkpoint, to: "\(directory)/other.h5")
      let error = try trainerError {
        try train(
          configuration, options: RunOptions(workers: 1, resume: .file("\(directory)/other.h5")))
      }
      #expect(
        error?.code == .usage && error?.message.contains("of an earlier version, which told data by the bytes") == true)
      #expect(try trainToEnd(configuration).summary.digest == digest)
    }
  }

  @Test func aValidationGroupOfAnotherNameIsNotPassedOverInSilence() throws {
    try withScratchDirectory { directory in
      var training = Self.training
      training.data = "\(directory)/d.h5"
      try writeFile(training.data) { root in
        for group in ["train", "val"] {
          try root.createDataset("\(group)/inputs", shape: [3, 1], values: [1, 2, 3] as [Float])
          try root.createDataset("\(group)/targets", shape: [3], values: [0, 1, 2] as [UInt8])
        }
      }
      let batch = "training.batchSize=3"
      let trained = try trainToEnd(training.configuration(output: "\(directory)/run", batch))
      #expect(
        trained.history.warnings
          == [
            "\(directory)/d.h5: the group 'val' is not read: expected 'train', 'validation', 'test'; "
              + "name others in data.groups"
          ])
      let error = try trainerError {
        try train(
          training.configuration(output: "\(directory)/stopping", batch, #"earlyStopping={"patience": 2}"#),
          options: RunOptions(workers: 1))
      }
      #expect(
        error?.message.hasSuffix(
          "it has 'train'; the group 'val' is not read: expected 'train', 'validation', 'test'; "
            + "name others in data.groups")
          == true)
    }
  }
}
