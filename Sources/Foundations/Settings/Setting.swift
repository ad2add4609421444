/// One setting of a component, stated once: how a key is read into a property, and how the property is written back.
///
/// A component lists its settings in the order in which documentation shows them. They are read over a value that holds
/// the defaults, so a config and Swift have the same ones.
///
/// ```swift
/// struct Swish: Configurable {
///   static let type = "swish"
///   var beta = 1.0
///   static let settings: [Setting<Swish>] = [
///     .number("beta", \.beta, in: .positive, help: "The factor inside the sigmoid.")
///   ]
///   init() {}
///   init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Swish()) }
///   var json: JSONObject { Self.settings.json(of: self) }
/// }
/// ```
public struct Setting<Component>: Sendable {
  let read: @Sendable (Settings, inout Component) throws -> Void
  let write: @Sendable (Component, inout JSONObject) -> Void

  /// Creates a setting from a reader and a writer of one or more keys.
  ///
  /// - Parameters:
  ///   - read: Reads into a component that holds the defaults.
  ///   - write: Sets the keys in an object.
  public init(
    read: @escaping @Sendable (Settings, inout Component) throws -> Void,
    write: @escaping @Sendable (Component, inout JSONObject) -> Void
  ) {
    self.read = read
    self.write = write
  }

  /// A number.
  public static func number(
    _ key: String, _ property: WritableKeyPath<Component, Double> & Sendable, in range: NumberRange = .finite,
    help: String
  ) -> Setting {
    Setting { settings, component in
      component[keyPath: property] = try settings.number(
        key, default: component[keyPath: property], in: range, help: help)
    } write: { component, json in
      json[key] = .number(component[keyPath: property])
    }
  }

  /// An integer.
  public static func integer(
    _ key: String, _ property: WritableKeyPath<Component, Int> & Sendable, in range: ClosedRange<Int> = .any,
    help: String
  ) -> Setting {
    Setting { settings, component in
      component[keyPath: property] = try settings.integer(
        key, default: component[keyPath: property], in: range, help: help)
    } write: { component, json in
      json[key] = .integer(component[keyPath: property])
    }
  }

  /// True or false.
  public static func boolean(
    _ key: String, _ property: WritableKeyPath<Component, Bool> & Sendable, help: String
  ) -> Setting {
    Setting { settings, component in
      component[keyPath: property] = try settings.boolean(key, default: component[keyPath: property], help: help)
    } write: { component, json in
      json[key] = .boolean(component[keyPath: property])
    }
  }

  /// Settings that several components share, kept in a property of their own; in a config they are keys among the others.
  public static func part<Part>(
    _ property: WritableKeyPath<Component, Part> & Sendable, _ settings: [Setting<Part>]
  ) -> Setting {
    Setting { reader, component in
      component[keyPath: property] = try settings.read(reader, over: component[keyPath: property])
    } write: { component, json in
      for setting in settings { setting.write(component[keyPath: property], &json) }
    }
  }
}

extension Array {
  /// Reads settings in order over a component that holds the defaults.
  ///
  /// - Throws: `TrainerError` for a setting of the wrong type or out of range.
  public func read<Component>(_ settings: Settings, over component: Component) throws -> Component
  where Element == Setting<Component> {
    var component = component
    for setting in self { try setting.read(settings, &component) }
    return component
  }

  /// A component's settings as a config writes them.
  public func json<Component>(of component: Component) -> JSONObject where Element == Setting<Component> {
    var json = JSONObject()
    for setting in self { setting.write(component, &json) }
    return json
  }
}
