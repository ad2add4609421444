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

      Without --config for the settings that a config has by default. Memory is a share of what is free now, or of data.memory.

      EXAMPLES
        trainer data check big.h5
        trainer data check big.h5 --config configs/big.json
        trainer data check 'parts/*.h5' --format json
      """)

  @Argument(help: "An HDF5 file, or a pattern of several in quotes.", completion: .file()) var file: String

  @OptionGroup var config: DataConfigOptions

  @Option(help: "How the result is printed.") var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, check) }

  private func check() throws {
    let check =
      try config.configuration(for: file).map { try LayoutCheck(file, for: $0) } ?? LayoutCheck(file: file)
    switch format {
    case .text: try printResult(check.text(Self.command))
    case .json: try printResult(check.json(Self.command), .indented)
    }
    guard check.findings.isEmpty else {
      let count = check.findings.count
      throw TrainerError(
        .checkFailed,
        "\(file): \(count) \(count == 1 ? "thing costs more than it" : "things cost more than they") should; see above")
    }
  }

  /// What the user is to type.
  private static func command(_ mend: LayoutCheck.Mend) -> String {
    switch mend {
    case .rechunk(let path, let rows):
      "trainer data rechunk \(path.shellWord) -o \(output(path, "rechunked").shellWord)"
        + (rows.map { " --chunk \($0)" } ?? "")
    case .shuffle(let path): "trainer data shuffle \(path.shellWord) -o \(output(path, "shuffled").shellWord)"
    case .setting(let words): words
    }
  }

  /// The name of a new file in the working directory.
  private static func output(_ path: String, _ ending: String) -> String {
    let name = fileName(of: path)
    return "\(name.hasSuffix(".h5") ? String(name.dropLast(3)) : name)-\(ending).h5"
  }
}
