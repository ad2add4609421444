import DataParallel
import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import Models
import Synchronization

/// A checkpoint's model with what it knows of its data, for predicting blocks of rows with all workers.
struct PredictionModel {
  /// Rows that one worker predicts at a time. They are fixed, but no row's prediction depends on those beside it.
  private static let pieceRows = 256

  let names: PredictionNames
  var precision: ElementType { predictor.precision }
  private let predictor: Predictor
  private let schema: DataSchema
  private let data: DataSettings
  /// Whether the probability of the second of two classes is the sigmoid of the output.
  private let isLogistic: Bool
  private let region: Region

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged, `.usage` if it is of a formula.
  init(checkpoint path: String, options: RunOptions) throws {
    let (checkpoint, configuration) = try loadCheckpoint(path, options.registries)
    predictor = try Predictor(checkpoint, configuration, source: path)
    schema = try DataSchema(checkpoint, path: path)
    guard case .model(let settings) = configuration.objective, let data = configuration.data else {
      throw TrainerError(.usage, "\(path): the checkpoint is of a formula, which has no predictions")
    }
    self.data = data
    isLogistic = settings.loss is BinaryCrossEntropy
    names = PredictionNames(rule: settings.loss.prediction, width: predictor.outputCount, classes: schema.classes)
    region = Region(workers: max(1, options.workerCount), start: options.starter)
  }

  /// Opens the rows to predict.
  ///
  /// - Parameter input: A path, or `-` for standard input.
  /// - Throws: `TrainerError` if they cannot be read or do not fit.
  func source(
    _ input: String, group: String?, settings: PredictionSettings, options: RunOptions
  ) throws -> any PredictionSource {
    let isArray = predictor.takesArrays
    let inputShape = predictor.inputShape
    let wanted = WantedColumns(
      features: predictor.model.takenFeatures ?? TableReader.unnamedFeatures(predictor.inputCount),
      areNamed: predictor.features != nil, allowsMissing: !isArray,
      besides: schema.otherNames.union(schema.transforms?.ignored ?? []), kept: settings.kept,
      ignored: settings.ignored)
    func requireNoKept(_ what: String) throws {
      guard let column = settings.kept.first else { return }
      throw TrainerError(
        .usage, "\(column) cannot be kept from \(what)",
        remedy: .init("kept", "only a table of text has columns to keep"))
    }
    if input != "-", Self.isHDF5(input) {
      try requireNoKept("an HDF5 file")
      let ignored = try settings.ignored.map { column in
        guard case .name(let name) = column else {
          throw TrainerError(.usage, "\(column) cannot be ignored by its place in an HDF5 file; give its name")
        }
        return name
      }
      return try DatasetPredictionSource(
        DatasetReader(path: input, externalFiles: options.externalFiles ?? data.externalFiles), inputs: data.inputs,
        group: group, inputShape: inputShape, wanted: wanted, isArray: isArray, ignored: Set(ignored))
    }
    if let group {
      throw TrainerError(
        .usage,
        "only an HDF5 file has groups, and \(input == "-" ? "standard input" : input) is none; leave '\(group)' out")
    }
    let stream = try StreamedInput(path: input == "-" ? nil : input)
    let start = try stream.peek(atLeast: 1)
    switch start.first {
    case 0x93:
      try requireNoKept("an array")
      let array = try input == "-" ? NPYFile(StreamedBytes(stream)) : NPYFile(path: input)
      return try ArrayPredictionSource(
        array, inputShape: inputShape, places: schema.transforms?.arrayPlaces, wanted: wanted, isArray: isArray)
    case 0x89 where try input == "-" && stream.peek(atLeast: Self.hdf5Mark.count).starts(with: Self.hdf5Mark):
      throw TrainerError(
        .data, "standard input is an HDF5 file, as it seems, which can be read only from a file; save it and name it")
    default:
      return try TextPredictionSource(stream, settings: settings.table, wanted: wanted, isArray: isArray)
    }
  }

  /// What an HDF5 file begins with.
  private static let hdf5Mark: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Whether a file is read as HDF5: by its mark, which may lie behind a block of the user's, or, where there is no such
  /// mark, by its name, so that the library can say what is wrong.
  private static func isHDF5(_ path: String) -> Bool {
    let name = fileName(of: path).lowercased()
    if [".h5", ".hdf5", ".hdf", ".he5", ".h5ad", ".nc", ".mat"].contains(where: name.hasSuffix) { return true }
    var bytes = [UInt8](repeating: 0, count: hdf5Mark.count)
    do {
      let files = SystemFileSystem()
      return try files.withFile(files.retryingWhenInterrupted { try files.openForReading(path) }) { file in
        ([0] + (9...20).map { 1 << $0 }).contains { offset in
          pread(file, &bytes, bytes.count, off_t(offset)) == bytes.count && bytes == hdf5Mark
        }
      }
    } catch _ {
      // What cannot be opened is found out by who reads it.
      return false
    }
  }

  /// Predicts a block with all workers.
  ///
  /// - Parameter firstRow: The number of the first row, for messages.
  /// - Throws: `TrainerError` with code `.data` for values that the model refuses: of several, for the first.
  func predict(_ rows: PredictionRows, firstRow: Int) throws -> PredictedBlock {
    let (width, classCount) = (predictor.outputCount, predictor.classCount)
    let outputs = SharedBuffer<Double>(repeating: 0, count: rows.count * width)
    let probabilities = SharedBuffer<Double>(repeating: 0, count: predictor.hasProbabilities ? rows.count * width : 0)
    let classes = SharedBuffer<Int>(repeating: 0, count: rows.count * classCount)
    let failure = FirstFailure()
    let (predictor, inputs, count) = (predictor, rows.inputs, rows.count)
    region.forEach((count + Self.pieceRows - 1) / Self.pieceRows) { piece, _ in
      let first = piece * Self.pieceRows
      let part = first..<min(count, first + Self.pieceRows)
      let places = PredictionPlaces(
        type: .float64, outputs: UnsafeMutableRawPointer(outputs.pointer + first * width),
        probabilities: predictor.hasProbabilities
          ? UnsafeMutableRawPointer(probabilities.pointer + first * width) : nil,
        classes: classCount > 0 ? classes.pointer + first * classCount : nil)
      do {
        switch inputs {
        case .array(let bytes, let type):
          try bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            try predictor.predict(
              base + first * predictor.inputCount * type.byteCount, of: type, first: firstRow + first,
              count: part.count, into: places)
          }
        case .table(let block): try predictor.predict(block.rows(part), first: firstRow + first, into: places)
        }
      } catch {
        failure.note(error, of: piece)
      }
    }
    if let error = failure.error { throw error }
    return block(
      rows: count, outputs: Array(outputs.elements), probabilities: Array(probabilities.elements),
      classes: Array(classes.elements))
  }

  private func block(rows: Int, outputs: [Double], probabilities: [Double], classes: [Int]) -> PredictedBlock {
    switch names.kind {
    case .numbers: PredictedBlock(rows: rows, predictions: outputs, probabilities: [])
    case .labels: PredictedBlock(rows: rows, predictions: classes.map(Double.init), probabilities: probabilities)
    case .classes(let names):
      PredictedBlock(
        rows: rows, predictions: classes.map(Double.init),
        probabilities: predictor.outputCount == names.count
          ? probabilities : zip(outputs, probabilities).flatMap { [rounded(complement($0, $1)), $1] })
    }
  }

  /// The probability of the first of two classes, of which one output says that of the second: of a sigmoid without loss of
  /// digits where it is small.
  private func complement(_ output: Double, _ probability: Double) -> Double {
    isLogistic ? 1 / (1 + exp(output)) : 1 - probability
  }

  private func rounded(_ number: Double) -> Double { precision == .float32 ? Double(Float(number)) : number }
}

/// Of the errors of several workers, that of the first piece.
private final class FirstFailure: Sendable {
  private let first = Mutex<(piece: Int, error: any Error)?>(nil)

  func note(_ error: any Error, of piece: Int) {
    first.withLock { if piece < $0?.piece ?? .max { $0 = (piece, error) } }
  }

  var error: (any Error)? { first.withLock { $0?.error } }
}
