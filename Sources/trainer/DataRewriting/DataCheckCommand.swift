import ArgumentParser
import Datasets
import Foundations
import Training

/// `trainer data check FILE`.
struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Says how well the layout of a dataset suits training.",
    discussion: """
      How each dataset is stored, whether its rows would be held in memory, mapped or streamed, how often a chunk would be \
      decoded in an epoch, what the windows of an order of blocks take, and whether rows of one class lie together; with the \
      command or the setting that mends what costs too much. Exit code 1 if something costs more than twice what it should.

      Without --config for the settings that a config has by default. Memory is that which is free now, or data.memory.

      EXAMPLES
        trainer data check big.h5
        trainer data check big.h5 --config configs/big.json
        trainer data check 'parts/*.h5' --format json
      """)

  @Argument(help: "An HDF5 file, or a pattern of several in quotes.", completion: .file()) var file: String

  @Option(help: "The config that the data are for.", completion: .file(extensions: ["json"])) var config: String?

  @OptionGroup var overrides: OverrideOptions

  @Option(help: "How the result is printed.") var format: ResultFormat = .text

  func run() throws {
    let check =
      try config.map { config in
        try LayoutCheck(
          file,
          for: RunConfiguration(
            file: config,
            overrides: overrides.parsed + [
              SettingsOverride("data.path=\(JSONValue.string(file).compactText)", option: "FILE")
            ]))
      } ?? LayoutCheck(file: file)
    switch format {
    case .text: try printResult(check.description)
    case .json: try printResult(check.json, .indented)
    }
    guard check.findings.isEmpty else {
      let count = check.findings.count
      throw TrainerError(
        .checkFailed,
        "\(file): \(count) \(count == 1 ? "thing costs more than it" : "things cost more than they") should; see above")
    }
  }
}
