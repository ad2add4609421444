import Foundations

/// A config's settings, each with where its value comes from.
package struct ConfigOrigins {
  /// One setting: a number, a text, or an array of such.
  package struct Setting: Sendable {
    /// Its path, as `--set` takes it.
    package let path: JSONPath
    /// Its value, defaults filled in.
    package let value: JSONValue
    /// Where the value comes from.
    package let origin: SettingsOrigin
  }

  /// The config.
  package let configuration: RunConfiguration
  /// The settings in the order of the resolved config.
  package let settings: [Setting]

  /// Reads the config in a file.
  ///
  /// - Throws: `TrainerError` with code `.usage` for the first fault, with the others in it.
  package init(file path: String, overrides: [SettingsOverride] = [], registries: Registries = .standard) throws {
    let settings = try Settings(config: path, overrides: overrides)
    configuration = try RunConfiguration(
      settings, stem: RunConfiguration.stem(of: path), output: nil, registries: registries)
    self.settings = Self.leaves(of: configuration.resolved, at: JSONPath()).map { path, value in
      Setting(path: path, value: value, origin: settings.origin(of: path))
    }
  }

  private static func leaves(of value: JSONValue, at path: JSONPath) -> [(JSONPath, JSONValue)] {
    switch value {
    case .object(let object) where !object.members.isEmpty:
      object.members.flatMap { leaves(of: $0.value, at: path.appending($0.key)) }
    case .array(let elements) where !elements.allSatisfy(\.isScalar):
      elements.enumerated().flatMap { leaves(of: $0.element, at: path.appending($0.offset)) }
    default: [(path, value)]
    }
  }
}
