import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing
import Training

/// Targets that are no classes are refused with what they look like and the line of the config that names them.
@Suite struct LabelRefusalTests {
  private let binary = "binaryCrossEntropy"

  @Test(arguments: ["b_pm1.h5", "b_pm1f.h5"])
  func minusOneAndOneAreNamed(file: String) throws {
    #expect(
      try LabelRun(data: LabelRun.foreign(file), loss: binary, units: 1).refusal()
        == "3 \(file): /train/targets has the class label -1 in row 2 (counted from 0); expected labels from 0 to 1; "
        + #"-1 and 1 are a common other coding: add "labels": {"-1": "-1", "1": "1"} to data"#)
  }

  @Test func otherCodesAreNamed() throws {
    #expect(
      try LabelRun(data: LabelRun.own("codes.h5")).refusal()
        == "3 codes.h5: /train/targets has the class label 5 in row 0 (counted from 0); expected labels from 0 to 2; these "
        + #"are the codes -1, 1, 5: add "labels": "sorted" to data, or name them in "labels""#)
  }

  @Test(arguments: [
    (
      #"{"1": "a", "5": "b"}"#,
      "3 codes.h5: /train/targets has -1 in row 1 (counted from 0), which data.labels does not name; it has '1', '5'"
    ),
    (
      #"{"setosa": "a", "5": "b"}"#,
      #"2 data.labels: found "setosa", but /train/targets in codes.h5 holds int64; write its values as they are there"#
    ),
  ])
  func namesThatDoNotFitAreRefused(labels: String, expected: String) throws {
    #expect(try LabelRun(data: LabelRun.own("codes.h5"), labels: labels).refusal() == expected)
  }

  @Test func namesOfClassesAreForLossesOfClasses() throws {
    let run = LabelRun(data: LabelRun.own("codes.h5"), labels: #""sorted""#, loss: "meanSquaredError", units: 1)
    let refusal = try run.refusal()
    #expect(refusal.hasPrefix("2 t.json:") && refusal.contains("data.labels"), "\(refusal)")
    #expect(refusal.contains("found names of classes, but this loss takes numbers; remove the key"), "\(refusal)")
    let text = try LabelRun(data: LabelRun.own("text.h5"), loss: "meanSquaredError", units: 1).refusal()
    #expect(
      text
        == "3 text.h5: /train/targets holds string (variable length, UTF-8), expected numbers; texts can be targets of a "
        + "loss for classes, such as softmaxCrossEntropy, or a column of a table of inputs")
    let categories = try LabelRun(data: LabelRun.own("categorical.h5"), loss: "meanSquaredError", units: 1).refusal()
    #expect(
      categories.hasPrefix("3 categorical.h5: /train/targets holds categories, expected numbers"), "\(categories)")
  }

  @Test func aUnitForEachClass() throws {
    #expect(
      try LabelRun(data: LabelRun.own("text.h5"), units: 2).refusal()
        == "3 text.h5: 'targets' has 3 classes, 'setosa', 'versicolor', 'virginica', but the model tells 2 apart; give the "
        + "last layer 3 units")
    let yes = try LabelRun(data: LabelRun.own("text.h5"), loss: binary, units: 1).refusal()
    #expect(yes.hasSuffix("take the loss softmaxCrossEntropy and 3 units in the last layer"), "\(yes)")
  }

  /// What training on such targets says.
  private func refusal(_ labels: String? = nil, units: Int = 3, _ write: (HDF5.Group) throws -> Void) throws -> String {
    try withScratchDirectory { directory in
      let data = "\(directory)/d.h5"
      try writeFile(data) { root in
        let group = try root.createGroup("train")
        _ = try group.createDataset("inputs", shape: [4, 1], values: [1, 2, 3, 4] as [Float])
        try write(group)
      }
      let error = try trainerError {
        try LabelRun(data: data, labels: labels, units: units, batchSize: 4).train(in: directory)
      }
      return error.map { "\($0.code.rawValue) \($0.message.replacing(directory + "/", with: ""))" } ?? "no error"
    }
  }

  @Test func missingLabelsAreRefusedByRow() throws {
    let missing = "has no value in row 2 (counted from 0), but each sample needs a class; leave such rows out"
    let categorical = try refusal { group in
      let targets = try group.createGroup("targets")
      _ = try targets.createDataset("codes", shape: [4], values: [0, 1, -1, 2] as [Int8])
      try targets.createDataset("categories", shape: [3], type: .variableLengthString()).writeStrings(["a", "b", "c"])
    }
    #expect(categorical == "3 d.h5: /train/targets \(missing)")
    let texts = try refusal {
      try $0.createDataset("targets", shape: [4], type: .variableLengthString()).writeStrings(["a", "b", "", "c"])
    }
    #expect(texts == "3 d.h5: /train/targets \(missing)")
    let named = try refusal(#"{"": "none", "a": "a", "b": "b", "c": "c"}"#, units: 4) {
      try $0.createDataset("targets", shape: [4], type: .variableLengthString()).writeStrings(["a", "b", "", "c"])
    }
    #expect(named == "no error")
    let numbers = try refusal { _ = try $0.createDataset("targets", shape: [4], values: [0, 1, .nan, 2] as [Float]) }
    #expect(numbers.contains("/train/targets has NaN in row 2"), "\(numbers)")
    let sorted = try refusal(#""sorted""#) {
      _ = try $0.createDataset("targets", shape: [4], values: [0, 1, .nan, 2] as [Float])
    }
    #expect(sorted == "3 d.h5: /train/targets \(missing)")
  }

  @Test func codesWithoutANameAreRefusedByRow() throws {
    let categorical = try refusal { group in
      let targets = try group.createGroup("targets")
      _ = try targets.createDataset("codes", shape: [4], values: [0, 1, 3, 2] as [Int8])
      try targets.createDataset("categories", shape: [3], type: .variableLengthString()).writeStrings(["a", "b", "c"])
    }
    #expect(
      categorical == "3 d.h5: /train/targets has 3 in row 2 (counted from 0), which has no name there: the file names "
        + "'0 a', '1 b', '2 c'")
    let members = [("a", 0), ("b", 1), ("c", 2)].map { Datatype.EnumerationMember(name: $0.0, value: $0.1) }
    let enumeration = try refusal {
      try $0.createDataset("targets", shape: [4], type: .enumeration(members)).write([0, 5, 1, 2] as [Int8])
    }
    #expect(enumeration.hasPrefix("3 d.h5: /train/targets has 5 in row 1 (counted from 0), which has no name"))
  }

  @Test func rowsOfSeveralValuesAreNoLabels() throws {
    let oneHot = try refusal(#""sorted""#) {
      _ = try $0.createDataset("targets", shape: [4, 2], values: [0, 1, 1, 0, 1, 0, 0, 1] as [UInt8])
    }
    #expect(
      oneHot
        == "2 data.labels: a row of /train/targets in d.h5 has the shape [2], but labels are for targets of one value "
        + #"a row; remove "labels""#)
    let texts = try refusal {
      try $0.createDataset("targets", shape: [4, 2], type: .fixedLengthString(byteCount: 3))
        .writeStrings(["a", "b", "a", "b", "a", "b", "a", "b"])
    }
    #expect(texts == "3 d.h5: a row of /train/targets has 2 texts, expected one, the name of a class")
    // Numbers with a fraction are none, as ever.
    let fraction = try refusal { _ = try $0.createDataset("targets", shape: [4], values: [0, 1, 0.5, 2] as [Float]) }
    #expect(
      fraction.contains("one floating-point number; if these are class labels, add \"labels\": \"sorted\" to data"))
  }

  @Test(arguments: [
    ("complex.h5", "complex64", "store the real and the imaginary part as two datasets"),
    ("bfloat16.h5", "opaque (2 bytes)", "bfloat16"), ("refs.h5", "reference", "name the datasets that they lead to"),
  ])
  func typesThatAreNoNumbersAreNamed(file: String, type: String, advice: String) throws {
    let refusal = try LabelRun(data: LabelRun.foreign(file)).refusal()
    #expect(refusal.hasPrefix("3 \(file): /train/inputs holds \(type), expected numbers"), "\(refusal)")
    #expect(refusal.contains(advice), "\(refusal)")
  }

  @Test func aTableAtTheRootIsNamed() throws {
    #expect(
      try LabelRun(data: LabelRun.foreign("compound_root.h5")).refusal().hasPrefix(
        "3 compound_root.h5: there is no group 'train'; the file has 'table' (a dataset, a compound table of 'a', 'b', 'y')"
      ))
  }

  @Test func countingFrom1IsOfTheWholeFileAndStaysWithTheModel() throws {
    try withScratchDirectory { directory in
      func write(_ name: String, _ groups: [(String, [Int32])], classes: [String]? = ["a", "b", "c"]) throws -> String {
        let path = "\(directory)/\(name).h5"
        try writeFile(path) { root in
          for (name, labels) in groups {
            let group = try root.createGroup(name)
            let inputs = labels.map { 10 * Float($0) }
            _ = try group.createDataset("inputs", shape: [labels.count, 1], values: inputs)
            let targets = try group.createDataset("targets", shape: [labels.count], values: labels)
            if let classes { try targets.setAttribute("classes", to: classes) }
          }
        }
        return path
      }
      let labels: [Int32] = [1, 2, 3, 1, 2, 3, 1, 2]
      let trained = try LabelRun(data: write("d", [("train", labels), ("test", [1, 1, 2])])).train(in: directory)
      #expect(trained.history.starts.first?.classes?.text() == "a: 3, b: 3, c: 2")
      // Of the test group alone the labels could be b, b and c.
      let test = try evaluate(checkpoint: trained.checkpoint)
      #expect(
        test.measurement.confusion.map { confusion in
          (0..<3).map { $0 }.map { row in (0..<3).reduce(0) { $0 + confusion[row, $1] } }
        } == [2, 1, 0])
      let other = try evaluate(checkpoint: trained.checkpoint, data: write("o", [("test", [1, 1, 2])]))
      #expect(other.measurement.confusion?.counts == test.measurement.confusion?.counts)
      // A 0 says that these count from 0.
      let zero = try evaluate(checkpoint: trained.checkpoint, data: write("z", [("test", [0, 0, 1])]))
      #expect(zero.measurement.confusion.map { confusion in (0..<3).reduce(0) { $0 + confusion[0, $1] } } == 2)
      // Without names and without MATLAB nothing says it.
      let plain = try trainerError {
        try LabelRun(data: write("p", [("train", labels)], classes: nil)).train(in: "\(directory)/p")
      }
      #expect(plain?.message.hasSuffix(#"these go from 1 to 3: add "labels": "sorted" to data"#) == true)
    }
  }
}
