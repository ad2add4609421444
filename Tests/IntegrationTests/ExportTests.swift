import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// `trainer export`, in the hands of the real program.
@Suite struct ExportTests {
  private func train(_ config: String, _ directory: String, _ settings: String...) throws {
    let overrides = (["training.epochs=1"] + settings).flatMap { ["--set", $0] }
    let result = try TrainerBinary.run(["run", config, "--output", directory, "--quiet"] + overrides)
    try #require(result.status == 0, "\(result.errors)")
  }

  @Test func theFormatGoesByTheEndingAndTheNameByTheRun() throws {
    try withScratchDirectory { directory in
      try train(Repository.config("softmax"), "\(directory)/run")
      let first = try TrainerBinary.run("export", "run", "--to", "onnx", in: directory)
      #expect(first.status == 0 && first.errors.hasPrefix("uses the last checkpoint, "), "\(first.errors)")
      #expect(first.output.hasPrefix("softmax.onnx: onnx, ") && first.output.contains("opset 17"), "\(first.output)")
      #expect(first.output.contains("\n  input  inputs         float [samples, 64]\n"), "\(first.output)")
      #expect(first.output.contains("\n  output probabilities  float [samples, 10]\n"), "\(first.output)")
      let before = try Data(contentsOf: URL(filePath: "\(directory)/softmax.onnx"))

      try TrainerBinary.run("export", "run", "--to", "onnx", in: directory).expectError(
        2, "softmax.onnx", "--overwrite")
      #expect(try Data(contentsOf: URL(filePath: "\(directory)/softmax.onnx")) == before)
      let again = try TrainerBinary.run("export", "run", "-o", "softmax.onnx", "--overwrite", in: directory)
      #expect(again.status == 0, "\(again.errors)")
      // The same model gives the same file.
      #expect(try Data(contentsOf: URL(filePath: "\(directory)/softmax.onnx")) == before)

      let json = try TrainerBinary.run("export", "run", "-o", "a.npz", "--format", "json", in: directory)
      let report = try JSONDocument(text: json.output, source: "standard output").root
      #expect(report["format"]?.text == "npz" && report["tensors"]?.int == 2 && report["numbers"]?.int == 650)
      let found = try files(in: directory).filter { !$0.hasPrefix("run") }
      #expect(found == ["softmax.onnx", "a.npz"])
    }
  }

  @Test func whatCannotBeIsSaid() throws {
    try withScratchDirectory { directory in
      try train(Repository.config("softmax"), "\(directory)/run")
      func export(_ arguments: String...) throws -> CommandResult {
        var result = try TrainerBinary.run(["export"] + arguments, in: directory)
        // Which checkpoint it is about is said first, where that is known.
        if result.errors.hasPrefix("uses "), let end = result.errors.firstIndex(of: "\n") {
          result = CommandResult(
            status: result.status, output: result.output,
            errors: String(result.errors[result.errors.index(after: end)...]))
        }
        return result
      }
      try export("run").expectError(2, "--to onnx, safetensors or npz", "-o")
      try export("run", "-o", "model.bin").expectError(2, "model.bin", "tells no format", "--to")
      try export("run", "-o", "model.onnx", "--to", "npz").expectError(2, "onnx", "npz")
      try export("run", "-o", "none/model.onnx").expectError(2, "no directory none")
      try export("run", "--to", "onnx", "-o", "-").expectError(2, "standard output")
      try export("run", "--best", "--to", "onnx").expectError(2, "best")
      try export("nothing", "--to", "onnx").expectError(4, "nothing")
      let checkpoint = try Run("\(directory)/run").newestCheckpoint
      try export("run", "-o", checkpoint, "--to", "npz", "--overwrite").expectError(2, "input of the same command")
      #expect(try files(in: directory).allSatisfy { $0.hasPrefix("run") })
    }
  }

  /// Runs the example configs, and asks ONNX Runtime and `predict` about the same rows.
  @Test(
    .enabled(if: ONNXRuntime.isThere, "Python has no onnxruntime"),
    arguments: [
      ("softmax", "digits"), ("mlp", "digits"), ("linear", "diabetes"), ("logistic", "breast-cancer"),
      ("fashion-softmax", "fashion-mnist"), ("fashion-mlp", "fashion-mnist"), ("fashion-cnn", "fashion-mnist"),
      ("fashion-resnet", "fashion-mnist"), ("signals", "signals"), ("notes/logistic", "breast-cancer"),
      ("notes/two-class-softmax", "breast-cancer"),
    ])
  func onnxRuntimeAgreesOnExamples(config: String, data: String) throws {
    guard FileManager.default.fileExists(atPath: Repository.data(data)) else {
      print("SKIPPED: \(config), because data/\(data).h5 is absent (make data/\(data).h5)")
      return
    }
    try withScratchDirectory { directory in
      let isLarge = data == "fashion-mnist" || data == "signals"
      let stop = isLarge ? ["--stop-after", "3s"] : []
      _ = try TrainerBinary.run(
        ["run", Repository.config(config), "--output", "\(directory)/run", "--quiet", "--set", "training.epochs=1"]
          + stop)
      let file = try HDF5.File.open(at: Repository.data(data))
      let inputs = try file.root.dataset("test/inputs")
      let whole = try inputs.shape
      let shape = [min(20, whole[0])] + whole.dropFirst()
      let count = shape.reduce(1, *)
      let rows = Array(try inputs.read(as: Double.self)[..<count])
      try writeFile("\(directory)/rows.h5") { _ = try $0.createDataset("inputs", shape: shape, values: rows) }
      try Data(JSONValue.array(rows.map(JSONValue.number)).compactText.utf8)
        .write(to: URL(filePath: "\(directory)/rows.json"))
      for arguments in [["export", "run", "-o", "model.onnx"], ["predict", "run", "rows.h5", "-o", "out.h5"]] {
        let result = try TrainerBinary.run(arguments, in: directory)
        try #require(result.status == 0, "\(result.errors)")
      }
      let result = try #require(try ONNXRuntime.run([("\(directory)/model.onnx", "\(directory)/rows.json")]).first)
      let output = try HDF5.File.open(at: "\(directory)/out.h5")
      let predictions = try output.root.dataset("predictions").read(as: Double.self)
      #expect(distance(result.numbers("prediction"), predictions) < 1e-5)
      guard try output.root.exists("probabilities") else { return }
      let probabilities = try output.root.dataset("probabilities")
      #expect(distance(result.numbers("probabilities"), try probabilities.read(as: Double.self)) < 1e-5)
      let extents = try probabilities.shape
      #expect(result.shape("probabilities") == extents)
      if let names = result.texts("label") {
        let classes = try JSONDocument(text: result.json["metadata"]?["classes"]?.text ?? "", source: "metadata").root
        let known = classes.elements?.compactMap(\.text) ?? []
        #expect(names == predictions.map { known[Int($0)] })
      }
    }
  }

  /// A table's columns: numbers, gaps, words, truth values and dates, with every transform.
  @Test(
    .enabled(if: ONNXRuntime.isThere, "Python has no onnxruntime"),
    arguments: [
      "[]",
      #"""
      [{"name": "Pclass", "transform": [{"type": "oneHot", "unknown": "own", "minFrequency": 70}]},
      {"name": "Sex", "transform": ["ordinal", "standardize"]},
      {"name": "Age", "transform": [{"type": "impute", "indicator": true}, "clip", "minMax"]},
      {"name": "Fare", "transform": ["log1p", "standardize"]},
      {"name": "SibSp", "transform": [{"type": "oneHot", "minFrequency": 40}]},
      {"name": "Boarded", "transform": ["days", "standardize"]}]
      """#,
      #"""
      [{"name": "Embarked", "transform": [{"type": "oneHot", "missing": "ignore"}]},
      {"name": "Sex", "drop": true}, {"name": "Age", "transform": ["clip", {"type": "impute", "with": "mean"}]},
      {"name": "Parch", "transform": [{"type": "oneHot", "unknown": "own"}]},
      {"name": "Boarded", "transform": ["parts", "standardize"]}]
      """#,
    ])
  func onnxRuntimeAgreesOnTables(features: String) throws {
    try withScratchDirectory { directory in
      let table = "\(Repository.path)/data/passengers.csv"
      let imported = try TrainerBinary.run(
        "data", "import", table, "--target", "Survived", "--kind", "Pclass=category", "--kind", "Cabin=ignore",
        "--drop",
        "PassengerId", "-o", "\(directory)/passengers.h5")
      try #require(imported.status == 0, "\(imported.errors)")
      try train(
        Repository.config("passengers"), "\(directory)/run", "data.path=\(directory)/passengers.h5",
        "data.features=\(features)")
      // A category and a date that the training rows lack, and gaps.
      let lines = try String(contentsOfFile: table, encoding: .utf8)
        .replacing(",female,", with: ",other,", maxReplacements: features.contains("drop") ? 3 : 0)
        .replacing(",1912-04-12,", with: ",2024-02-29,", maxReplacements: 5)
        .replacing(",S,", with: ",,", maxReplacements: 5)
      try Data(lines.utf8).write(to: URL(filePath: "\(directory)/rows.csv"))
      for arguments in [
        ["export", "run", "-o", "model.onnx"], ["predict", "run", "rows.csv", "-o", "out.h5"],
      ] {
        let result = try TrainerBinary.run(arguments, in: directory)
        try #require(result.status == 0, "\(result.errors)")
      }
      let result = try #require(try ONNXRuntime.run([("\(directory)/model.onnx", "\(directory)/rows.csv")]).first)
      let output = try HDF5.File.open(at: "\(directory)/out.h5")
      let probabilities = try output.root.dataset("probabilities").read(as: Double.self)
      #expect(probabilities.count == 2 * 280)
      #expect(distance(result.numbers("probabilities"), probabilities) < 1e-5)
      #expect(
        result.texts("label")
          == (try output.root.dataset("predictions").read(as: Int.self)).map { ["no", "yes"][$0] })
      #expect((result.json["inputs"]?["Sex"] == nil) == features.contains("drop"))
    }
  }
}
