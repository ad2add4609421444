import Foundations
import Yams

extension JSONValue {
  /// The value as YAML that reads back as the same; ends with a line break.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the library cannot write it.
  package var yamlText: String {
    get throws {
      do {
        return try serialize(node: node, width: -1, allowUnicode: true)
      } catch let error as YamlError {
        throw TrainerError(.usage, "the config cannot be written as YAML: \(error.description.onOneLine)")
      }
    }
  }

  private var node: Node {
    switch self {
    case .null: .scalar(.init("null", .implicit, .plain))
    case .boolean(let value): .scalar(.init(value ? "true" : "false", .implicit, .plain))
    case .integer, .number: .scalar(.init(compactText, .implicit, .plain))
    case .string(let text): .scalar(.init(text, .implicit, Self.isPlain(text) ? .plain : .doubleQuoted))
    case .array(let elements):
      .sequence(.init(elements.map(\.node), .implicit, elements.allSatisfy(\.isScalar) ? .flow : .block))
    case .object(let object):
      .mapping(
        .init(
          object.members.map { (JSONValue.string($0.key).node, $0.value.node) }, .implicit,
          object.members.isEmpty ? .flow : .block))
    }
  }

  /// Whether a text is one to every reader of YAML without quotes.
  private static func isPlain(_ text: String) -> Bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    return text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.\/-]*/) != nil && !words.contains(text.lowercased())
  }
}
