import Foundation
import Foundations
import TestSupport
import Testing

/// `trainer config check|show|schema`: what they print, and with which exit code they end.
@Suite struct ConfigCommandTests {
  /// A config with many faults, and where each is.
  private static let faulty = """
    {
      "seed": -3,
      "data": {"path": "d.h5", "prepocessing": ["scale"]},
      "model": {
        "layers": [
          {"type": "dense", "units": "ten", "activation": "rleu"},
          {"type": "dens", "units": 3},
          {"type": "residual", "layers": [{"type": "dropout", "rate": 1.5, "seed": 1}]}
        ]
      },
      "loss": "softmaxCrossEntrop",
      "metrics": ["accuracy", "topK"],
      "optimizer": {"type": "adam", "learningrate": 1, "clipNorm": 0},
      "training": {"epochs": 0, "batchSize": "ful"},
      "checkpoints": {"best": {"metric": "validation.topK"}},
      "earlyStoping": {}
    }
    """

  private static let paths = [
    "seed", "data.prepocessing", "model.layers[0].units", "model.layers[0].activation", "model.layers[1].type",
    "model.layers[2].layers[0].rate", "model.layers[2].layers[0].seed", "loss", "metrics[1]", "optimizer.learningrate",
    "optimizer.clipNorm", "training.epochs", "training.batchSize", "earlyStoping",
  ]

  private func lines(_ result: CommandResult) -> [String] { result.errors.split(separator: "\n").map(String.init) }

  @Test func allFaultsAreTold() throws {
    try withScratchDirectory { directory in
      try Self.faulty.write(toFile: "\(directory)/x.json", atomically: true, encoding: .utf8)
      let text = try TrainerBinary.run("config", "check", "x.json", in: directory)
      #expect(text.status == 2)
      #expect(text.output == "")
      let lines = lines(text)
      #expect(lines.count == Self.paths.count, "\(text.errors)")
      for (line, path) in zip(lines, Self.paths) {
        #expect(line.hasPrefix("error: x.json:") && line.contains(": \(path): "), "\(line) \(path)")
      }
      #expect(lines[0] == "error: x.json:2:3: seed: found -3, expected an integer from 0")
      #expect(lines[1].hasSuffix("unknown key; did you mean \"preprocessing\"?"))
      // The same faults where they are to be trained; the order is that of reading.
      let run = try TrainerBinary.run("run", "x.json", in: directory)
      #expect(run.status == 2)
      #expect(Set(self.lines(run)) == Set(lines))
      let json = try TrainerBinary.run("config", "check", "x.json", "--format", "json", in: directory)
      #expect(json.status == 2)
      #expect(json.errors == "")
      let faults = try #require(JSONDocument(text: json.output, source: "check").root.elements)
      #expect(faults.map { $0["path"]?.text } == Self.paths)
      #expect(faults[1]["line"] == 3)
      #expect(faults[1]["column"] == 28)
      #expect(faults[1]["suggestion"] == "preprocessing")
      #expect(faults[0]["suggestion"] == .null)
      #expect(faults[0]["message"] == "found -3, expected an integer from 0")
    }
  }

  @Test func soundConfigsAreOneLineEach() throws {
    let result = try TrainerBinary.run("config", "check", Repository.config("mlp"), Repository.config("softmax"))
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines[0] == "\(Repository.config("mlp")): ok, a model of 3 layers, softmaxCrossEntropy, 30 epochs of 23 steps, "
        + "9610 parameters, 1442 training samples")
    let json = try TrainerBinary.run("config", "check", Repository.config("mlp"), "--format", "json")
    #expect(json.status == 0)
    #expect(json.output == "[]\n")
  }

  private func write(_ json: JSONObject, _ path: String) throws {
    try JSONValue.object(json).compactText.write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test func whatTheDataSayIsTold() throws {
    try withScratchDirectory { directory in
      var config: JSONObject = [
        "data": ["path": .string(Repository.data("digits"))], "model": ["layers": [["type": "dense", "units": 10]]],
        "loss": "softmaxCrossEntropy",
      ]
      func check(_ arguments: String...) throws -> CommandResult {
        try write(config, "\(directory)/x.json")
        return try TrainerBinary.run(["config", "check", "x.json"] + arguments, in: directory)
      }
      #expect(try check().status == 0)
      // What a run would say one after the other.
      config["metrics"] = ["r2", ["type": "topKAccuracy", "k": 40]]
      config["training"] = ["batchSize": 5000]
      config["optimizer"] = ["type": "sgd", "groups": [["match": "nothing*"]]]
      config["earlyStopping"] = ["metric": "validation.loss"]
      let several = try check()
      #expect(several.status == 2)
      let told = [
        "'r2' is not defined", "topKAccuracy has \"k\" 40", "found 5000", "matches none", "no group 'validation'",
      ]
      for part in told { #expect(several.errors.contains(part), "\(part): \(several.errors)") }
      #expect(lines(several).count == told.count, "\(several.errors)")
      #expect(lines(several).allSatisfy { $0.hasPrefix("error: x.json: ") })
      #expect(try check("--no-data").status == 0)
      // Missing data are 3.
      config["data"] = ["path": ["a.h5", "b.h5"]]
      let missing = try check()
      #expect(missing.status == 3)
      #expect(lines(missing).count == 2, "\(missing.errors)")
      config["data"] = ["path": .string(Repository.data("digits")), "targets": "labels"]
      for key in ["metrics", "optimizer", "earlyStopping"] { config[key] = nil }
      let renamed = try check()
      #expect(renamed.errors.contains("found 5000"), "\(renamed.errors)")
      #expect(renamed.errors.contains("no dataset 'labels'"), "\(renamed.errors)")
    }
  }

  @Test func aShownConfigSaysWhereItsValuesComeFrom() throws {
    let path = Repository.config("mlp")
    let result = try TrainerBinary.run("config", "show", path, "--set", "training.epochs=5")
    #expect(result.status == 0, "\(result.errors)")
    func line(_ key: String) -> [Substring]? {
      result.output.split(separator: "\n").first { $0.hasPrefix(key + " ") }?.split(separator: " ", maxSplits: 2)
    }
    #expect(line("training.epochs")?[1] == "5")
    #expect(line("training.epochs")?[2].hasSuffix(" --set training.epochs=5") == true)
    #expect(line("seed")?.last?.hasSuffix("\(path):2") == true)
    #expect(line("loss.labelSmoothing")?.last?.hasSuffix("default") == true)
    #expect(line("name")?.last?.hasSuffix("from the file's name") == true)
    // A component that is written as its type alone.
    #expect(line("loss.type")?.last?.hasSuffix("\(path):14") == true, "\(result.output)")
    let changed = try TrainerBinary.run("config", "show", path, "--changed")
    #expect(!changed.output.contains("default") && changed.output.contains("\nmodel.layers[0].units "))
    let json = try TrainerBinary.run("config", "show", path, "--format", "json")
    #expect(try JSONDocument(text: json.output, source: "show").root["training"]?["shards"] == 4)
    try TrainerBinary.run("config", "show", path, "--format", "json", "--changed").expectError(2, "--changed goes with")
    try TrainerBinary.run("config", "show", "nowhere.json").expectError(2, "nowhere.json")
  }

  @Test func theSchemaIsWritten() throws {
    try withScratchDirectory { directory in
      #expect(try TrainerBinary.run("config", "schema", "-o", "s.json", in: directory).status == 0)
      let written = try String(contentsOfFile: "\(directory)/s.json", encoding: .utf8)
      #expect(written == (try TrainerBinary.run("config", "schema").output))
      #expect(written == (try String(contentsOfFile: "\(Repository.path)/docs/config.schema.json", encoding: .utf8)))
      try TrainerBinary.run("config", "schema", "-o", "s.json", in: directory).expectError(2, "exists already")
    }
  }
}
