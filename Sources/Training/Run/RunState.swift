import Checkpoints
import Datasets
import Foundation
import Foundations
import Kernels

/// Turns a run's vectors into the tensors of a checkpoint and back.
extension TrainingMemory {
  /// The parameters by name, in layout order, or the state behind them.
  func parameterTensors(areState: Bool = false) -> [CheckpointTensor] {
    layout.entries.filter { $0.isState == areState }.map { entry in
      CheckpointTensor(
        name: entry.name, shape: entry.shape, offset: entry.offset, type: Scalar.elementType,
        copying: bytes(of: parameters.elements, entry.range).bytes)
    }
  }

  /// The optimizer's state: one flat vector for each name, and its numbers if it has any.
  var stateTensors: [CheckpointTensor] {
    var tensors = zip(stateNames, state).map { name, vector in
      CheckpointTensor(
        name: name, shape: [layout.count], type: Scalar.elementType,
        copying: bytes(of: vector.elements, 0..<layout.count).bytes)
    }
    if numbers.count > 0 {
      let values = Array(numbers.elements)
      tensors.append(CheckpointTensor(name: Self.numbersName, shape: [values.count], values: .float64(values)))
    }
    return tensors
  }

  /// Copies parameters and state into the tensors of a checkpoint of this run, which keep their memory.
  func copy(to checkpoint: inout Checkpoint) {
    for (index, entry) in layout.trained.enumerated() {
      checkpoint.parameters[index].setElements(copying: bytes(of: parameters.elements, entry.range).bytes)
    }
    for (index, entry) in layout.entries.filter(\.isState).enumerated() {
      checkpoint.state[index].setElements(copying: bytes(of: parameters.elements, entry.range).bytes)
    }
    for index in checkpoint.optimizer.indices {
      let name = checkpoint.optimizer[index].name
      if let vector = stateNames.firstIndex(of: name) {
        checkpoint.optimizer[index].setElements(copying: bytes(of: state[vector].elements, 0..<layout.count).bytes)
      } else if name == Self.numbersName {
        checkpoint.optimizer[index].setElements(copying: UnsafeRawBufferPointer(numbers.elements).bytes)
      }
    }
  }

  static var numbersName: String { "numbers" }

  private func bytes(of elements: UnsafeMutableBufferPointer<Scalar>, _ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: elements[range]))
  }

  /// Takes parameters and state out of a checkpoint.
  ///
  /// - Throws: `TrainerError` if the checkpoint is of another model, precision or optimizer.
  func restore(_ checkpoint: Checkpoint, path: String) throws {
    guard checkpoint.layout == layout else {
      throw TrainerError(
        .checkpoint,
        "\(path): the checkpoint's parameters are not those of the config's model; "
          + "use the config that the checkpoint holds")
    }
    let values = CheckpointValues(checkpoint, path: path)
    for tensor in checkpoint.parameters + checkpoint.state {
      guard tensor.isFinite else {
        throw values.error("the parameter '\(tensor.name)' holds a number that is not finite")
      }
      try copy(tensor, to: parameters.elements, layout[tensor.name]?.range ?? 0..<0, path)
    }
    for (name, vector) in zip(stateNames, state) {
      guard let tensor = checkpoint.optimizer.first(where: { $0.name == name }), tensor.shape == [layout.count]
      else {
        throw TrainerError(
          .checkpoint, "\(path): the checkpoint lacks the optimizer's state '\(name)' of \(layout.count) numbers")
      }
      try copy(tensor, to: vector.elements, 0..<layout.count, path)
    }
    if numbers.count > 0 {
      guard let tensor = checkpoint.optimizer.first(where: { $0.name == Self.numbersName }),
        tensor.shape == [numbers.count]
      else { throw TrainerError(.checkpoint, "\(path): the checkpoint lacks the optimizer's '\(Self.numbersName)'") }
      for (index, value) in tensor.doubles.enumerated() { numbers[index] = value }
    }
  }

  private func copy(
    _ tensor: CheckpointTensor, to elements: UnsafeMutableBufferPointer<Scalar>, _ range: Range<Int>, _ path: String
  ) throws {
    guard tensor.elementType == Scalar.elementType else {
      throw TrainerError(
        .checkpoint,
        "\(path): '\(tensor.name)' is \(tensor.elementType.rawValue), but the config's precision is "
          + Scalar.elementType.rawValue)
    }
    var numbers = UnsafeMutableBufferPointer(rebasing: elements[range]).mutableSpan
    var bytes = numbers.mutableBytes
    tensor.copy(to: &bytes)
  }
}

extension TrainingMemory {
  /// What evaluation uses, by name, if there are at most 16 numbers.
  var fewParameters: [(name: String, shape: [Int], values: [Double])] {
    guard layout.count <= 16 else { return [] }
    return layout.entries.map { entry in
      (entry.name, entry.shape, evaluatedParameters.elements[entry.range].map { Double($0) })
    }
  }
}

extension FittedPreprocessing {
  /// What a checkpoint keeps of it.
  var tensors: [CheckpointTensor] {
    let shape = inputShape.map(Double.init)
    var tensors = [
      CheckpointTensor(name: "inputShape", shape: [shape.count], values: .float64(shape)),
      CheckpointTensor(name: "scale", shape: [affine.scale.count], values: .float64(affine.scale)),
      CheckpointTensor(name: "offset", shape: [affine.offset.count], values: .float64(affine.offset)),
    ]
    // Nothing but standardizing sets a center; without one the shift is the offset.
    if affine.center.contains(where: { $0 != 0 }) {
      for (name, values) in [("center", affine.center), ("shift", affine.shift)] {
        tensors.append(CheckpointTensor(name: name, shape: [values.count], values: .float64(values)))
      }
    }
    for (column, values) in categories {
      tensors.append(
        CheckpointTensor(name: "categories/\(column)", shape: [values.count], values: .float64(values)))
    }
    return tensors
  }

  /// The preprocessing that a checkpoint kept.
  ///
  /// - Parameter features: The names of the columns, which the checkpoint keeps apart.
  /// - Throws: `TrainerError` if it lacks a part, or the parts do not fit each other.
  init(_ checkpoint: Checkpoint, features: [Feature]?, path: String) throws {
    let values = CheckpointValues(checkpoint, path: path)
    var vectors: [String: [Double]] = [:]
    for tensor in checkpoint.preprocessing { vectors[tensor.name] = try values.vector(tensor) { $0.isFinite } }
    guard let sizes = vectors["inputShape"], let scale = vectors["scale"], let offset = vectors["offset"] else {
      throw TrainerError(.checkpoint, "\(path): the checkpoint lacks its preprocessing")
    }
    let shape = sizes.compactMap { Int(exactly: $0) }
    var columns = 1
    for extent in shape {
      let (product, overflow) = columns.multipliedReportingOverflow(by: extent)
      columns = overflow || extent < 1 ? 0 : product
    }
    guard shape.count == sizes.count, columns > 0 else {
      throw values.error("the shape of its preprocessing's inputs is \(sizes)")
    }
    var categories: [Int: [Double]] = [:]
    for (name, kinds) in vectors where name.hasPrefix("categories/") {
      guard let column = Int(name.dropFirst("categories/".count)), (0..<columns).contains(column),
        kinds == Set(kinds).sorted()
      else { throw values.error("its preprocessing has '\(name)' of \(columns) columns") }
      categories[column] = kinds
    }
    let outputs = columns - categories.count + categories.values.reduce(0) { $0 + $1.count }
    for (name, part) in vectors where ["scale", "offset", "center", "shift"].contains(name) {
      guard part.count == outputs else {
        throw values.error("its preprocessing has \(part.count) numbers of '\(name)', expected \(outputs)")
      }
    }
    if let features, features.count != columns {
      throw values.error("its schema names \(features.count) features of \(columns) columns")
    }
    let centered: (center: [Double], shift: [Double])? =
      if let center = vectors["center"], let shift = vectors["shift"] { (center, shift) } else { nil }
    self.init(
      inputShape: shape, features: features, categories: categories,
      affine: AffineColumns(scale: scale, offset: offset, centered: centered))
  }
}

extension CheckpointTensor {
  /// Whether all elements are finite.
  var isFinite: Bool {
    switch values {
    case .float32(let values): values.allSatisfy(\.isFinite)
    case .float64(let values): values.allSatisfy(\.isFinite)
    }
  }
}
