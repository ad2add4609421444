import Foundations

/// Values that a JSON Schema allows: of each object the least one, and with each further key; and the least one with a key
/// that it does not allow.
struct SchemaExamples {
  /// A value.
  struct Example {
    let value: JSONValue
    /// Whether the schema allows it.
    let isAllowed: Bool
  }

  /// The key that no object has.
  static let otherKey = "zzz"

  private let root: JSONValue
  /// How often a definition may be within itself: layers hold layers.
  private static let mostDepth = 2

  init(_ schema: JSONValue) { root = schema }

  /// The values that the whole schema allows, and some that it does not.
  var all: [Example] {
    let then = root["then"]
    return [root["else"], then?["then"], then?["else"]].compactMap(\.self).flatMap { examples(of: $0, within: []) }
  }

  private func examples(of schema: JSONValue, within names: [String]) -> [Example] {
    if let name = schema["$ref"]?.text?.split(separator: "/").last.map(String.init) {
      guard names.count(where: { $0 == name }) < Self.mostDepth, let definition = root["definitions"]?[name] else {
        return []
      }
      return examples(of: definition, within: names + [name])
    }
    if let choices = schema["enum"]?.elements { return choices.map { Example(value: $0, isAllowed: true) } }
    if let constant = schema["const"] { return [Example(value: constant, isAllowed: true)] }
    if let cases = schema["anyOf"]?.elements { return cases.flatMap { examples(of: $0, within: names) } }
    if let cases = schema["allOf"]?.elements {
      return cases.flatMap { examples(of: $0["then"] ?? $0, within: names) }
    }
    if schema["if"] != nil {
      return [schema["else"], schema["then"]].compactMap(\.self).flatMap { examples(of: $0, within: names) }
    }
    switch schema["type"]?.text {
    case "object": return objects(schema, within: names)
    case "array":
      let least = schema["minItems"]?.int ?? 0
      let elements = examples(of: schema["items"] ?? [:], within: names)
      return elements.map { element in
        let rest = elements.first.map { Array(repeating: $0.value, count: max(0, least - 1)) } ?? []
        return Example(value: .array([element.value] + rest), isAllowed: element.isAllowed)
      }
    case "integer", "number":
      let numbers = [1, 0.5, 2, 0.25, schema["minimum"]?.double, schema["maximum"]?.double].compactMap(\.self)
      let isInteger = schema["type"] == "integer"
      return numbers.first { isIn(schema, $0) && (!isInteger || $0 == $0.rounded()) }
        .map { [Example(value: isInteger ? .integer(Int($0)) : .number($0), isAllowed: true)] } ?? []
    case "boolean": return [true, false].map { Example(value: .boolean($0), isAllowed: true) }
    case "string": return [Example(value: "x", isAllowed: true)]
    default: return [Example(value: 1, isAllowed: true)]
    }
  }

  private func isIn(_ schema: JSONValue, _ number: Double) -> Bool {
    schema["minimum"]?.double ?? -.infinity <= number && number <= schema["maximum"]?.double ?? .infinity
      && schema["exclusiveMinimum"]?.double ?? -.infinity < number
      && number < schema["exclusiveMaximum"]?.double ?? .infinity
  }

  private func objects(_ schema: JSONValue, within names: [String]) -> [Example] {
    guard case .object(let properties) = schema["properties"] ?? [:] else { return [] }
    var least = JSONObject()
    let required = (schema["required"]?.elements ?? []).compactMap(\.text)
    for member in properties.members where required.contains(member.key) || member.value["const"] != nil {
      least[member.key] = examples(of: member.value, within: names).first { $0.isAllowed }?.value
    }
    guard required.allSatisfy({ least[$0] != nil }) else { return [] }
    func adding(_ key: String, _ example: Example) -> Example {
      var object = least
      object[key] = example.value
      return Example(value: .object(object), isAllowed: example.isAllowed)
    }
    var found = [Example(value: .object(least), isAllowed: true)]
    for member in properties.members {
      found += examples(of: member.value, within: names).map { adding(member.key, $0) }
    }
    switch schema["additionalProperties"] {
    case .boolean(false)?: found.append(adding(Self.otherKey, Example(value: 1, isAllowed: false)))
    case let others?: found += examples(of: others, within: names).map { adding("anyOther", $0) }
    case nil: break
    }
    return found
  }
}
