/// A component that a config chooses by its `type`: a layer, a loss, an optimizer.
public protocol Configurable: Sendable {
  /// The value of `type` in a config.
  static var type: String { get }
  /// Reads the component's settings.
  ///
  /// - Throws: `TrainerError` for a setting of the wrong type or out of range.
  init(from settings: Settings) throws
  /// The component's settings, but for `type`, as ``init(from:)`` reads them. What is left out has its default.
  var json: JSONObject { get }
}

extension Configurable {
  /// The component as a config writes it: its type, then its settings.
  public var typedJSON: JSONObject { JSONObject([("type", .string(Self.type))]).appending(json) }
}

/// The components of one kind, by their `type`: what a config can choose from. It is a value that a config is read with.
///
/// ```swift
/// var layers = Registry.layers
/// try layers.add(Swish.self)
/// ```
public struct Registry<Component>: Sendable {
  /// One component.
  public struct Entry: Sendable {
    /// The value of `type`.
    public let type: String
    /// Reads such a component.
    public let make: @Sendable (Settings) throws -> Component

    /// Creates an entry.
    public init(type: String, make: @escaping @Sendable (Settings) throws -> Component) {
      self.type = type
      self.make = make
    }
  }

  /// What the components are, for messages: `layer`.
  public let kind: String
  /// The components in the order in which documentation lists them.
  public private(set) var entries: [Entry]

  /// Creates a registry of a kind of component, such as `layer`.
  ///
  /// - Precondition: no two entries have one type.
  public init(of kind: String, _ entries: [Entry] = []) {
    precondition(Set(entries.map(\.type)).count == entries.count, "each \(kind) has a type of its own")
    self.kind = kind
    self.entries = entries
  }

  /// Adds a component behind the others.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that type already.
  public mutating func add(_ entry: Entry) throws {
    guard self[entry.type] == nil else {
      throw TrainerError(
        .usage, "'\(entry.type)' is the type of a registered \(kind) already; give the new \(kind) another type")
    }
    entries.append(entry)
  }

  /// The component of a type; `nil` if there is none.
  public subscript(type: String) -> Entry? { entries.first { $0.type == type } }

  /// Reads the object `settings` as the component that its `type` names.
  ///
  /// - Throws: `TrainerError` for an unknown type, a faulty setting or an unknown key.
  public func read(_ settings: Settings, default type: String? = nil) throws -> Component {
    try read(settings, default: type) { _ in }.0
  }

  /// Reads the object `settings` as the component that its `type` names, with what all components of the kind have in
  /// common: `common` reads that from the same object.
  ///
  /// - Throws: `TrainerError` for an unknown type, a faulty setting or an unknown key.
  public func read<Common>(
    _ settings: Settings, default type: String? = nil, common: (Settings) throws -> Common
  ) throws -> (Component, Common) {
    if let outlined = try settings.outline(as: self, default: type, common: common) { return outlined }
    let type = try settings.string(Outlining.typeKey, oneOf: entries.map(\.type), default: type)
    // What another component lacks or does not know is no fault of the one that was meant.
    try settings.requireSound(Outlining.typeKey)
    guard let entry = self[type] else { throw settings.error("type", "'\(type)' is not known") }
    // Where all faults are to be found, those of what is common are, too.
    let component = try settings.attempt(or: nil) { try entry.make(settings) }
    let rest = try common(settings)
    guard let component else { throw settings.faultOfPart }
    try settings.finish()
    return (component, rest)
  }
}
