/// What all the settings of one config share.
final class SettingsContext {
  /// The text that was read; `nil` for a config built in Swift.
  private let document: JSONDocument?
  private let source: String
  /// The directory that paths in the config are relative to.
  let directory: String
  private let overrides: [(path: JSONPath, origin: String)]

  init(document: JSONDocument, directory: String, overrides: [(path: JSONPath, origin: String)]) {
    self.document = document
    source = document.source
    self.directory = directory
    self.overrides = overrides
  }

  init(source: String, directory: String) {
    document = nil
    self.source = source
    self.directory = directory
    overrides = []
  }

  /// Whether the value at a path was given on the command line.
  func isOverridden(_ path: JSONPath) -> Bool { override(at: path) != nil }

  /// `file:line:column`, or the option that gave the value, or what messages call a config without text.
  func location(of path: JSONPath) -> String {
    if let override = override(at: path) { return override }
    return document.map { "\(source):\($0.position(of: path))" } ?? source
  }

  private func override(at path: JSONPath) -> String? { overrides.last { $0.path.contains(path) }?.origin }
}

extension JSONValue {
  /// What the value is, for messages: `the string "ten"`, `0`, `an array`.
  var settingDescription: String {
    switch self {
    case .null: "null"
    // JSON has no text for it, but Swift can ask for it.
    case .number(let number) where !number.isFinite: "\(number)"
    case .boolean, .integer, .number: compactText
    case .string(let text): "the string \(JSONValue.string(text.count > 60 ? text.prefix(60) + "…" : text).compactText)"
    case .array(let elements): elements.isEmpty ? "an empty array" : "an array"
    case .object: "an object"
    }
  }
}
