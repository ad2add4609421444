import ArgumentParser
import Reporting
import Training

/// `trainer evaluate CHECKPOINT`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measures a checkpoint's model on a group of samples.",
    discussion: """
      The checkpoint alone holds model, preprocessing and the place of its data.

      EXAMPLES
        trainer evaluate runs/softmax/checkpoints/step-000000460.h5
        trainer evaluate runs/softmax/checkpoints/step-000000460.h5 --format json
      """)

  @Argument(help: "A checkpoint.", completion: .file(extensions: ["h5"]))
  var checkpoint: String

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

  func run() throws {
    let report = try evaluate(
      checkpoint: checkpoint, data: data, group: group,
      options: RunOptions(workers: workers.workers, externalFiles: external.choice))
    report.warnings.forEach(Console().warn)
    switch format {
    case .json: try printResult(report.json, .indented)
    case .text: try printResult(report.text)
    }
  }
}
