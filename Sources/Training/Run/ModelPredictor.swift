import Autodiff
import DataParallel
import Datasets
import Foundations
import HDF5
import Kernels
import Models
import Synchronization

/// A model of one precision that predicts rows in memory.
final class ModelPredictor<Scalar: TrainingScalar>: RowPredictor {
  let inputShape: [Int]
  let inputCount: Int
  let outputCount: Int
  let classCount: Int
  let hasProbabilities: Bool
  var precision: ElementType { Scalar.elementType }

  /// The numbers of rows that there are plans for: a call's rows are cut into such pieces, the largest first. One row by
  /// itself thus costs no more than it must, and many rows go through the tiles of the kernels.
  private static var pieces: [Int] { [256, 64, 16, 4, 1] }
  /// The most memory that waits for another call.
  private static var mostIdleRooms: Int { 64 }

  private let rule: PredictionRule
  private let parameters: SharedBuffer<Scalar>
  private let converter: RowConverter<Scalar>
  private let plans: PlanSet<Scalar>
  private let largestPiece: Int
  /// Memory that no call uses at the moment.
  private let idle: Mutex<[SharedBuffer<PredictionRoom<Scalar>>]>

  /// Compiles the plans of a model.
  ///
  /// - Throws: `TrainerError` if there is no memory for them.
  init(_ model: TrainedModel<Scalar>, kernels: Kernels<Scalar> = .best) throws {
    let problem = try model.problemWithoutTargets()
    let rule = model.settings.loss.prediction
    plans = try PlanSet(sizes: Set(Self.pieces)) { try problem.predictionPlan(samples: $0, kernels: kernels) }
    converter = RowConverter(model.preprocessing, kernels: kernels)
    parameters = model.parameters
    inputShape = model.preprocessing.inputShape
    inputCount = converter.columns
    outputCount = problem.outputCount
    classCount = rule.classCount(width: problem.outputCount)
    hasProbabilities = rule.hasProbabilities
    self.rule = rule
    largestPiece = Self.pieces.max() ?? 1
    var rooms: [SharedBuffer<PredictionRoom<Scalar>>] = []
    rooms.reserveCapacity(Self.mostIdleRooms)
    idle = Mutex(rooms)
  }

  func predict(_ rows: UnsafeRawPointer, of type: NumberType, count: Int, into places: PredictionPlaces) throws {
    // No lock is held while the room is in use: it is this call's alone.
    let room = idle.withLock { $0.popLast() } ?? makeRoom()
    defer { idle.withLock { if $0.count < Self.mostIdleRooms { $0.append(room) } } }
    var first = 0
    var piece = largestPiece
    while first < count {
      while piece > count - first { piece /= 4 }
      try predict(
        rows + first * inputCount * type.byteCount, of: type, first: first, count: piece, room: room, into: places)
      first += piece
    }
  }

  private func makeRoom() -> SharedBuffer<PredictionRoom<Scalar>> {
    SharedBuffer(count: 1) { _ in
      PredictionRoom(plans: plans.all, rows: largestPiece, columns: converter.convertedColumns)
    }
  }

  private func predict(
    _ rows: UnsafeRawPointer, of type: NumberType, first: Int, count: Int,
    room: SharedBuffer<PredictionRoom<Scalar>>, into places: PredictionPlaces
  ) throws {
    let plan = plans[count]
    let room = room[0]
    try converter.convert(
      rows, of: type, count: count, first: first, indices: UnsafePointer(room.indices), scratch: room.scratch,
      into: room.inputs)
    withoutSubnormals {
      plan.use {
        $0.run(
          room.workspace, parameters: parameters.pointer, slot: nil, inputs: UnsafeBufferPointer(room.inputList),
          randomness: Randomness())
      }
    }
    guard let outputs = plan.outputs.map({ room.workspace[$0] })?.baseAddress else { return }
    let (from, numbers) = (first * outputCount, count * outputCount)
    places.write(outputs, count: numbers, to: places.outputs, at: from)
    if hasProbabilities, places.probabilities != nil,
      let values = plan.probabilities.map({ room.workspace[$0] })?.baseAddress
    {
      places.write(values, count: numbers, to: places.probabilities, at: from)
    }
    if let classes = places.classes {
      rule.classify(outputs, rows: count, width: outputCount, into: classes + first * classCount)
    }
  }
}

extension PredictionPlaces {
  /// Writes numbers from an element on.
  fileprivate func write<Scalar: TrainingScalar>(
    _ values: UnsafePointer<Scalar>, count: Int, to place: UnsafeMutableRawPointer?, at first: Int
  ) {
    switch type {
    case .float32:
      guard let out = place?.assumingMemoryBound(to: Float.self) else { return }
      for index in 0..<count { out[first + index] = Float(values[index]) }
    case .float64:
      guard let out = place?.assumingMemoryBound(to: Double.self) else { return }
      for index in 0..<count { out[first + index] = Double(values[index]) }
    }
  }
}

/// What one call at a time needs to predict: a workspace, and room for rows. Its memory is written by the one call that has
/// taken it from the pool.
private final class PredictionRoom<Scalar: TrainingScalar> {
  let workspace: Workspace<Scalar>
  /// The numbers 0 ..< rows.
  let indices: UnsafeMutablePointer<Int64>
  let scratch: UnsafeMutablePointer<Scalar>
  /// The converted rows.
  let inputs: UnsafeMutablePointer<Scalar>
  /// The plan's inputs: a pointer to `inputs`.
  let inputList: UnsafeMutableBufferPointer<UnsafePointer<Scalar>>

  init(plans: [Plan<Scalar>], rows: Int, columns: Int) {
    workspace = Workspace(for: plans)
    indices = .allocate(capacity: rows)
    for row in 0..<rows { (indices + row).initialize(to: Int64(row)) }
    scratch = .allocate(unwritten: rows * columns)
    inputs = .allocate(unwritten: rows * columns)
    inputList = .allocate(capacity: 1)
    inputList.initialize(repeating: UnsafePointer(inputs))
  }

  deinit {
    indices.deallocate()
    scratch.deallocate()
    inputs.deallocate()
    inputList.deallocate()
  }
}
