import DataParallel
import Datasets
import Foundation
import Foundations
import HDF5

/// What `predict` wrote.
public struct PredictionReport: Sendable {
  /// The file that was written; `nil` for standard output.
  public let output: String?
  /// The number of samples.
  public let samples: Int
  /// The shape of the predictions: [samples], or [samples, targets] where there are several.
  public let predictionShape: [Int]
  /// The shape of the probabilities, [samples, classes]; `nil` for numbers.
  public let probabilityShape: [Int]?
  /// Whether there was nobody any more to read the rest on standard output.
  public let isCut: Bool
}

/// Writes a checkpoint's predictions for the rows of a file or of standard input, in memory that does not grow with their
/// number.
///
/// Rows are raw: they go through the preprocessing that was fitted in training. Columns are matched by name where both
/// sides have names, and by place otherwise; a table's target column is left out. What is predicted for a row is what
/// ``Predictor`` says of it, to the last bit, whatever the number of workers.
///
/// - Parameters:
///   - path: The checkpoint's path; see ``ModelCheckpoint`` for that of a run.
///   - input: An HDF5 file whose inputs, named as in the checkpoint's config, are at its root or in groups; a table of text;
///     JSON lines; an array in NumPy's format, or an archive of such arrays; a sparse table of text; an image, or a folder of
///     images. Contents tell which. All but HDF5 and a folder may be gzipped, and come from a pipe or, as `-`, from standard input.
///   - output: The file to write, which is complete or absent; `nil` for standard output. Its ending tells the format.
///   - overwriting: Whether a file that is there already is replaced; otherwise its presence is an error. Inputs are never
///     replaced.
///   - group: The group of a dataset file, or of an archive of arrays; `nil` for all rows: those at the root, and those of the
///     groups `train`, `validation` and `test`.
///   - settings: The format, and what to do with a table's columns.
///   - options: Workers, and the components that the config can choose from.
/// - Throws: `TrainerError` if the checkpoint or the inputs are missing, damaged or do not fit, or the output cannot be
///   written.
public func predict(
  checkpoint path: String, input: String, output: String?, overwriting: Bool = false, group: String? = nil,
  settings: PredictionSettings = PredictionSettings(), options: RunOptions = RunOptions()
) throws -> PredictionReport {
  let ranks = options.communicator
  try ranks.requireSameProgram()
  let format = try ranks.together { try outputFormat(of: output, settings) }
  let inputs = ModelCheckpoint.files(of: path) + (input == "-" ? [] : [input])
  let file =
    try ranks.onFirst {
      let file = output.map { OutputFile($0, mayReplace: overwriting, inputs: inputs) }
      try OutputFile.explaining { try file?.check() }
      return file
    } ?? nil
  var settings = settings
  settings.format = format
  let known = settings
  let model = try PredictionModel(checkpoint: path, options: options)
  // What comes from a pipe comes to rank 0 alone, which then predicts it alone.
  let isReadByAll = try ranks.fromFirst { try input != "-" && isRegularFile(input) }
  func open() throws -> any PredictionSource {
    try model.source(input, group: group, settings: known, options: options)
  }
  func predicted(_ source: any PredictionSource, _ ranks: any Communicator) throws -> PredictionReport {
    var run = PredictionRun(
      model: model, source: source, input: input == "-" ? "standard input" : input, ranks: ranks)
    try run.write(to: file, as: format)
    return run.report(output: output)
  }
  if isReadByAll {
    let source = try ranks.together(open)
    return try ranks.together(namingRanks: false) { try predicted(source, ranks) }
  }
  return try ranks.onFirst { try predicted(open(), SingleProcess()) }
    ?? PredictionReport(output: output, samples: 0, predictionShape: [0], probabilityShape: nil, isCut: false)
}

private func isRegularFile(_ path: String) throws -> Bool {
  do {
    // Whoever opens it says what is wrong with one that is not there.
    return try SystemFileSystem().status(of: path).map { $0.kind == .regular } ?? true
  } catch let error as FileError {
    throw TrainerError(.data, "\(path): it cannot be read: \(error.reason)")
  }
}

private func outputFormat(of output: String?, _ settings: PredictionSettings) throws -> PredictionFormat {
  guard let output else {
    guard settings.format != .hdf5 else {
      throw TrainerError(
        .usage, "an HDF5 file cannot be written to standard output",
        remedy: .init("output", "name a file"))
    }
    return settings.format ?? .csv
  }
  guard let format = PredictionFormat(path: output) ?? settings.format else {
    throw TrainerError(
      .usage, "\(output): its ending tells no format",
      remedy: .init("format", "let it end with .csv, .tsv, .jsonl, .ndjson, .h5 or .hdf5, or name the format"))
  }
  return format
}

/// Predicts the rows of a source and writes them.
private struct PredictionRun {
  let model: PredictionModel
  let source: any PredictionSource
  /// How messages call the source.
  let input: String
  private let ranks: any Communicator
  private var samples = 0
  private var isCut = false
  /// Whether this rank has begun to predict.
  private var hasBegun = false

  init(model: PredictionModel, source: any PredictionSource, input: String, ranks: any Communicator) {
    (self.model, self.source, self.input, self.ranks) = (model, source, input, ranks)
  }

  /// Writes all predictions on rank 0, and does the other ranks' part of it on these.
  ///
  /// - Parameter file: `nil` for standard output.
  mutating func write(to file: OutputFile?, as format: PredictionFormat) throws {
    guard ranks.isFirst else {
      do { try run(NoPredictions()) } catch is CancellationError { isCut = true }
      return
    }
    do {
      if let file { try write(to: file, as: format) } else { try writeToStandardOutput(as: format) }
    } catch {
      // The others wait for the first letter.
      if ranks.rankCount > 1, !hasBegun { try RankedPrediction.decline(ranks) }
      throw error
    }
  }

  private mutating func write(to output: OutputFile, as format: PredictionFormat) throws {
    do {
      try OutputFile.explaining {
        try output.write { temporary in
          guard format != .hdf5 else {
            return try run(HDF5Predictions(names: model.names, precision: model.precision, at: temporary))
          }
          let files = SystemFileSystem()
          try files.withFile(files.retryingWhenInterrupted { try files.openForWriting(creating: temporary) }) { file in
            try run(sink(format, file: file) { $0 })
          }
        } verify: { _ in
        }
      }
    } catch let error as HDF5Error {
      throw TrainerError(.usage, "\(output.path): the predictions cannot be written: \(error.message)")
    }
  }

  private mutating func writeToStandardOutput(as format: PredictionFormat) throws {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    do {
      // A terminal would act on what names may hold.
      try run(sink(format, file: STDOUT_FILENO) { isTerminal ? $0.withoutControls : $0 })
    } catch let error as FileError where error.number == EPIPE {
      isCut = true
    } catch let error as FileError {
      throw TrainerError(.usage, "standard output cannot be written: \(error.reason)")
    }
  }

  private func sink(
    _ format: PredictionFormat, file: Int32, cleaning: @escaping (String) -> String
  ) -> any PredictionSink {
    let text = PredictionText(file: file)
    switch format {
    case .jsonLines: return JSONLinesPredictions(names: model.names, precision: model.precision, to: text)
    case .csv, .tsv, .hdf5:
      return TablePredictions(
        names: model.names, precision: model.precision, delimiter: format == .tsv ? "\t" : ",", to: text,
        cleaning: cleaning)
    }
  }

  private mutating func run(_ sink: some PredictionSink) throws {
    hasBegun = true
    var sink = sink
    var count = 0
    defer { samples = count }
    let (model, input, source) = (model, input, source)
    let part = WorkProgress.begin("predicting \(fileName(of: input))", "rows")
    defer { part?.end() }
    func predicted(_ rows: PredictionRows, _ firstRow: Int) throws -> PredictedBlock {
      do {
        return try model.predict(rows, firstRow: firstRow)
      } catch let error as TrainerError
        where error.code == .data && !error.message.hasPrefix(input) && !error.message.hasPrefix("'\(input)'")
      {
        throw TrainerError(.data, "\(input): \(error.message)")
      }
    }
    if ranks.rankCount == 1 {
      try source.forEachBlock { keptNames in
        try sink.begin(keptNames: keptNames)
      } _: { rows, firstRow in
        try sink.write(predicted(rows, firstRow), kept: rows.kept)
        count += rows.count
        part?.set(count, share: source.share(ofRows: count))
      }
    } else {
      var prediction = RankedPrediction(ranks, predict: predicted)
      var written = 0
      defer { count = prediction.count }
      try prediction.run(source) { keptNames in
        try sink.begin(keptNames: keptNames)
      } write: { block, kept in
        try sink.write(block, kept: kept)
        written += block.rows
        part?.set(written, share: source.share(ofRows: written))
      }
    }
    try sink.finish()
  }

  func report(output: String?) -> PredictionReport {
    let (predictions, probabilities) = model.names.widths
    return PredictionReport(
      output: output, samples: samples, predictionShape: [samples] + (predictions.map { [$0] } ?? []),
      probabilityShape: probabilities.map { [samples, $0] }, isCut: isCut)
  }
}
