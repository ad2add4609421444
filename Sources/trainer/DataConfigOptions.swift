import ArgumentParser
import Foundations
import Training

/// The config that says where the samples of a data file are.
struct DataConfigOptions: ParsableArguments {
  @Option(help: "The config that the data are for.", completion: .file(extensions: ["json", "yaml", "yml"])) var config:
    String?

  @OptionGroup var overrides: OverrideOptions

  func validate() throws {
    guard config != nil || overrides.set.isEmpty else {
      throw ValidationError("--set changes a config; name it with --config")
    }
  }

  /// The config with the file in place of its own data; `nil` if none is given.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  func configuration(for file: String) throws -> RunConfiguration? {
    try config.map { config in
      let path = try SettingsOverride("data.path=\(JSONValue.string(file).compactText)", option: "FILE")
      return try RunConfiguration(file: config, overrides: overrides.parsed + [path])
    }
  }
}
