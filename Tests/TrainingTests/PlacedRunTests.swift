import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// What runs on data of other layouts, and what `evaluate` and `predict` make of other files.
@Suite struct PlacedRunTests {
  private func configuration(_ directory: String, _ path: String, _ data: String) throws -> RunConfiguration {
    try RunConfiguration(
      json: """
        {"seed": 7, "data": {"path": "\(path)", \(data)},
         "model": {"layers": [{"type": "dense", "units": 3}]}, "loss": "softmaxCrossEntropy", "metrics": ["accuracy"],
         "optimizer": {"type": "adam", "learningRate": 0.01}, "training": {"epochs": 2, "batchSize": 16}}
        """, name: "test", output: "\(directory)/run")
  }

  private static let keras =
    #""groups": {"train": {"inputs": "x_train", "targets": "y_train"}, "late": {"inputs": "x_test", "targets": "y_test"}}"#

  /// A NetCDF file with a row of -999 for what was not measured trains as one with gaps that are not numbers.
  @Test func missingNumbersOfNetCDFAreImputed() throws {
    let features = #""features": [{"kind": "number", "transform": ["impute", "standardize"]}]"#
    try withScratchDirectory { directory in
      var (train, test) = (try PlacedNumbers.floats("x_train"), try PlacedNumbers.floats("x_test"))
      train[3 * 6 + 2] = .nan
      test[3 * 6 + 2] = .nan
      let own = "\(directory)/own.h5"
      try PlacedCase.write(
        [
          .init(inputs: NumberTable(shape: [120, 6], values: train), targets: try PlacedNumbers.targets(Int32.self)),
          .init(
            name: "test", inputs: NumberTable(shape: [30, 6], values: test),
            targets: try PlacedNumbers.test(Int32.self).targets),
        ], to: own)
      let netCDF = PlacedCase.path("netcdf_groups.nc")
      let found = try trainToEnd(configuration("\(directory)/a", netCDF, features))
      let wanted = try trainToEnd(configuration("\(directory)/b", own, features))
      #expect(found.summary.digest == wanted.summary.digest)
      let error = try trainerError {
        try trainToEnd(configuration("\(directory)/c", netCDF, #""preprocessing": []"#))
      }
      #expect(error?.message.contains("has no value (_FillValue or missing_value) in row 3, column 2") == true)
    }
  }

  @Test func groupsOfOtherNamesAreMeasuredAndPredicted() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(configuration(directory, PlacedCase.path("keras_root.h5"), Self.keras))
      let checkpoint = try #require(trained.summary.checkpoint)
      #expect(trained.history.entries.last?.groups == [])
      let own = "\(directory)/own.h5"
      try PlacedCase.write([PlacedNumbers.test(Int64.self)], to: own)
      let late = try evaluate(checkpoint: checkpoint, group: "late")
      // The other file has none of the places, so that its own layout counts.
      let test = try evaluate(checkpoint: checkpoint, data: own, group: "test")
      #expect(late.samples == 30 && late.measurement == test.measurement)

      func predicted(_ input: String, group: String?) throws -> [Double] {
        let output = "\(directory)/p\(UUID().uuidString).h5"
        _ = try predict(checkpoint: checkpoint, input: input, output: output, group: group)
        let file = try HDF5.File.open(at: output)
        return try file.root.dataset("probabilities").read()
      }
      let whole = try predicted(PlacedCase.path("keras_root.h5"), group: "late")
      #expect(try whole.count == 90 && predicted(own, group: nil) == whole)
      // Without a group those that are trained on and measured.
      #expect(try predicted(PlacedCase.path("keras_root.h5"), group: nil).count == 360)
    }
  }

  /// Samples at a file's root are the group `test` that is measured where no other is asked for.
  @Test func samplesAtTheRootAreMeasured() throws {
    try withScratchDirectory { directory in
      let root = "\(directory)/root.h5"
      try writeFile(root) {
        try $0.createDataset("inputs", shape: [30, 6], values: PlacedNumbers.floats("x_test"))
        try $0.createDataset("targets", shape: [30], values: PlacedNumbers.labels("y_test"))
      }
      let own = "\(directory)/own.h5"
      try PlacedCase.write([PlacedNumbers.train(Int64.self), PlacedNumbers.test(Int64.self)], to: own)
      for (path, data) in [(PlacedCase.path("keras_root.h5"), Self.keras), (own, #""preprocessing": []"#)] {
        let trained = try trainToEnd(configuration("\(directory)/\(UUID())", path, data))
        let checkpoint = try #require(trained.summary.checkpoint)
        let found = try evaluate(checkpoint: checkpoint, data: root)
        #expect(found.samples == 30)
        #expect(try found.measurement == evaluate(checkpoint: checkpoint, data: own).measurement)
        #expect(
          try trainerError { try evaluate(checkpoint: checkpoint, data: root, group: "validation") }?.code == .data)
      }
    }
  }

  @Test func groupsThatAreNotNamedAreToldFromThoseThatAre() throws {
    try withScratchDirectory { directory in
      let path = PlacedCase.path("keras_root.h5")
      let trained = try trainToEnd(configuration(directory, path, Self.keras))
      let error = try trainerError { try evaluate(checkpoint: #require(trained.summary.checkpoint)) }
      #expect(
        error?.message
          == "\(path): there is no group 'test'; data.groups of the model's config names 'late', 'train'; ask for one of those"
      )
      #expect(error?.code == .usage && error?.remedy?.name == "group")
    }
  }

  /// Rows stay together by text, category or number, whichever says the same.
  @Test func splitsGoByColumnsOfTextsAndCategories() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let names = ["elm", "oak", "fir", "yew", "ash"]
      let codes = (0..<120).map { Int8($0 / 7 % 5) }
      try writeFile(path) { root in
        try root.createDataset("x", shape: [120, 6], values: PlacedNumbers.floats("x_train"))
        try root.createDataset("y", shape: [120], values: PlacedNumbers.labels("y_train"))
        try root.createDataset("number", shape: [120], values: codes)
        try root.createDataset("text", shape: [120], type: .variableLengthString())
          .writeStrings(codes.map { names[Int($0)] })
        try root.createDataset("fixed", shape: [120, 1], type: .fixedLengthString(byteCount: 3))
          .writeStrings(codes.map { names[Int($0)] })
        try root.createDataset("category/codes", shape: [120], values: codes)
        try root.createDataset("category/categories", shape: [5], type: .variableLengthString()).writeStrings(names)
        let members = names.enumerated().map { Datatype.EnumerationMember(name: $1, value: Int64($0)) }
        try root.createDataset("enumeration", shape: [120], type: .enumeration(members)).write(codes)
        let gap = codes.enumerated().map { $0.offset == 4 ? -1 : $0.element }
        try root.createDataset("gap/codes", shape: [120], values: gap)
        try root.createDataset("gap/categories", shape: [5], type: .variableLengthString()).writeStrings(names)
      }
      func entries(_ column: String) throws -> (digest: String, entries: String) {
        let data = #"""
          "groups": {"train": {"inputs": "x", "targets": "y", "tree": "\#(column)"}},
          "split": {"validation": 0.3, "by": {"column": "tree"}}
          """#
        let run = try trainToEnd(configuration("\(directory)/\(column)", path, data))
        return (run.summary.digest, "\(run.history.entries)")
      }
      let wanted = try entries("number")
      for column in ["text", "fixed", "category", "enumeration"] {
        let found = try entries(column)
        #expect(found == wanted, "\(column)")
      }
      #expect(
        try trainerError { try entries("gap") }?.message
          == "\(path): data.split.by.column: 'tree' has no value in row 4 of the group 'train' (counted from 0), so that the "
          + "row belongs to no group; fill it in")
    }
  }

  @Test func filesWithNeitherAreRefused() throws {
    try withScratchDirectory { directory in
      let trained = try trainToEnd(configuration(directory, PlacedCase.path("keras_root.h5"), Self.keras))
      let checkpoint = try #require(trained.summary.checkpoint)
      let other = "\(directory)/other.h5"
      try writeFile(other) { try $0.createDataset("points", shape: [2, 6], values: [Float](repeating: 1, count: 12)) }
      let error = try trainerError {
        try predict(checkpoint: checkpoint, input: other, output: "\(directory)/p.h5")
      }
      #expect(
        error?.message
          == "\(other): it has its inputs neither where data.groups of the model's config says ('x_train') nor as 'inputs' at "
          + "its root or in groups; the file has 'points'")
      #expect(error?.code == .data)
    }
  }

  @Test func groupsThatAreNotReadAreSaid() throws {
    try withScratchDirectory { directory in
      let path = PlacedCase.path("groups_val.h5")
      let trained = try trainToEnd(
        configuration(directory, path, #""groups": {"train": "train", "validation": "val"}"#))
      #expect(trained.history.entries.last?.groups == ["validation"])
      #expect(
        trained.history.warnings
          == [
            "\(path): the groups 'testing', 'valid' are not read: expected 'train', 'validation', 'test'; name others in "
              + "data.groups"
          ])
    }
  }

  @Test func groupsWithoutTrainAreRefused() throws {
    try withScratchDirectory { directory in
      let path = PlacedCase.path("groups_val.h5")
      let error = try trainerError {
        try trainToEnd(configuration(directory, path, #""groups": {"validation": "val"}"#))
      }
      #expect(
        error?.message
          == "data.groups: there is no \"train\", which training needs; it names 'validation', and only those groups of "
          + "\(path) are read")
    }
  }

  /// A split divides rows of whatever the group is made of; weights and formulas have their own names in it.
  @Test func splitsWeightsAndFormulasGoByPlaces() throws {
    try withScratchDirectory { directory in
      let own = "\(directory)/own.h5"
      try PlacedCase.write([PlacedNumbers.train(Int64.self)], to: own)
      let weights = (0..<120).map { Float($0 % 3 + 1) }
      let file = try HDF5.File.open(at: own, writable: true)
      try file.root.createDataset("train/w", shape: [120], values: weights)
      try file.close()
      let mapped = "\(directory)/mapped.h5"
      try writeFile(mapped) {
        try $0.createDataset("x", shape: [120, 6], values: PlacedNumbers.floats("x_train"))
        try $0.createDataset("y", shape: [120], values: PlacedNumbers.labels("y_train"))
        try $0.createDataset("importance", shape: [120], values: weights)
      }
      let common = #""weights": "w", "split": {"validation": 0.25}"#
      let found = try trainToEnd(
        configuration(
          "\(directory)/a", mapped,
          #""groups": {"train": {"inputs": "x", "targets": "y", "w": "importance"}}, \#(common)"#))
      let wanted = try trainToEnd(configuration("\(directory)/b", own, common))
      #expect(found.summary.digest == wanted.summary.digest)
      #expect(found.history.entries == wanted.history.entries)

      func formula(_ path: String, _ groups: String) throws -> String {
        let configuration = try RunConfiguration(
          json: """
            {"data": {"path": "\(path)"\(groups)}, "parameters": {"m": 2}, "objective": "sum((inputs - m)^2)",
             "optimizer": {"type": "sgd", "learningRate": 0.001}, "training": {"steps": 5, "batchSize": "full"}}
            """, name: "formula")
        return try trainToEnd(configuration).summary.digest
      }
      #expect(try formula(mapped, #", "groups": {"train": {"inputs": "x"}}"#) == formula(own, ""))
    }
  }
}
