import Foundation
import HDF5
import TestSupport
import Testing

/// What is wrong with an input is said in one clear sentence with the documented exit code, and nothing is left behind.
@Suite struct BadInputTests {
  // MARK: The config

  @Test func missingConfig() throws {
    try withWorkshop { workshop in
      try TrainerBinary.run("run", workshop.path("no.json")).expectError(
        2, workshop.path("no.json"), "there is no such config file")
    }
  }

  @Test(arguments: [
    ("{\n  \"data\": {\n    \"path\": \"d.h5\",,\n  }\n}", ":3:20: JSON syntax error"),
    ("{\"seed\": 1", "JSON syntax error: unexpected end"),
    ("", "JSON syntax error"),
    ("{\"seed\": 1, \"seed\": 2}", ":1:13: the key \"seed\" comes twice"),
  ])
  func syntaxErrorsNameLineAndColumn(text: String, part: String) throws {
    try withWorkshop { workshop in
      try workshop.write("config.json", text)
      try TrainerBinary.run("run", workshop.path("config.json")).expectError(2, workshop.path("config.json"), part)
    }
  }

  @Test(arguments: [
    ("optimzer", "{\"type\": \"sgd\"}", "optimzer", "did you mean \"optimizer\"?"),
    ("training", "{\"epoch\": 3}", "training.epoch", "did you mean \"epochs\"?"),
    ("optimizer", "{\"type\": \"sgdd\"}", "optimizer.type", "\"sgd\""),
    ("training", "{\"epochs\": \"3\"}", "training.epochs", "expected"),
    ("training", "{\"epochs\": 0}", "training.epochs", "found 0"),
    ("optimizer", "{\"type\": \"sgd\", \"learningRate\": -1}", "optimizer.learningRate", "found -1"),
    ("seed", "1.5", "seed", "found 1.5"),
    ("metrics", "[\"accurracy\"]", "metrics[0]", "accuracy"),
  ])
  func wrongSettingsNameTheirKey(key: String, value: String, path: String, part: String) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig("\"\(key)\": \(value)")
      try TrainerBinary.run("run", config).expectError(2, "config.json:", path, part)
      try workshop.expectNoRun()
    }
  }

  @Test func overridesAreJudgedLikeTheConfig() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      for (value, part) in [
        ("training.epochs=none", "training.epochs"), ("training.epoch=3", "did you mean \"epochs\"?"),
        ("epochs", "there is no '='"), ("model.layers.5.units=3", "no element 5"),
      ] {
        try TrainerBinary.run("run", config, "--set", value).expectError(2, part)
      }
      try workshop.expectNoRun()
    }
  }

  // MARK: The data

  @Test func dataFiles() throws {
    try withWorkshop { workshop in
      let config = try workshop.makeConfig()
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "no such file")
      try workshop.write("data.h5", "this is text, not HDF5")
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "not an HDF5 file")
      try workshop.makeDataset()
      let size = try #require(
        try FileManager.default.attributesOfItem(atPath: workshop.dataset)[.size] as? Int)
      #expect(truncate(workshop.dataset, size / 2) == 0)
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "truncated")
      try workshop.expectNoRun()
    }
  }

  @Test func datasetNames() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try TrainerBinary.run("run", try workshop.makeConfig(data: ", \"inputs\": \"pixels\""))
        .expectError(3, workshop.dataset, "no dataset 'pixels'", "'inputs', 'targets'")
      try TrainerBinary.run("run", try workshop.makeConfig(data: ", \"targets\": \"labels\""))
        .expectError(3, "no dataset 'labels'", "'inputs', 'targets'")
      try workshop.makeDataset(group: "training")
      try TrainerBinary.run("run", try workshop.makeConfig()).expectError(3, workshop.dataset, "'train'", "'training'")
      try workshop.expectNoRun()
    }
  }

  @Test func datasetContents() throws {
    try withWorkshop { workshop in
      let config = try workshop.makeConfig()
      try workshop.makeDataset(inputRows: 11)
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "11 rows", "has 10")
      try workshop.makeDataset(labels: [0, 1, 2, 3, 0, 1, 2, 0, 1, 2])
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "class label 3", "0 to 2")
      try workshop.makeDataset(labels: [0, 1, 2, -1, 0, 1, 2, 0, 1, 2])
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "class label -1")
      try workshop.makeDataset(firstInput: .nan)
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "/train/inputs has NaN in row 0, column 0")
      try workshop.makeDataset(firstInput: -.infinity)
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "/train/inputs has an infinity in row 0")
      try workshop.makeDataset(inputRows: 0, labels: [])
      try TrainerBinary.run("run", config).expectError(3, workshop.dataset, "empty")
      try workshop.expectNoRun()
    }
  }

  @Test func shapesThatDoNotFit() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try TrainerBinary.run("run", try workshop.makeConfig("\"training\": {\"batchSize\": 11}"))
        .expectError(2, "training.batchSize", "found 11", "only 10 samples")
      try TrainerBinary.run("run", try workshop.makeConfig(units: 1)).expectError(2, "softmaxCrossEntropy", "1 output")
      try TrainerBinary.run("run", try workshop.makeConfig(loss: "meanSquaredError"))
        .expectError(2, "1 value", "3 outputs")
      try workshop.expectNoRun()
    }
  }

  // MARK: Checkpoints

  @Test func checkpoints() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let missing = workshop.path("no.h5")
      try TrainerBinary.run("evaluate", missing).expectError(4, missing, "no such checkpoint")
      try TrainerBinary.run("checkpoint", "verify", missing).expectError(4, missing, "no such checkpoint")
      try TrainerBinary.run("evaluate", workshop.dataset).expectError(4, workshop.dataset, "damaged")
      try TrainerBinary.run("run", try workshop.makeConfig(), "--quiet", "--resume", missing).expectError(4, missing)
      let checkpoint = try workshop.makeCheckpoint()
      try TrainerBinary.run("evaluate", checkpoint, "--group", "validation")
        .expectError(3, workshop.dataset, "'validation'")
      try TrainerBinary.run("evaluate", checkpoint, "--data", missing).expectError(3, missing)
      let output = workshop.path("predictions.h5")
      try TrainerBinary.run("predict", checkpoint, Repository.data("digits"), "--output", output)
        .expectError(3, "digits.h5")
      try TrainerBinary.run(
        "predict", checkpoint, workshop.dataset, "--group", "train", "--output", workshop.path("no/predictions.h5")
      )
      .expectError(2, "no/predictions.h5", "cannot be written", "there is no directory")
      #expect(!FileManager.default.fileExists(atPath: output))
      try TrainerBinary.run("checkpoint", "verify", checkpoint)
      let handle = try FileHandle(forUpdating: URL(filePath: checkpoint))
      try handle.seek(toOffset: 3000)
      try handle.write(contentsOf: Data([0x55, 0xAA, 0x55]))
      try handle.close()
      for command in [["evaluate"], ["checkpoint", "digest"], ["checkpoint", "info"]] {
        try TrainerBinary.run(command + [checkpoint]).expectError(4, checkpoint, "damaged", "SHA-256")
      }
      try TrainerBinary.run("checkpoint", "verify", checkpoint).expectError(1, checkpoint, "damaged", "SHA-256")
    }
  }

  // MARK: The run directory

  @Test func outputDirectories() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      // A file in the way, which root meets as well.
      try workshop.write("file", "")
      try TrainerBinary.run("run", config, "--output", workshop.path("file/run"))
        .expectError(2, workshop.path("file/run"), "cannot be written to")
      if geteuid() != 0 {
        mkdir(workshop.path("sealed"), 0o500)
        try TrainerBinary.run("run", config, "--output", workshop.path("sealed/run"))
          .expectError(2, "sealed/run", "Permission denied")
      }
      try TrainerBinary.run("run", config)
      let before = try files(in: workshop.path("runs"))
      try TrainerBinary.run("run", config, "--set", "optimizer.learningRate=0.5")
        .expectError(2, workshop.path("runs/config"), "optimizer.learningRate: 0.001 in the directory, 0.5 now")
      try TrainerBinary.run("run", config, "--resume", "never").expectError(2, "holds a run already")
      #expect(try files(in: workshop.path("runs")) == before)
      try TrainerBinary.run("resume", workshop.path("nowhere")).expectError(2, "nowhere", "no such run directory")
      try TrainerBinary.run("resume", workshop.path("runs")).expectError(2, "there is no run in this directory")
    }
  }

  @Test func changedDataAreRefused() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig()
      try TrainerBinary.run("run", config)
      try workshop.makeDataset(firstInput: 0.5)
      try TrainerBinary.run("run", config).expectError(2, "other data", workshop.dataset)
    }
  }

  @Test func aDivergedRunSaysSo() throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      let config = try workshop.makeConfig("\"training\": {\"epochs\": 2000, \"batchSize\": 5}")
      let result = try TrainerBinary.run("run", config, "--set", "optimizer.learningRate=1e30", "--quiet")
      result.expectError(5, "diverged", "optimizer.learningRate")
      let last = try #require(try Run(workshop.path("runs/config")).lines.last)
      #expect(last["event"]?.text == "stopped" && last["reason"]?.text?.contains("diverged") == true)
    }
  }
}

/// A directory in which tests make datasets and configs.
struct Workshop {
  let directory: String
  var dataset: String { path("data.h5") }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  /// A dataset of ten samples with two inputs and three classes.
  func makeDataset(
    group: String = "train", inputRows: Int = 10, labels: [Int] = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0],
    firstInput: Float = 0.25
  ) throws {
    let file = try HDF5.File.create(at: dataset, overwriting: true)
    var inputs = (0..<2 * inputRows).map { Float($0) / 8 }
    if !inputs.isEmpty { inputs[0] = firstInput }
    try file.root.createDataset("\(group)/inputs", shape: [inputRows, 2], values: inputs).close()
    try file.root.createDataset("\(group)/targets", shape: [labels.count], values: labels.map { Int64($0) }).close()
    try file.close()
  }

  /// A config for that dataset, with further settings.
  func makeConfig(
    _ settings: String = "", data: String = "", units: Int = 3, loss: String = "softmaxCrossEntropy"
  ) throws -> String {
    var members = [
      "\"data\": {\"path\": \"data.h5\"\(data)}",
      "\"model\": {\"layers\": [{\"type\": \"dense\", \"units\": \(units)}]}",
      "\"loss\": {\"type\": \"\(loss)\"}", "\"output\": \"runs/config\"",
    ]
    if !settings.isEmpty { members.append(settings) }
    if !settings.contains("\"training\"") { members.append("\"training\": {\"epochs\": 2, \"batchSize\": 5}") }
    try write("config.json", "{\n  " + members.joined(separator: ",\n  ") + "\n}\n")
    return path("config.json")
  }

  func makeCheckpoint() throws -> String {
    let config = try makeConfig(#""checkpoints": {"every": {"epochs": 1}}"#)
    try TrainerBinary.run("run", config, "--output", path("trained"), "--quiet")
    return try Run(path("trained")).newestCheckpoint
  }

  /// Expects that a refused run has left nothing.
  func expectNoRun() throws {
    #expect(try files(in: directory).subtracting(["data.h5", "config.json"]) == [])
  }
}

func withWorkshop(_ body: (Workshop) throws -> Void) throws {
  try withScratchDirectory { try body(Workshop(directory: $0)) }
}
