import ArgumentParser
import Foundation
import Foundations
import HDF5
import Reporting

/// The command line: `trainer …`.
@main
struct TrainerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trainer",
    abstract: "Trains dense models on CPUs: the same bits on any number of cores.",
    discussion: """
      Data and checkpoints are HDF5 files, a run is described by a JSON file:

        trainer run configs/softmax.json

      The same command goes on with a run that was interrupted.
      """,
    version: Program.version,
    subcommands: [
      RunCommand.self, ResumeCommand.self, EvaluateCommand.self, PredictCommand.self, DataCommand.self,
      CheckpointCommand.self, GradientCommand.self, GraphCommand.self, GradcheckCommand.self, PlotCommand.self,
      SweepCommand.self, VerifyResumeCommand.self, BenchCommand.self,
    ])

  /// The argument of the processes that HDF5 files are read in first; it is not for people.
  private static let readingTrial = "read-in-trial"

  static func main() {
    // A reader of the output that goes away must not end a training.
    signal(SIGPIPE, SIG_IGN)
    // Nor must a limit on the size of files: a checkpoint beyond it is a failed save like any other.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      if arguments.first == readingTrial { ReadingTrial.serve() }
      ReadingTrial.enable(
        arguments: [readingTrial],
        exitCodes: .init(
          file: Foundations.ExitCode.data.rawValue, image: Foundations.ExitCode.checkpoint.rawValue))
      var command = try parseAsRoot(FormulaArguments.normalized(arguments))
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Ends the program with the error's sentence and its documented exit code.
  private static func end(with error: any Error) -> Never {
    let code: Foundations.ExitCode
    var text: String
    switch error {
    case let error as TrainerError:
      code = error.code
      text = "error: \(error.message.onOneLine)\n" + (error.excerpt.map { $0.withoutControls + "\n" } ?? "")
    case let error as HDF5Error:
      code = .data
      text = "error: \(error.message.onOneLine)\n"
    case let error as FileError:
      code = .usage
      text = "error: \(error.description.onOneLine)\n"
    case let status as ArgumentParser.ExitCode:
      Foundation.exit(status.rawValue)
    default:
      let isHelp = exitCode(for: error) == .success
      code = isHelp ? .done : .usage
      text = fullMessage(for: error).withoutControls + "\n"
      if isHelp {
        print(text, terminator: "")
        Foundation.exit(code.rawValue)
      }
    }
    // Where standard error itself is broken, only the exit code is left to tell.
    do { try StandardStream.error.write(text) } catch _ {}
    Foundation.exit(code.rawValue)
  }

  static let _errorPrefix = "error: "
}
