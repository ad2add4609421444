import Foundations
import Yams

/// Reads YAML as the JSON value that it stands for, with the place of every value.
///
/// Plain words mean what YAML 1.2's core schema says, which is what users mean: `1e-3` is a number, `no` and `on` are texts and
/// not booleans, dates are texts. Where YAML 1.1 and 1.2 understand a number differently, as `010`, it is refused.
package enum YAMLDocument {
  /// Whether a file is YAML, by its name.
  package static func isYAML(_ path: String) -> Bool {
    [".yaml", ".yml"].contains { path.lowercased().hasSuffix($0) }
  }

  /// Reads a text.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - source: The file's name for messages.
  /// - Throws: `TrainerError` with code `.usage`, with line and column of the first fault.
  package static func read(_ bytes: [UInt8], source: String) throws -> JSONDocument {
    func failure(_ line: Int, _ column: Int, _ message: String) -> TrainerError {
      TrainerError(.usage, "\(source):\(line):\(column): \(message)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw TrainerError(.usage, "\(source): it is not UTF-8 text, save the file as UTF-8")
    }
    if let fault = YAMLBounds.fault(of: text) { throw failure(fault.line, fault.column, fault.message) }
    do {
      guard let root = try Parser(yaml: text, encoding: .utf8).singleRoot() else {
        return JSONDocument(.null, source: source, places: [:])
      }
      var reading = YAMLReading()
      let value = try reading.value(of: root)
      return JSONDocument(value, source: source, places: reading.places)
    } catch let fault as YAMLReading.Fault {
      throw failure(fault.mark?.line ?? 1, fault.mark?.column ?? 1, fault.message)
    } catch let error as YamlError {
      let (mark, message) = description(of: error, text)
      throw failure(mark?.line ?? 1, mark?.column ?? 1, message)
    }
  }

  /// What is wrong with a text, and where.
  private static func description(of error: YamlError, _ text: String) -> (Mark?, String) {
    func sentence(_ context: YamlError.Context?, _ problem: String) -> String {
      "YAML syntax error: \(context.map { "\($0.text), " } ?? "")\(problem)"
    }
    switch error {
    case .scanner(let context, let problem, let mark, _):
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
      let hint = line.prefix { $0 == " " || $0 == "\t" }.contains("\t") ? "; indent with spaces, not with tabs" : ""
      return (mark, sentence(context, problem) + hint)
    case .parser(let context, let problem, let mark, _): return (mark, sentence(context, problem))
    case .composer(_, "but found another document", let mark, _):
      return (mark, "another document begins here; a config is one document")
    case .composer(let context, let problem, let mark, _): return (mark, sentence(context, problem))
    case .duplicatedKeysInMapping(let keys, let context):
      return (
        context.mark, "the key \(JSONValue.string(keys.first ?? "").compactText) comes twice in one object, remove one"
      )
    case .reader(let problem, _, _, _): return (nil, "YAML syntax error: \(problem)")
    default: return (nil, "the text cannot be read as YAML")
    }
  }
}

/// Bounds of texts that a reader can be trusted with: the parser calls itself for each level, and compares keys as wholes.
private enum YAMLBounds {
  private static let mostBytes = 1 << 20
  private static let mostDepth = 100

  static func fault(of text: String) -> (line: Int, column: Int, message: String)? {
    guard text.utf8.count <= mostBytes else { return (1, 1, "the config has more than 1 MiB, which none needs") }
    var depth = 0
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      // Each level of blocks begins farther to the right, behind nothing but these.
      let indentation = line.utf8.prefix { " -?\t".utf8.contains($0) }.count
      for character in line.utf8 {
        if "[{".utf8.contains(character) { depth += 1 }
        if "]}".utf8.contains(character) { depth = max(0, depth - 1) }
        guard depth <= mostDepth else { return (number + 1, 1, "it is nested deeper than \(mostDepth) levels") }
      }
      guard indentation <= 10 * mostDepth else {
        return (number + 1, 1, "it is nested deeper than \(mostDepth) levels")
      }
      if line.contains(/\*[^\s,\[\]{}]+\s*[:}]|[{?]\s*\*/) {
        return (number + 1, 1, "an alias cannot be a key; write the key out")
      }
    }
    return nil
  }
}

/// Makes a JSON value of YAML's nodes.
private struct YAMLReading {
  /// What is wrong, and where.
  struct Fault: Error {
    let mark: Mark?
    let message: String
  }

  /// More values than a config has; aliases of aliases stand for as many as one likes.
  private static let mostValues = 100_000
  private(set) var places: [JSONPath: JSONDocument.Position] = [:]
  private var path = JSONPath()
  private var count = 0

  mutating func value(of node: Node) throws -> JSONValue {
    count += 1
    guard count <= Self.mostValues else {
      throw Fault(
        mark: node.mark, message: "aliases stand for more than \(Self.mostValues) values here; write fewer of them")
    }
    switch node {
    case .scalar(let scalar): return try YAMLScalar.value(of: scalar)
    case .sequence(let sequence):
      try requireTag(sequence.tag, "tag:yaml.org,2002:seq", node.mark)
      return try .array(
        sequence.enumerated().map { index, element in
          try enter(.index(index), at: element.mark, element)
        })
    case .mapping(let mapping):
      try requireTag(mapping.tag, "tag:yaml.org,2002:map", node.mark)
      return try .object(object(mapping))
    case .alias: throw Fault(mark: node.mark, message: "the alias stands for nothing")
    }
  }

  private mutating func object(_ mapping: Node.Mapping) throws -> JSONObject {
    var object = JSONObject()
    var merged: [Node] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        throw Fault(mark: key.mark, message: "found a list or an object as a key, expected a text")
      }
      if scalar.string == "<<", scalar.style == .plain {
        merged.append(value)
        continue
      }
      guard object[scalar.string] == nil else {
        throw Fault(
          mark: key.mark,
          message: "the key \(JSONValue.string(scalar.string).compactText) comes twice in one object, remove one")
      }
      object[scalar.string] = try enter(.key(scalar.string), at: key.mark, value)
    }
    // What is merged in gives way to what is written.
    for node in merged { try merge(node, into: &object) }
    return object
  }

  private mutating func merge(_ node: Node, into object: inout JSONObject) throws {
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard let name = key.scalar?.string, name != "<<" else {
          if let inner = key.scalar, inner.string == "<<" { try merge(value, into: &object) }
          continue
        }
        if object[name] == nil { object[name] = try enter(.key(name), at: key.mark, value) }
      }
    case .sequence(let sequence): for element in sequence { try merge(element, into: &object) }
    case .scalar, .alias:
      throw Fault(mark: node.mark, message: "found a value behind \"<<\", expected an object to take keys from")
    }
  }

  private mutating func enter(_ component: JSONPathComponent, at mark: Mark?, _ node: Node) throws -> JSONValue {
    path.components.append(component)
    defer { path.components.removeLast() }
    places[path] = mark.map { JSONDocument.Position(line: $0.line, column: $0.column) }
    return try value(of: node)
  }

  private func requireTag(_ tag: Tag, _ expected: String, _ mark: Mark?) throws {
    let name = tag.description
    guard [expected, Tag.Name.implicit.rawValue, Tag.Name.nonSpecific.rawValue].contains(name) else {
      throw Fault(mark: mark, message: "the tag \(name.debugDescription) has no meaning in a config; remove it")
    }
  }
}

/// What the text of a scalar means.
private enum YAMLScalar {
  static func value(of scalar: Node.Scalar) throws -> JSONValue {
    switch scalar.tag.description {
    case "tag:yaml.org,2002:str", Tag.Name.nonSpecific.rawValue: return .string(scalar.string)
    case Tag.Name.implicit.rawValue: break
    case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
      return try plain(scalar)
    case let name:
      throw YAMLReading.Fault(
        mark: scalar.mark, message: "the tag \(name.debugDescription) has no meaning in a config; remove it")
    }
    return scalar.style == .plain || scalar.style == .any ? try plain(scalar) : .string(scalar.string)
  }

  private static func plain(_ scalar: Node.Scalar) throws -> JSONValue {
    let text = scalar.string
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    if text.wholeMatch(of: /[-+]?\.(inf|Inf|INF)/) != nil {
      return .number(text.hasPrefix("-") ? -.infinity : .infinity)
    }
    if text.wholeMatch(of: /[-+]?0[0-9_]+/) != nil {
      throw YAMLReading.Fault(
        mark: scalar.mark,
        message:
          "\(text) is 8 times as much to some readers of YAML as to others; write the number without the 0 in front, "
          + "or a text in quotes")
    }
    if let match = text.wholeMatch(of: /0o([0-7]+)/), let number = Int(match.1, radix: 8) { return .integer(number) }
    if let match = text.wholeMatch(of: /0x([0-9a-fA-F]+)/), let number = Int(match.1, radix: 16) {
      return .integer(number)
    }
    if text.wholeMatch(of: /[-+]?[0-9]+/) != nil, let number = Int(text) {
      return number == 0 && text.hasPrefix("-") ? .number(-0.0) : .integer(number)
    }
    if text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil {
      let padded = text.hasSuffix(".") ? text + "0" : text.replacing(".e", with: ".0e").replacing(".E", with: ".0e")
      guard let number = Double(padded), number.isFinite else {
        throw YAMLReading.Fault(mark: scalar.mark, message: "the number \(text) is out of range")
      }
      return .number(number)
    }
    return .string(text)
  }
}
