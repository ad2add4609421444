import ArgumentParser
import Datasets
import Foundations
import HDF5
import Reporting
import Training
import YAML

/// `trainer init DATA`.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Looks at a data file and writes a config that runs as it is.",
    discussion: """
      DATA is an HDF5 file, or anything that 'trainer data import' reads: a table is made a dataset file beside the \
      config first. The layouts of HDF5 files that people have are known by their names, shapes and attributes: x_train \
      and y_train, data and label, groups called training or val, MATLAB's, NetCDF's, AnnData's, Fuel's and others.

      How a table is written (its delimiter, decimal mark, comments, missing values) is kept with the dataset and with models \
      that are trained on it, so that 'trainer predict' reads a table like it without options.

      Beside the config a page is written that explains each choice in plain words, and says what could not be told.

      EXAMPLES
        trainer init mydata.csv && trainer run mydata.json
        trainer init titanic.csv --target Survived
        trainer init measurements.h5 --target temperature -o configs/measurements.yaml
      """)

  @Argument(help: "An HDF5 file, a table of text, an array of NumPy, or another file of data.", completion: .file())
  var data: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What to predict: a column of a table, by name or by number from 1 (-1 is the last); of an HDF5 file the path of a "
        + "dataset. (default: by its name, else the last column)", valueName: "name"))
  var target: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The config to write, JSON or, if its name ends with .yaml or .yml, YAML. (default: DATA's name with .json, here)",
      valueName: "config"),
    completion: .file(extensions: ["json", "yaml", "yml"]))
  var output: String?

  @OptionGroup var overwriting: OverwriteOption

  @Option(help: "How to print what was found and chosen.")
  var format: ResultFormat = .text

  @OptionGroup var showing: QuietOption

  func run() throws { try LongWork.run(isQuiet: showing.quiet, write) }

  private func write() throws {
    guard data != "-" else {
      throw TrainerError(.usage, "init reads a file more than once; write standard input to one first")
    }
    // What is wrong with a path is said in the same words, whatever the file is.
    _ = try ImportSource(path: data)
    let isHDF5 = HDF5.File.isHDF5(at: data)
    let config = output ?? Self.stem(of: fileName(of: data)) + ".json"
    guard config.hasSuffix(".json") || YAMLDocument.isYAML(config), let dot = config.lastIndex(of: ".") else {
      throw TrainerError(
        .usage, "a config's name ends with .json, .yaml or .yml, which '\(config)' does not; name it so with --output")
    }
    let page = config[..<dot] + ".md"
    // Two configs never share one.
    let dataset = config[..<dot] + ".h5"
    try requireOwnPage(String(page))
    let outputs = try ([config, String(page)] + (isHDF5 ? [] : [String(dataset)])).map {
      try overwriting.file($0, inputs: [data])
    }
    let files = ProposedFiles(
      data: data, target: target, config: outputs[0], page: outputs[1], dataset: outputs.last ?? outputs[0]
    ) { ConfigPage($0, data: data, config: outputs[0].path).text }
    let findings =
      try isHDF5
      ? files.writeForHDF5()
      : files.write(importing: table(rowsDirectory: directory(of: String(dataset))))
    switch format {
    case .text:
      try printResult(Self.report(findings, data: data) + Self.end(outputs.map(\.path).reversed(), config))
    case .json:
      try printResult(
        Self.json(
          of: findings, data: data, config: outputs[0].path, page: outputs[1].path,
          dataset: isHDF5 ? nil : outputs[2].path), .indented)
    }
  }

  private func table(rowsDirectory: String) throws -> AutomaticImport.Samples {
    let format = try ImportFormat(named: nil, input: data).name
    let importer = AutomaticImport(
      path: data, format: format == ImportFormat.tsv ? CSVImport.name : format,
      target: target.map { Int($0).map(CSVImport.Column.number) ?? .name($0) }, rowsDirectory: rowsDirectory)
    do {
      return try importer.read()
    } catch let error as TrainerError
      where error.remedy.map({ !["target", "targetColumn"].contains($0.name) }) ?? false
    {
      // Its options mend what init has no option for.
      throw TrainerError(
        error.code,
        "\(Remedies.sentence(error)). These are options of 'trainer data import', whose output init takes as well",
        excerpt: error.excerpt)
    }
  }

  // MARK: Names

  /// A file's name without its endings.
  static func stem(of name: String) -> String {
    var name = name.hasSuffix("/") ? String(name.dropLast()) : name
    if name.lowercased().hasSuffix(".gz") { name = String(name.dropLast(3)) }
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// A page that somebody else wrote is never replaced.
  private func requireOwnPage(_ path: String) throws {
    guard overwriting.overwrite, let status = try SystemFileSystem().status(of: path), !status.isDirectory else {
      return
    }
    let contents = try SystemFileSystem().contents(of: path)
    guard !contents.starts(with: Array(ConfigPage.mark.utf8)) else { return }
    throw TrainerError(
      .usage, "\(path) was not written by init, so it is not replaced; name another config with --output")
  }

  // MARK: What is printed

  private static func report(_ findings: ProposedFiles.Findings, data: String) -> String {
    let facts = TextTable(ConfigPage.facts(findings), indentation: 2).text
    let columns = ColumnTable.text(of: findings.table?.columns ?? [])
    let doubts = findings.doubts.map { "  - \($0.onOneLine)\n" }.joined()
    return "\(data)\n\(facts)\(columns)" + (doubts.isEmpty ? "" : "could not tell\n\(doubts)")
  }

  private static func json(
    of findings: ProposedFiles.Findings, data: String, config: String, page: String, dataset: String?
  ) -> JSONValue {
    [
      "data": .string(data), "config": .string(config), "page": .string(page),
      "dataset": dataset.map(JSONValue.string) ?? .null,
      "found": .array(ConfigPage.facts(findings).map { ["name": .string($0.name), "value": .string($0.value)] }),
      "columns": .array((findings.table?.columns ?? []).map(ColumnTable.json)),
      "choices": .array(findings.config.choices.map { ["keys": .string($0.keys), "reason": .string($0.reason)] }),
      "doubts": .array(findings.doubts.map(JSONValue.string)),
    ]
  }

  private static func end(_ files: [String], _ config: String) -> String {
    "wrote \(files.joined(separator: ", "))\nnext: trainer run \(config.shellWord)\n"
  }
}
