import ArgumentParser
import Foundations
import Interchange
import Reporting
import Training

/// `trainer export MODEL`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a model or its parameters for other programs.",
    discussion: """
      onnx: the model that 'predict' computes, for ONNX Runtime and others. It takes raw rows, as they are in the dataset, \
      any number at once, and gives predictions, probabilities and the names of classes. Preprocessing and the transforms \
      of a table's columns are inside: a table has an input for each column.
      safetensors, npz: the parameters by name (dense1/weight), to the bit, for PyTorch, JAX and NumPy.

      Parameters are those that predictions use: their moving average, if the run kept one.

      EXAMPLES
        trainer export runs/softmax --to onnx
        trainer export runs/softmax -o model.onnx --overwrite
        trainer export runs/softmax --last --to safetensors
        trainer export runs/softmax/checkpoints/step-000000460.h5 --to npz
      """)

  @Argument(help: "A checkpoint or a run directory.", completion: .file())
  var model: String

  @Option(help: "The format. (default: the one that the output's ending tells)")
  var to: ExportFormat?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write. (default: the run's name with the format's ending, in the working directory)",
      valueName: "out"
    ),
    completion: .file(extensions: ["onnx", "safetensors", "npz"]))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  @OptionGroup var choice: ModelOptions

  @Option(help: "How to print what was written.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws {
    try requireOneProcess("export")
    try LongWork.run(isQuiet: showing.quiet, write)
  }

  private func write() throws {
    let kind = try chosenFormat()
    let checkpoint = try choice.find(model)
    let output = try output ?? "\(TrainedTensors.runName(checkpoint: checkpoint.path)).\(kind.rawValue)"
    _ = try overwriting.file(output, inputs: ModelCheckpoint.files(of: checkpoint.path))
    try choice.tell(of: checkpoint)
    let report = try export(
      checkpoint: checkpoint.path, to: output, as: kind, overwriting: overwriting.overwrite)
    report.notes.forEach { Console(isQuiet: showing.quiet).warn($0) }
    switch format {
    case .text: try printResult(report.text)
    case .json: try printResult(report.json, .indented)
    }
  }

  private func chosenFormat() throws -> ExportFormat {
    guard let output else {
      guard let to else {
        throw TrainerError(.usage, "name the format with --to onnx, safetensors or npz, or a file with -o")
      }
      return to
    }
    guard output != "-" else {
      throw TrainerError(.usage, "a model cannot be written to standard output; name a file with -o")
    }
    let told = ExportFormat(path: output)
    guard let format = to ?? told else {
      throw TrainerError(
        .usage,
        "\(output): its ending tells no format; let it end with .onnx, .safetensors or .npz, or name one with --to")
    }
    if let told, told != format {
      throw TrainerError(
        .usage, "\(output) ends as \(told.rawValue) does, and --to says \(format.rawValue); let both say the same")
    }
    return format
  }
}

extension ExportFormat: ExpressibleByArgument {}
