import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Columns of a table that say what a sample weighs, and which samples stay together: they are no inputs.
@Suite struct TableColumnTests {
  private static let rows = 40

  private func number(_ name: String, _ row: Int) -> Double {
    switch name {
    case "x": sin(Double(row))
    case "y": Double(row % 7)
    default: Double(row % 4) / 2
    }
  }

  private func site(_ row: Int) -> Int8 { Int8(row * row % 4 + row / 20) }

  /// Inputs `x` and `y`, and the weight and the site as columns of the same table or as datasets beside it.
  private func write(_ path: String, asColumns: Bool) throws {
    let names = asColumns ? ["x", "w", "y"] : ["x", "y"]
    var schema = names.map { #"{"name": "\#($0)", "kind": "number"}"# }
    if asColumns { schema.append(#"{"name": "site", "kind": "category", "categories": ["a", "b", "c"]}"#) }
    var numbers: [Double] = []
    for row in 0..<Self.rows { numbers += names.map { number($0, row) } }
    let sites = (0..<Self.rows).map(site)
    let weights = (0..<Self.rows).map { number("w", $0) }
    try writeFile(path) { root in
      let train = try root.createGroup("train")
      let inputs = try train.createGroup("inputs")
      _ = try inputs.createDataset("schema", text: "[\(schema.joined(separator: ", "))]")
      try inputs.createDataset("numbers", shape: [Self.rows, names.count], values: numbers)
      if asColumns {
        try inputs.createDataset("categories", shape: [Self.rows, 1], values: sites)
      } else {
        try train.createDataset("site", shape: [Self.rows], values: sites)
        try train.createDataset("w", shape: [Self.rows], values: weights)
      }
      let targets = (0..<Self.rows).map { UInt8($0 % 3 % 2) }
      try train.createDataset("targets", shape: [Self.rows], values: targets).setAttribute(
        "classes", to: ["no", "yes"])
    }
  }

  @Test func columnsWithAnotherMeaningAreNoInputs() throws {
    try withScratchDirectory { directory in
      try write("\(directory)/columns.h5", asColumns: true)
      try write("\(directory)/datasets.h5", asColumns: false)
      let runs = try ["columns", "datasets"].map { name in
        let text = """
          {"data": {"path": "\(name).h5", "weights": "w", "split": {"test": 0.25, "by": {"column": "site"}, "seed": 3}},
           "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "binaryCrossEntropy", "metrics": ["accuracy"],
           "training": {"epochs": 3, "batchSize": 8}, "output": "\(name)"}
          """
        return try trainToEnd(RunConfiguration(text: text, source: "x.json", directory: directory))
      }
      #expect(runs[0].summary.digest == runs[1].summary.digest)
      #expect(runs[0].summary.measures == runs[1].summary.measures)
      // Two inputs, and none for the weight or the site.
      #expect(runs[0].history.starts.first?.layout.entries.first?.shape == [2, 1])
      for run in runs {
        let report = try evaluate(checkpoint: run.checkpoint)
        #expect(report.measurement.loss == run.summary.value("loss", of: "test"))
      }
    }
  }

  @Test func aColumnOfAnArrayGoesIntoTheModel() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/array.h5") { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [6, 2], values: (0..<12).map { Double($0) })
          .setAttribute("features", to: ["x", "w"])
        try group.createDataset("targets", shape: [6], values: (0..<6).map { Double($0 * $0) })
      }
      func configuration(_ features: String) throws -> RunConfiguration {
        try RunConfiguration(
          text: """
            {"data": {"path": "array.h5", "weights": "w"\(features)}, "model": {"layers": [{"type": "dense", "units": 1}]},
             "loss": "meanSquaredError", "training": {"epochs": 1, "batchSize": 3}, "output": "run"}
            """, source: "x.json", directory: directory)
      }
      #expect(
        message { try requireTrainable(configuration("")) }.contains(
          "data.weights: 'w' is a column of 'inputs' in \(directory)/array.h5, which is one array and goes into the model"
        ))
      let trained = try trainToEnd(configuration(#", "features": [{"kind": "number", "transform": ["standardize"]}]"#))
      #expect(trained.history.starts.first?.layout.entries.first?.shape == [1, 1])
    }
  }
}
