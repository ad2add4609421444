import Foundations

/// An observer that a config can name: its settings, and the observer of a run.
///
/// ```swift
/// struct BellSettings: ObserverSettings {
///   static let type = "bell"
///   init(from settings: Settings) throws {}
///   var json: JSONObject { [:] }
///   func makeObserver() -> any RunObserver { Bell() }
/// }
/// ```
///
/// A config names it as `"observers": ["bell"]`, and `train` makes one for the run, under ranks on rank 0 alone. No
/// observer changes a bit of what is trained, so a run may go on with others.
public protocol ObserverSettings: Configurable {
  /// Makes the observer of one run.
  func makeObserver() -> any RunObserver
}

extension ObserverSettings {
  /// The observer's type in a registry.
  public static var entry: Registry<any ObserverSettings>.Entry { .init(type: type) { try Self(from: $0) } }
}

extension Registry where Component == any ObserverSettings {
  /// The package's observers that a config can name.
  public static let observers = Registry(of: "observer", [TensorBoardSettings.entry, CSVSettings.entry])

  /// Adds an observer's type.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already.
  public mutating func add<Added: ObserverSettings>(_ type: Added.Type) throws { try add(Added.entry) }

  /// Reads the key `observers` of a config.
  ///
  /// - Throws: `TrainerError` for an unknown name, one that comes twice, or a faulty setting.
  func readAll(from settings: Settings) throws -> [any ObserverSettings] {
    let help = "Who writes down beside metrics.jsonl how the run goes, by name."
    let observers = try settings.objects("observers", default: [], shorthand: "type", help: help).compactMap {
      observer in
      try observer.attempt { try read(observer) }
    }
    let types = observers.map { Swift.type(of: $0).type }
    if let twin = types.first(where: { type in types.count { $0 == type } > 1 }) {
      throw settings.error("observers", "\"\(twin)\" comes twice, name each observer once")
    }
    return observers
  }
}
