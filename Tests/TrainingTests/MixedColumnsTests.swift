import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Columns of several kinds in files of other programs train as the same table does that the trainer has stored.
@Suite struct MixedColumnsTests {
  private static let data = LabelRun.own("observations.h5ad")

  private static func configuration(
    _ path: String, _ data: String, output: String? = nil, metrics: String = "accuracy"
  ) throws -> RunConfiguration {
    try RunConfiguration(
      json: """
        {"seed": 7, "data": {"path": "\(path)"\(data)}, "metrics": ["\(metrics)"],
         "model": {"layers": [{"type": "dense", "units": 2}]}, "loss": "softmaxCrossEntropy",
         "optimizer": {"type": "adam", "learningRate": 0.05}, "training": {"epochs": 4, "batchSize": 16}}
        """, name: "test", output: output)
  }

  private static func groups(_ inputs: String, _ targets: String) -> String {
    #", "groups": {"train": {"inputs": \#(inputs), "targets": "\#(targets)"}}"#
  }

  /// Writes rows of the file as the trainer stores a table, with these of its columns.
  private static func writeOwn(_ columns: [String], to path: String) throws {
    let obs = try File.open(at: data).root.group("obs")
    let cities = ["Aarau", "Bern", "Chur"]
    let city = try obs.dataset("city").readStrings().map { Int8(cities.firstIndex(of: $0) ?? -1) }
    let grade = try obs.dataset("grade/codes").read(as: Int8.self)
    let all: [(Feature, FeatureKind)] = [
      (Feature(name: "age", kind: .number), .number),
      (Feature(name: "city", kind: .category, categories: cities), .category),
      (Feature(name: "grade", kind: .category, categories: ["low", "middle", "high"]), .category),
      (Feature(name: "smokes", kind: .boolean), .boolean),
    ]
    let features = columns.compactMap { name in all.first { $0.0.name == name }?.0 }
    var blocks: [FeatureKind: NumberTable] = [:]
    if columns.contains("age") {
      blocks[.number] = NumberTable(shape: [40, 1], values: try obs.dataset("age").read(as: Double.self))
    }
    let codes = [("city", city), ("grade", grade)].filter { columns.contains($0.0) }.map(\.1)
    if !codes.isEmpty {
      blocks[.category] = NumberTable(
        shape: [40, codes.count], values: (0..<40).flatMap { row in codes.map { $0[row] } })
    }
    if columns.contains("smokes") {
      blocks[.boolean] = NumberTable(shape: [40, 1], values: try obs.dataset("smokes").read(as: Int8.self))
    }
    let outcome = try obs.dataset("outcome/codes").read(as: UInt8.self)
    try DatasetWriter().write(
      groups: [
        .init(
          name: "train", inputs: .table(StoredTable(features: features, blocks: blocks)),
          targets: NumberTable(shape: [40], values: outcome))
      ], classes: ["ill", "well"], to: path)
  }

  @Test(arguments: [
    ("a table of observations", #""obs""#, "obs/outcome", ["age", "city", "grade", "smokes"]),
    (
      "a list of columns", #"["obs/smokes", "obs/city", "obs/grade"]"#, "obs/outcome", ["smokes", "city", "grade"]
    ),
    (
      "members of a compound table", #"["table/age", "table/city", "table/smokes"]"#, "table/outcome",
      ["age", "city", "smokes"]
    ),
  ])
  func columnsOfOtherProgramsAreATable(name: String, inputs: String, targets: String, columns: [String]) throws {
    try withScratchDirectory { directory in
      try Self.writeOwn(columns, to: "\(directory)/own.h5")
      let own = try trainToEnd(Self.configuration("\(directory)/own.h5", "", output: "\(directory)/own"))
      let trained = try trainToEnd(
        Self.configuration(Self.data, Self.groups(inputs, targets), output: "\(directory)/theirs"))
      #expect(trained.summary.digest == own.summary.digest)
      #expect(trained.history.starts.first?.features?.columns == columns.count)
      #expect(trained.history.starts.first?.classes?.text() == own.history.starts.first?.classes?.text())
      // Names are kept: the trainer's own file is measured and predicted by the model of the other.
      let report = try evaluate(checkpoint: trained.checkpoint, data: "\(directory)/own.h5", group: "train")
      #expect(report.measurement.loss == (try evaluate(checkpoint: own.checkpoint, group: "train")).measurement.loss)
      #expect(report.classNames == ["ill", "well"])
      func predictions(_ checkpoint: String, _ input: String) throws -> String {
        let output = "\(directory)/p.csv"
        _ = try predict(checkpoint: checkpoint, input: input, output: output, overwriting: true)
        return String(decoding: try SystemFileSystem().contents(of: output), as: UTF8.self)
      }
      let expected = try predictions(own.checkpoint, "\(directory)/own.h5")
      #expect(expected.hasPrefix("prediction,probability_ill,probability_well\n"))
      #expect(try predictions(trained.checkpoint, Self.data) == expected)
      #expect(try predictions(trained.checkpoint, "\(directory)/own.h5") == expected)
    }
  }

  @Test func textsOfATableAreClasses() throws {
    try withScratchDirectory { directory in
      let path = LabelRun.foreign("pandas_table.h5")
      let text = try trainToEnd(
        RunConfiguration(
          json: """
            {"data": {"path": "\(path)", "groups": {"train": {"inputs": "df/table/values_block_0",
             "targets": "df/table/species"}}}, "model": {"layers": [{"type": "dense", "units": 3}]},
             "loss": "softmaxCrossEntropy", "training": {"epochs": 2, "batchSize": 16}}
            """, name: "t", output: "\(directory)/text"))
      #expect(text.history.starts.first?.classes?.text() == "setosa: 36, versicolor: 40, virginica: 44")
      let numbers = try trainToEnd(
        RunConfiguration(
          json: """
            {"data": {"path": "\(path)", "groups": {"train": {"inputs": "df/table/values_block_0",
             "targets": "df/table/y"}}}, "model": {"layers": [{"type": "dense", "units": 3}]},
             "loss": "softmaxCrossEntropy", "training": {"epochs": 2, "batchSize": 16}}
            """, name: "t", output: "\(directory)/numbers"))
      #expect(text.summary.digest == numbers.summary.digest)
    }
  }

  @Test func matlabLabelsOfAMappedFileCountFrom1() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(
        RunConfiguration(
          json: """
            {"data": {"path": "\(LabelRun.foreign("matlab73.mat"))", "rowAxis": -1,
             "groups": {"train": {"inputs": "X", "targets": "y"}}}, "model": {"layers": [{"type": "dense", "units": 3}]},
             "loss": "softmaxCrossEntropy", "training": {"epochs": 2, "batchSize": 16}}
            """, name: "t", output: "\(directory)/run"))
      #expect(trained.history.starts.first?.classes?.text() == "1: 36, 2: 40, 3: 44")
    }
  }

  @Test func aSplitDividesRowsOfColumns() throws {
    try withScratchDirectory { directory in
      try Self.writeOwn(["age", "city", "grade", "smokes"], to: "\(directory)/own.h5")
      let split = #", "split": {"validation": 0.25}"#
      let own = try trainToEnd(Self.configuration("\(directory)/own.h5", split, output: "\(directory)/own"))
      let trained = try trainToEnd(
        Self.configuration(Self.data, Self.groups(#""obs""#, "obs/outcome") + split, output: "\(directory)/theirs"))
      #expect(trained.summary.digest == own.summary.digest)
      #expect(trained.history.entries.last?.measurements == own.history.entries.last?.measurements)
    }
  }

  @Test func whatIsNoColumnIsNamed() throws {
    func refusal(_ inputs: String, _ more: String = "") throws -> String {
      try withScratchDirectory { directory in
        let error = try trainerError {
          try trainToEnd(
            Self.configuration(
              Self.data, Self.groups(inputs, "obs/outcome") + more, output: "\(directory)/run"))
        }
        return error.map { "\($0.code.rawValue) \($0.message.replacing(Self.data, with: "F"))" } ?? "no error"
      }
    }
    let preprocessing = try refusal(#""obs""#, #", "preprocessing": ["standardize"]"#)
    #expect(
      preprocessing.contains("is a table of named columns, which data.features makes numbers of"), "\(preprocessing)")
    let twice = try refusal(#"["obs/city", "obs/grade", "obs/city"]"#)
    #expect(twice == "3 F: two columns of the inputs are called 'city'; leave one out", "\(twice)")
    let rows = try refusal(#"["obs/city", "var/_index"]"#)
    #expect(rows.contains("/var/_index has 1 rows, but /obs/city has 40"), "\(rows)")
  }
}
