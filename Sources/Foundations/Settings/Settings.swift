import Foundation

/// One object of a config while it is being read strictly.
///
/// A component takes its settings by name and thereby declares them: key, type, range, default, meaning. Every fault
/// is a ``TrainerError`` with file, line, column and path. What was read, with defaults filled in, is ``resolved``;
/// ``finish()`` finds keys that nothing has asked for.
///
/// ```swift
/// let settings = try Settings(file: "configs/softmax.json")
/// let training = try settings.object("training")
/// let batchSize = try training.integer("batchSize", default: 64, in: .positive, help: "Samples of one step.")
/// try settings.finish()
/// ```
public final class Settings {
  /// A key that was asked for, as documentation lists it.
  public struct Field: Sendable, Equatable {
    /// The key.
    public let key: String
    /// What values it takes in words, such as `a number greater than 0`.
    public let kind: String
    /// What values it takes.
    public let values: SettingKind
    /// The value if the key is absent; `nil` if it is required or stays absent.
    public let `default`: JSONValue?
    /// Whether the key must be there.
    public let isRequired: Bool
    /// What the setting does.
    public let help: String

    /// Creates a field.
    ///
    /// - Parameter kind: The values in words, if others than those of `values`.
    public init(
      key: String, values: SettingKind, kind: String? = nil, default: JSONValue?, isRequired: Bool, help: String
    ) {
      self.key = key
      self.values = values
      self.kind = kind ?? values.description
      self.default = `default`
      self.isRequired = isRequired
      self.help = help
    }
  }

  /// What a key's value became.
  private enum Reading {
    case value(JSONValue)
    case object(Settings)
    case objects([Settings])
  }

  /// The keys that were asked for, in the order of asking.
  public private(set) var fields: [Field] = []

  let context: SettingsContext
  let jsonPath: JSONPath
  /// The key that the whole object may be written as, such as `type` in `"relu"` for `{"type": "relu"}`.
  private let shorthandKey: String?
  private var members: JSONObject
  private var readings: [(key: String, reading: Reading)] = []
  /// Whether its reader gave up, so that it is not known which keys there are.
  private var isAbandoned = false
  /// What its reader would read, where readers are asked.
  var outline = OwnOutline()

  /// Reads the config in a file; paths in it are relative to the file's directory.
  ///
  /// - Parameter read: What makes a document of the file's bytes and its name, by default one of JSON.
  /// - Throws: `TrainerError` with code `.usage` if there is no such file, it cannot be read or is no JSON object.
  package convenience init(
    file path: String, overrides: [SettingsOverride] = [], fileSystem: some FileSystem = SystemFileSystem(),
    read: ([UInt8], String) throws -> JSONDocument = { try JSONDocument($0, source: $1) }
  ) throws {
    let bytes: [UInt8]
    do {
      bytes = try fileSystem.contents(of: path)
    } catch let error as FileError where error.number == ENOENT {
      throw TrainerError(.usage, "\(path): there is no such config file\(neighbourHint(of: path))")
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the config cannot be read: \(error.reason)")
    }
    let directory = URL(filePath: path).standardizedFileURL.deletingLastPathComponent().path(percentEncoded: false)
    try self.init(document: read(bytes, path), directory: directory, overrides: overrides)
  }

  /// Reads a config's text; paths in it are relative to `directory`.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it is no JSON object.
  public convenience init(
    text: String, source: String, directory: String, overrides: [SettingsOverride] = []
  ) throws {
    try self.init(document: JSONDocument(text: text, source: source), directory: directory, overrides: overrides)
  }

  /// Reads a config that was built in Swift, by the same rules; paths in it are relative to `directory`.
  ///
  /// - Parameter source: How messages call it, which have no line to name.
  public convenience init(json: JSONObject, source: String, directory: String) {
    self.init(
      context: SettingsContext(source: source, directory: directory), path: JSONPath(), members: json,
      shorthandKey: nil)
  }

  /// Asks a reader what it would read; see ``Outlining``.
  convenience init(describing context: SettingsContext, members: JSONObject = [:], isNamed: Bool = false) {
    self.init(context: context, path: JSONPath(), members: members, shorthandKey: nil)
    outline.hasNames = isNamed
  }

  /// Reads a config's document; paths in it are relative to `directory`.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it is no object, or an override does not fit it.
  package convenience init(document: JSONDocument, directory: String, overrides: [SettingsOverride] = []) throws {
    guard case .object = document.root else {
      throw TrainerError(
        .usage,
        "\(document.source):\(document.position(of: JSONPath())): the config is "
          + "\(document.root.settingDescription), expected an object { … }")
    }
    var root = document.root
    let places = try overrides.map { try (path: $0.apply(to: &root), origin: $0.origin) }
    let context = SettingsContext(document: document, root: root, directory: directory, overrides: places)
    guard case .object(let members) = root else { preconditionFailure("an override's path has at least one key") }
    self.init(context: context, path: JSONPath(), members: members, shorthandKey: nil)
  }

  private init(context: SettingsContext, path: JSONPath, members: JSONObject, shorthandKey: String?) {
    self.context = context
    jsonPath = path
    self.members = members
    self.shorthandKey = shorthandKey
  }

  // MARK: - Where

  /// Where this object stands: `optimizer`, `model.layers[1]`; empty for the whole config.
  public var path: String { jsonPath.description }

  /// The directory that paths in the config are relative to.
  public var directory: String { context.directory }

  /// The keys that are there, in the order in which they are written.
  public var keys: [String] { outline.hasNames ? [Outlining.anyName] : members.keys }

  /// Whether a key is there; `null` counts as absent.
  public func contains(_ key: String) -> Bool { raw(key) != nil || outlineHas(key) }

  /// Whether a key is there with this value, which is not read by asking.
  package func contains(_ key: String, _ value: JSONValue) -> Bool { raw(key) == value }

  /// Whether a key is there, for readers that read something else beside it, and not more.
  package func isGiven(_ key: String) -> Bool { raw(key) != nil }

  /// The keys that were asked for so far, but for some.
  public func keys(but excluded: [String]) -> [String] { fields.map(\.key).filter { !excluded.contains($0) } }

  /// Takes over another object's values of these keys where this one has none of its own.
  public func inherit(_ keys: [String], from other: Settings) {
    outline.inherited.formUnion(keys)
    for key in keys where raw(key) == nil {
      members[key] = other.raw(key)
      if members[key] != nil { derive(key, from: "from \(other.path)") }
    }
  }

  /// An error about a key, or about this object as a whole: `configs/x.json:12:5: training.batchSize: message`.
  public func error(_ key: String?, _ message: String) -> TrainerError {
    error(at: key.map { jsonPath.appending($0) } ?? jsonPath, message)
  }

  func error(at path: JSONPath, _ message: String) -> TrainerError {
    let shown = path == shorthandKey.map({ jsonPath.appending($0) }) ? jsonPath : path
    let subject = shown.components.isEmpty ? "" : "\(shown): "
    var error = TrainerError(.usage, "\(context.location(of: path)): \(subject)\(message)")
    error.place = context.place(of: path, shown: shown, message)
    return error
  }

  // MARK: - Faults

  /// Reads a config and finds all its faults, not the first alone.
  ///
  /// - Throws: The first fault, with the others in it.
  package func findingAllFaults<Result>(_ body: () throws -> Result) throws -> Result {
    context.mode = .collecting
    defer { context.mode = .strict }
    var result: Result?
    do {
      result = try body()
    } catch let error as TrainerError {
      context.note(error)
    }
    let problems = context.takeProblems()
    guard let result, problems.isEmpty else {
      guard var first = problems.first else { throw error(nil, "the config cannot be read") }
      first.others = Array(problems.dropFirst())
      throw first
    }
    return result
  }

  /// Reads this object, by `body`. Where all faults are to be found, one that `body` throws is noted, and `nil` returned.
  ///
  /// - Throws: What `body` throws, where the first fault ends the reading.
  public func attempt<Result>(_ body: () throws -> Result) throws -> Result? {
    guard context.mode != .strict else { return try body() }
    do {
      return try body()
    } catch let error as TrainerError {
      context.note(error)
      isAbandoned = true
      abandon(error.place)
      return nil
    }
  }

  /// Reads one part of this object, by `body`. Where all faults are to be found, one that `body` throws is noted, and
  /// `fallback` returned, with which reading goes on.
  ///
  /// - Throws: What `body` throws, where the first fault ends the reading.
  public func attempt<Result>(or fallback: @autoclosure () throws -> Result, _ body: () throws -> Result) throws
    -> Result
  {
    guard context.mode != .strict else { return try body() }
    do {
      return try body()
    } catch let error as TrainerError {
      context.note(error)
      abandon(error.place)
      return try fallback()
    }
  }

  /// Gives up this object if a fault of the value at a key has been noted, on which it depends what else it holds.
  func requireSound(_ key: String) throws {
    guard context.mode == .collecting, context.hasProblem(at: jsonPath.appending(key).description) else { return }
    isAbandoned = true
    throw faultOfPart
  }

  /// Stands for a fault of a part of this object that has been noted.
  var faultOfPart: TrainerError { context.problems.last ?? error(nil, "a part of it cannot be read") }

  /// Whether a fault has been found already, so that what follows from it need not be told.
  package var hasFault: Bool { !context.problems.isEmpty }

  /// Marks the objects that hold a fault: their readers gave up.
  private func abandon(_ place: SettingsPlace?) {
    guard let place else { return }
    for child in children
    where child.path == place.path || ".[".contains(where: { place.path.hasPrefix(child.path + String($0)) }) {
      child.isAbandoned = true
      child.abandon(place)
    }
  }

  private var children: [Settings] {
    readings.flatMap { _, reading in
      switch reading {
      case .value: [Settings]()
      case .object(let settings): [settings]
      case .objects(let list): list
      }
    }
  }

  // MARK: - Origins

  /// Says what the value of a key follows from that the config lacks: `from the file's name`.
  public func derive(_ key: String, from words: String) {
    outline.derived.insert(key)
    context.derivations[jsonPath.appending(key)] = words
  }

  /// Where the value at a path of ``resolved`` comes from.
  package func origin(of path: JSONPath) -> SettingsOrigin {
    let origin = context.origin(of: path)
    let isType = path.components.last == .key(Outlining.typeKey)
    // Of a component that is written as its type alone, the type is the whole value, and all else is left out.
    if case .string? = context.given(at: path.parent) { return isType ? context.origin(of: path.parent) : .standard }
    if isType, origin == .standard, case .string? = context.written(at: path.parent) {
      return context.origin(of: path.parent)
    }
    guard origin == .standard, let words = context.derivations[path.parent] else { return origin }
    return .derived(words)
  }

  // MARK: - Results

  /// Every key that was asked for with its value, defaults filled in, in the order of asking; absent optional keys
  /// stay absent. Read again as a config, it gives the same.
  public var resolved: JSONValue {
    var object = JSONObject()
    for (key, reading) in readings {
      object[key] =
        switch reading {
        case .value(let value): value
        case .object(let settings): settings.resolved
        case .objects(let list): .array(list.map(\.resolved))
        }
    }
    return .object(object)
  }

  /// Sets what ``resolved`` says of a key: for a default that only later becomes known, or a path made absolute.
  public func resolve(_ key: String, to value: JSONValue) { note(key, .value(value)) }

  /// Leaves a key out of ``resolved``: an old one, whose meaning a new one has.
  package func omit(_ key: String) { readings.removeAll { $0.key == key } }

  /// Checks that every key of this object, and of all objects that were read from it, was asked for.
  ///
  /// - Throws: `TrainerError` with code `.usage` that names the first unknown key and the valid one nearest to it.
  public func finish() throws {
    guard context.mode != .describing else { return }
    for key in members.keys where !isAbandoned && !fields.contains(where: { $0.key == key }) {
      guard !context.hasProblem(at: jsonPath.appending(key).description) else { continue }
      let fault = error(key, "unknown key\(hint(for: key, among: fields.map(\.key), of: "keys"))")
      guard context.mode == .collecting else { throw fault }
      context.note(fault)
    }
    for child in children { try child.finish() }
  }

  // MARK: - Reading objects

  /// The object at a key. One that is absent is read from `default`, for example `[:]` if all its keys have defaults.
  ///
  /// - Parameters:
  ///   - shorthand: a key that a plain string may stand for: with `type`, `"relu"` reads as `{"type": "relu"}`.
  ///   - hasNames: whether its keys are names that users choose, at least in part.
  public func object(
    _ key: String, default: JSONObject? = nil, shorthand: String? = nil, hasNames: Bool = false, help: String = ""
  ) throws -> Settings {
    declare(
      key, .object(shorthand: shorthand), `default`.map(JSONValue.object), help, isRequired: `default` == nil)
    if context.mode == .describing { return outlineChild(key, hasNames: hasNames) }
    let value = try raw(key) ?? `default`.map(JSONValue.object) ?? missing(key)
    let settings = try child(value, at: jsonPath.appending(key), shorthand: shorthand)
    note(key, .object(settings))
    return settings
  }

  /// The object at a key, or `nil` if it is absent; the rest as in ``object(_:default:shorthand:hasNames:help:)``.
  public func optionalObject(
    _ key: String, shorthand: String? = nil, hasNames: Bool = false, help: String = ""
  ) throws -> Settings? {
    declare(key, .object(shorthand: shorthand), kind: "an object", nil, help, isRequired: false)
    if context.mode == .describing { return contains(key) ? outlineChild(key, hasNames: hasNames) : nil }
    guard let value = raw(key) else { return nil }
    let settings = try child(value, at: jsonPath.appending(key), shorthand: shorthand)
    note(key, .object(settings))
    return settings
  }

  /// The keys that were asked for in the object at a key.
  public func fields(of key: String) -> [Field] {
    guard case .object(let settings)? = readings.first(where: { $0.key == key })?.reading else { return [] }
    return settings.fields
  }

  /// The objects in the array at a key; `shorthand` as in ``object(_:default:shorthand:hasNames:help:)``, for each element.
  public func objects(
    _ key: String, default: [JSONObject]? = nil, shorthand: String? = nil, help: String = ""
  ) throws -> [Settings] {
    let fallback = `default`.map { JSONValue.array($0.map(JSONValue.object)) }
    declare(key, .array(.object(shorthand: shorthand)), fallback, help, isRequired: fallback == nil)
    if context.mode == .describing { return [outlineChild(key, hasNames: false)] }
    let value = try raw(key) ?? fallback ?? missing(key)
    guard let elements = value.elements else { throw mismatch(key, value, expected: "an array of objects") }
    let settings = try elements.enumerated().compactMap { index, element in
      try attempt(or: nil) {
        try child(element, at: jsonPath.appending(key).appending(index), shorthand: shorthand)
      }
    }
    note(key, .objects(settings))
    return settings
  }

  /// The objects in the array at a key, or `nil` if it is absent.
  public func optionalObjects(_ key: String, help: String = "") throws -> [Settings]? {
    let result = contains(key) ? try objects(key, help: help) : nil
    declare(key, .array(.object()), nil, help, isRequired: false)
    return result
  }

  private func child(_ value: JSONValue, at path: JSONPath, shorthand: String?) throws -> Settings {
    switch (value, shorthand) {
    case (.object(let members), _):
      return Settings(context: context, path: path, members: members, shorthandKey: nil)
    case (.string, let shorthand?):
      return Settings(context: context, path: path, members: [shorthand: value], shorthandKey: shorthand)
    case (_, let shorthand?):
      throw error(
        at: path, "found \(value.settingDescription), expected an object { … } or its \(shorthand)")
    default:
      throw error(at: path, "found \(value.settingDescription), expected an object { … }")
    }
  }

  // MARK: - For the readers of values

  /// The value of a key as written; `nil` if it is absent or `null`.
  func raw(_ key: String) -> JSONValue? {
    guard let value = members[key], value != .null else { return nil }
    return value
  }

  func declare(
    _ key: String, _ values: SettingKind, kind: String? = nil, _ default: JSONValue?, _ help: String, isRequired: Bool
  ) {
    let field = Field(
      key: key, values: values, kind: kind, default: `default`,
      isRequired: isRequired && !outline.inherited.contains(key),
      help: help)
    if let index = fields.firstIndex(where: { $0.key == key }) {
      fields[index] = context.mode == .describing ? fields[index].joined(with: field) : field
    } else {
      fields.append(field)
    }
  }

  func note(_ key: String, _ value: JSONValue) { note(key, .value(value)) }

  private func note(_ key: String, _ reading: Reading) {
    if let index = readings.firstIndex(where: { $0.key == key }) {
      readings[index].reading = reading
    } else {
      readings.append((key, reading))
    }
  }

  /// Throws that a required key is missing; says so if an unread key looks like a misspelling of it.
  func missing<Value>(_ key: String) throws -> Value {
    let unread = members.keys.filter { name in !fields.contains { $0.key == name } }
    if let near = suggestion(for: key, among: unread) {
      throw error(near, "unknown key, and the required key \"\(key)\" is missing; did you mean \"\(key)\"?")
    }
    throw error(nil, "the required key \"\(key)\" is missing")
  }

  func mismatch(_ key: String, _ value: JSONValue, expected: String) -> TrainerError {
    error(key, "found \(value.settingDescription), expected \(expected)")
  }

  func hint(for word: String, among candidates: [String], of kind: String) -> String {
    if let near = suggestion(for: word, among: candidates) { return "; did you mean \"\(near)\"?" }
    if candidates.isEmpty { return "; no \(kind) are expected here" }
    return "; the valid \(kind) here are \(candidates.joined(separator: ", "))"
  }
}
