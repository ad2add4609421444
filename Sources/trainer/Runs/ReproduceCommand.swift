import ArgumentParser
import Foundation
import Foundations
import Reporting
import Training

/// `trainer reproduce CHECKPOINT`.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce", abstract: "Trains anew what a checkpoint holds, and compares the bits.",
    discussion: """
      The checkpoint alone holds the config and where its data are. It is trained from the start to the checkpoint's step, \
      and the digests of the parameters and all state are compared. The exit code is 0 if all bits are the same, and 1 if \
      not; what differs between then and now (the program's version, the kind of CPU, the contents of the data) is said. On \
      other data nothing is trained. The run is in a temporary directory, which goes.

      EXAMPLES
        trainer reproduce runs/softmax
        trainer reproduce theirs/step-000000460.h5 --data data/digits.h5
      """)

  @Argument(help: "A checkpoint or a run directory.", completion: .file())
  var checkpoint: String

  @OptionGroup var choice: ModelOptions

  @Option(
    help: ArgumentHelp("The dataset file. (default: that of the checkpoint's config)", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  var data: String?

  @Option(help: "How the result is printed.")
  var format: ResultFormat = .text

  @Flag(help: "Print errors and the result only.")
  var quiet = false

  @OptionGroup var workers: WorkerOptions

  func run() throws {
    try requireOneProcess("reproduce")
    let path = try choice.checkpoint(checkpoint)
    let directory: String
    do {
      directory = try SystemFileSystem().makeTemporaryDirectory("trainer")
    } catch let error as FileError {
      throw TrainerError(.usage, "\(error.path): the directory cannot be made: \(error.reason)")
    }
    let result = Result { try reproduce(path, in: "\(directory)/run") }
    do {
      try FileManager.default.removeItem(atPath: directory)
    } catch {
      throw TrainerError(.usage, "\(directory): the temporary directory cannot be removed; remove it by hand")
    }
    guard let reproduction = try result.get() else {
      Console(isQuiet: quiet || format == .json).print("interrupted; what was trained is not kept\n")
      throw ArgumentParser.ExitCode(Foundations.ExitCode.interrupted.rawValue)
    }
    switch format {
    case .text: try printResult(reproduction.text)
    case .json: try printResult(reproduction.json, .indented)
    }
    guard reproduction.isEqual else { throw ArgumentParser.ExitCode(Foundations.ExitCode.checkFailed.rawValue) }
  }

  private func reproduce(_ path: String, in directory: String) throws -> Reproduction? {
    let console = Console(isQuiet: quiet || format == .json)
    let control = RunControl()
    let signals = SignalHandling(control, console)
    let display = ProgressDisplay(console)
    defer { display.end() }
    return try signals.whileHandling {
      try Reproduction.run(
        checkpoint: path, data: data, in: directory, options: RunOptions(workers: workers.workers, control: control),
        observers: [display, signals])
    }
  }
}
