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

  /// Runs on `columns.h5` and `datasets.h5`, which are to give the same model and the same figures.
  private func runs(in directory: String) throws -> [Trained] {
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
    for run in runs {
      let report = try evaluate(checkpoint: run.checkpoint)
      #expect(report.measurement.loss == run.summary.value("loss", of: "test"))
      #expect(report.warnings.isEmpty)
    }
    return runs
  }

  @Test func columnsWithAnotherMeaningAreNoInputs() throws {
    try withScratchDirectory { directory in
      try write("\(directory)/columns.h5", asColumns: true)
      try write("\(directory)/datasets.h5", asColumns: false)
      let runs = try runs(in: directory)
      // Two inputs, and none for the weight or the site.
      #expect(runs[0].history.starts.first?.layout.entries.first?.shape == [2, 1])
    }
  }

  /// The commonest table: numbers without gaps, one array with names.
  private func writeArray(_ path: String, names: [String]) throws {
    try writeFile(path) { root in
      let group = try root.createGroup("train")
      var numbers: [Double] = []
      for row in 0..<Self.rows { numbers += names.map { $0 == "site" ? Double(site(row)) : number($0, row) } }
      try group.createDataset("inputs", shape: [Self.rows, names.count], values: numbers)
        .setAttribute("features", to: names)
      try group.createDataset("targets", shape: [Self.rows], values: (0..<Self.rows).map { UInt8($0 % 3 % 2) })
        .setAttribute("classes", to: ["no", "yes"])
      guard !names.contains("w") else { return }
      try group.createDataset("w", shape: [Self.rows], values: (0..<Self.rows).map { number("w", $0) })
      try group.createDataset("site", shape: [Self.rows], values: (0..<Self.rows).map(site))
    }
  }

  @Test func columnsOfAnArrayWithAnotherMeaningAreNoInputs() throws {
    try withScratchDirectory { directory in
      try writeArray("\(directory)/columns.h5", names: ["x", "w", "y", "site"])
      try writeArray("\(directory)/datasets.h5", names: ["x", "y"])
      let runs = try runs(in: directory)
      // Rows to predict have no weight, or one that says nothing.
      let tables = ["y,x\n1,0.5\n2,-3\n", "w,y,x\n9,1,0.5\n,2,-3\n"]
      let predictions = try tables.enumerated().map { index, text in
        let table = "\(directory)/\(index).csv"
        try AtomicFile.replace(table, contents: Array(text.utf8))
        let output = "\(directory)/predictions-\(index).csv"
        _ = try predict(checkpoint: runs[0].checkpoint, input: table, output: output)
        return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self)
      }
      #expect(predictions[0] == predictions[1] && predictions[0].split(separator: "\n").count == 3)
      // An array without names has the columns of the training array, or those of the model.
      let arrays = try [([0.5, 9, 1, 2, -3, 0, 2, 1], 4), ([0.5, 1, -3, 2], 2)].map { values, width in
        let array = "\(directory)/\(width).npy"
        let header = Array("{'descr': '<f8', 'fortran_order': False, 'shape': (2, \(width)), }\n".utf8)
        let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header
        try AtomicFile.replace(array, contents: bytes + values.withUnsafeBytes { Array($0) })
        let output = "\(directory)/array-\(width).csv"
        _ = try predict(checkpoint: runs[0].checkpoint, input: array, output: output)
        return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self)
      }
      #expect(arrays == [predictions[0], predictions[0]])
      // Data without weights are measured without.
      try writeFile("\(directory)/plain.h5") { root in
        let group = try root.createGroup("test")
        try group.createDataset("inputs", shape: [4, 2], values: (0..<8).map { Double($0) / 4 })
          .setAttribute("features", to: ["x", "y"])
        try group.createDataset("targets", shape: [4], values: [0, 1, 1, 0] as [UInt8])
      }
      let plain = try evaluate(checkpoint: runs[0].checkpoint, data: "\(directory)/plain.h5")
      #expect(plain.samples == 4 && plain.warnings.count == 1)
      #expect(plain.warnings.first?.contains("has no 'w', the weights that the model was trained with") == true)
    }
  }

  @Test func anEmptyNameOfWeightsIsNamed() {
    let text = #"{"data": {"path": "/d.h5", "weights": ""}, "model": {"layers": []}, "loss": "huber"}"#
    let message = message { _ = try RunConfiguration(text: text, source: "x.json", directory: "/") }
    #expect(message.contains("data.weights: found an empty text, expected the name of a dataset or of a column"))
  }

  @Test func aWeightInAnArrayThatIsPreprocessedNeedsFeatures() throws {
    try withScratchDirectory { directory in
      try writeArray("\(directory)/array.h5", names: ["x", "w"])
      func configuration(_ features: String) throws -> RunConfiguration {
        try RunConfiguration(
          text: """
            {"data": {"path": "array.h5", "weights": "w", \(features)},
             "model": {"layers": [{"type": "dense", "units": 1}]}, "loss": "meanSquaredError", "training": {"epochs": 1, "batchSize": 3}, "output": "run"}
            """, source: "x.json", directory: directory)
      }
      let features = #""features": [{"kind": "number", "transform": ["standardize"]}]"#
      let text = message { try requireTrainable(configuration(#""preprocessing": ["standardize"]"#)) }
      #expect(
        text.contains(
          "data.weights: 'w' is a column of 'inputs' in \(directory)/array.h5, and data.preprocessing takes all of its")
      )
      #expect(text.contains(features))
      let trained = try trainToEnd(configuration(features))
      #expect(trained.history.starts.first?.layout.entries.first?.shape == [1, 1])
    }
  }
}
