import Checkpoints
import Datasets
import Foundations
import HDF5
import Kernels

/// Predicts rows in memory with a trained model: their raw inputs go through the preprocessing that was fitted in
/// training, as those of `predict` from a file do, and to the same bits.
///
/// Any number of threads may use one predictor at once. None waits for another while it computes: each call takes memory
/// of its own from a pool, which grows to the number of calls that run at once. Once it has, the call that writes into
/// buffers allocates nothing.
///
/// What is predicted for a row depends on the row and the model alone, to the last bit: not on the rows beside it, on how
/// many are predicted in one call, or on the thread. Kernels of another instruction set may round differently, as in
/// training.
public struct Predictor: Sendable {
  /// The extents of one row of inputs before preprocessing, outermost first.
  public var inputShape: [Int] { model.inputShape }
  /// The numbers of one row of inputs.
  public var inputCount: Int { model.inputCount }
  /// The model's outputs for one row.
  public var outputCount: Int { model.outputCount }
  /// The predicted classes of one row: 1, one for each output where each is a class of its own, one for each position where
  /// the model predicts one at each, or 0 for numbers.
  public var classCount: Int { model.classCount }
  /// At how many positions of a row there is a prediction: 1, or the pixels or steps of which each has its class.
  public var positions: Int { model.positions }
  /// Whether the outputs are turned into probabilities.
  public var hasProbabilities: Bool { model.hasProbabilities }
  /// The precision that the model computes in.
  public var precision: ElementType { model.precision }
  /// The training steps behind the model.
  public let step: Int

  let model: any RowPredictor

  /// Reads the model of a checkpoint; nothing else is needed, neither its config nor its data.
  ///
  /// - Parameters:
  ///   - path: The checkpoint's path.
  ///   - registries: The components that its config can choose from.
  /// - Throws: `TrainerError` with code `.checkpoint` if the file is missing or damaged; with code `.usage` if it is of a
  ///   formula, which has no predictions.
  public init(checkpoint path: String, registries: Registries = .standard) throws {
    let (checkpoint, configuration) = try loadCheckpoint(path, registries)
    try self.init(checkpoint, configuration, source: path)
  }

  /// - Parameter source: How messages call the checkpoint.
  init(_ checkpoint: Checkpoint, _ configuration: RunConfiguration, source: String) throws {
    step = checkpoint.step
    model =
      switch configuration.precision {
      case .float32: try ModelPredictor(TrainedModel<Float>(checkpoint, configuration, path: source))
      case .float64: try ModelPredictor(TrainedModel<Double>(checkpoint, configuration, path: source))
      }
  }

  /// Predicts rows.
  ///
  /// - Parameter rows: The raw inputs, each row with ``inputCount`` numbers of any type.
  /// - Throws: `TrainerError` with code `.data` if a row has another number of inputs, holds NaN or infinity, or has a
  ///   category that the training group does not have.
  public func predict<Input: NativeScalar>(rows: [[Input]]) throws -> Predictions {
    if let row = rows.firstIndex(where: { $0.count != inputCount }) {
      throw TrainerError(
        .data, "row \(row) has \(rows[row].count) inputs, but the model was made for \(inputCount)")
    }
    return try predict(rows: Array(rows.joined()))
  }

  /// Predicts rows that lie one behind the other.
  ///
  /// - Parameter rows: The raw inputs, [rows, ``inputCount``].
  /// - Throws: As ``predict(rows:)-(UnsafeBufferPointer<Input>)``.
  public func predict<Input: NativeScalar>(rows: [Input]) throws -> Predictions {
    try rows.withUnsafeBufferPointer { try predict(rows: $0) }
  }

  /// Predicts rows that lie one behind the other.
  ///
  /// - Parameter rows: The raw inputs, [rows, ``inputCount``].
  /// - Throws: As ``predict(rows:)-(UnsafeBufferPointer<Input>)``.
  public func predict<Input: NativeScalar>(rows: Span<Input>) throws -> Predictions {
    try rows.withUnsafeBufferPointer { try predict(rows: $0) }
  }

  /// Predicts rows that lie one behind the other.
  ///
  /// - Parameter rows: The raw inputs, [rows, ``inputCount``], of any type of numbers.
  /// - Throws: `TrainerError` with code `.data` if they are no whole number of rows, hold NaN or infinity, or have a
  ///   category that the training group does not have.
  public func predict<Input: NativeScalar>(rows: UnsafeBufferPointer<Input>) throws -> Predictions {
    let count = try rowCount(of: rows)
    var probabilities = [Double](repeating: 0, count: hasProbabilities ? count * outputCount : 0)
    var classes = [Int](repeating: 0, count: count * classCount)
    var outputs = [Double](repeating: 0, count: count * outputCount)
    try outputs.withUnsafeMutableBufferPointer { outputs in
      try probabilities.withUnsafeMutableBufferPointer { probabilities in
        try classes.withUnsafeMutableBufferPointer { classes in
          try predict(
            rows: rows, outputs: outputs, probabilities: hasProbabilities ? probabilities : nil,
            classes: classCount > 0 ? classes : nil)
        }
      }
    }
    return Predictions(
      rows: count, outputs: outputs, probabilities: hasProbabilities ? probabilities : nil,
      classes: classCount > 0 ? classes : nil)
  }

  /// Predicts rows that lie one behind the other, and writes into the caller's memory: the form that allocates nothing.
  ///
  /// - Parameters:
  ///   - rows: The raw inputs, [rows, ``inputCount``], of any type of numbers.
  ///   - outputs: Where the model's outputs go, [rows, ``outputCount``], rounded if `Output` is the narrower type.
  ///   - probabilities: Where probabilities go, [rows, ``outputCount``], if there are any; `nil` if they are not wanted.
  ///   - classes: Where predicted classes go, [rows, ``classCount``], if there are any; `nil` if they are not wanted.
  /// - Throws: `TrainerError` with code `.data` if the inputs are no whole number of rows, hold NaN or infinity, or have a
  ///   category that the training group does not have. The buffers then hold the rows before, or more.
  /// - Precondition: each buffer has room for all rows.
  public func predict<Input: NativeScalar, Output: KernelElement>(
    rows: UnsafeBufferPointer<Input>, outputs: UnsafeMutableBufferPointer<Output>,
    probabilities: UnsafeMutableBufferPointer<Output>? = nil, classes: UnsafeMutableBufferPointer<Int>? = nil
  ) throws {
    let count = try rowCount(of: rows)
    guard count > 0, let first = rows.baseAddress else { return }
    precondition(outputs.count >= count * outputCount, "there is no room for the outputs of \(count) rows")
    precondition(
      probabilities.map { $0.count >= count * outputCount } ?? true,
      "there is no room for the probabilities of \(count) rows")
    precondition(
      classes.map { $0.count >= count * classCount } ?? true, "there is no room for the classes of \(count) rows")
    try model.predict(
      UnsafeRawPointer(first), of: Input.numberType, first: 0, count: count,
      into: PredictionPlaces(
        type: Output.elementType, outputs: UnsafeMutableRawPointer(outputs.baseAddress),
        probabilities: UnsafeMutableRawPointer(probabilities?.baseAddress), classes: classes?.baseAddress))
  }

  private func rowCount<Input>(of rows: UnsafeBufferPointer<Input>) throws -> Int {
    guard rows.count.isMultiple(of: inputCount) else {
      throw TrainerError(
        .data,
        "found \(rows.count) inputs, expected a whole number of rows: the model was made for \(inputCount) a row")
    }
    return rows.count / inputCount
  }
}

extension Predictor {
  /// The columns that a row has, by name; `nil` where they have none, and places count.
  public var features: [Feature]? { model.features }
  /// Whether rows are numbers of one type, which may lie one behind the other.
  var takesArrays: Bool { model.takesArrays }

  /// Predicts `count` rows that lie one behind the other, of which the first has a number for messages.
  func predict(
    _ rows: UnsafeRawPointer, of type: NumberType, first: Int, count: Int, into places: PredictionPlaces
  ) throws {
    try model.predict(rows, of: type, first: first, count: count, into: places)
  }

  /// Predicts rows of columns of several kinds, of which the first has a number for messages.
  func predict(_ block: TableBlock, first: Int, into places: PredictionPlaces) throws {
    try model.predict(block, first: first, into: places)
  }
}

/// Where a call's predictions go.
struct PredictionPlaces {
  /// The type of outputs and probabilities.
  let type: ElementType
  let outputs: UnsafeMutableRawPointer?
  let probabilities: UnsafeMutableRawPointer?
  let classes: UnsafeMutablePointer<Int>?
}

/// A model of either precision.
protocol RowPredictor: Sendable {
  var inputShape: [Int] { get }
  var inputCount: Int { get }
  var outputCount: Int { get }
  var classCount: Int { get }
  var positions: Int { get }
  var hasProbabilities: Bool { get }
  var precision: ElementType { get }

  /// The raw columns by name; `nil` where they have none.
  var features: [Feature]? { get }
  /// The same, called by their places where their transforms are of an array without names.
  var takenFeatures: [Feature]? { get }
  /// Whether rows are numbers of one type, which may lie one behind the other.
  var takesArrays: Bool { get }

  /// Predicts `count` rows that lie one behind the other.
  ///
  /// - Parameter first: The number of the first row, for messages.
  func predict(
    _ rows: UnsafeRawPointer, of type: NumberType, first: Int, count: Int, into places: PredictionPlaces) throws

  /// Predicts rows of columns of several kinds.
  ///
  /// - Parameter first: The number of the first row, for messages.
  func predict(_ block: TableBlock, first: Int, into places: PredictionPlaces) throws
}
