import ArgumentParser
import DataParallel
import Foundation
import Foundations
import HDF5
import Kernels
import Reporting

/// The command line: `trainer …`.
@main
struct TrainerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trainer",
    abstract: "Trains dense models on CPUs: the same bits on any number of cores.",
    discussion: """
      Data and checkpoints are HDF5 files, a run is described by a JSON or YAML file:

        trainer run configs/softmax.json

      The same command goes on with a run that was interrupted.
      """,
    version: "trainer \(Program.fullVersion)",
    groupedSubcommands: [
      CommandGroup(
        name: "Start", subcommands: [InitCommand.self, ConfigCommand.self, RunCommand.self, ResumeCommand.self]),
      CommandGroup(
        name: "Model",
        subcommands: [
          EvaluateCommand.self, PredictCommand.self, ExportCommand.self, SummaryCommand.self, CheckpointCommand.self,
        ]),
      CommandGroup(name: "Data", subcommands: [DataCommand.self]),
      CommandGroup(
        name: "Look",
        subcommands: [PlotCommand.self, ReportCommand.self, RunsCommand.self, CompareCommand.self]),
      CommandGroup(
        name: "Search", subcommands: [SweepCommand.self, LearningRateCommand.self, CrossValidateCommand.self]),
      CommandGroup(name: "Formula", subcommands: [GradientCommand.self, GraphCommand.self]),
      CommandGroup(
        name: "Proof", subcommands: [GradcheckCommand.self, VerifyResumeCommand.self, ReproduceCommand.self]),
      CommandGroup(name: "Machine", subcommands: [BenchCommand.self, SlurmCommand.self]),
    ])

  /// The argument of the processes that HDF5 files are read in first; it is not for people.
  private static let readingTrial = "read-in-trial"

  static func main() {
    keepStandardStreams()
    unblockSignals()
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
      LostMapping.handle()
      if arguments.isEmpty { return try printResult(FirstSteps.text) }
      if arguments == ["--version"] { return try printResult(VersionText.text) }
      try CommandNames.require(arguments[...], among: Self.configuration.subcommands)
      var command = try parseAsRoot(FormulaArguments.normalized(arguments))
      try InstructionSet.requireKnownCap()
      try MemoryPlacement.requireKnownSetting()
      try OpenFiles.requireRoom()
      try MemoryLimit.requireReserve()
      ReadingTrial.prepare()
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Puts something unusable in the place of a standard stream that is closed: the next file that is opened would have its
  /// number, and what is printed would go into that file.
  private static func keepStandardStreams() {
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Lets signals through that the program was started with blocked, as one from a thread of Dispatch's is: nothing but
  /// SIGKILL would end it.
  private static func unblockSignals() {
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
  }

  /// Ends the program with the error's sentence and its documented exit code.
  private static func end(with error: any Error) -> Never {
    let code: Foundations.ExitCode
    var text: String
    switch error {
    case let error as TrainerError:
      code = error.code
      text = ErrorPrinter.text(of: error)
    case let error as HDF5Error:
      code = .data
      text = "error: \(error.message.shortened.onOneLine)\n"
    case let error as FileError:
      code = .usage
      text = "error: \(error.description.onOneLine)\n"
    case let status as ArgumentParser.ExitCode:
      Foundation.exit(status.rawValue)
    default:
      let isHelp = exitCode(for: error) == .success
      code = isHelp ? .done : .usage
      text = (isHelp ? fullMessage(for: error) : sentence(for: error)).withoutControls + "\n"
      if isHelp {
        do {
          try printResult(text)
        } catch {
          end(with: error)
        }
        Foundation.exit(code.rawValue)
      }
    }
    if colors.isOn(isTerminal: StandardStream.error.columns != nil) {
      text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.hasPrefix(_errorPrefix)
          ? TextStyle.bad.applied(to: "error:") + line.dropFirst("error:".count) : String(line)
      }.joined(separator: "\n")
    }
    // Where standard error itself is broken, only the exit code is left to tell.
    do { try StandardStream.error.write(text) } catch _ {}
    Foundation.exit(code.rawValue)
  }

  /// What `--color` says, wherever it stands: an error may come before the arguments are understood.
  private static var colors: ColorChoice {
    let words = CommandLine.arguments
    let values = words.indices.compactMap { place in
      words[place] == "--color" && place + 1 < words.count
        ? words[place + 1] : words[place].hasPrefix("--color=") ? String(words[place].dropFirst(8)) : nil
    }
    return values.last.flatMap(ColorChoice.init(rawValue:)) ?? .auto
  }

  /// What is wrong with the arguments, on one line, with the help that explains them.
  private static func sentence(for error: any Error) -> String {
    var sentence = _errorPrefix + message(for: error).onOneLine
    // A question what was meant needs no help beside it.
    if sentence.hasSuffix("?") { return sentence }
    if sentence.hasSuffix(".") { sentence.removeLast() }
    let help = fullMessage(for: error).firstMatch(of: /See '([^']+)'/).map { "; see '\($0.1)'" } ?? ""
    return sentence + help
  }

  static let _errorPrefix = "error: "
}
