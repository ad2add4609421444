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
  /// At how many positions of a row there is a prediction, and the outputs at each.
  let positions: Int
  private let width: Int
  private let parameters: SharedBuffer<Scalar>
  /// What makes inputs of rows of numbers that lie one behind the other, without allocating.
  private let converter: RowConverter<Scalar>?
  private let transform: any InputTransform
  private let kernels: Kernels<Scalar>
  /// The map of gathered rows that changes nothing.
  private let ones: [Scalar]
  private let zeros: [Scalar]
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
    converter = (model.transform as? FittedPreprocessing).map { RowConverter($0, kernels: kernels) }
    transform = model.transform
    self.kernels = kernels
    ones = Array(repeating: 1, count: transform.outputShape.reduce(1, *))
    zeros = Array(repeating: 0, count: ones.count)
    parameters = model.parameters
    inputShape = transform.inputShape
    inputCount = inputShape.reduce(1, *)
    outputCount = problem.outputCount
    positions = problem.positions
    width = problem.task.outputCount
    classCount = positions * rule.classCount(width: width)
    hasProbabilities = rule.hasProbabilities
    self.rule = rule
    largestPiece = Self.pieces.max() ?? 1
    let buffers = plans.all.map { Double($0.bufferCount) + Double($0.scratchCount) }.max() ?? 0
    try MemoryLimit.require(
      (buffers + 2 * Double(largestPiece) * Double(ones.count)) * Double(MemoryLayout<Scalar>.stride),
      for: "predicting \(largestPiece) rows at once", code: .data, advice: "free memory, or take a smaller model")
    var rooms: [SharedBuffer<PredictionRoom<Scalar>>] = []
    rooms.reserveCapacity(Self.mostIdleRooms)
    idle = Mutex(rooms)
  }

  var features: [Feature]? { transform.features }
  var takenFeatures: [Feature]? { (transform as? FittedFeatures)?.takenFeatures ?? transform.features }
  var takesArrays: Bool { converter != nil }

  func predict(
    _ rows: UnsafeRawPointer, of type: NumberType, first firstRow: Int, count: Int, into places: PredictionPlaces
  ) throws {
    guard let converter else {
      throw TrainerError(
        .data,
        "the model was trained on named columns, so a row is no list of numbers; give each value by the name of its column"
      )
    }
    // No lock is held while the room is in use: it is this call's alone.
    let room = idle.withLock { $0.popLast() } ?? makeRoom()
    defer { idle.withLock { if $0.count < Self.mostIdleRooms { $0.append(room) } } }
    var first = 0
    var piece = largestPiece
    while first < count {
      while piece > count - first { piece /= 4 }
      try converter.convert(
        rows + first * inputCount * type.byteCount, of: type, count: piece, first: firstRow + first,
        indices: UnsafePointer(room[0].indices), scratch: room[0].scratch, into: room[0].inputs)
      run(first: first, count: piece, room: room, into: places)
      first += piece
    }
  }

  func predict(_ block: TableBlock, first firstRow: Int, into places: PredictionPlaces) throws {
    let values = try transform.transform(block, firstRow: firstRow)
    let room = idle.withLock { $0.popLast() } ?? makeRoom()
    defer { idle.withLock { if $0.count < Self.mostIdleRooms { $0.append(room) } } }
    let width = ones.count
    var first = 0
    var piece = largestPiece
    while first < block.rowCount {
      while piece > block.rowCount - first { piece /= 4 }
      let own = room[0]
      for index in 0..<piece * width { own.scratch[index] = Scalar(values[first * width + index]) }
      guard kernels.allFinite(own.scratch, count: piece * width) else {
        throw TrainerError(
          .data,
          "the inputs have, behind preprocessing, a number that \(Scalar.elementType.rawValue) cannot hold, in a row from "
            + "\(firstRow + first) to \(firstRow + first + piece - 1) (counted from 0)")
      }
      // As rows in memory are gathered in an evaluation.
      withoutSubnormals {
        kernels.gatherRows(
          own.scratch, width: width, indices: UnsafePointer(own.indices), rows: piece, columns: width, scale: ones,
          offset: zeros, into: own.inputs)
      }
      run(first: first, count: piece, room: room, into: places)
      first += piece
    }
  }

  private func makeRoom() -> SharedBuffer<PredictionRoom<Scalar>> {
    SharedBuffer(count: 1) { _ in
      PredictionRoom(plans: plans.all, rows: largestPiece, columns: ones.count)
    }
  }

  /// Predicts the converted rows of a room.
  private func run(
    first: Int, count: Int, room: SharedBuffer<PredictionRoom<Scalar>>, into places: PredictionPlaces
  ) {
    let plan = plans[count]
    let room = room[0]
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
      rule.classify(outputs, rows: count * positions, width: width, into: classes + first * classCount)
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
