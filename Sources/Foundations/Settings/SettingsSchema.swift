/// Writes outlines as a JSON Schema (draft 7, which editors know best).
package struct SettingsSchema {
  /// The definitions that others refer to, by name.
  private var definitions: [(name: String, schema: JSONValue)] = []
  /// The names of definitions by what they hold, so that equal ones are there once.
  private var names: [String: String] = [:]

  /// What the components of registries hold, by kind.
  private let registries: [(kind: String, outline: SettingsOutline)]

  /// Creates the definitions of registries' components.
  package init(_ registries: [(kind: String, outline: SettingsOutline)]) {
    self.registries = registries
    for (kind, outline) in registries { definitions.append((kind, object(outline, named: kind))) }
  }

  /// Adds a definition of an object, and returns what refers to it.
  package mutating func define(_ name: String, _ outline: SettingsOutline) -> JSONValue {
    let schema = object(outline, named: name)
    return define(name, schema)
  }

  /// The whole schema.
  ///
  /// - Parameter root: The schema's own keys.
  package func schema(_ root: JSONObject) -> JSONValue {
    let sorted = definitions.sorted { $0.name < $1.name }
    return .object(
      JSONObject([("$schema", "http://json-schema.org/draft-07/schema#")]).appending(root).appending(
        ["definitions": .object(JSONObject(sorted.map { ($0.name, $0.schema) }))]))
  }

  private mutating func define(_ name: String, _ schema: JSONValue) -> JSONValue {
    let text = schema.compactText
    if let known = names[text] { return Self.reference(known) }
    var own = name
    var ordinal = 1
    while definitions.contains(where: { $0.name == own }) {
      ordinal += 1
      own = "\(name)\(ordinal)"
    }
    names[text] = own
    definitions.append((own, schema))
    return Self.reference(own)
  }

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/definitions/\(name)")] }

  /// The schema of an object.
  private mutating func object(_ outline: SettingsOutline, named name: String) -> JSONValue {
    if let registry = outline.registry { return Self.reference(registry) }
    guard outline.alternatives.isEmpty else { return typed(outline, named: name) }
    return plain(outline)
  }

  /// An object that its `type` says more about. A chain of conditions, and not `oneOf`: an editor then tells what is wrong
  /// with the type that is there, and not that none fits.
  private mutating func typed(_ outline: SettingsOutline, named name: String) -> JSONValue {
    var cases: [JSONValue] = []
    for (type, alternative) in outline.alternatives {
      let then = define("\(name).\(type)", plain(alternative, type: type))
      let isType: JSONValue = ["properties": ["type": ["const": .string(type)]], "required": ["type"]]
      cases.append(["if": isType, "then": then])
      if type == outline.defaultType { cases.append(["if": ["not": ["required": ["type"]]], "then": then]) }
    }
    var members: JSONObject = [
      "type": "object",
      "properties": ["type": ["enum": .array(outline.alternatives.map { .string($0.type) })]],
    ]
    if outline.defaultType == nil { members["required"] = ["type"] }
    members["allOf"] = .array(cases)
    return .object(members)
  }

  private mutating func plain(_ outline: SettingsOutline, type: String? = nil) -> JSONValue {
    var properties = JSONObject()
    if let type { properties["type"] = ["const": .string(type)] }
    var others: JSONValue = false
    for field in outline.fields where field.key != Outlining.typeKey || type == nil {
      var schema = value(field.values, of: field.key, outline.children[field.key])
      // What stands for any name is the rule for all that are not named.
      if field.key == Outlining.anyName {
        others = schema
        continue
      }
      // Beside a reference a draft-7 validator reads nothing.
      if schema["$ref"] != nil { schema = ["allOf": [schema]] }
      guard case .object(var members) = schema else { continue }
      if !field.help.isEmpty { members["description"] = .string(field.help) }
      if let fallback = field.default, !outline.derived.contains(field.key) { members["default"] = fallback }
      properties[field.key] = .object(members)
    }
    let required = outline.fields.filter { $0.isRequired && $0.key != Outlining.anyName }.map {
      JSONValue.string($0.key)
    }
    return .object(
      JSONObject([
        ("type", "object"), ("properties", properties.keys.isEmpty ? nil : .object(properties)),
        ("required", required.isEmpty ? nil : .array(required)), ("additionalProperties", others),
      ]))
  }

  /// The schema of a value.
  private mutating func value(_ kind: SettingKind, of key: String, _ child: SettingsOutline?) -> JSONValue {
    switch kind {
    case .any: return [:]
    case .number(let range): return .object(JSONObject([("type", "number")] + range.schema))
    case .integer(let range):
      return .object(
        JSONObject([
          ("type", "integer"), ("minimum", range.lowerBound == .min ? nil : .integer(range.lowerBound)),
          ("maximum", range.upperBound == .max ? nil : .integer(range.upperBound)),
        ]))
    case .boolean: return ["type": "boolean"]
    case .string: return ["type": "string"]
    case .choice(let choices): return ["enum": .array(choices.map(JSONValue.string))]
    case .array(let element, let count):
      return .object(
        JSONObject([
          ("type", "array"), ("items", value(element, of: key, child)),
          ("minItems", count.lowerBound > 0 ? .integer(count.lowerBound) : nil),
          ("maxItems", count.upperBound < ClosedRange.mostCount ? .integer(count.upperBound) : nil),
        ]))
    case .named(let member): return ["type": "object", "additionalProperties": value(member, of: key, child)]
    case .object(let shorthand):
      var own: JSONValue = ["type": "object"]
      if let child {
        own = object(child, named: key)
        if own["$ref"] == nil { own = define(key, own) }
      }
      guard shorthand != nil, let child else { return own }
      let types = shorthandTypes(child).map(JSONValue.string)
      return ["if": ["type": "string"], "then": ["enum": .array(types)], "else": own]
    case .either(let kinds):
      let objects = kinds.filter { if case .object = $0 { true } else { false } }
      let others = kinds.filter { if case .object = $0 { false } else { true } }
      let rest = others.map { value($0, of: key, child) }
      let another: JSONValue = rest.count == 1 ? rest[0] : ["anyOf": .array(rest)]
      guard let object = objects.first else { return another }
      return ["if": ["type": "object"], "then": value(object, of: key, child), "else": another]
    }
  }

  /// The types that a plain string may stand for: those that need no other key.
  private func shorthandTypes(_ outline: SettingsOutline) -> [String] {
    let outline = outline.registry.flatMap { kind in registries.first { $0.kind == kind }?.outline } ?? outline
    return outline.alternatives.filter { !$0.outline.fields.contains(where: \.isRequired) }.map(\.type)
  }
}
