/// A component that a config chooses by its `type`: a layer, a loss, an optimizer.
public protocol Configurable: Sendable {
  /// The value of `type` in a config.
  static var type: String { get }
  /// Reads the component's settings.
  ///
  /// - Throws: `TrainerError` for a setting of the wrong type or out of range.
  init(from settings: Settings) throws
}

/// The components of one kind, by their `type`. A new component is one line in its registry.
public struct Registry<Component>: Sendable {
  /// One kind of component.
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

  /// The components in the order in which documentation lists them.
  public let entries: [Entry]

  /// Creates a registry.
  public init(_ entries: [Entry]) { self.entries = entries }

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
    let type = try settings.string("type", oneOf: entries.map(\.type), default: type)
    guard let entry = entries.first(where: { $0.type == type }) else {
      throw settings.error("type", "'\(type)' is not known")
    }
    let component = try entry.make(settings)
    let rest = try common(settings)
    try settings.finish()
    return (component, rest)
  }
}
