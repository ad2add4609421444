import Foundations

/// How some columns of a table become numbers: an entry of `data.features`.
public struct FeatureRule: Sendable, Equatable {
  /// Which columns a rule is for. Of several rules for a column the one by name counts, then the one by pattern, then the one
  /// by kind.
  public enum Selection: Sendable, Equatable {
    /// The columns of these names.
    case names([String])
    /// The columns whose names are like this: `*` stands for any characters, `?` for one.
    case pattern(String)
    /// All columns of a kind.
    case kind(FeatureKind)
  }

  /// Which columns it is for.
  public let selection: Selection
  /// What is done to them, in order; `nil` if they are left out.
  public let transforms: [FeatureTransform]?

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - selection: Which columns it is for.
  ///   - transforms: What is done to them, in order; `nil` leaves them out.
  public init(_ selection: Selection, _ transforms: [FeatureTransform]?) {
    self.selection = selection
    self.transforms = transforms
  }

  /// The rule as a config writes it.
  public var json: JSONObject {
    var json =
      switch selection {
      case .names(let names): JSONObject([("name", names.count == 1 ? .string(names[0]) : Self.array(names))])
      case .pattern(let pattern): ["pattern": .string(pattern)] as JSONObject
      case .kind(let kind): ["kind": .string(kind.rawValue)] as JSONObject
      }
    if let transforms {
      json["transform"] = .array(transforms.map { .object($0.json) })
    } else {
      json["drop"] = true
    }
    return json
  }

  /// Reads a rule.
  ///
  /// - Throws: `TrainerError` with code `.usage` for a faulty setting.
  public init(from settings: Settings) throws {
    let given = ["name", "pattern", "kind"].filter(settings.isGiven)
    guard given.count <= 1 else {
      throw settings.error(
        given[1], "found beside \"\(given[0])\", expected one of \"name\", \"pattern\" and \"kind\"")
    }
    // All are declared, so that a misspelt key is told of them.
    let name = settings.value(
      "name", kind: "a string or an array of strings", as: .paths, help: "The column, or several.")
    let pattern = try settings.optionalString("pattern", help: "Like the columns' names, with * and ?.")
    let kind = try settings.contains("kind") ? settings.choice("kind", of: FeatureKind.self) : nil
    _ = settings.value(
      "kind", as: .choice(FeatureKind.allCases.map(\.rawValue)),
      help: "All columns of a kind.")
    let drops = try settings.boolean("drop", default: false, help: "Whether the columns are left out.")
    let hasTransforms = settings.contains("transform")
    let transforms = try settings.objects(
      "transform", default: [], shorthand: "type", help: "What is done to the columns, in order."
    ).compactMap { transform in try transform.attempt { try FeatureTransform(from: transform) } }
    try settings.finish()
    if let name {
      selection = .names(try Self.names(name, settings))
    } else if let pattern {
      selection = .pattern(pattern)
    } else if let kind {
      selection = .kind(kind)
    } else {
      throw settings.error(nil, "the entry says for which columns it is by none of \"name\", \"pattern\" and \"kind\"")
    }
    if drops, hasTransforms, !transforms.isEmpty {
      throw settings.error("transform", "found beside \"drop\": true; remove one of both")
    }
    guard drops || hasTransforms else {
      throw settings.error(nil, "the entry has neither \"transform\" nor \"drop\": true")
    }
    self.transforms = drops ? nil : transforms
  }

  private static func names(_ value: JSONValue, _ settings: Settings) throws -> [String] {
    let names = value.text.map { [$0] } ?? value.elements?.compactMap(\.text) ?? []
    guard !names.isEmpty, names.count == value.elements?.count ?? 1 else {
      throw settings.error("name", "found \(value.lineText), expected a column's name or an array of names")
    }
    if let twin = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw settings.error("name", "\"\(twin)\" comes twice, name each column once")
    }
    return names
  }

  private static func array(_ names: [String]) -> JSONValue { .array(names.map(JSONValue.string)) }
}

extension FeatureRule {
  /// Whether a name is like a pattern with `*` for any characters and `?` for one.
  package static func matches(_ name: String, pattern: String) -> Bool {
    let (name, pattern) = (Array(name), Array(pattern))
    var (place, next) = (0, 0)
    // Where the last star is, and how much of the name it stands for: if what follows does not fit, for one more.
    var star: (pattern: Int, name: Int)?
    while place < name.count {
      if next < pattern.count, pattern[next] == "*" {
        star = (next, place)
        next += 1
      } else if next < pattern.count, pattern[next] == "?" || pattern[next] == name[place] {
        place += 1
        next += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (next, place) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == "*" }
  }
}
