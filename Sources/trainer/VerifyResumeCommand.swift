import ArgumentParser
import Foundation
import Foundations
import Reporting

/// `trainer verify-resume CONFIG --kills N`.
struct VerifyResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-resume",
    abstract: "Proves that a killed run goes on to the same bits.",
    discussion: """
      The config is trained once through. Then it is trained in processes of their own that are killed with SIGKILL and \
      resumed with another number of workers each time. The kills are spread evenly over all of the run, at random \
      places: of ten one while a process starts, and five while it writes a checkpoint; the result says where they fell. \
      A run that ends before all kills are used up is followed by another one. Compared are the digest of the parameters, all \
      state in the last checkpoint, and the history of metrics but for times. The exit code is 1 if anything differs.

      Checkpoints are saved more often than the config says, so that a resume has something to go on from. All runs are \
      in a temporary directory, which stays if anything differs.

      EXAMPLES
        trainer verify-resume configs/softmax.json --kills 20
        trainer verify-resume configs/mlp.json --kills 5 --set training.epochs=3
      """)

  @Argument(help: "The config, a JSON or YAML file.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var config: String

  @Option(
    help: ArgumentHelp("How often a process is killed, \(OptionRanges.text(OptionRanges.kills)).", valueName: "n"))
  var kills = 10

  @Option(help: ArgumentHelp("The seed of the times of the kills and of the numbers of workers.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup var overrides: OverrideOptions

  @Option(
    help: ArgumentHelp(
      "Holds the run directories, and stays. (default: a temporary directory, which goes if all is equal)",
      valueName: "dir"),
    completion: .directory)
  var output: String?

  @Flag(help: "Print errors and the result only.")
  var quiet = false

  @Option(help: "How to print the result; json is one object at the end, and nothing before it.")
  var format: ResultFormat = .text

  func validate() throws {
    try require(kills, of: "--kills", in: OptionRanges.kills)
  }

  func run() throws {
    try requireOneProcess("verify-resume")
    let directory: String
    do {
      if let output {
        if let fault = pathFault(output) { throw TrainerError(.usage, "--output: the path \(fault)") }
        directory = output
        try SystemFileSystem().makeDirectory(output)
      } else {
        directory = try SystemFileSystem().makeTemporaryDirectory("trainer")
      }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(error.path): the directory cannot be made: \(error.reason)")
    }
    let console = Console(isQuiet: quiet || format == .json)
    let children = ChildProcesses()
    let trial = ResumeTrial(
      config: config, overrides: overrides.set, directory: directory, kills: kills, seed: seed, children: children,
      console: console)
    let result: ResumeProof
    do {
      result = try LongWork.run(isQuiet: quiet) { try trial.run() }
    } catch let error as TrainerError where error.code == .checkFailed {
      throw TrainerError(.checkFailed, "\(error.message); the runs are kept in \(directory)")
    } catch {
      try removeTemporary(directory)
      throw error
    }
    try removeTemporary(directory)
    switch format {
    case .text: try printResult(result.text)
    case .json: try printResult(result.json, .indented)
    }
  }

  private func removeTemporary(_ directory: String) throws {
    guard output == nil else { return }
    do {
      try FileManager.default.removeItem(atPath: directory)
    } catch {
      throw TrainerError(.usage, "\(directory): the temporary directory cannot be removed; remove it by hand")
    }
  }
}
