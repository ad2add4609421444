/// What all the settings of one config share.
final class SettingsContext {
  /// What becomes of a fault, and what there is to read.
  enum Mode {
    /// The first fault ends the reading.
    case strict
    /// Faults are noted, and reading goes on with a value that would do.
    case collecting
    /// There is no config: readers are asked what they would read.
    case describing
  }

  /// The text that was read; `nil` for a config built in Swift.
  private let document: JSONDocument?
  private let source: String
  /// The directory that paths in the config are relative to.
  let directory: String
  private let overrides: [(path: JSONPath, origin: String)]
  /// What becomes of a fault.
  var mode = Mode.strict
  /// The faults that were found so far.
  private(set) var problems: [TrainerError] = []
  /// What values that the config lacks follow from, in words.
  var derivations: [JSONPath: String] = [:]
  /// What was found where readers were asked what they would read.
  var outlining = Outlining()

  /// The text's value with those of options in their places.
  private let root: JSONValue

  init(
    document: JSONDocument, root: JSONValue, directory: String, overrides: [(path: JSONPath, origin: String)]
  ) {
    self.document = document
    self.root = root
    source = document.source
    self.directory = directory
    self.overrides = overrides
  }

  init(source: String, directory: String) {
    document = nil
    root = .null
    self.source = source
    self.directory = directory
    overrides = []
  }

  /// Notes a fault, each once.
  func note(_ error: TrainerError) {
    guard mode == .collecting, !problems.contains(error) else { return }
    problems.append(error)
  }

  /// Takes the faults out, so that they are told once.
  func takeProblems() -> [TrainerError] {
    defer { problems = [] }
    return problems
  }

  /// Whether a fault of the value at a path has been noted.
  func hasProblem(at path: String) -> Bool { problems.contains { $0.place?.path == path } }

  /// Whether the value at a path was given on the command line.
  func isOverridden(_ path: JSONPath) -> Bool { override(at: path) != nil }

  /// `file:line:column`, or the option that gave the value, or what messages call a config without text.
  func location(of path: JSONPath) -> String {
    if let override = override(at: path) { return override }
    return document.map { "\(source):\($0.position(of: path))" } ?? source
  }

  /// Where a value stands, for programs.
  func place(of path: JSONPath, shown: JSONPath, _ message: String) -> SettingsPlace {
    let override = override(at: path)
    let position = override == nil ? document?.position(of: path) : nil
    return SettingsPlace(
      source: source, position: position, option: override, path: shown.description, message: message)
  }

  /// Where the value at a path comes from.
  func origin(of path: JSONPath) -> SettingsOrigin {
    if let override = override(at: path) { return .option(override) }
    if let position = document?.position(exactlyOf: path) { return .text(source, position) }
    if let text = derivations[path] { return .derived(text) }
    return .standard
  }

  /// What the text holds at a path.
  func written(at path: JSONPath) -> JSONValue? { document?.root.value(at: path) }

  /// What the text and the options hold at a path.
  func given(at path: JSONPath) -> JSONValue? { root.value(at: path) }

  private func override(at path: JSONPath) -> String? { overrides.last { $0.path.contains(path) }?.origin }
}

/// Where in a config an error is.
public struct SettingsPlace: Sendable, Equatable {
  /// The config's file, or what messages call a config without one.
  public let source: String
  /// Line and column; `nil` where the config is no text, or an option gave the value.
  public let position: JSONDocument.Position?
  /// The option that gave the value, with its text; `nil` for the config's own.
  public let option: String?
  /// The value's path, such as `model.layers[1].units`; empty for the config as a whole.
  public let path: String
  /// What is wrong, without the place.
  public let message: String

  /// The key or the word that was probably meant; `nil` where nothing is like what was found.
  public var suggestion: String? {
    message.firstMatch(of: /did you mean "(?<word>[^"]*)"\?$/).map { String($0.word) }
  }
}

/// Where the value of a setting comes from.
public enum SettingsOrigin: Sendable, Equatable {
  /// The config's text: its file, and where the value's key stands.
  case text(String, JSONDocument.Position)
  /// An option of the command line, with its text.
  case option(String)
  /// Other settings, or the config's file: in words.
  case derived(String)
  /// The default.
  case standard

  /// Whether the config or an option gives the value.
  package var isGiven: Bool {
    switch self {
    case .text, .option: true
    case .derived, .standard: false
    }
  }
}

extension JSONValue {
  /// The value at a path inside this one.
  func value(at path: JSONPath) -> JSONValue? {
    path.components.reduce(JSONValue?.some(self)) { value, component in
      switch component {
      case .key(let key): value?[key]
      case .index(let index): value?.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      }
    }
  }

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
