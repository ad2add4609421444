import ArgumentParser
import Foundations
import Reporting
import Training
import YAML

/// `trainer config show CONFIG`.
struct ConfigShowCommand: ParsableCommand {
  /// How a resolved config is printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml
  }

  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Prints a config with all defaults, and where each value comes from.",
    discussion: """
      Each line is a setting as --set takes it, its value, and where that comes from: a line of the config, an option, \
      other settings, or the default. The data are not looked at, so what follows from them is left out.

      As json it is what the run directory's config.json holds, as yaml the same in YAML.

      EXAMPLES
        trainer config show configs/mlp.json
        trainer config show configs/mlp.json --set training.epochs=5 --changed
        trainer config show configs/mlp.json --format json
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @OptionGroup var overrides: OverrideOptions

  @Flag(help: "Leave out what the config and the options do not give.")
  var changed = false

  @Option(help: "How to print it.") var format: Format = .text

  func validate() throws {
    if changed, format != .text { throw ValidationError("--changed goes with --format text") }
  }

  func run() throws {
    let origins = try ConfigOrigins(file: config, overrides: overrides.parsed)
    switch format {
    case .yaml: try printResult(origins.configuration.resolved.yamlText)
    case .json: try printResult(origins.configuration.resolved, .indented)
    case .text:
      var table = TextTable(columns: 3, left: [0, 1, 2])
      for setting in origins.settings where setting.origin.isGiven || !changed {
        table.append([setting.path.description, setting.value.lineText, Self.words(setting.origin)])
      }
      try printResult(table.text)
    }
  }

  private static func words(_ origin: SettingsOrigin) -> String {
    switch origin {
    case .text(let file, let position): "\(file):\(position.line)"
    case .option(let option): option
    case .derived(let words): words
    case .standard: "default"
    }
  }
}
