import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A file in the layout of another program, what the config says of it, and the same data as the trainer writes them.
struct PlacedCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// The file below `Tests/Fixtures/foreign/h5`.
  let file: String
  /// The config's `data` but for its path, without braces.
  let data: String
  /// The groups in the trainer's own layout.
  let own: @Sendable () throws -> [Samples]
  var loss = "softmaxCrossEntropy"
  var units = 3

  var testDescription: String { name }

  /// A group of samples.
  struct Samples {
    var name = "train"
    var inputs: NumberTable
    var targets: NumberTable

    /// With targets that are one column in place of a vector.
    var withColumn: Samples {
      let table = NumberTable(shape: targets.shape + [1], type: targets.type, bytes: targets.bytes)
      return Samples(name: name, inputs: inputs, targets: table)
    }
  }

  static func path(_ file: String) -> String { "\(Repository.path)/Tests/Fixtures/foreign/h5/\(file)" }

  /// A config for a file.
  func configuration(_ path: String, data: String, preprocessing: String) throws -> RunConfiguration {
    try RunConfiguration(
      json: """
        {"seed": 7, "data": {"path": "\(path)"\(data.isEmpty ? "" : ", " + data)\(preprocessing)},
         "model": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": \(units)}]},
         "loss": "\(loss)", "optimizer": {"type": "adam", "learningRate": 0.01},
         "training": {"epochs": 2, "batchSize": 16}}
        """, name: "test")
  }

  /// Writes the data in the trainer's own layout.
  static func write(_ groups: [Samples], to path: String) throws {
    try writeFile(path) { root in
      for group in groups {
        for (name, table) in [("inputs", group.inputs), ("targets", group.targets)] {
          let dataset = try root.createDataset("\(group.name)/\(name)", shape: table.shape, type: .number(table.type))
          try table.bytes.withUnsafeBytes { try dataset.write(bytes: $0, of: table.type) }
        }
      }
    }
  }
}

/// The numbers that the fixtures have in common, from the file that has them as they are.
enum PlacedNumbers {
  static func floats(_ name: String, of file: String = "keras_root.h5") throws -> [Float] {
    try read(name, of: file) { try $0.read() }
  }

  static func labels(_ name: String, of file: String = "keras_root.h5") throws -> [Int64] {
    try read(name, of: file) { try $0.read() }
  }

  private static func read<Value>(_ name: String, of file: String, _ body: (HDF5.Dataset) throws -> Value) throws
    -> Value
  {
    let file = try HDF5.File.open(at: PlacedCase.path(file))
    let value = try body(file.root.dataset(name))
    try file.close()
    return value
  }

  /// 120 rows of 6 inputs.
  static func inputs(shape: [Int] = [120, 6]) throws -> NumberTable {
    NumberTable(shape: shape, values: try floats("x_train"))
  }

  /// A group with everything in double precision and a column of targets.
  static func doubles(_ group: String, rows: Int, ofFirstClass first: Int64) throws -> PlacedCase.Samples {
    let inputs = try floats("x_\(group)").map { Double($0) }
    let targets = try labels("y_\(group)").map { Double($0 + first) }
    return PlacedCase.Samples(
      name: group, inputs: NumberTable(shape: [rows, 6], values: inputs),
      targets: NumberTable(shape: [rows, 1], values: targets))
  }

  static func floatLabels() throws -> NumberTable {
    let values = try labels("y_train").map { Float($0) }
    return NumberTable(shape: [120], values: values)
  }

  /// The states of all samples at one time.
  static func pdebench(step: Int) throws -> NumberTable {
    let all = try floats("tensor", of: "pdebench_1d.h5")
    var values: [Float] = []
    for sample in 0..<40 {
      let first = (sample * 21 + step) * 32
      values += all[first..<first + 32]
    }
    return NumberTable(shape: [40, 32], values: values)
  }

  /// Some of the inputs' columns, and the labels as one more.
  static func columnsAndLabels(_ chosen: [Int]) throws -> NumberTable {
    let (all, labels) = (try floats("x_train"), try labels("y_train"))
    var values: [Double] = []
    for row in 0..<120 {
      for column in chosen { values.append(Double(all[row * 6 + column])) }
      values.append(Double(labels[row]))
    }
    return NumberTable(shape: [120, chosen.count + 1], values: values)
  }

  static func targets<Value: NativeScalar & BinaryInteger>(_ type: Value.Type, shape: [Int] = [120]) throws
    -> NumberTable
  {
    NumberTable(shape: shape, values: try labels("y_train").map { Value($0) })
  }

  /// The group `train` with the labels in a type.
  static func train<Value: NativeScalar & BinaryInteger>(_ type: Value.Type) throws -> PlacedCase.Samples {
    PlacedCase.Samples(inputs: try inputs(), targets: try targets(type))
  }

  /// The group `test`.
  static func test<Value: NativeScalar & BinaryInteger>(_ type: Value.Type) throws -> PlacedCase.Samples {
    PlacedCase.Samples(
      name: "test", inputs: NumberTable(shape: [30, 6], values: try floats("x_test")),
      targets: NumberTable(shape: [30], values: try labels("y_test").map { Value($0) }))
  }

  /// Some of the six columns of the training inputs, one after the other.
  static func columns(_ chosen: [Int]) throws -> NumberTable {
    let all = try floats("x_train")
    var values: [Float] = []
    for row in 0..<120 {
      for column in chosen { values.append(all[row * 6 + column]) }
    }
    return NumberTable(shape: [120, chosen.count], values: values)
  }
}
