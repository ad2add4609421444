import ArgumentParser
import Training

/// `trainer predict CHECKPOINT INPUT --output OUT`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Writes a checkpoint's predictions for the inputs of a file.",
    discussion: """
      The output is an HDF5 file with /predictions, a class or a number for each row, and for classes /probabilities. \
      It is complete or absent.

      EXAMPLE
        trainer predict runs/softmax/checkpoints/step-000000460.h5 new.h5 -o out.h5
      """)

  @Argument(help: "A checkpoint.", completion: .file(extensions: ["h5"]))
  var checkpoint: String

  @Argument(
    help: "An HDF5 file with inputs, named as in the checkpoint's config, at its root or in a group.",
    completion: .file(extensions: ["h5"]))
  var input: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "out"),
    completion: .file(extensions: ["h5"]))
  var output: String

  @OptionGroup var overwriting: OverwriteOption

  @Option(help: "The group with the inputs. (default: the root if it has them, else test)")
  var group: String?

  @OptionGroup var external: ExternalFilesOption

  @OptionGroup var workers: WorkerOptions

  func run() throws {
    _ = try overwriting.file(output, inputs: [checkpoint, input])
    let report = try predict(
      checkpoint: checkpoint, input: input, output: output, overwriting: overwriting.overwrite, group: group,
      options: RunOptions(workers: workers.workers, externalFiles: external.choice))
    let what = report.probabilityShape == nil ? "predictions" : "predictions and probabilities"
    try printResult("\(report.output): \(what) for \(report.samples) \(report.samples == 1 ? "sample" : "samples")\n")
  }
}
