import Checkpoints
import DataParallel
import Datasets
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
  let predictor: Predictor
  let schema: DataSchema
  let data: DataSettings
  /// Whether the probability of the second of two classes is the sigmoid of the output.
  private let isLogistic: Bool
  private let region: Region

  /// Reads a checkpoint.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if it is missing or damaged, `.usage` if it is of a formula; of several
  ///   ranks `SharedError`.
  init(checkpoint path: String, options: RunOptions) throws {
    let ranks = options.communicator
    let (checkpoint, configuration) = try ranks.loadCheckpoint(path, options.registries)
    self = try ranks.together { try PredictionModel(checkpoint, configuration, path: path, options) }
  }

  private init(
    _ checkpoint: Checkpoint, _ configuration: RunConfiguration, path: String, _ options: RunOptions
  ) throws {
    predictor = try Predictor(checkpoint, configuration, source: path)
    schema = try DataSchema(checkpoint, path: path)
    guard case .model(let settings) = configuration.objective, let data = configuration.data else {
      throw TrainerError(.usage, "\(path): the checkpoint is of a formula, which has no predictions")
    }
    self.data = data
    isLogistic = settings.loss is BinaryCrossEntropy
    names = PredictionNames(
      rule: settings.loss.prediction, width: predictor.outputCount / predictor.positions, classes: schema.classes,
      positions: predictor.positions)
    region = Region(workers: max(1, options.workerCount), start: options.starter)
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
    return PredictedBlock(
      rows: count, outputs: Array(outputs.elements), probabilities: Array(probabilities.elements),
      classes: Array(classes.elements), names: names, isLogistic: isLogistic, precision: precision)
  }
}

/// Of the errors of several workers, that of the first piece.
private final class FirstFailure: Sendable {
  private let first = Mutex<(piece: Int, error: any Error)?>(nil)

  func note(_ error: any Error, of piece: Int) {
    first.withLock { if piece < $0?.piece ?? .max { $0 = (piece, error) } }
  }

  var error: (any Error)? { first.withLock { $0?.error } }
}
