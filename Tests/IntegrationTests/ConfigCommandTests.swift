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
    try withScratchDirectory { directory in
      let short =
        #"{"data": {"path": "d.h5"}, "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "softmaxCrossEntropy"}"#
      try short.write(toFile: "\(directory)/s.json", atomically: true, encoding: .utf8)
      let shown = try TrainerBinary.run("config", "show", "s.json", "--changed", in: directory)
      #expect(
        shown.output.split(separator: "\n").map { $0.split(separator: " ")[0] } == [
          "data.path", "model.layers[0].type", "model.layers[0].units", "loss.type",
        ], "\(shown.output)")
    }
    let changed = try TrainerBinary.run("config", "show", path, "--changed")
    #expect(!changed.output.contains("default") && changed.output.contains("\nmodel.layers[0].units "))
    let json = try TrainerBinary.run("config", "show", path, "--format", "json")
    #expect(try JSONDocument(text: json.output, source: "show").root["training"]?["shards"] == 4)
    try TrainerBinary.run("config", "show", path, "--format", "json", "--changed").expectError(2, "--changed goes with")
    try TrainerBinary.run("config", "show", "nowhere.json").expectError(2, "nowhere.json")
  }

  // A config in YAML is the same run as one in JSON, and its faults have the places of the YAML text.
  @Test func configsInYAML() throws {
    try withScratchDirectory { directory in
      let shown = try TrainerBinary.run("config", "show", Repository.config("logistic"), "--format", "yaml")
      #expect(shown.status == 0, "\(shown.errors)")
      try shown.output.write(toFile: "\(directory)/x.yaml", atomically: true, encoding: .utf8)
      let set = ["--set", "training.epochs=2", "--output"]
      #expect(try TrainerBinary.run(["run", "x.yaml"] + set + ["a"], in: directory).status == 0)
      #expect(try TrainerBinary.run(["run", Repository.config("logistic")] + set + ["b"], in: directory).status == 0)
      let digests = try ["a", "b"].map { try TrainerBinary.run("checkpoint", "digest", $0, in: directory).output }
      #expect(digests[0] == digests[1] && !digests[0].isEmpty)
      #expect(
        try JSONDocument(text: String(contentsOfFile: "\(directory)/a/config.json", encoding: .utf8), source: "a").root[
          "loss"]
          != nil)
      let faulty =
        "parameters: {x: 1}\nobjective: x^2\ntraining:\n  stpes: 3\noptimizer:\n  learningRate: 1e-3\n  momentum: no\n"
      try faulty.write(toFile: "\(directory)/f.yml", atomically: true, encoding: .utf8)
      let check = try TrainerBinary.run("config", "check", "f.yml", in: directory)
      #expect(
        lines(check) == [
          #"error: f.yml:4:3: training.stpes: unknown key; did you mean "steps"?"#,
          #"error: f.yml:7:3: optimizer.momentum: found the string "no", expected a number at least 0 and less than 1"#,
        ], "\(check.errors)")
    }
  }

  @Test func initWritesYAML() throws {
    try withScratchDirectory { directory in
      let made = try TrainerBinary.run(
        "init", Repository.path + "/data/passengers.csv", "-o", "p.yaml", in: directory)
      #expect(made.status == 0, "\(made.errors)")
      #expect(made.output.contains("wrote p.h5, p.md, p.yaml"), "\(made.output)")
      #expect(try String(contentsOfFile: "\(directory)/p.yaml", encoding: .utf8).contains("\n  path: p.h5\n"))
      #expect(try TrainerBinary.run("config", "check", "p.yaml", in: directory).status == 0)
      try TrainerBinary.run("init", Repository.data("digits"), "-o", "p.toml", in: directory)
        .expectError(2, "ends with .json, .yaml or .yml")
    }
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
