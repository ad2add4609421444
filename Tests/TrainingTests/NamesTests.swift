import DataParallel
import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Columns and classes of arrays are matched by name, from group to group and from file to file.
@Suite struct NamesTests {
  private static let inputs: [[Double]] = [[0, 1, 5], [2, 0, 1], [9, 9, 0], [1, 7, 3], [4, 4, 4], [8, 1, 2]]
  private static let labels: [Int] = [0, 1, 2, 0, 1, 2]

  /// A group of a file, with names if there are any.
  private struct Group {
    var name = "train"
    var inputs = NamesTests.inputs
    var labels = NamesTests.labels
    var features: [String]? = ["x", "y", "z"]
    var classes: [String]? = ["a", "b", "c"]
    var hasOneHotTargets = false
  }

  private func write(_ groups: [Group], to path: String) throws {
    try writeFile(path) { root in
      for group in groups {
        let node = try root.createGroup(group.name)
        let rows = group.inputs.count
        let inputs = try node.createDataset(
          "inputs", shape: [rows, group.inputs[0].count], values: group.inputs.flatMap(\.self))
        if let features = group.features { try inputs.setAttribute("features", to: features) }
        let count = group.classes?.count ?? 3
        let targets =
          group.hasOneHotTargets
          ? try node.createDataset(
            "targets", shape: [rows, count],
            values: group.labels.flatMap { label in (0..<count).map { $0 == label ? 1.0 : 0 } })
          : try node.createDataset("targets", shape: [rows], values: group.labels.map { UInt8($0) })
        if let classes = group.classes { try targets.setAttribute("classes", to: classes) }
      }
    }
  }

  private func train(_ data: String, _ preprocessing: String = "[]", in directory: String) throws -> Trained {
    try trainToEnd(
      RunConfiguration(
        text: """
          {"name": "t", "data": {"path": "\(data)", "preprocessing": \(preprocessing)}, "loss": "softmaxCrossEntropy",
           "model": {"layers": [{"type": "dense", "units": 3}]}, "metrics": ["accuracy"],
           "optimizer": {"type": "sgd", "learningRate": 0.1}, "training": {"epochs": 5, "batchSize": 3},
           "output": "\(directory)/run"}
          """, source: "t.json", directory: "/"))
  }

  private func message(_ body: () throws -> Void, in directory: String) throws -> String {
    let error = try trainerError(body)
    return error.map { "\($0.code.rawValue) \($0.message.replacing(directory, with: "D"))" } ?? "no error"
  }

  private static let reversed = inputs.map { Array($0.reversed()) }

  @Test(arguments: ["[]", #"["standardize"]"#, #"[{"type": "oneHot", "columns": [0]}, "standardize"]"#])
  func columnsAndClassesInAnotherOrderAreTheSame(preprocessing: String) throws {
    try withScratchDirectory { directory in
      let (data, other) = ("\(directory)/d.h5", "\(directory)/o.h5")
      try write([Group()], to: data)
      try write(
        [
          Group(
            inputs: Self.reversed, labels: Self.labels.map { [2, 0, 1][$0] }, features: ["z", "y", "x"],
            classes: ["b", "c", "a"])
        ], to: other)
      let trained = try train(data, preprocessing, in: directory)
      let straight = try evaluate(checkpoint: trained.checkpoint, group: "train")
      let found = try evaluate(checkpoint: trained.checkpoint, data: other, group: "train")
      #expect(found.measurement.loss == straight.measurement.loss)
      #expect(found.measurement.confusion?.counts == straight.measurement.confusion?.counts)
      #expect(found.classNames == ["a", "b", "c"])
      func predicted(_ input: String) throws -> [Double] {
        let output = "\(directory)/p.h5"
        _ = try predict(checkpoint: trained.checkpoint, input: input, output: output, overwriting: true, group: "train")
        let file = try HDF5.File.open(at: output)
        defer { try? file.close() }
        return try file.root.dataset("probabilities").read(as: Double.self)
      }
      #expect(try predicted(other) == predicted(data))
    }
  }

  // Classes b and c of a, b, c: what is measured is what the same rows give with all names.
  @Test(arguments: [false, true]) func aFileMayHaveSomeOfTheClasses(oneHot: Bool) throws {
    try withScratchDirectory { directory in
      let (data, whole, some) = ("\(directory)/d.h5", "\(directory)/w.h5", "\(directory)/s.h5")
      try write([Group(hasOneHotTargets: oneHot)], to: data)
      let rows = Self.labels.indices.filter { Self.labels[$0] > 0 }
      let (inputs, labels) = (rows.map { Self.inputs[$0] }, rows.map { Self.labels[$0] })
      try write([Group(name: "test", inputs: inputs, labels: labels, hasOneHotTargets: oneHot)], to: whole)
      try write(
        [
          Group(
            name: "test", inputs: inputs, labels: labels.map { $0 - 1 }, classes: ["b", "c"], hasOneHotTargets: oneHot)
        ], to: some)
      let trained = try train(data, in: directory)
      let expected = try evaluate(checkpoint: trained.checkpoint, data: whole)
      let found = try evaluate(checkpoint: trained.checkpoint, data: some)
      #expect(found.measurement.loss == expected.measurement.loss)
      #expect(found.measurement.confusion?.counts == expected.measurement.confusion?.counts)
    }
  }

  // The groups of one file are matched with the training group.
  @Test func groupsOfOneFileAreMatched() throws {
    try withScratchDirectory { directory in
      let (straight, other) = ("\(directory)/d.h5", "\(directory)/o.h5")
      try write([Group(), Group(name: "test")], to: straight)
      try write(
        [
          Group(),
          Group(
            name: "test", inputs: Self.reversed, labels: Self.labels.map { 2 - $0 }, features: ["z", "y", "x"],
            classes: ["c", "b", "a"]),
        ], to: other)
      let left = try train(straight, in: "\(directory)/l")
      let right = try train(other, in: "\(directory)/r")
      #expect(left.summary.digest == right.summary.digest)
      #expect(left.summary.value("loss", of: "test") == right.summary.value("loss", of: "test"))
    }
  }

  @Test func whatHasNoPartnerIsNamed() throws {
    try withScratchDirectory { directory in
      let (data, other) = ("\(directory)/d.h5", "\(directory)/o.h5")
      try write([Group()], to: data)
      let trained = try train(data, in: directory)
      func evaluated(_ group: Group) throws -> String {
        if FileManager.default.fileExists(atPath: other) { try FileManager.default.removeItem(atPath: other) }
        try write([group], to: other)
        return try message(
          { _ = try evaluate(checkpoint: trained.checkpoint, data: other, group: "train") }, in: directory)
      }
      let place = "3 D/o.h5: in the group 'train': "
      #expect(
        try evaluated(Group(features: ["x", "Y", "z"]))
          == place
          + "there is no column 'y', which the model was trained with; it has 'Y', which the model does not know: if "
          + "it is the same, give it that name")
      #expect(
        try evaluated(Group(inputs: Self.inputs.map { $0 + [1] }, features: ["x", "y", "z", "extra"]))
          == place + "the column 'extra' is none that the model was trained with; remove it")
      #expect(
        try evaluated(Group(inputs: Self.inputs.map { Array($0.prefix(2)) }, features: ["x", "z"]))
          == place + "there is no column 'y', which the model was trained with; it has 'x', 'z'")
      #expect(
        try evaluated(Group(classes: ["a", "b", "d"]))
          == "3 D/o.h5: /train/targets has the class 'd', which the model does not know: it was trained with 'a', 'b', 'c'; "
          + "did you mean 'a'?")
      #expect(
        try evaluated(Group(classes: ["b", "c"])).hasPrefix(
          "3 D/o.h5: /train/targets has 2 in row 2 (counted from 0), but its attribute 'classes' names the classes 0 to 1"
        ))
      // Where one side has no names, places count, and there must be as many.
      #expect(try evaluated(Group(features: nil, classes: nil)) == "no error")
      #expect(
        try evaluated(Group(inputs: Self.inputs.map { $0 + [1] }, features: nil))
          == place + "a row of inputs has the shape [4], but the model was made for [3]")
    }
  }

  @Test func namesThatAreTooFewAreRefused() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try write([Group(classes: ["a", "b"])], to: data)
      #expect(
        try message({ _ = try train(data, in: directory) }, in: directory)
          == "3 D/d.h5: 'targets' has labels up to 2, but its attribute 'classes' names only the classes 0 to 1, 'a', 'b'; "
          + "name each class")
      // A model without names, and a file with other than as many.
      let (unnamed, other) = ("\(directory)/u.h5", "\(directory)/o.h5")
      try write([Group(classes: nil)], to: unnamed)
      let trained = try train(unnamed, in: directory)
      try write([Group(labels: [0, 1, 1, 0, 0, 1], classes: ["b", "c"])], to: other)
      #expect(
        try message({ _ = try evaluate(checkpoint: trained.checkpoint, data: other, group: "train") }, in: directory)
          .hasPrefix("3 D/o.h5: its targets name 2 classes, 'b', 'c', but the model has 3"))
    }
  }
}
