import Checkpoints
import Datasets
import Foundation
import Foundations
import Kernels

/// Turns a run's vectors into the tensors of a checkpoint and back.
extension TrainingMemory {
  /// The parameters by name, in layout order.
  var parameterTensors: [CheckpointTensor] {
    layout.entries.map { entry in
      CheckpointTensor(
        name: entry.name, shape: entry.shape, offset: entry.offset, type: Scalar.elementType,
        copying: bytes(of: parameters.elements, entry.range))
    }
  }

  /// The optimizer's state: one flat vector for each name, and its numbers if it has any.
  var stateTensors: [CheckpointTensor] {
    var tensors = zip(stateNames, state).map { name, vector in
      CheckpointTensor(
        name: name, shape: [layout.count], type: Scalar.elementType,
        copying: bytes(of: vector.elements, 0..<layout.count))
    }
    if numbers.count > 0 {
      let values = Array(numbers.elements)
      tensors.append(CheckpointTensor(name: Self.numbersName, shape: [values.count], values: .float64(values)))
    }
    return tensors
  }

  /// Copies parameters and state into the tensors of a checkpoint of this run, which keep their memory.
  func copy(to checkpoint: inout Checkpoint) {
    for (index, entry) in layout.entries.enumerated() {
      checkpoint.parameters[index].setElements(copying: bytes(of: parameters.elements, entry.range))
    }
    for index in checkpoint.optimizer.indices {
      let name = checkpoint.optimizer[index].name
      if let vector = stateNames.firstIndex(of: name) {
        checkpoint.optimizer[index].setElements(copying: bytes(of: state[vector].elements, 0..<layout.count))
      } else if name == Self.numbersName {
        checkpoint.optimizer[index].setElements(copying: UnsafeRawBufferPointer(numbers.elements))
      }
    }
  }

  private static var numbersName: String { "numbers" }

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
    for tensor in checkpoint.parameters {
      try copy(tensor, to: parameters.elements, layout[tensor.name]?.range ?? 0..<0, path)
    }
    for (name, vector) in zip(stateNames, state) {
      guard let tensor = checkpoint.optimizer.first(where: { $0.name == name }), tensor.count == layout.count else {
        throw TrainerError(.checkpoint, "\(path): the checkpoint lacks the optimizer's state '\(name)'")
      }
      try copy(tensor, to: vector.elements, 0..<layout.count, path)
    }
    if numbers.count > 0 {
      guard let tensor = checkpoint.optimizer.first(where: { $0.name == Self.numbersName }),
        tensor.count == numbers.count
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
    tensor.copy(to: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: elements[range])))
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
  /// - Throws: `TrainerError` if it lacks a part.
  init(_ checkpoint: Checkpoint, path: String) throws {
    var vectors: [String: [Double]] = [:]
    for tensor in checkpoint.preprocessing { vectors[tensor.name] = tensor.doubles }
    guard let shape = vectors["inputShape"], let scale = vectors["scale"], let offset = vectors["offset"] else {
      throw TrainerError(.checkpoint, "\(path): the checkpoint lacks its preprocessing")
    }
    var categories: [Int: [Double]] = [:]
    for (name, values) in vectors {
      if name.hasPrefix("categories/"), let column = Int(name.dropFirst("categories/".count)) {
        categories[column] = values
      }
    }
    let columns = scale.count
    let parts = [offset, vectors["center"] ?? offset, vectors["shift"] ?? offset]
    guard parts.allSatisfy({ $0.count == columns }) else {
      throw TrainerError(.checkpoint, "\(path): the parts of the checkpoint's preprocessing have different lengths")
    }
    let centered: (center: [Double], shift: [Double])? =
      if let center = vectors["center"], let shift = vectors["shift"] { (center, shift) } else { nil }
    self.init(
      inputShape: shape.map { Int($0) }, categories: categories,
      affine: AffineColumns(scale: scale, offset: offset, centered: centered))
  }
}

/// What a run's numbers depend on beside its config: recorded, so that a resume elsewhere can say that bits may differ.
enum Provenance {
  /// The name of the time at which a checkpoint's state was copied.
  static let timeName = "time"
  /// Now.
  static var time: String { Date.now.formatted(.iso8601) }

  /// The values of this process, for data with that fingerprint.
  static func current(data: Digest?) -> [String: String] {
    var values = [
      "program": "trainer \(Program.version)", "blas": "none (own kernels)", "cpu": processor,
      "instructionSet": InstructionSet.best.name,
      timeName: time,
    ]
    if let data { values["data"] = data.description }
    return values
  }

  private static var processor: String {
    do {
      let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
      let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    } catch {
      // Only a note in the file: a system without this list is no reason to fail.
      return "unknown"
    }
  }

  /// What differs between a checkpoint and this process and may change bits.
  static func differences(_ checkpoint: Checkpoint) -> [String] {
    let now = current(data: nil)
    return ["program", "blas", "cpu", "instructionSet"].compactMap { key in
      guard let then = checkpoint.provenance[key], let value = now[key], then != value else { return nil }
      return "\(key) was '\(then)' and is '\(value)'"
    }
  }
}
