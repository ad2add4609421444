import ArgumentParser
import Foundations
import HDF5

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
    get throws { try set.map { try SettingsOverride($0, option: "--set") } }
  }
}

/// `--external-files`, for the commands that read a dataset with a checkpoint.
struct ExternalFilesOption: ParsableArguments {
  @Flag(help: "Also read what the dataset file keeps in other files. (default: as the checkpoint's config says)")
  var externalFiles = false

  /// What was asked for.
  var choice: ExternalFiles? { externalFiles ? .allowed : nil }
}
