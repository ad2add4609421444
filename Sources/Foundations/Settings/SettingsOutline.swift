/// Note [Outlines]: what a config may hold is said once, by the readers: each asks for its keys and says their kinds, ranges,
/// defaults and meanings. An outline is found by letting them read an object that is not there. Each question is noted and
/// answered with something that would do, so that the next is asked. Since readers ask for some keys only beside others,
/// they are asked several times: once as if no optional key were there, once as if all were, and for each `type` that an
/// object may have. Of a registry each component is asked; a registry that is met again, such as that of layers within
/// layers, is referred to.

/// What a reader asks of an object; see Note [Outlines].
package struct SettingsOutline: Sendable {
  /// The keys.
  private(set) var fields: [Settings.Field] = []
  /// The keys whose defaults follow from something else.
  private(set) var derived: Set<String> = []
  /// The objects at keys, or in the arrays there.
  private(set) var children: [String: SettingsOutline] = [:]
  /// What the object is for each value of its key `type`, if that decides what it holds.
  private(set) var alternatives: [(type: String, outline: SettingsOutline)] = []
  /// The type of an object that names none.
  private(set) var defaultType: String?
  /// The registry that has the components which the object may be.
  private(set) var registry: String?

  init() {}

  /// What was asked of one object.
  init(of settings: Settings) {
    registry = settings.outline.registry
    guard registry == nil else { return }
    fields = settings.fields.filter { !settings.outline.absent.contains($0.key) }
    derived = settings.outline.derived
    for (key, child) in settings.outline.children {
      let outline = SettingsOutline(of: child)
      children[key, default: outline].join(outline)
    }
    guard let type = settings.outline.type else { return }
    var alternative = self
    alternative.fields.removeAll { $0.key == Outlining.typeKey }
    defaultType = fields.first { $0.key == Outlining.typeKey }?.default?.text
    (fields, derived, children) = ([], [], [:])
    alternatives = [(type, alternative)]
  }

  /// What a registry's components ask for.
  init(alternatives: [(type: String, outline: SettingsOutline)], default type: String?) {
    (self.alternatives, defaultType) = (alternatives, type)
  }

  /// The same with a key that must be there.
  package func requiring(_ key: String) -> SettingsOutline {
    var outline = self
    outline.fields = fields.map { field in
      Settings.Field(
        key: field.key, values: field.values, kind: field.kind, default: field.default,
        isRequired: field.isRequired || field.key == key, help: field.help)
    }
    return outline
  }

  /// Adds what was asked at another time. What only then was asked for is not required.
  mutating func join(_ other: SettingsOutline) {
    registry = registry ?? other.registry
    derived.formUnion(other.derived)
    defaultType = defaultType ?? other.defaultType
    for field in other.fields where !fields.contains(where: { $0.key == field.key }) {
      fields.append(field.optional)
    }
    for (key, child) in other.children { children[key, default: child].join(child) }
    for (type, outline) in other.alternatives {
      if let index = alternatives.firstIndex(where: { $0.type == type }) {
        alternatives[index].outline.join(outline)
      } else {
        alternatives.append((type, outline))
      }
    }
  }
}

extension Settings.Field {
  /// The same key, not required.
  fileprivate var optional: Settings.Field {
    Settings.Field(key: key, values: values, kind: kind, default: `default`, isRequired: false, help: help)
  }

  /// The key as it is asked for twice: first what it is, then as what it was found to be.
  func joined(with other: Settings.Field) -> Settings.Field {
    // The rule with several kinds of values is the whole one.
    let isWide = if case .either = values { other.values.isOneKind } else { other.values == .any }
    return Settings.Field(
      key: key, values: isWide ? values : other.values, kind: isWide ? kind : other.kind,
      default: other.default ?? `default`, isRequired: isRequired && other.isRequired,
      help: other.help.isEmpty ? help : other.help)
  }
}

/// What one object of a config was asked for, beside its fields.
struct OwnOutline {
  /// Whether its keys are names that users choose.
  var hasNames = false
  /// Keys that need not be there, for another object has them.
  var inherited: Set<String> = []
  /// Keys whose defaults follow from something else.
  var derived: Set<String> = []
  /// Keys that are not there, whatever is asked.
  var absent: Set<String> = []
  /// The objects that were read from it.
  var children: [(key: String, settings: Settings)] = []
  /// The type that it was read as.
  var type: String?
  /// The registry that it was read with.
  var registry: String?
}

/// The state of asking readers; see Note [Outlines].
struct Outlining {
  /// The key that says what an object is.
  static let typeKey = "type"
  /// What stands for names that users choose.
  static let anyName = "anyName"
  /// Deeper than any object lies in another. Components that hold each other would be asked for ever.
  private static let mostDepth = 8

  /// Whether optional keys are there.
  var isFull = false
  /// The ordinal of the type that objects have, and how many there are of those that have most.
  var type = 0
  var typeCount = 1
  /// The components of registries, by kind.
  var registries: [(kind: String, outline: SettingsOutline)] = []
  private var depth = 0

  /// Goes into an object.
  mutating func enter() -> Bool {
    depth += 1
    return depth <= Self.mostDepth
  }

  mutating func leave() { depth -= 1 }
}

/// Asks readers what a config may hold; see Note [Outlines].
package final class SettingsDescriber {
  private let context = SettingsContext(source: "", directory: "/")

  /// Creates a describer.
  package init() { context.mode = .describing }

  /// The registries' components that have been met so far, by kind.
  package var registries: [(kind: String, outline: SettingsOutline)] { context.outlining.registries }

  /// What a reader asks of an object.
  ///
  /// - Parameters:
  ///   - present: Keys that are there.
  ///   - absent: Keys that are not there.
  package func outline(
    present: [String] = [], absent: Set<String> = [], _ read: (Settings) throws -> Void
  ) throws -> SettingsOutline {
    try context.outline(JSONObject(present.map { ($0, [:]) }), absent: absent, read)
  }
}

extension SettingsContext {
  /// Asks a reader as often as there are ways to ask.
  func outline(
    _ members: JSONObject, absent: Set<String> = [], _ read: (Settings) throws -> Void
  ) throws -> SettingsOutline {
    let before = outlining
    var outline: SettingsOutline?
    for isFull in [false, true] {
      (outlining.isFull, outlining.type, outlining.typeCount) = (isFull, 0, 1)
      while outlining.type < outlining.typeCount {
        let settings = Settings(describing: self, members: members)
        settings.outline.absent = absent
        // A reader may refuse what was made up; what it has asked for until then counts.
        _ = try settings.attempt { try read(settings) }
        let found = SettingsOutline(of: settings)
        outline =
          outline.map { joined in
            var joined = joined
            joined.join(found)
            return joined
          } ?? found
        outlining.type += 1
      }
    }
    (outlining.isFull, outlining.type, outlining.typeCount) = (before.isFull, before.type, before.typeCount)
    return outline ?? SettingsOutline()
  }
}

extension Settings {
  /// Whether an optional key is there for a reader that is asked.
  func outlineHas(_ key: String) -> Bool {
    context.mode == .describing && context.outlining.isFull && !outline.absent.contains(key)
  }

  /// A value of a kind for a reader that is asked.
  func outlineValue(_ key: String, _ values: SettingKind) -> JSONValue? {
    outlineHas(key) && values != .any ? values.example : nil
  }

  /// The object at a key for a reader that is asked.
  func outlineChild(_ key: String, hasNames: Bool) -> Settings {
    let child = Settings(describing: context, isNamed: hasNames)
    outline.children.append((key, child))
    return child
  }

  /// The type of the object for a reader that is asked; `nil` for any other.
  func outlineType(_ key: String, among choices: [String], default: String?, _ help: String) -> String? {
    guard context.mode == .describing, key == Outlining.typeKey, raw(key) == nil, !choices.isEmpty else { return nil }
    declare(key, .choice(choices), `default`.map(JSONValue.string), help, isRequired: `default` == nil)
    context.outlining.typeCount = max(context.outlining.typeCount, choices.count)
    let type = choices[context.outlining.type % choices.count]
    outline.type = type
    return type
  }

  /// A registry's first component for a reader that is asked, all of which have been asked in turn; `nil` for any other
  /// reader.
  func outline<Component, Common>(
    as registry: Registry<Component>, default type: String?, common: (Settings) throws -> Common
  ) throws -> (Component, Common)? {
    guard context.mode == .describing else { return nil }
    outline.registry = registry.kind
    let isEntered = context.outlining.enter()
    defer { context.outlining.leave() }
    guard isEntered, let first = registry.entries.first else {
      throw error(nil, "there is no \(registry.kind) to choose from")
    }
    if !context.outlining.registries.contains(where: { $0.kind == registry.kind }) {
      let place = context.outlining.registries.count
      context.outlining.registries.append((registry.kind, SettingsOutline()))
      let alternatives = try registry.entries.map { entry in
        let outline = try context.outline([Outlining.typeKey: .string(entry.type)]) { settings in
          _ = try settings.attempt { try entry.make(settings) }
          _ = try common(settings)
        }
        return (type: entry.type, outline: outline)
      }
      context.outlining.registries[place].outline = SettingsOutline(alternatives: alternatives, default: type)
    }
    let settings = Settings(describing: context, members: [Outlining.typeKey: .string(first.type)])
    return (try first.make(settings), try common(settings))
  }
}
