import ArgumentParser
import Checkpoints
import Foundations
import Reporting

/// `trainer checkpoint …`: looks into checkpoints.
struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Inspects, verifies and compares checkpoints.",
    subcommands: [InfoCommand.self, DigestCommand.self, VerifyCommand.self, DiffCommand.self])

  /// `trainer checkpoint info MODEL`.
  struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "Prints what a checkpoint holds.",
      discussion: "Step, digest, provenance, the run's state, and every tensor with its shape and type.")

    @Argument(help: "A checkpoint or a run directory.", completion: .file())
    var model: String

    @OptionGroup var choice: ModelOptions

    @Flag(help: "Print the config that the checkpoint holds instead, which is JSON.")
    var config = false

    @Option(help: "How to print it.") var format: ResultFormat = .text

    func run() throws {
      let file = try choice.checkpoint(model)
      let checkpoint = try CheckpointFile.read(file)
      if config { return try printResult(checkpoint.config + "\n") }
      switch format {
      case .text: try printResult(checkpoint.info)
      case .json: try printResult(checkpoint.json(of: file), .indented)
      }
    }
  }

  /// `trainer checkpoint digest MODEL`.
  struct DigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "digest", abstract: "Computes the digest of a checkpoint's parameters.",
      discussion: "Two trainings have the same digest if and only if all their parameters have the same bits.")

    @Argument(help: "A checkpoint or a run directory.", completion: .file())
    var model: String

    @OptionGroup var choice: ModelOptions

    @Option(help: "How to print it.") var format: ResultFormat = .text

    func run() throws {
      let file = try choice.checkpoint(model)
      let digest = try CheckpointFile.read(file).digest.description
      switch format {
      case .text: try printResult("\(digest)\n")
      case .json: try printResult(["file": .string(file), "digest": .string(digest)], .indented)
      }
    }
  }

  /// `trainer checkpoint verify MODEL…`.
  struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Checks every byte of checkpoints.",
      discussion: "The exit code is 1 if a file is damaged.")

    @Argument(help: "Checkpoints or run directories.", completion: .file())
    var models: [String]

    @OptionGroup var choice: ModelOptions

    @Option(help: "How to print what was found.") var format: ResultFormat = .text

    @OptionGroup var showing: QuietOption

    func run() throws { try LongWork.run(isQuiet: showing.quiet, verify) }

    private func verify() throws {
      var damages: [String] = []
      var files: [JSONValue] = []
      for model in models {
        let file = try choice.checkpoint(model)
        let damage = try CheckpointFile.damage(in: file)
        files.append(["file": .string(file), "damage": damage.map(JSONValue.string) ?? .null])
        if let damage {
          damages.append(damage)
        } else if format == .text {
          try printResult("\(file): every byte is as it was written\n")
        }
      }
      if format == .json { try printResult(["whole": .boolean(damages.isEmpty), "files": .array(files)], .indented) }
      for damage in damages.dropLast() {
        try Console.whileCleared { try StandardStream.error.write("error: \(damage.onOneLine)\n") }
      }
      if let damage = damages.last { throw TrainerError(.checkFailed, damage) }
    }
  }

  /// `trainer checkpoint diff FIRST SECOND`.
  struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff", abstract: "Compares two checkpoints bit by bit.",
      discussion: """
        What differs is printed, and the exit code is 1 if a run would go on from them differently. Provenance and \
        history are compared too, but make no difference.
        """)

    @Argument(help: "A checkpoint or a run directory.", completion: .file())
    var first: String

    @Argument(help: "Another one.", completion: .file())
    var second: String

    @OptionGroup var choice: ModelOptions

    @Option(help: "How to print the difference.") var format: ResultFormat = .text

    func run() throws {
      let files = (try choice.checkpoint(first), try choice.checkpoint(second))
      let difference = CheckpointDifference(try CheckpointFile.read(files.0), try CheckpointFile.read(files.1))
      switch format {
      case .text: try printResult(difference.text + "\n")
      case .json: try printResult(difference.json(of: files.0, files.1), .indented)
      }
      guard difference.isEmpty else { throw ArgumentParser.ExitCode(Foundations.ExitCode.checkFailed.rawValue) }
    }
  }
}
