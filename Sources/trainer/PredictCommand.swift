import ArgumentParser
import DataParallel
import Datasets
import Foundation
import Foundations
import Reporting
import Training

/// `trainer predict MODEL INPUT`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Writes a model's predictions for the rows of a file.",
    discussion: """
      Rows are raw: they go through the preprocessing that was fitted in training. Columns are matched by name where \
      both sides have names, else by place; a table's target column is left out. CSV has a column 'prediction' and, for \
      classes, 'probability_CLASS' for each; JSON lines are {"prediction":…,"probabilities":{CLASS:…}}; an HDF5 file \
      has /predictions and /probabilities. A file is complete or absent.

      INPUT is an HDF5 file, a table of text (CSV, TSV and such), JSON lines, NumPy's NPY and NPZ, a sparse table \
      (LIBSVM), an image (PNG, JPEG) or a folder of images, by its contents; all but HDF5 and a folder may be gzipped, \
      and come from a pipe or, as -, from standard input. Predictions of images begin with the file's name.

      EXAMPLES
        trainer predict runs/flowers new.csv
        trainer predict runs/flowers new.csv -o predictions.csv --keep id
        trainer predict runs/softmax images.h5 --group test -o out.h5
        trainer predict runs/flowers new.jsonl --keep id --to jsonl
        trainer predict runs/pets photos --resize
        grep 2026 log.csv | trainer predict runs/flowers - --no-header
        trainer predict runs/flowers <(xz -dc log.csv.xz)
      """)

  @Argument(help: "A checkpoint or a run directory.", completion: .file())
  var model: String

  @Argument(
    help:
      "The rows: HDF5, CSV, TSV, JSON lines, NPY, NPZ, LIBSVM or an image, from a file or a pipe, or a folder of images; - is standard input.",
    completion: .file())
  var input: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; its ending tells the format: .csv, .tsv, .jsonl, .ndjson, .h5 or .hdf5. (default: standard output)",
      valueName: "out"),
    completion: .file())
  var output: String?

  @Option(help: "The format where the output's ending tells none. (default: csv)")
  var to: PredictionFormat?

  @OptionGroup var overwriting: OverwriteOption

  @OptionGroup var choice: ModelOptions

  @Option(
    help:
      "The group of an HDF5 file or of an NPZ archive. (default: all rows, those at the root first, then those of train, validation and test)"
  )
  var group: String?

  @Option(
    help: "The array of inputs in an NPZ archive. (default: those of the usual names, x_train, x, inputs or such)")
  var inputs: String?

  @Option(
    help:
      "The index of the first input in a LIBSVM file, 0 or 1. (default: told by the index 0, or that of the last input)"
  )
  var firstIndex: Int?

  @Flag(help: "Resize images of another size than the model's, as 'data import --resize' does.")
  var resize = false

  @OptionGroup(title: "OPTIONS FOR TEXT") var table: PredictedTableOptions

  @OptionGroup var external: ExternalFilesOption

  @OptionGroup var workers: WorkerOptions

  @OptionGroup var showing: QuietOption

  @OptionGroup(title: "OPTIONS FOR RANKS") var ranks: RankOptions

  func run() throws {
    try ranks.whileTogether { ranks in
      try LongWork.run(isQuiet: showing.quiet || !ranks.isFirst || mayShowRows) { try write(ranks) }
    }
  }

  /// Whether rows go to the terminal, or perhaps through a pipe to a program that shows them there.
  private var mayShowRows: Bool {
    var status = stat()
    return output ?? "-" == "-" && !(fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
  }

  private func write(_ ranks: any Communicator) throws {
    // As other programs take it.
    let output = output == "-" ? nil : output
    let settings = try ranks.together {
      var settings = PredictionSettings(
        format: to, array: inputs, firstIndex: firstIndex, kept: table.keep.map(CSVImport.Column.init(argument:)),
        ignored: table.ignore.map(CSVImport.Column.init(argument:)), table: try table.settings)
      settings.resizesImages = resize
      return settings
    }
    let console = Console(isQuiet: !ranks.isFirst)
    let checkpoint = try ranks.fromFirst { try checkpointToUse(output, console) }
    var options = RunOptions(workers: try workers.workers(of: ranks, console), externalFiles: external.choice)
    options.communicator = ranks
    let report = try predict(
      checkpoint: checkpoint, input: input, output: output, overwriting: overwriting.overwrite, group: group,
      settings: settings, options: options)
    guard let output = report.output else { return }
    let what = report.probabilityShape == nil ? "predictions" : "predictions and probabilities"
    try ranks.onFirst {
      try printResult("\(output): \(what) for \(report.samples) \(report.samples == 1 ? "sample" : "samples")\n")
    }
  }

  /// The path of the checkpoint, once it is clear that the output may be written.
  private func checkpointToUse(_ output: String?, _ console: Console) throws -> String {
    let checkpoint = try choice.find(model)
    if let output {
      _ = try overwriting.file(
        output, inputs: ModelCheckpoint.files(of: checkpoint.path) + (input == "-" ? [] : [input]))
      if let format = PredictionFormat(path: output), let to, format != to {
        console.warn("--to \(to.rawValue) is not used: \(output) is written as its ending says")
      }
    }
    try choice.tell(of: checkpoint)
    return checkpoint.path
  }
}

/// The options for tables of text to predict.
struct PredictedTableOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: "A column to copy to the output, in front of the predictions, by name or number; may be repeated.")
  var keep: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: "A column that is no input, by name or number; may be repeated. One that the model does not know is an error."
  )
  var ignore: [String] = []
  @Flag(
    inversion: .prefixedNo,
    help:
      "Whether the first line holds the columns' names; without them places count. (default: as in the table of training, else yes, unless they are numbers that the model does not know, which is an error)"
  )
  var header: Bool?
  @Option(help: "The character between fields, or 'tab'. (default: as in training, if that fits, else guessed)")
  var delimiter: String?
  @Option(help: "The character that begins lines which are no data, such as '#'. (default: as in training)")
  var comment: String?
  @Option(
    parsing: .unconditional,
    help: "What stands in front of a number's fraction: . or a comma. (default: as in training)")
  var decimal: CSVImport.DecimalMark?
  @Option(
    parsing: .unconditional, help: "What stands between thousands, such as a comma. (default: as in training)")
  var thousands: String?
  @Option(help: "In which order dates are written. (default: as in training)") var dates: CSVImport.DateOrder?
  @Option(
    parsing: .unconditionalSingleValue,
    help: "How a missing value is written, beside the ways of training; may be repeated.")
  var na: [String] = []

  /// How tables are to be read.
  var settings: TextTableSettings {
    get throws {
      return TextTableSettings(
        hasHeader: header,
        delimiter: try delimiter.map(delimiterCharacter),
        comment: try comment.map { try oneCharacter($0, of: "--comment") }, decimalMark: decimal, missing: na,
        namesMayBeNumbers: header == true,
        thousandsMark: try thousands.map { try oneCharacter($0, of: "--thousands") }, dateOrder: dates)
    }
  }
}

extension PredictionFormat: ExpressibleByArgument {}

extension CSVImport.Column {
  /// A whole number is a column's place.
  init(argument text: String) { self = Int(text).map(CSVImport.Column.number) ?? .name(text) }
}
