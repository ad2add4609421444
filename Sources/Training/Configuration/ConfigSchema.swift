import Foundations

extension RunConfiguration {
  /// The JSON Schema (draft 7) of what a config may hold, for editors and for programs that write configs. It is made of
  /// what the readers ask for, so it knows an app's own components, too.
  ///
  /// What JSON Schema has no words for is left to the reader: settings that go together, names of parameters and metrics,
  /// what the data hold.
  ///
  /// - Parameter registries: The components that a config can choose from.
  /// - Throws: `TrainerError` with code `.usage` if a registry is empty.
  public static func schema(registries: Registries = .standard) throws -> JSONValue {
    let describer = SettingsDescriber()
    func read(_ settings: Settings) throws {
      _ = try RunConfiguration(reading: settings, stem: "run", output: nil, origin: .file, registries: registries)
    }
    let formulaKeys = ["parameters", "objective"]
    let modelKeys = ["model", "loss"]
    let model = try describer.outline(present: modelKeys, absent: Set(formulaKeys), read)
    let formulaOfData = try describer.outline(present: formulaKeys + ["data"], absent: Set(modelKeys), read)
    let formula = try describer.outline(present: formulaKeys, absent: Set(modelKeys + ["data"]), read)
    var schema = SettingsSchema(describer.registries)
    let whole = (
      model: schema.define("configOfModel", model),
      formulaOfData: schema.define("configOfFormulaWithData", formulaOfData.requiring("data")),
      formula: schema.define("configOfFormula", formula)
    )
    return schema.schema([
      "title": "A config of trainer",
      "description": "What `trainer run` trains: a model on a dataset, or a formula with parameters.",
      "type": "object",
      "if": ["anyOf": .array(formulaKeys.map { ["required": [.string($0)]] })],
      "then": ["if": ["required": ["data"]], "then": whole.formulaOfData, "else": whole.formula],
      "else": whole.model,
    ])
  }
}
