import Autodiff
import Foundation
import Foundations
import Models
import TestSupport
import Testing
import Training

/// The JSON Schema of configs: the committed copy is what the code says, and what it allows is what the reader takes.
@Suite struct ConfigSchemaTests {
  private static let path = "\(Repository.path)/docs/config.schema.json"

  private func faults(of config: JSONValue) -> [String] {
    do {
      _ = try RunConfiguration(text: config.compactText, source: "x.json", directory: "/nowhere")
      return []
    } catch let error as TrainerError {
      return ([error.alone] + error.others).map(\.message)
    } catch {
      return ["\(error)"]
    }
  }

  @Test func theCopyIsWhatTheCodeSays() throws {
    let text = try RunConfiguration.schema().prettyText + "\n"
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "1" {
      try AtomicFile.replace(Self.path, contents: [Array(text.utf8)])
    }
    #expect(
      try String(contentsOfFile: Self.path, encoding: .utf8) == text,
      "run this test with UPDATE_DOCS=1 and look at the difference")
  }

  // A property test over all objects, keys and types of the schema.
  @Test func theReaderTakesWhatTheSchemaAllows() throws {
    let examples = try SchemaExamples(RunConfiguration.schema()).all
    #expect(examples.count > 1000)
    // Which settings go together, and what names mean, a schema does not say.
    let misfits = [
      "unknown key", "expected a number", "expected an integer", "expected one of \"", "expected an object",
      "expected true or false", "expected a string", "expected an array", "is missing",
    ]
    // A key that goes with another, of which the schema says nothing.
    let pairs = ["\"fold\" is missing", "one \"is missing\""]
    for example in examples {
      let faults = faults(of: example.value)
      if example.isAllowed {
        let wrong = faults.filter { fault in
          misfits.contains { fault.contains($0) } && !pairs.contains { fault.contains($0) }
        }
        #expect(wrong.isEmpty, "\(example.value.compactText)")
      } else {
        #expect(
          faults.contains { $0.contains("\(SchemaExamples.otherKey): unknown key") }, "\(example.value.compactText)")
      }
    }
  }

  @Test func everySettingOfTheExamplesIsInTheSchema() throws {
    let schema = try RunConfiguration.schema()
    let examples = SchemaExamples(schema).all
    let known = Set(examples.flatMap { Self.keys(of: $0.value) })
    for file in try FileManager.default.contentsOfDirectory(atPath: "\(Repository.path)/configs")
    where file.hasSuffix(".json") {
      let configuration = try RunConfiguration(file: "\(Repository.path)/configs/\(file)")
      for key in Self.keys(of: configuration.resolved) { #expect(known.contains(key), "\(file): \(key)") }
    }
  }

  private static func keys(of value: JSONValue) -> [String] {
    switch value {
    case .object(let object): object.members.flatMap { [$0.key] + keys(of: $0.value) }
    case .array(let elements): elements.flatMap(keys)
    default: []
    }
  }

  @Test func anAppsLayerIsInItsSchema() throws {
    struct Scaled: Layer {
      static let type = "scaled"
      var name: String? { nil }
      init(from settings: Settings) throws {
        _ = try settings.number("factor", in: .positive, help: "What inputs are multiplied by.")
        // Whatever else it finds wrong, its keys are known.
        throw settings.error("factor", "is never right")
      }
      var json: JSONObject { [:] }
      func apply(to x: Node, _ builder: LayerBuilder) throws -> Node { x }
    }
    var registries = Registries.standard
    try registries.layers.add(Scaled.self)
    let schema = try RunConfiguration.schema(registries: registries)
    let layer = try #require(schema["definitions"]?["layer.scaled"])
    #expect(layer["properties"]?["factor"]?["exclusiveMinimum"] == 0)
    #expect(layer["properties"]?["factor"]?["description"] == "What inputs are multiplied by.")
    #expect(layer["required"] == ["type", "factor"] || layer["required"] == ["factor"])
    #expect(try RunConfiguration.schema()["definitions"]?["layer.scaled"] == nil)
  }

  @Test func theKeyOfEditorsIsNotASetting() throws {
    let config = #"{"parameters": {"x": 1}, "objective": "x^2"}"#
    let plain = try RunConfiguration(text: config, source: "x.json", directory: "/")
    let marked = try RunConfiguration(
      text: #"{"$schema": "config.schema.json", \#(config.dropFirst())"#, source: "x.json", directory: "/")
    #expect(marked.resolved == plain.resolved)
    #expect(marked.resolved["$schema"] == nil)
    #expect(
      faults(of: ["parameters": ["x": 1], "objective": "x^2", "training": ["$schema": "x"]])
        .contains { $0.contains("training.$schema: unknown key") })
  }

  // What an independent validator says of the examples, of all configs of the repository, and of wrong ones.
  @Test(.enabled(if: Tool.pythonHas("jsonschema"))) func aValidatorAgrees() throws {
    let schema = try RunConfiguration.schema()
    var cases = SchemaExamples(schema).all.map { (config: $0.value, isAllowed: $0.isAllowed) }
    for file in try FileManager.default.contentsOfDirectory(atPath: "\(Repository.path)/configs")
    where file.hasSuffix(".json") {
      let path = "\(Repository.path)/configs/\(file)"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      cases.append((try JSONDocument(text: text, source: file).root, true))
      cases.append((try RunConfiguration(file: path).resolved, true))
    }
    let base: JSONObject = [
      "data": ["path": "d.h5"], "model": ["layers": [["type": "dense", "units": 3]]], "loss": "meanSquaredError",
    ]
    func changed(_ change: (inout JSONObject) -> Void) -> JSONValue {
      var config = base
      change(&config)
      return .object(config)
    }
    cases.append((.object(base), true))
    cases += [
      changed { $0["data"] = nil }, changed { $0["data"] = [:] }, changed { $0["seed"] = -1 },
      changed { $0["seed"] = 0.5 },
      changed { $0["precision"] = "float16" }, changed { $0["loss"] = "mse" }, changed { $0["loss"] = ["type": "mse"] },
      changed { $0["loss"] = ["type": "huber", "labelSmoothing": 0.1] }, changed { $0["metrics"] = "accuracy" },
      changed { $0["metrics"] = ["accurcy"] }, changed { $0["model"] = ["layers": [["units": 3]]] },
      changed { $0["model"] = ["layers": [["type": "dense"]]] }, changed { $0["model"] = ["layers": ["dense"]] },
      changed { $0["model"] = ["layers": [["type": "dense", "units": 3, "rate": 0.5]]] },
      changed { $0["model"] = ["layers": [["type": "residual", "layers": [["type": "dense", "unit": 3]]]]] },
      changed { $0["optimizer"] = ["type": "adam", "beta1": 1] }, changed { $0["optimizer"] = ["momentum": "much"] },
      changed { $0["optimizer"] = ["type": "sgd", "groups": [["match": "*", "beta1": 0.5]]] },
      changed { $0["training"] = ["batchSize": "whole"] }, changed { $0["training"] = ["epochs": 0] },
      changed { $0["checkpoints"] = ["every": ["minutes": 3]] }, changed { $0["observers"] = ["tensorbord"] },
      changed { $0["objective"] = "x^2" }, ["parameters": ["x": "one"], "objective": "x"],
      ["parameters": ["x": 1], "objective": "x", "training": ["epochs": 3]], ["objective": "x^2"],
    ].map { ($0, false) }
    try withScratchDirectory { directory in
      let files = ("\(directory)/schema.json", "\(directory)/cases.jsonl")
      try schema.compactText.write(toFile: files.0, atomically: true, encoding: .utf8)
      let lines = cases.map {
        JSONValue.object(["allowed": .boolean($0.isAllowed), "config": $0.config]).compactText + "\n"
      }
      try lines.joined().write(toFile: files.1, atomically: true, encoding: .utf8)
      let result = try Tool.run("python3", ["\(Repository.path)/scripts/references/check_schema.py", files.0, files.1])
      #expect(result.status == 0, "\(result.output)")
    }
  }
}
