import ArgumentParser
import Foundations
import Reporting
import Training

/// `trainer config …`: looks at configs, and trains nothing.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Checks configs, shows them resolved, and writes their JSON Schema.",
    discussion: """
      EXAMPLES
        trainer config check configs/mlp.json
        trainer config show configs/mlp.json --set training.epochs=5
        trainer config schema -o config.schema.json
      """,
    subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigSchemaCommand.self])
}

/// `trainer config check CONFIG…`.
struct ConfigCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Finds everything that is wrong with configs, without training.",
    discussion: """
      All faults of a config are printed, not the first alone, each with its place. A config without any is compared with \
      its data, as a run does before its first step: files, datasets, shapes, targets, metrics, the batch, memory.

      The exit code is 0 if all configs can be trained, 2 if one has to be changed, and 3 if only data are missing or \
      damaged.

      EXAMPLES
        trainer config check configs/mlp.json
        trainer config check configs/*.json --no-data
        trainer config check configs/mlp.json --set seed=3 --format json
      """)

  @Argument(help: "The configs.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var configs: [String]

  @OptionGroup var overrides: OverrideOptions

  @Flag(name: .customLong("no-data"), help: "Do not look at the data.")
  var ignoresData = false

  @Option(help: "How to print it; json is a list of all faults.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws {
    let checks = try LongWork.run(isQuiet: showing.quiet) {
      let overrides = try overrides.parsed
      return try configs.map { file in
        (file: file, check: try ConfigCheck(file: file, overrides: overrides, readsData: !ignoresData))
      }
    }
    switch format {
    case .text:
      for (file, check) in checks {
        if let summary = check.summary { try printResult("\(file): ok, \(summary)\n") }
        for fault in check.faults { ErrorPrinter.print(fault.place == nil ? fault.said(of: file) : fault) }
      }
    case .json:
      try printResult(.array(checks.flatMap { file, check in check.faults.map { Self.json(of: $0, file) } }), .indented)
    }
    let codes = checks.map(\.check.code).filter { $0 != .done }
    guard let first = codes.first else { return }
    throw ArgumentParser.ExitCode((codes.contains(.usage) ? .usage : first).rawValue)
  }

  private static func json(of fault: TrainerError, _ file: String) -> JSONValue {
    let place = fault.place
    return [
      "file": .string(file), "path": .string(place?.path ?? ""),
      "line": place?.position.map { .integer($0.line) } ?? .null,
      "column": place?.position.map { .integer($0.column) } ?? .null,
      "message": .string(place?.message ?? Remedies.sentence(fault)),
      "suggestion": place?.suggestion.map(JSONValue.string) ?? .null,
      "code": .integer(Int(fault.code.rawValue)),
    ]
  }
}

/// `trainer config schema`.
struct ConfigSchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Writes the JSON Schema of configs, for editors.",
    discussion: """
      It is of draft 7. An editor that is told of it, by the config's key "$schema" or by its settings, completes keys, shows \
      what they mean, and marks what is wrong. The key is for editors alone.

      EXAMPLES
        trainer config schema -o config.schema.json
        trainer config schema | jq .definitions.layer.properties.type.enum
      """)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write. (default: standard output)", valueName: "file"),
    completion: .file(extensions: ["json", "yaml", "yml"]))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  func run() throws {
    let text = try RunConfiguration.schema().prettyText + "\n"
    guard let output else { return try printResult(text) }
    try OutputFile.explaining { try overwriting.file(output, inputs: []).write(Array(text.utf8)) }
  }
}
