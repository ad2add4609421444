import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Training

/// Runs on the small files of class labels in `Tests/Fixtures`.
struct LabelRun {
  /// The file, without the directory of its folder.
  let data: String
  var labels: String?
  var loss = "softmaxCrossEntropy"
  var units = 3
  var batchSize = 8

  /// A file of `Tests/Fixtures/labels`, made by the programs that write such labels.
  static func own(_ name: String) -> String { "\(Fixture.directory)/labels/\(name)" }
  /// A file of `Tests/Fixtures/foreign/h5`.
  static func foreign(_ name: String) -> String { "\(Fixture.directory)/foreign/h5/\(name)" }

  /// Trains for some steps.
  func train(in directory: String) throws -> Trained {
    let isClasses = loss != "meanSquaredError"
    return try trainToEnd(
      RunConfiguration(
        text: """
          {"name": "t", "seed": 3,
           "data": {"path": "\(data)"\(labels.map { ", \"labels\": \($0)" } ?? "")}, "loss": "\(loss)",
           "model": {"layers": [{"type": "dense", "units": \(units)}]}, "metrics": [\(isClasses ? "\"accuracy\"" : "")],
           "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 5, "batchSize": \(batchSize)},
           "output": "\(directory)/run"}
          """, source: "t.json", directory: "/"))
  }

  /// What training says that it cannot do, with its exit code; `no error` if it can.
  func refusal() throws -> String {
    try withScratchDirectory { directory in
      let error = try trainerError { try train(in: directory) }
      let left = try FileManager.default.subpathsOfDirectory(atPath: directory)
      guard let error else { return "no error" }
      let folders = [Fixture.directory + "/labels", Fixture.directory + "/foreign/h5"]
      let message = folders.reduce(error.message) { $0.replacing($1 + "/", with: "") }
      return "\(error.code.rawValue) \(message)" + (left.isEmpty ? "" : " and leaves \(left)")
    }
  }
}

/// The header of the predictions of a checkpoint's model for its own data.
func predictionHeader(_ checkpoint: String, of data: String, in directory: String) throws -> String {
  let output = "\(directory)/predictions.csv"
  _ = try predict(checkpoint: checkpoint, input: data, output: output, overwriting: true)
  let text = String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self)
  return text.split(separator: "\n").first.map(String.init) ?? ""
}
