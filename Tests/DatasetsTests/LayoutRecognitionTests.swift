import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// Where samples are found in files of the layouts that people have.
@Suite struct LayoutRecognitionTests {
  /// A text of JSON, or a sentence, without its blanks.
  private static func bare(_ text: String) -> String { text.replacing(" ", with: "") }

  /// The keys of `data` that are proposed for a file, or why there are none.
  private static func proposed(target: String? = nil, _ write: (HDF5.Group) throws -> Void) throws -> String {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5", write)
      switch try LayoutRecognition(path: "\(directory)/x.h5", target: target) {
      case .usable(let proposal): return proposal.settingsText
      case .unusable(let sentence, _): return sentence
      }
    }
  }

  /// Datasets of float32 for inputs, of int64 for what has one axis.
  private static func datasets(_ shapes: [(String, [Int])], in root: HDF5.Group) throws {
    for (name, shape) in shapes {
      if shape.isEmpty {
        _ = try root.createDataset(name, shape: [], values: [Int64(1)])
      } else if shape.count == 1 {
        _ = try root.createDataset(name, shape: shape, values: (0..<shape[0]).map { Int64($0 % 3) })
      } else {
        _ = try root.createDataset(name, shape: shape, values: [Float](repeating: 1, count: shape.reduce(1, *)))
      }
    }
  }

  private static let own = [("train/inputs", [9, 4]), ("train/targets", [9])]

  @Test(
    arguments: [
      (own, ""),
      (own + [("test/inputs", [6, 4]), ("test/targets", [6])], ""),
      (
        own + [("val/inputs", [6, 4]), ("val/targets", [6])],
        #""groups": {"train": "train", "validation": "val"}"#
      ),
      (
        own + [("val/inputs", [6, 4]), ("val/targets", [6]), ("valid/inputs", [6, 4]), ("valid/targets", [6])],
        #""groups": {"train": "train", "validation": "val"}"#
      ),
      (
        [("Train/inputs", [9, 4]), ("Train/targets", [9]), ("Testing/inputs", [6, 4]), ("Testing/targets", [6])],
        #""groups": {"test": "Testing", "train": "Train"}"#
      ),
      (
        [("x_train", [9, 4]), ("y_train", [9]), ("x_test", [6, 4]), ("y_test", [6])],
        #""groups": {"test": {"inputs": "x_test", "targets": "y_test"}, "train": {"inputs": "x_train", "targets": "y_train"}}"#
      ),
      (
        [("X/train", [9, 4]), ("y/train", [9])],
        #""groups": {"train": {"inputs": "X/train", "targets": "y/train"}}"#
      ),
      (
        [("trainX", [9, 4]), ("trainY", [9]), ("mean", [9, 4])],
        #""groups": {"train": {"inputs": "trainX", "targets": "trainY"}}"#
      ),
      (
        [("train_images", [9, 4, 4]), ("train_labels", [9]), ("valid_images", [6, 4, 4]), ("valid_labels", [6])],
        #""groups": {"train": {"inputs": "train_images", "targets": "train_labels"}, "validation": {"inputs": "valid_images", "targets": "valid_labels"}}"#
      ),
      ([("train/data", [9, 4]), ("train/target", [9])], #""inputs": "data", "targets": "target""#),
      ([("train/features/x", [9, 4]), ("train/labels/y", [9])], #""inputs": "features/x", "targets": "labels/y""#),
      ([("features", [9, 4]), ("labels", [9])], #""groups": {"train": {"inputs": "features", "targets": "labels"}}"#),
      (
        [("inputs", [9, 4]), ("outputs", [9, 2])], #""groups": {"train": {"inputs": "inputs", "targets": "outputs"}}"#
      ),
      (
        [("data", [9, 4, 3]), ("faceId", [9, 4]), ("label", [9, 1])],
        #""groups": {"train": {"inputs": "data", "targets": "label"}}"#
      ),
      (
        [("data", [9, 3, 8, 8]), ("label", [9])],
        #""groups": {"train": {"inputs": "data", "targets": "label"}}, "layout": "channelsFirst""#
      ),
      ([("image", [9, 8, 8, 3]), ("label", [9])], #""groups": {"train": {"inputs": "image", "targets": "label"}}"#),
      ([("x", [4, 9]), ("y", [9])], #""groups": {"train": {"inputs": "x", "targets": "y"}}, "rowAxis": -1"#),
      (
        [("tensor", [9, 5, 8]), ("t-coordinate", [6])],
        #""groups": {"train": {"inputs": "tensor[:, 0]", "targets": "tensor[:, -1]"}}"#
      ),
      (
        [("nu", [9, 8, 8]), ("tensor", [9, 1, 8, 8])], #""groups": {"train": {"inputs": "nu", "targets": "tensor"}}"#
      ),
      ([("train/nu", [9, 8, 8]), ("train/tensor", [9, 1, 8, 8])], #""inputs": "nu", "targets": "tensor""#),
      (
        [("0000/data", [5, 8, 1]), ("0001/data", [5, 8, 1]), ("0002/data", [5, 8, 1])],
        #""groups": {"train": {"inputs": "*/data[:, 0]", "targets": "*/data[:, -1]"}}"#
      ),
      (
        [
          ("1/image", [8, 8]), ("1/label", [1]), ("2/image", [8, 8]), ("2/label", [1]), ("3/image", [8, 8]),
          ("3/label", [1]),
        ],
        #""groups": {"train": {"inputs": "*/image", "targets": "*/label"}}"#
      ),
      (
        [("0000/x", [8]), ("0000/y", []), ("0001/x", [8]), ("0001/y", []), ("0002/x", [8]), ("0002/y", [])],
        #""groups": {"train": {"inputs": "*/x", "targets": "*/y"}}"#
      ),
      (
        [
          ("sample_0/data", [8]), ("sample_0/label", []), ("sample_1/data", [8]), ("sample_1/label", []),
          ("sample_2/data", [8]), ("sample_2/label", []),
        ],
        #""groups": {"train": {"inputs": "sample_*/data", "targets": "sample_*/label"}}"#
      ),
      ([("spectra_a", [9, 40]), ("age", [9])], #""groups": {"train": {"inputs": "spectra_a", "targets": "age"}}"#),
      (
        [("a", [9]), ("b", [9]), ("label", [9])],
        #""groups": {"train": {"inputs": ["a", "b"], "targets": "label"}}"#
      ),
    ] as [([(String, [Int])], String)])
  func namesAndShapesSayWhereSamplesAre(shapes: [(String, [Int])], expected: String) throws {
    let proposed = try Self.proposed { try Self.datasets(shapes, in: $0) }
    #expect(Self.bare(proposed) == Self.bare(expected))
  }

  @Test func aTargetThatIsNamedIsTaken() throws {
    let shapes = [("a", [9, 4]), ("one", [9]), ("two", [9])]
    #expect(try Self.proposed { try Self.datasets(shapes, in: $0) }.hasPrefix("which of its datasets is the target"))
    let named = try Self.proposed(target: "two") { try Self.datasets(shapes, in: $0) }
    #expect(Self.bare(named) == #""groups":{"train":{"inputs":"a","targets":"two"}}"#)
    #expect(
      try Self.proposed(target: "three") { try Self.datasets(shapes, in: $0) }.hasPrefix("there is no dataset 'three'"))
  }

  @Test func axesOfMATLABAreReversed() throws {
    let settings = try Self.proposed { root in
      for (name, shape) in [("X", [4, 9]), ("y", [1, 9])] {
        let dataset = try root.createDataset(
          name, shape: shape, values: [Double](repeating: 1, count: shape.reduce(1, *)))
        try dataset.setAttribute("MATLAB_class", to: "double")
      }
    }
    #expect(Self.bare(settings) == #""groups":{"train":{"inputs":"X","targets":"y"}},"rowAxis":-1"#)
  }

  @Test func namesOfClassesAreTaken() throws {
    let settings = try Self.proposed { root in
      try Self.datasets([("train_set_x", [9, 8, 8, 3]), ("train_set_y", [9])], in: root)
      try root.createDataset("list_classes", shape: [2], type: .fixedLengthString(byteCount: 8)).writeStrings([
        "none", "cat",
      ])
    }
    #expect(Self.bare(settings).hasSuffix(#""labels":{"0":"none","1":"cat"}"#), "\(settings)")
  }

  @Test func theErrorForAMissingGroupSaysWhereSamplesSeemToBe() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try writeFile(path) { try Self.datasets([("data", [9, 4]), ("label", [9])], in: $0) }
      let error = try trainerError { try DatasetReader(path: path).shape(of: "inputs", in: "train") }
      #expect(error?.code == .data)
      #expect(
        error?.message.hasSuffix(#""groups": {"train":{"inputs":"data","targets":"label"}}"#) == true,
        "\(error?.message ?? "none")")
    }
  }

  @Test func rowsThatDifferAreSaid() throws {
    let sentence = try Self.proposed { try Self.datasets([("X", [9, 4]), ("y", [7])], in: $0) }
    #expect(
      sentence.hasPrefix("'X' is 9 x 4 and 'y' is 7: as inputs and targets they need as many rows"), "\(sentence)")
  }

  @Test func namesOfClassesAreNoTarget() throws {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/x.h5") {
        try Self.datasets([("data", [9, 4]), ("label", [9]), ("classes", [3])], in: $0)
      }
      guard case .usable(let proposal) = try LayoutRecognition(path: "\(directory)/x.h5") else {
        Issue.record("not recognised")
        return
      }
      #expect(proposal.doubts.isEmpty, "\(proposal.doubts)")
    }
  }

  @Test(
    arguments: [
      ([("zx_train", [90, 4]), ("zy_train", [90])], nil), ([("zz/inputs", [90, 4]), ("zz/labels", [90])], nil),
      ([("zm", [90, 4]), ("zt", [90])], "zt"), ([("z/z/z/z/z/z/z/z/m", [90, 4]), ("z/z/z/z/z/z/z/z/t", [90])], "t"),
      ([("z/z/z/z/z/z/z/z/m", [90, 4]), ("z/z/z/z/z/z/z/z/t", [90])], "/z/z/z/z/z/z/z/z/t"),
    ] as [([(String, [Int])], String?)])
  func inputsAndTargetsAreFoundAmongManyObjects(shapes: [(String, [Int])], target: String?) throws {
    let text = try Self.proposed(target: target) { root in
      for place in 0..<1500 { _ = try root.createDataset("m\(place)", shape: [1], values: [Int8(0)]) }
      let places = Set(shapes.map { $0.0.split(separator: "/").dropLast().joined(separator: "/") })
      for place in places where !place.isEmpty {
        var group = root
        for part in place.split(separator: "/") { group = try group.createGroup(String(part)) }
      }
      for (path, shape) in shapes {
        let parts = path.split(separator: "/").map(String.init)
        let group = parts.count > 1 ? try root.group(parts.dropLast().joined(separator: "/")) : root
        try Self.datasets([(parts[parts.count - 1], shape)], in: group)
      }
    }
    for (path, _) in shapes { #expect(text.contains(path) || text.contains(path.split(separator: "/")[0]), "\(text)") }
    #expect(text.hasPrefix("\""), "\(text)")
  }

  @Test func columnsBeyondTheFirstAreInputsToo() throws {
    let text = try Self.proposed(target: "c7") { root in
      for place in 0..<700 {
        _ = try root.createDataset("c\(place)", shape: [9], values: (0..<9).map { Float($0 * place) })
      }
    }
    #expect(text.components(separatedBy: #""c"#).count == 701)
  }

  @Test func whatIsNoDataSaysWhatIsThere() throws {
    #expect(try Self.proposed { _ in } == "it holds no dataset")
    let sentence = try Self.proposed { try Self.datasets([("a", [9, 4]), ("b", [7, 4])], in: $0) }
    #expect(
      sentence.contains("'a' (9 x 4, float32), 'b' (7 x 4, float32)") && sentence.contains("\"groups\""), "\(sentence)")
  }
}
