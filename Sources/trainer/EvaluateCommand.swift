import ArgumentParser
import DataParallel
import Reporting
import Training

/// `trainer evaluate MODEL`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measures a model on a group of samples.",
    discussion: """
      The checkpoint alone holds model, preprocessing and the place of its data.

      EXAMPLES
        trainer evaluate runs/softmax
        trainer evaluate runs/softmax/checkpoints/step-000000460.h5 --format json
        mpirun -n 4 trainer evaluate runs/softmax
      """)

  @Argument(help: "A checkpoint or a run directory.", completion: .file())
  var model: String

  @OptionGroup var choice: ModelOptions

  @Option(
    help: ArgumentHelp("A dataset file. (default: that of the checkpoint's config)", valueName: "file"),
    completion: .file(extensions: ["h5"]))
  var data: String?

  @Option(help: "The group of samples: train, validation or test.")
  var group = "test"

  @Option(help: "How to print the measures.")
  var format: ResultFormat = .text

  @OptionGroup var external: ExternalFilesOption

  @OptionGroup var workers: WorkerOptions

  @OptionGroup(title: "OPTIONS FOR RANKS") var ranks: RankOptions

  @OptionGroup var showing: QuietOption

  func run() throws {
    try ranks.whileTogether { ranks in
      try LongWork.run(isQuiet: showing.quiet || !ranks.isFirst) { try measure(ranks) }
    }
  }

  private func measure(_ ranks: any Communicator) throws {
    let console = Console(isQuiet: !ranks.isFirst)
    var options = RunOptions(workers: try workers.workers(of: ranks, console), externalFiles: external.choice)
    options.communicator = ranks
    let report = try evaluate(
      checkpoint: ranks.fromFirst { try choice.checkpoint(model) }, data: data, group: group, options: options)
    try ranks.onFirst {
      report.warnings.forEach(console.warn)
      switch format {
      case .json: try printResult(report.json, .indented)
      case .text: try printResult(report.text)
      }
    }
  }
}
