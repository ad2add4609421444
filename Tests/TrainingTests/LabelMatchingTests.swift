import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// A model's classes are found by name in files that were labelled in another way, and labels of unusual types train.
@Suite struct LabelMatchingTests {
  private static let labels = [0, 1, 2, 0, 1, 2, 2, 1]

  /// A file of a group `test` or `train` with the same samples, whose targets are written by `write`.
  private func file(_ path: String, in group: String = "test", _ write: (HDF5.Group) throws -> Void) throws {
    try writeFile(path) { root in
      let node = try root.createGroup(group)
      _ = try node.createDataset(
        "inputs", shape: [Self.labels.count, 1], values: Self.labels.map { Float($0) - 1 })
      try write(node)
    }
  }

  private func numbers(_ values: [Int], classes: [String]? = nil) -> (HDF5.Group) throws -> Void {
    { group in
      let targets = try group.createDataset(
        "targets", shape: [Self.labels.count], values: Self.labels.map { Int32(values[$0]) })
      if let classes { try targets.setAttribute("classes", to: classes) }
    }
  }

  private func texts(_ names: [String]) -> (HDF5.Group) throws -> Void {
    { group in
      try group.createDataset("targets", shape: [Self.labels.count], type: .variableLengthString())
        .writeStrings(Self.labels.map { names[$0] })
    }
  }

  @Test func aMapOfLabelsGivesWayToTheModelsNames() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try file(data, in: "train", numbers([1, 2, 3]))
      let map = #"{"1": "ant", "2": "bee", "3": "cow"}"#
      let trained = try LabelRun(data: data, labels: map).train(in: directory)
      let expected = try evaluate(checkpoint: trained.checkpoint, group: "train").measurement
      let members = [("cow", 0), ("ant", 1), ("bee", 2)].map { Datatype.EnumerationMember(name: $0.0, value: $0.1) }
      let others: [(String, (HDF5.Group) throws -> Void)] = [
        ("codes", numbers([1, 2, 3])), ("texts", texts(["ant", "bee", "cow"])),
        ("names", numbers([0, 1, 2], classes: ["ant", "bee", "cow"])),
        ("order", numbers([2, 0, 1], classes: ["bee", "cow", "ant"])),
        (
          "enumeration",
          {
            try $0.createDataset("targets", shape: [Self.labels.count], type: .enumeration(members))
              .write(Self.labels.map { Int8([1, 2, 0][$0]) })
          }
        ),
      ]
      for (name, write) in others {
        let other = "\(directory)/\(name).h5"
        try file(other, write)
        let found = try evaluate(checkpoint: trained.checkpoint, data: other)
        #expect(found.measurement.loss == expected.loss, "\(name)")
        #expect(found.measurement.confusion?.counts == expected.confusion?.counts, "\(name)")
        #expect(found.classNames == ["ant", "bee", "cow"])
      }
      try file("\(directory)/dog.h5", texts(["ant", "bee", "dog"]))
      let unknown = try trainerError { try evaluate(checkpoint: trained.checkpoint, data: "\(directory)/dog.h5") }
      #expect(unknown?.message.contains("/test/targets has 'dog' in row 2 (counted from 0)") == true)
    }
  }

  @Test func sortedLabelsAreMatchedByName() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try file(data, in: "train", numbers([-1, 1, 5]))
      let trained = try LabelRun(data: data, labels: #""sorted""#).train(in: directory)
      let expected = try evaluate(checkpoint: trained.checkpoint, group: "train").measurement
      for (name, write) in [
        ("codes", numbers([-1, 1, 5])), ("texts", texts(["-1", "1", "5"])),
        ("names", numbers([0, 1, 2], classes: ["-1", "1", "5"])),
      ] {
        try file("\(directory)/\(name).h5", write)
        let found = try evaluate(checkpoint: trained.checkpoint, data: "\(directory)/\(name).h5").measurement
        #expect(found.loss == expected.loss && found.confusion?.counts == expected.confusion?.counts, "\(name)")
      }
      try file("\(directory)/zero.h5", numbers([0, 1, 5]))
      let zero = try trainerError { try evaluate(checkpoint: trained.checkpoint, data: "\(directory)/zero.h5") }
      #expect(
        zero?.message.hasSuffix(
          "zero.h5: /test/targets has the class '0', which the model does not know: it was trained with '-1', '1', '5'")
          == true, "\(zero?.message ?? "")")
    }
  }

  @Test func anUnknownClassIsNamedAtItsPlace() throws {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try writeFile(data) { root in
        for (name, codes) in [("a", [0, 1, 5]), ("b", [0, 1, 7])] {
          let group = try root.createGroup(name)
          _ = try group.createDataset("x", shape: [3, 1], values: [1, 2, 3] as [Float])
          _ = try group.createDataset("lab", shape: [3], values: codes.map { Int32($0) })
        }
      }
      let error = try trainerError {
        try trainToEnd(
          RunConfiguration(
            json: """
              {"data": {"path": "\(data)", "labels": "sorted", "groups": {"train": {"inputs": "a/x", "targets": "a/lab"},
               "test": {"inputs": "b/x", "targets": "b/lab"}}}, "model": {"layers": [{"type": "dense", "units": 3}]},
               "loss": "softmaxCrossEntropy", "training": {"epochs": 1, "batchSize": 3}}
              """, name: "t", output: "\(directory)/run"))
      }
      #expect(
        error?.message.hasSuffix(
          "d.h5: /b/lab has the class '7', which the model does not know: it was trained with '0', '1', '5'") == true,
        "\(error?.message ?? "")")
    }
  }

  /// What training on such targets says.
  private func refusal(
    labels: String? = nil, units: Int = 3, loss: String = "softmaxCrossEntropy", _ write: (HDF5.Group) throws -> Void
  ) throws -> String {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try file(data, in: "train", write)
      let error = try trainerError {
        try LabelRun(data: data, labels: labels, loss: loss, units: units).train(in: directory)
      }
      return error.map { "\($0.code.rawValue) \($0.message.replacing(directory + "/", with: ""))" } ?? "no error"
    }
  }

  @Test func namesThatContradictTheFileAreRefused() throws {
    #expect(
      try refusal(labels: #"{"0": "b", "1": "a", "2": "c"}"#, numbers([0, 1, 2], classes: ["a", "b", "c"]))
        == "3 d.h5: data.labels calls the value 0 of /train/targets 'b', but the file calls it 'a', a class that data.labels "
        + #"has for another value; remove "labels", or let both agree"#)
    #expect(
      try refusal(labels: #"{"1": "a", "2": "b", "3": "c"}"#, numbers([1, 2, 3], classes: ["a", "b", "c"]))
        == "no error")
    #expect(
      try refusal(
        labels: #"{"0": "low", "1": "low", "2": "high"}"#, units: 2,
        numbers([0, 1, 2], classes: ["low", "mid", "high"]))
        == "no error")
  }

  @Test func aNameIsOfOneClass() throws {
    for values in [[0, 1, 2], [1, 2, 3]] {
      #expect(
        try refusal(numbers(values, classes: ["a", "a", "b"]))
          == "3 d.h5: /train/targets: its attribute 'classes' calls both 0 and 1 'a' (counted from 0); give each class a name "
          + "of its own")
    }
    #expect(
      try refusal(labels: #"{"0": "x", "1": "y", "2": "z"}"#, numbers([0, 1, 2], classes: ["a", "a", "b"]))
        == "no error")
  }

  @Test func thereAreUnitsForAllNames() throws {
    #expect(
      try refusal(units: 2, texts(["a", "a", "a"]))
        == "3 d.h5: 'targets' has only the class 'a', so there is nothing to tell apart; training needs two classes or more"
    )
    // A unit more is a class without a name.
    #expect(try refusal(units: 3, numbers([0, 1, 1], classes: ["a", "b"])) == "no error")
    #expect(
      try refusal(units: 3, numbers([0, 1, 2], classes: ["a", "b", "c", "d"])).hasSuffix("give the last layer 4 units"))
    #expect(
      try refusal(units: 1, loss: "binaryCrossEntropy", numbers([0, 1, 1], classes: ["a", "b", "c"])).hasSuffix(
        "take the loss softmaxCrossEntropy and 3 units in the last layer"))
  }

  @Test func halfPrecisionLabelsAreIndices() throws {
    try withScratchDirectory { directory in
      let expected = try LabelRun(data: LabelRun.own("integers.h5")).train(in: "\(directory)/1")
      let half = try LabelRun(data: LabelRun.own("half.h5")).train(in: "\(directory)/2")
      #expect(half.summary.digest == expected.summary.digest)
    }
  }

  @Test(arguments: ["half-codes.h5", "float-codes.h5"])
  func theTextOfAValueIsTheShortestOfItsType(file: String) throws {
    try withScratchDirectory { directory in
      let expected = try LabelRun(data: LabelRun.own("integers.h5")).train(in: "\(directory)/0")
      for (index, labels) in [#""sorted""#, #"{"0.1": "0.1", "0.25": "0.25", "0.7": "0.7"}"#].enumerated() {
        let trained = try LabelRun(data: LabelRun.own(file), labels: labels).train(in: "\(directory)/\(index + 1)")
        #expect(trained.history.starts.first?.classes?.text() == "0.1: 8, 0.25: 8, 0.7: 8")
        #expect(trained.summary.digest == expected.summary.digest)
      }
    }
    #expect(
      try LabelRun(data: LabelRun.own(file)).refusal().contains(
        #"one floating-point number; if these are class labels, add "labels": "sorted" to data"#))
  }

  @Test func greatLabelsAreNamed() throws {
    let refusal = try LabelRun(data: LabelRun.own("great-codes.h5")).refusal()
    let row = try File.open(at: LabelRun.own("great-codes.h5")).root.dataset("train/targets").read(as: UInt64.self)
      .firstIndex(of: 1 << 63)
    #expect(
      refusal
        == "3 great-codes.h5: /train/targets has the class label 9223372036854775808 in row \(row ?? -1) (counted from 0), "
        + #"which is too great for a class that is counted from 0; add "labels": "sorted" to data"#)
    try withScratchDirectory { directory in
      let trained = try LabelRun(data: LabelRun.own("great-codes.h5"), labels: #""sorted""#).train(in: directory)
      #expect(trained.history.starts.first?.classes?.text() == "0: 8, 1: 8, 9223372036854775808: 8")
    }
  }

  @Test func textsThatAreNotUTF8AreNamed() throws {
    let indices = try File.open(at: LabelRun.own("integers.h5")).root.dataset("train/targets").read(as: Int.self)
    let refusal = try LabelRun(data: LabelRun.own("latin1.h5")).refusal()
    #expect(
      refusal.hasPrefix(
        "3 latin1.h5: /train/targets has a text in row \(indices.firstIndex(of: 1) ?? -1) (counted from 0) that is not "
          + "UTF-8; write the texts as UTF-8"), "\(refusal)")
  }
}
