import ArgumentParser
import Datasets
import Foundation
import Foundations
import Reporting

/// `trainer data …`: makes and inspects dataset files.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Makes, inspects and rewrites dataset files.",
    subcommands: [
      DataImportCommand.self, DataInfoCommand.self, DataStatsCommand.self, DataCheckCommand.self,
      DataRechunkCommand.self, DataShuffleCommand.self, DataSplitCommand.self, DataMergeCommand.self,
    ])
}

/// `trainer data info FILE`.
struct DataInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Prints what an HDF5 file holds.",
    discussion: """
      Groups, datasets with type, shape, storage and filters, attributes, the columns of tables, and the number of \
      samples of each class. Of several files each, and whether they can be trained on as one dataset.
      """)

  @Argument(help: "An HDF5 file, or several, or a pattern of several in quotes.", completion: .file())
  var files: [String]

  @Option(help: "How the result is printed.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, describe) }

  private func describe() throws {
    let description = try DatasetDescription(paths: DatasetFiles(expanding: files).paths)
    switch format {
    case .text: try printResult(description.description)
    case .json: try printResult(description.json, .indented)
    }
  }
}

/// `trainer data import INPUT --output OUT`.
struct DataImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract:
      "Makes a dataset file from tables of text, NumPy arrays, sparse or IDX (MNIST) files, or a folder of images.",
    discussion: """
      The output is complete or absent. Without test files, each fifth sample of each class in source order becomes \
      the test group (for regression each fifth row); nothing is drawn at random.

      Columns of a table are numbers, categories, booleans, dates, or ignored, by all of their values; the table that is \
      printed says what each was taken for, and --kind sets it. They are stored raw, with what is missing: the config \
      says how they become inputs.

      A folder of images holds a folder for each class with its PNG and JPEG files, or folders train, validation (or val) \
      and test of such folders.

      EXAMPLES
        trainer data import iris.csv --target species -o iris.h5
        trainer data import wine.csv --task regression --drop id -o wine.h5
        trainer data import table.tsv --no-header --target 1 -o table.h5
        trainer data import messung.csv.gz --delimiter ';' --decimal , \\
          --comment '#' -o messung.h5
        trainer data import titanic.csv --target Survived \\
          --kind Pclass=category --na '?' -o titanic.h5
        trainer data import /usr/share/datasets/fashion-mnist -o fashion.h5
        trainer data import images.idx3.gz --labels labels.idx1.gz -o i.h5
        trainer data import x.npy --targets y.npy -o arrays.h5
        trainer data import mnist.npz -o mnist.h5
        trainer data import a9a.libsvm --test a9a.t -o a9a.h5
        trainer data import pets --resize 64x64 -o pets.h5
      """)

  @Argument(
    help: ArgumentHelp(
      """
      A table of text (CSV, TSV, JSON lines), a NumPy array (NPY, NPZ), a sparse table (LIBSVM, SVMlight), an IDX file of \
      images, or a directory with MNIST's four files; files may be gzipped. Or a folder with a folder of images (PNG, JPEG) \
      for each class.
      """),
    completion: .file())
  var input: String

  @Option(name: .shortAndLong, help: "The dataset file to write.", completion: .file(extensions: ["h5"]))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The input's format: \(ImportFormat.names.joined(separator: ", ")); told by its contents if left out."))
  var format: String?

  @Option(help: "What to do without test files: every fifth sample of a class to the test group, or none.")
  var split: Split = .fifth

  @Option(
    help:
      "Store in chunks of so many rows, \(OptionRanges.text(OptionRanges.rows)). Without it storage is contiguous, which is fastest to train from."
  )
  var chunkRows: Int?

  @Option(help: "Compress with this level, 0 to 9. Stores in chunks.")
  var deflate: Int?

  @OptionGroup var overwriting: OverwriteOption

  @OptionGroup var showing: QuietOption

  func validate() throws {
    try require(chunkRows, of: "--chunk-rows", in: OptionRanges.rows)
    try require(deflate, of: "--deflate", in: OptionRanges.deflate)
  }

  @OptionGroup(title: "IDX OPTIONS") var idx: IDXOptions
  @OptionGroup(title: "CSV AND TSV OPTIONS") var csv: CSVOptions
  @OptionGroup(title: "NPY AND NPZ OPTIONS") var arrays: ArrayOptions
  @OptionGroup(title: "IMAGE OPTIONS") var images: ImageOptions

  func run() throws { try LongWork.run(isQuiet: showing.quiet, write) }

  private func write() throws {
    guard input != "-" else {
      throw TrainerError(.usage, "data import reads files, some of them twice; write standard input to one first")
    }
    let writer = DatasetWriter(chunkRows: chunkRows, deflate: deflate, overwrite: overwriting.overwrite)
    _ = try overwriting.file(output, inputs: [input] + idx.files + csv.files)
    let format = try ImportFormat(named: format, input: input)
    try format.requireOwn(idx.given + csv.given + arrays.given + images.given)
    let summary = try makeImport(format).write(to: output, with: writer)
    try printResult(
      "\(output): \(summary)\n" + summary.notes.map { "  \($0.onOneLine)\n" }.joined()
        + ColumnTable.text(of: summary.columns))
    if summary.classCount == 1 {
      let doubt = format.name == ImageFolderImport.name ? "it the right folder" : "the target the right column"
      Console().warn("all samples are of one class, from which a model can learn nothing; is \(doubt)?")
    }
  }

  private func makeImport(_ format: ImportFormat) throws -> any Importer {
    switch format.name {
    case IDXImport.name: try idx.makeImport(input: input, split: split)
    case CSVImport.name, ImportFormat.tsv:
      try csv.makeImport(input: input, isTSV: format.name == ImportFormat.tsv, split: split)
    case NPYImport.name: try arrays.makeNPYImport(input: input, target: csv.targetColumn, task: csv.task, split: split)
    case NPZImport.name: arrays.makeNPZImport(input: input, task: csv.task, split: split)
    case ImageFolderImport.name: images.makeImport(input: input, split: split)
    case LIBSVMImport.name:
      LIBSVMImport(
        path: input, testPath: csv.test, task: csv.task ?? .automatic, inputType: csv.type ?? .automatic, split: split)
    case JSONLinesImport.name: try csv.makeJSONLinesImport(input: input, split: split)
    default: try ImporterRegistry.standard.importer(named: format.name, path: input)
    }
  }
}

/// The options for IDX files.
struct IDXOptions: ParsableArguments {
  @Option(help: "The file of labels that belongs to INPUT.", completion: .file()) var labels: String?
  @Option(help: "The test group's images.", completion: .file()) var testImages: String?
  @Option(help: "The test group's labels.", completion: .file()) var testLabels: String?
  @Option(help: "The classes' names, separated by commas, in the order of the labels.") var classes: String?

  /// The options that were used.
  var given: [String] {
    [("--labels", labels), ("--test-images", testImages), ("--test-labels", testLabels), ("--classes", classes)]
      .filter { $0.1 != nil }.map(\.0)
  }

  /// The files that are named.
  var files: [String] { [labels, testImages, testLabels].compactMap(\.self) }

  func makeImport(input: String, split: Split) throws -> IDXImport {
    let names = classes.map { $0.components(separatedBy: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
    if try SystemFileSystem().status(of: input)?.isDirectory == true {
      if let option = given.first(where: { $0 != "--classes" }) {
        throw TrainerError(.usage, "\(option) does not go with a directory, whose files are known by their names")
      }
      return try IDXImport(directory: input, classes: names)
    }
    guard let labels else { throw TrainerError(.usage, "IDX images need --labels with the file of their labels") }
    return IDXImport(
      images: input, labels: labels, testImages: testImages, testLabels: testLabels, classes: names, split: split)
  }
}

/// The options for CSV and TSV files.
struct CSVOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "The target column: its name, or its number counted from 1, or from the end with -1. (default: the last)")
  var target: String?
  @Option(
    parsing: .unconditionalSingleValue, help: "A column that is no input, by name or number; may be repeated.")
  var drop: [String] = []
  @Option(help: "A file with the same columns for the test group.", completion: .file()) var test: String?
  @Flag(
    inversion: .prefixedNo,
    help: "Whether the first line holds the columns' names. (default: yes, unless they are numbers, which is an error)")
  var header: Bool?
  @Option(
    help:
      "The character between fields, or 'tab'. Tab, semicolon, vertical bar and comma are told apart by the first lines. (default: guessed)"
  )
  var delimiter: String?
  @Option(help: "The character that begins lines which are no data, such as '#'. (default: none)") var comment: String?
  @Option(parsing: .unconditional, help: "What stands in front of a number's fraction: . or a comma.")
  var decimal: CSVImport.DecimalMark?
  @Option(parsing: .unconditional, help: "What stands between thousands, such as a comma. (default: nothing)")
  var thousands: String?
  @Option(help: "In which order the parts of dates stand: 2024-12-31, 31.12.2024 or 12/31/2024. (default: year-first)")
  var dates: CSVImport.DateOrder?
  @Option(
    help:
      "What the target is. Automatic takes text, and whole numbers of at most 50 kinds, for classes, and refuses a column of numbers with a slip."
  )
  var task: CSVImport.LearningTask?
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "What a column is, by name or number: number, category, boolean, date or ignore; may be repeated.",
      discussion: "Without it, the kind is inferred from all values of the column.", valueName: "column=kind"))
  var kind: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "How a missing value is spelt, beside an empty field, NA, NaN, null and others; may be repeated.",
      valueName: "text"))
  var na: [String] = []
  @Flag(help: "Only what --na names is a missing value.") var noDefaultNa = false
  @Flag(help: "Leave out rows without a target.") var dropMissingTargets = false
  @Option(
    help:
      "How numbers are stored. Automatic takes bytes if all are whole numbers from 0 to 255, else float64, and refuses whole numbers that float64 would round."
  )
  var type: CSVImport.InputType?

  /// The options that were used.
  var given: [String] {
    [
      ("--target", target != nil), ("--drop", !drop.isEmpty), ("--test", test != nil), ("--header", header == true),
      ("--no-header", header == false),
      ("--delimiter", delimiter != nil), ("--comment", comment != nil), ("--decimal", decimal != nil),
      ("--thousands", thousands != nil), ("--dates", dates != nil),
      ("--task", task != nil), ("--type", type != nil), ("--kind", !kind.isEmpty), ("--na", !na.isEmpty),
      ("--no-default-na", noDefaultNa), ("--drop-missing-targets", dropMissingTargets),
    ].filter(\.1).map(\.0)
  }

  /// The files that are named.
  var files: [String] { test.map { [$0] } ?? [] }

  func makeImport(input: String, isTSV: Bool, split: Split) throws -> CSVImport {
    var separator: Character? = isTSV ? "\t" : nil
    if let delimiter {
      separator = try delimiterCharacter(delimiter)
    }
    var importer = CSVImport(
      path: input, target: targetColumn ?? .number(-1), drop: drop.map(column), testPath: test,
      hasHeader: header ?? true, delimiter: separator,
      comment: try comment.map { try oneCharacter($0, of: "--comment") },
      decimalMark: decimal ?? .point, task: task ?? .automatic, inputType: type ?? .automatic, split: split)
    importer.namesMayBeNumbers = header == true
    importer.thousandsMark = try thousands.map { try oneCharacter($0, of: "--thousands") }
    importer.dateOrder = dates ?? .yearFirst
    importer.kinds = try kind.map(columnKind)
    importer.missing = (noDefaultNa ? [] : CSVImport.usualMissing) + na
    importer.dropMissingTargets = dropMissingTargets
    return importer
  }

  func makeJSONLinesImport(input: String, split: Split) throws -> JSONLinesImport {
    var importer = JSONLinesImport(
      path: input, target: targetColumn ?? .number(-1), drop: drop.map(column), testPath: test,
      task: task ?? .automatic,
      inputType: type ?? .automatic, split: split)
    importer.kinds = try kind.map(columnKind)
    importer.missing = na
    importer.dropMissingTargets = dropMissingTargets
    return importer
  }

  private func columnKind(_ text: String) throws -> (column: CSVImport.Column, kind: ColumnKind) {
    let kinds = ColumnKind.allCases.map(\.rawValue)
    guard let mark = text.lastIndex(of: "="), mark > text.startIndex else {
      throw TrainerError(.usage, "--kind takes NAME=KIND, such as 'Pclass=category', not '\(text)'")
    }
    let word = String(text[text.index(after: mark)...])
    guard let kind = ColumnKind(rawValue: word) else {
      let hint = suggestion(for: word, among: kinds).map { "; is it '\($0)'?" } ?? ""
      throw TrainerError(.usage, "--kind \(text): a kind is \(kinds.joined(separator: ", ")), not '\(word)'\(hint)")
    }
    return (column(String(text[..<mark])), kind)
  }

  /// The target column if it was given.
  var targetColumn: CSVImport.Column? { target.map(column) }

  /// A whole number is a column's place.
  private func column(_ text: String) -> CSVImport.Column { Int(text).map(CSVImport.Column.number) ?? .name(text) }
}

extension Split: ExpressibleByArgument {}
extension CSVImport.LearningTask: ExpressibleByArgument {}
extension CSVImport.InputType: ExpressibleByArgument {}
extension CSVImport.DecimalMark: ExpressibleByArgument {}
extension CSVImport.DateOrder: ExpressibleByArgument {}
