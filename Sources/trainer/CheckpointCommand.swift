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

    @Flag(help: "Print the config that the checkpoint holds instead.")
    var config = false

    func run() throws {
      let checkpoint = try CheckpointFile.read(choice.checkpoint(model))
      try printResult(config ? checkpoint.config + "\n" : checkpoint.info)
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

    func run() throws { try printResult("\(CheckpointFile.read(choice.checkpoint(model)).digest)\n") }
  }

  /// `trainer checkpoint verify MODEL…`.
  struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Checks every byte of checkpoints.",
      discussion: "The exit code is 1 if a file is damaged.")

    @Argument(help: "Checkpoints or run directories.", completion: .file())
    var models: [String]

    @OptionGroup var choice: ModelOptions

    func run() throws {
      var damages: [String] = []
      for model in models {
        let file = try choice.checkpoint(model)
        if let damage = try CheckpointFile.damage(in: file) {
          damages.append(damage)
        } else {
          try printResult("\(file): every byte is as it was written\n")
        }
      }
      for damage in damages.dropLast() { try StandardStream.error.write("error: \(damage.onOneLine)\n") }
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

    func run() throws {
      let difference = CheckpointDifference(
        try CheckpointFile.read(choice.checkpoint(first)), try CheckpointFile.read(choice.checkpoint(second)))
      try printResult(difference.text + "\n")
      guard difference.isEmpty else { throw ArgumentParser.ExitCode(Foundations.ExitCode.checkFailed.rawValue) }
    }
  }
}
