import Foundation

/// The readers of single values and arrays. Each throws a `TrainerError` with code `.usage` if the key is absent and has
/// no default, or its value has another type or is out of range.
extension Settings {
  /// The number at a key.
  public func number(
    _ key: String, default: Double? = nil, in range: NumberRange = .finite, help: String = ""
  ) throws -> Double {
    try read(key, .number(range), `default`.map(JSONValue.number), help) { self.number($0, in: range) }
  }

  /// The number at a key, or `nil` if it is absent.
  public func optionalNumber(_ key: String, in range: NumberRange = .finite, help: String = "") throws -> Double? {
    try readOptional(key, .number(range), help) { self.number($0, in: range) }
  }

  /// The integer at a key; `10.0` and `1e3` are integers too.
  public func integer(
    _ key: String, default: Int? = nil, in range: ClosedRange<Int> = .any, help: String = ""
  ) throws -> Int {
    try read(key, .integer(range), `default`.map(JSONValue.integer), help) { self.integer($0, in: range) }
  }

  /// The integer at a key, or `nil` if it is absent.
  public func optionalInteger(_ key: String, in range: ClosedRange<Int> = .any, help: String = "") throws -> Int? {
    try readOptional(key, .integer(range), help) { self.integer($0, in: range) }
  }

  /// The integer at a key, or `nil` if the key's value is `word`, such as `"full"`.
  public func integer(
    _ key: String, orWord word: String, default: JSONValue? = nil, in range: ClosedRange<Int> = .any, help: String = ""
  ) throws -> Int? {
    let kind = "\(range.settingDescription) or \"\(word)\""
    return try read(key, .either([.integer(range), .choice([word])]), kind: kind, `default`, help) {
      value -> (Int?, JSONValue)? in
      if value.text == word { return (nil, value) }
      return self.integer(value, in: range).map { ($0.0, $0.1) }
    }
  }

  /// The boolean at a key.
  public func boolean(_ key: String, default: Bool? = nil, help: String = "") throws -> Bool {
    try read(key, .boolean, `default`.map(JSONValue.boolean), help) { value in
      if case .boolean(let boolean) = value { (boolean, value) } else { nil }
    }
  }

  /// The string at a key.
  public func string(_ key: String, default: String? = nil, help: String = "") throws -> String {
    try read(key, .string, `default`.map(JSONValue.string), help, Self.string)
  }

  /// The string at a key, or `nil` if it is absent.
  public func optionalString(_ key: String, help: String = "") throws -> String? {
    try readOptional(key, .string, help, Self.string)
  }

  /// The string at a key, which must be one of `choices`.
  public func string(_ key: String, oneOf choices: [String], default: String? = nil, help: String = "") throws
    -> String
  {
    if let type = outlineType(key, among: choices, default: `default`, help) { return type }
    // What the rest of an object means depends on its type: there is none that would do.
    if key == Outlining.typeKey, raw(key) == nil, `default` == nil {
      declare(key, .choice(choices), nil, help, isRequired: true)
      return try missing(key)
    }
    let found = try read(key, .choice(choices), `default`.map(JSONValue.string), help, Self.string)
    guard !choices.contains(found) else { return found }
    let fault = unknownChoice(found, at: jsonPath.appending(key), among: choices)
    guard context.mode != .strict, key != Outlining.typeKey, let other = `default` ?? choices.first else { throw fault }
    context.note(fault)
    note(key, .string(other))
    return other
  }

  /// The case of `Choice` whose raw value stands at a key.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, of type: Choice.Type = Choice.self, default: Choice? = nil, help: String = ""
  ) throws -> Choice {
    let text = try string(key, oneOf: Choice.allCases.map(\.rawValue), default: `default`?.rawValue, help: help)
    // `string` has found it among the raw values.
    return Choice(rawValue: text)!
  }

  /// The numbers in the array at a key, as many as `count` allows.
  public func numbers(
    _ key: String, default: [Double]? = nil, in range: NumberRange = .finite, count: ClosedRange<Int> = .nonNegative,
    help: String = ""
  ) throws -> [Double] {
    try array(key, `default`.map { $0.map(JSONValue.number) }, count, .number(range), help) {
      self.number($0, in: range)
    }
  }

  /// The integers in the array at a key, as many as `count` allows.
  public func integers(
    _ key: String, default: [Int]? = nil, in range: ClosedRange<Int> = .any, count: ClosedRange<Int> = .nonNegative,
    help: String = ""
  ) throws -> [Int] {
    try array(key, `default`.map { $0.map(JSONValue.integer) }, count, .integer(range), help) {
      self.integer($0, in: range)
    }
  }

  /// The strings in the array at a key, as many as `count` allows, each one of `choices` if there are any.
  public func strings(
    _ key: String, oneOf choices: [String]? = nil, default: [String]? = nil, count: ClosedRange<Int> = .nonNegative,
    help: String = ""
  ) throws -> [String] {
    let kind: SettingKind = choices.map(SettingKind.choice) ?? .string
    let strings = try array(
      key, `default`.map { $0.map(JSONValue.string) }, count, kind, words: SettingKind.string.description, help,
      Self.string)
    return try strings.enumerated().map { index, string in
      guard let choices, !choices.contains(string) else { return string }
      return try attempt(or: choices.first ?? string) {
        throw unknownChoice(string, at: jsonPath.appending(key).appending(index), among: choices)
      }
    }
  }

  /// The numbers in the array at a key, or `nil` if it is absent.
  public func optionalNumbers(
    _ key: String, in range: NumberRange = .finite, count: ClosedRange<Int> = .nonNegative, help: String = ""
  ) throws -> [Double]? {
    try optional(key, .array(.number(range), count: count), help) {
      try numbers(key, in: range, count: count, help: help)
    }
  }

  /// The integers in the array at a key, or `nil` if it is absent.
  public func optionalIntegers(
    _ key: String, in range: ClosedRange<Int> = .any, count: ClosedRange<Int> = .nonNegative, help: String = ""
  ) throws -> [Int]? {
    try optional(key, .array(.integer(range), count: count), help) {
      try integers(key, in: range, count: count, help: help)
    }
  }

  /// The strings in the array at a key, or `nil` if it is absent.
  public func optionalStrings(
    _ key: String, oneOf choices: [String]? = nil, count: ClosedRange<Int> = .nonNegative, help: String = ""
  ) throws -> [String]? {
    let kind: SettingKind = .array(choices.map(SettingKind.choice) ?? .string, count: count)
    return try optional(key, kind, words: "an array, each element a string", help) {
      try strings(key, oneOf: choices, count: count, help: help)
    }
  }

  /// The value at a key as it is, or `nil` if it is absent; the caller judges it and throws ``error(_:_:)``.
  ///
  /// - Parameters:
  ///   - kind: What values it takes, in the words of the caller's messages.
  ///   - values: What values it takes, as far as a schema can say it.
  ///   - isRequired: Whether the caller refuses a key that is absent.
  public func value(
    _ key: String, kind: String? = nil, as values: SettingKind = .any, default: JSONValue? = nil,
    isRequired: Bool = false, help: String = ""
  ) -> JSONValue? {
    declare(key, values, kind: kind, `default`, help, isRequired: isRequired)
    if context.mode == .describing { return outlineValue(key, values) }
    let value = raw(key)
    if let value { note(key, value) }
    return value
  }

  /// The file path at a key, made absolute: one in the config is relative to the config's directory, one given by
  /// `--set` to the working directory.
  public func filePath(_ key: String, default: String? = nil, help: String = "") throws -> String {
    let absolute = try absolutePath(string(key, default: `default`, help: help), at: key)
    resolve(key, to: .string(absolute))
    return absolute
  }

  /// The file path at a key, or the list of them, made absolute as ``filePath(_:default:help:)`` does.
  public func filePaths(_ key: String, help: String = "") throws -> [String] {
    let kind = "a path or a list of paths"
    defer { declare(key, .paths, kind: kind, nil, help, isRequired: true) }
    guard case .array(let elements)? = raw(key) else { return [try filePath(key, help: help)] }
    let paths = elements.compactMap(\.text)
    guard paths.count == elements.count, !paths.isEmpty else {
      throw error(key, "found \(JSONValue.array(elements).settingDescription), expected \(kind)")
    }
    let absolute = try paths.map { try absolutePath($0, at: key) }
    note(key, .array(absolute.map(JSONValue.string)))
    return absolute
  }

  private func absolutePath(_ path: String, at key: String) throws -> String {
    if let fault = pathFault(path) { throw error(key, "the path \(fault); expected the path of a file or directory") }
    let isOverridden = context.isOverridden(jsonPath.appending(key))
    let base = isOverridden ? FileManager.default.currentDirectoryPath : context.directory
    return Foundations.absolutePath(path, relativeTo: base)
  }

  // MARK: - How

  private func number(_ value: JSONValue, in range: NumberRange) -> (Double, JSONValue)? {
    guard let number = value.double, range.contains(number) else { return nil }
    return (number, .number(number))
  }

  private func integer(_ value: JSONValue, in range: ClosedRange<Int>) -> (Int, JSONValue)? {
    guard let integer = value.int, range.contains(integer) else { return nil }
    return (integer, .integer(integer))
  }

  private static func string(_ value: JSONValue) -> (String, JSONValue)? { value.text.map { ($0, value) } }

  /// Reads one value; `accept` returns it with what ``resolved`` says, or `nil` if it is not of that kind. Where reading
  /// goes on behind a fault, it does with the default, or with a value that would do.
  private func read<Value>(
    _ key: String, _ values: SettingKind, kind: String? = nil, _ default: JSONValue?, _ help: String,
    _ accept: (JSONValue) -> (Value, JSONValue)?
  ) throws -> Value {
    declare(key, values, kind: kind, `default`, help, isRequired: `default` == nil)
    do {
      let value = try raw(key) ?? `default` ?? missing(key)
      guard let (result, resolved) = accept(value) else {
        throw mismatch(key, value, expected: kind ?? values.description)
      }
      note(key, resolved)
      return result
    } catch let error as TrainerError where context.mode != .strict {
      guard let (result, resolved) = accept(`default` ?? values.example) else { throw error }
      context.note(error)
      note(key, resolved)
      return result
    }
  }

  private func readOptional<Value>(
    _ key: String, _ values: SettingKind, _ help: String, _ accept: (JSONValue) -> (Value, JSONValue)?
  ) throws -> Value? {
    try optional(key, values, help) { try read(key, values, nil, help, accept) }
  }

  private func optional<Value>(
    _ key: String, _ values: SettingKind, words: String? = nil, _ help: String, _ read: () throws -> Value
  ) throws -> Value? {
    let result = contains(key) ? try read() : nil
    declare(key, values, kind: words, nil, help, isRequired: false)
    return result
  }

  private func array<Value>(
    _ key: String, _ default: [JSONValue]?, _ count: ClosedRange<Int>, _ element: SettingKind, words: String? = nil,
    _ help: String, _ accept: (JSONValue) -> (Value, JSONValue)?
  ) throws -> [Value] {
    let elementKind = words ?? element.description
    let kind = "an array, each element \(elementKind)"
    let values = SettingKind.array(element, count: count)
    let fallback = `default`.map(JSONValue.array)
    declare(key, values, kind: kind, fallback, help, isRequired: fallback == nil)
    do {
      let value = try raw(key) ?? fallback ?? missing(key)
      guard let elements = value.elements else { throw mismatch(key, value, expected: kind) }
      guard count.contains(elements.count) else {
        let expected =
          count.upperBound >= ClosedRange.mostCount
          ? "at least \(count.lowerBound)"
          : count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
        throw error(key, "found an array of \(elements.count), expected \(expected)")
      }
      let results = try elements.enumerated().map { index, found in
        if let result = accept(found) { return result }
        let fault = error(
          at: jsonPath.appending(key).appending(index), "found \(found.settingDescription), expected \(elementKind)")
        guard context.mode != .strict, let result = accept(element.example) else { throw fault }
        context.note(fault)
        return result
      }
      note(key, .array(results.map(\.1)))
      return results.map(\.0)
    } catch let error as TrainerError where context.mode != .strict {
      context.note(error)
      return (`default` ?? values.example.elements ?? []).compactMap { accept($0)?.0 }
    }
  }

  private func unknownChoice(_ found: String, at path: JSONPath, among choices: [String]) -> TrainerError {
    let list = choices.map { "\"\($0)\"" }.joined(separator: ", ")
    let near = suggestion(for: found, among: choices).map { "; did you mean \"\($0)\"?" } ?? ""
    return error(at: path, "found \(JSONValue.string(found).settingDescription), expected one of \(list)\(near)")
  }
}

/// A path made absolute and free of `.` and `..`, which are resolved by text as a shell's `cd` does.
public func absolutePath(_ path: String, relativeTo directory: String) -> String {
  let url = URL(filePath: path, relativeTo: URL(filePath: directory, directoryHint: .isDirectory))
  let standardized = url.absoluteURL.standardizedFileURL.path(percentEncoded: false)
  return standardized.count > 1 && standardized.hasSuffix("/") ? String(standardized.dropLast()) : standardized
}
