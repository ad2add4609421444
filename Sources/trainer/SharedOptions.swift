import ArgumentParser
import Foundations

/// How a result is printed.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// `--set`, for the commands that read a config.
struct OverrideOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A value in place of the config's: JSON, or else text; a number in the path is an array's index. May be repeated.",
      valueName: "key.path=value"))
  var set: [String] = []

  /// The overrides.
  var parsed: [SettingsOverride] {
    get throws { try set.map(SettingsOverride.init) }
  }
}
