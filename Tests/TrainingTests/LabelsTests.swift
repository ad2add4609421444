import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Class labels of every kind that programs write train as indices with names do.
@Suite struct LabelsTests {
  private static let names = ["setosa", "versicolor", "virginica"]

  /// What the labels `integers.h5`, which are indices, train to.
  private func plain(_ directory: String) throws -> Trained {
    try LabelRun(data: LabelRun.own("integers.h5")).train(in: "\(directory)/plain")
  }

  @Test(arguments: [
    "text.h5", "text-fixed.h5", "text-fixed-utf8.h5", "text-column.h5", "text-padded.h5", "text-chunked.h5",
    "enumeration.h5", "enumeration-codes.h5", "categorical.h5", "categorical-older.h5", "characters.nc", "flags.nc",
    "counted-from-1.h5",
  ])
  func labelsWithNamesAreIndices(file: String) throws {
    try withScratchDirectory { directory in
      let expected = try plain(directory)
      let data = LabelRun.own(file)
      let trained = try LabelRun(data: data).train(in: directory)
      #expect(trained.summary.digest == expected.summary.digest)
      // The test group has no sample of the first class.
      #expect(trained.history.entries.last?.measurements == expected.history.entries.last?.measurements)
      let counts = trained.history.starts.first?.classes?.classes
      #expect(counts?.map(\.name) == Self.names && counts?.map(\.count) == [8, 8, 8])
      let report = try evaluate(checkpoint: trained.checkpoint)
      #expect(report.classNames == Self.names)
      #expect(report.measurement.loss == expected.history.entries.last?.measurements.first?.loss)
      #expect(
        try predictionHeader(trained.checkpoint, of: data, in: directory)
          == "prediction,probability_setosa,probability_versicolor,probability_virginica")
    }
  }

  @Test func wholeFloatsAreIndicesWithoutNames() throws {
    try withScratchDirectory { directory in
      let trained = try LabelRun(data: LabelRun.own("whole-floats.h5")).train(in: directory)
      #expect(trained.summary.digest == (try plain(directory)).summary.digest)
      #expect(trained.history.starts.first?.classes?.text() == "0: 8, 1: 8, 2: 8")
    }
  }

  @Test func matlabCountsFrom1() throws {
    try withScratchDirectory { directory in
      let expected = try plain(directory)
      let data = LabelRun.own("counted-from-1.mat")
      let trained = try LabelRun(data: data).train(in: directory)
      // MATLAB's inputs are doubles, of the same values.
      #expect(trained.summary.digest == expected.summary.digest)
      #expect(trained.history.starts.first?.classes?.text() == "1: 8, 2: 8, 3: 8")
      #expect(
        try predictionHeader(trained.checkpoint, of: data, in: directory)
          == "prediction,probability_1,probability_2,probability_3")
      // As numbers they stay what they are.
      let regression = try LabelRun(data: data, loss: "meanSquaredError", units: 1).train(in: "\(directory)/r")
      #expect(regression.history.starts.first?.classes == nil)
    }
  }

  @Test(arguments: ["boolean.h5", "logical.mat"], ["softmaxCrossEntropy", "binaryCrossEntropy"])
  func booleansAreFalseAndTrue(file: String, loss: String) throws {
    try withScratchDirectory { directory in
      let data = LabelRun.own(file)
      let trained = try LabelRun(data: data, loss: loss, units: loss == "binaryCrossEntropy" ? 1 : 2).train(
        in: directory)
      #expect(trained.history.starts.first?.classes?.text() == "false: 16, true: 8")
      #expect(
        try predictionHeader(trained.checkpoint, of: data, in: directory)
          == "prediction,probability_false,probability_true")
    }
  }

  @Test func foreignFilesTrain() throws {
    try withScratchDirectory { directory in
      var digests: [String: String] = [:]
      for (file, counts) in [
        ("str_vlen.h5", "setosa: 36, versicolor: 40, virginica: 44"), ("float32_labels.h5", "0: 36, 1: 40, 2: 44"),
        ("classes_attr_json.h5", "0: 36, 1: 40, 2: 44"), ("bool_inputs.h5", "0: 36, 1: 40, 2: 44"),
      ] {
        let trained = try LabelRun(data: LabelRun.foreign(file)).train(in: "\(directory)/\(file)")
        #expect(trained.history.starts.first?.classes?.text() == counts, "\(file)")
        digests[file] = trained.summary.digest
      }
      #expect(digests["str_vlen.h5"] == digests["float32_labels.h5"])
      #expect(digests["classes_attr_json.h5"] == digests["float32_labels.h5"])
      let booleans = try LabelRun(data: LabelRun.foreign("bool_targets.h5"), units: 2).train(in: "\(directory)/bool")
      #expect(booleans.history.starts.first?.classes?.text() == "false: 36, true: 84")
      // Boolean inputs are 0 and 1.
      let rewritten = "\(directory)/numbers.h5"
      let source = try File.open(at: LabelRun.foreign("bool_inputs.h5")).root
      try writeFile(rewritten) { root in
        for name in ["train", "test"] {
          let group = try root.createGroup(name)
          let inputs = try source.dataset("\(name)/inputs")
          let values = try inputs.read(as: Float.self)
          #expect(Set(values) == [0, 1])
          _ = try group.createDataset("inputs", shape: inputs.shape, values: values)
          let targets = try source.dataset("\(name)/targets").read(as: Int64.self)
          _ = try group.createDataset("targets", shape: [targets.count], values: targets)
        }
      }
      let plain = try LabelRun(data: rewritten).train(in: "\(directory)/numbers")
      #expect(plain.summary.digest == digests["bool_inputs.h5"])
    }
  }

  @Test(arguments: [
    (#""sorted""#, "-1: 8, 1: 8, 5: 8", "prediction,probability_-1,probability_1,probability_5"),
    (
      #"{"-1": "no", "1": "perhaps", "5": "yes"}"#, "no: 8, perhaps: 8, yes: 8",
      "prediction,probability_no,probability_perhaps,probability_yes"
    ),
  ])
  func codesAreClassesWhereTheConfigSaysSo(labels: String, counts: String, header: String) throws {
    try withScratchDirectory { directory in
      let data = LabelRun.own("codes.h5")
      let trained = try LabelRun(data: data, labels: labels).train(in: directory)
      #expect(trained.summary.digest == (try plain(directory)).summary.digest)
      #expect(trained.history.starts.first?.classes?.text() == counts)
      #expect(try predictionHeader(trained.checkpoint, of: data, in: directory) == header)
      // The config goes with the model.
      #expect(try evaluate(checkpoint: trained.checkpoint, data: data).samples == 9)
    }
  }

  @Test func theConfigGivesTheOrderAndMayJoinClasses() throws {
    try withScratchDirectory { directory in
      let reversed = #"{"virginica": "c", "versicolor": "b", "setosa": "a"}"#
      let trained = try LabelRun(data: LabelRun.own("text.h5"), labels: reversed).train(in: "\(directory)/1")
      #expect(trained.history.starts.first?.classes?.text() == "c: 8, b: 8, a: 8")
      let joined = #"{"setosa": "setosa", "versicolor": "other", "virginica": "other"}"#
      for file in ["text.h5", "enumeration.h5", "categorical.h5", "flags.nc"] {
        let two = try LabelRun(data: LabelRun.own(file), labels: joined, units: 2).train(in: "\(directory)/\(file)")
        #expect(two.history.starts.first?.classes?.text() == "setosa: 8, other: 16", "\(file)")
      }
      let yes = try LabelRun(data: LabelRun.own("boolean.h5"), labels: #"{"true": "yes", "false": "no"}"#, units: 2)
        .train(in: "\(directory)/boolean")
      #expect(yes.history.starts.first?.classes?.text() == "yes: 8, no: 16")
    }
  }

  @Test func minusOneAndOneTrainWhereTheConfigSaysSo() throws {
    let line = #"{"-1": "-1", "1": "1"}"#
    for (file, labels) in [("b_pm1.h5", line), ("b_pm1f.h5", line), ("b_pm1.h5", #""sorted""#)] {
      try withScratchDirectory { directory in
        let data = LabelRun.foreign(file)
        let trained = try LabelRun(data: data, labels: labels, loss: "binaryCrossEntropy", units: 1).train(
          in: directory)
        #expect(trained.history.starts.first?.classes?.classes.map(\.name) == ["-1", "1"])
        #expect(
          try predictionHeader(trained.checkpoint, of: data, in: directory) == "prediction,probability_-1,probability_1"
        )
      }
    }
  }
}
