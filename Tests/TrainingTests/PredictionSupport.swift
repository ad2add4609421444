import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Training

/// A small trained model on made-up numbers, and rows for it.
struct SmallModel {
  let directory: String
  let checkpoint: String
  /// The raw inputs of the rows to predict, [rows, 3].
  let rows: [Double]

  static let rowCount = 700
  static let features = ["width", "height", "a,\"b\""]

  /// Trains a model.
  ///
  /// - Parameters:
  ///   - classes: The classes' names; the targets are numbers if there is none, and indices without names if it is empty.
  init(
    in directory: String, classes: [String]? = ["no", "yes", "it,depends"], named: Bool = true,
    precision: String = "float32", settings: String? = nil
  ) throws {
    self.directory = directory
    let count = 60
    func value(_ index: Int) -> Double { Double((index * 7919) % 1013) / 1013 - 0.5 }
    let inputs = (0..<3 * count).map(value)
    let sums = (0..<count).map { row -> Double in
      let (x, y, z) = (inputs[3 * row], inputs[3 * row + 1], inputs[3 * row + 2])
      return x - 2 * y + z
    }
    let classCount = classes.map { $0.isEmpty ? 3 : $0.count }
    func label(_ sum: Double, _ classCount: Int) -> UInt8 {
      let place = Int((sum + 1.5) * Double(classCount) / 3)
      return UInt8(min(classCount - 1, max(0, place)))
    }
    let targets: NumberTable
    if let classCount {
      targets = NumberTable(shape: [count], values: sums.map { label($0, classCount) })
    } else {
      targets = NumberTable(shape: [count], values: sums)
    }
    let data = "\(directory)/train.h5"
    try DatasetWriter().write(
      groups: [.init(name: "train", inputs: NumberTable(shape: [count, 3], values: inputs), targets: targets)],
      classes: classes.flatMap { $0.isEmpty ? nil : $0 }, features: named ? Self.features : nil, to: data)
    let model =
      settings
      ?? (classCount == nil
        ? #""model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError""#
        : classCount == 2
          ? #""model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy""#
          : #""model": {"layers": [{"type": "dense", "units": \#(classCount ?? 1)}]}, "loss": "softmaxCrossEntropy""#)
    let text = """
      {"seed": 3, "precision": "\(precision)", "data": {"path": "\(data)", "preprocessing": ["standardize"]},
       \(model), "training": {"epochs": 3, "batchSize": 20}, "output": "\(directory)/run"}
      """
    checkpoint = try trainToEnd(RunConfiguration(text: text, source: "test.json", directory: "/")).checkpoint
    rows = (0..<3 * Self.rowCount).map { value($0 * 31 + 5) * 3 }
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  /// A table of the rows with these columns in front of and behind the inputs, whose order is a permutation.
  func table(
    _ name: String = "rows.csv", order: [Int] = [0, 1, 2], delimiter: String = ",", header: Bool = true,
    rows count: Int = rowCount, extra: (name: String, value: (Int) -> String)? = nil
  ) throws -> String {
    func quoted(_ text: String) -> String { "\"" + text.replacing("\"", with: "\"\"") + "\"" }
    var lines: [String] = []
    if header {
      lines.append(
        ((extra.map { [$0.name] } ?? []) + order.map { quoted(Self.features[$0]) }).joined(separator: delimiter))
    }
    for row in 0..<count {
      let fields = order.map { "\(rows[3 * row + $0])" }
      lines.append(((extra.map { [$0.value(row)] } ?? []) + fields).joined(separator: delimiter))
    }
    return try write(name, lines.joined(separator: "\n") + "\n")
  }

  /// Predicts to a file of that name; returns the report and the file's text.
  @discardableResult
  func predicted(
    _ input: String, to name: String, group: String? = nil, settings: PredictionSettings = PredictionSettings(),
    workers: Int = 1
  ) throws -> (report: PredictionReport, text: String) {
    let output = path(name)
    let report = try predict(
      checkpoint: checkpoint, input: input, output: output, overwriting: true, group: group, settings: settings,
      options: RunOptions(workers: workers, starter: ThreadStarter(seed: 5).start))
    return (report, String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self))
  }

  /// The error of a prediction, with the directory written as D.
  func error(_ input: String, settings: PredictionSettings = PredictionSettings(), to name: String = "p.csv") throws
    -> String
  {
    let error = try trainerError { try predicted(input, to: name, settings: settings) }
    return error.map { "\($0.code.rawValue) \($0.message.replacing(directory, with: "D"))" } ?? "no error"
  }
}

/// Trains a small model and hands it to the body.
func withModel(
  classes: [String]? = ["no", "yes", "it,depends"], named: Bool = true, precision: String = "float32",
  settings: String? = nil, _ body: (SmallModel) throws -> Void
) throws {
  try withScratchDirectory {
    try body(SmallModel(in: $0, classes: classes, named: named, precision: precision, settings: settings))
  }
}

/// The fields of a table, which has no quoted field with a line break.
func fields(_ text: String) -> [[String]] {
  text.split(separator: "\n").map { line in
    var fields: [String] = [""]
    var isQuoted = false
    for character in line {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
    }
    return fields
  }
}
