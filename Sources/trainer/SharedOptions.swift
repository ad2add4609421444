import ArgumentParser
import Foundations
import HDF5
import Reporting

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

/// `--color`, for the commands that show what they are at.
struct ColorOption: ParsableArguments {
  @Option(help: "Whether text on a terminal has colours; auto heeds the variable NO_COLOR.")
  var color: ColorChoice = .auto
}

extension ColorChoice: ExpressibleByArgument {}

/// `--external-files`, for the commands that read a dataset with a checkpoint.
struct ExternalFilesOption: ParsableArguments {
  @Flag(help: "Also read what the dataset file keeps in other files. (default: as the checkpoint's config says)")
  var externalFiles = false

  /// What was asked for.
  var choice: ExternalFiles? { externalFiles ? .allowed : nil }
}

/// The one character of an option's value.
///
/// - Parameter other: What else the option takes, for messages.
/// - Throws: `TrainerError` with code `.usage` if there is not one.
func oneCharacter(_ text: String, of option: String, or other: String = "") throws -> Character {
  guard let character = text.first, text.count == 1 else {
    throw TrainerError(.usage, "\(option) takes one character\(other), not '\(text)'")
  }
  return character
}

/// The value of `--delimiter`.
///
/// - Throws: As ``oneCharacter(_:of:or:)``.
func delimiterCharacter(_ text: String) throws -> Character {
  text == "tab" || text == "\\t" ? "\t" : try oneCharacter(text, of: "--delimiter", or: " or 'tab'")
}
