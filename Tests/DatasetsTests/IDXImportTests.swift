import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct IDXImportTests {
  /// An IDX file's bytes: type code, extents, big-endian elements.
  static func idx(_ type: UInt8, _ shape: [Int], _ elements: [UInt8]) -> Data {
    let extents = shape.flatMap { extent in (0..<4).map { UInt8(truncatingIfNeeded: extent >> (24 - 8 * $0)) } }
    return Data([0, 0, type, UInt8(shape.count)] + extents + elements)
  }

  /// Writes 12 images of 2 x 3 bytes, image i filled with i, with labels 0, 1, 0, 1 …
  static func makeSample(in directory: String) throws -> (images: String, labels: String) {
    let (images, labels) = (directory + "/images-idx3-ubyte", directory + "/labels-idx1-ubyte")
    try idx(8, [12, 2, 3], (0..<12).flatMap { [UInt8](repeating: $0, count: 6) }).write(to: URL(filePath: images))
    try idx(8, [12], (0..<12).map { $0 % 2 }).write(to: URL(filePath: labels))
    return (images, labels)
  }

  private static func message(_ importer: IDXImport, _ directory: String) throws -> String {
    let output = directory + "/out.h5"
    let error = try #require(throws: TrainerError.self) { try importer.write(to: output) }
    #expect(!FileManager.default.fileExists(atPath: output))
    return error.message.replacingOccurrences(of: directory, with: "DIR")
  }

  @Test func bytesStayBytesAndEachFifthOfAClassIsTest() throws {
    try withScratchDirectory { directory in
      let (images, labels) = try Self.makeSample(in: directory)
      let output = directory + "/out.h5"
      let summary = try IDXImport(images: images, labels: labels, classes: ["even", "odd"]).write(to: output)
      #expect(summary.description == "10 train + 2 test samples of 2 x 3 inputs in 2 classes")
      let root = try File.open(at: output).root
      // Of class 0 (samples 0, 2, 4, 6, 8, 10) the fifth is 8, of class 1 it is 9.
      let test = try root.dataset("test/inputs")
      #expect(test.datatype.numberType == .uint8)
      #expect(try test.shape == [2, 2, 3])
      #expect(try test.read(as: Int.self) == [Int](repeating: 8, count: 6) + [Int](repeating: 9, count: 6))
      #expect(try root.dataset("test/targets").read(as: Int.self) == [0, 1])
      let train = try root.dataset("train/inputs").read(as: Int.self, selecting: .all)
      #expect(stride(from: 0, to: train.count, by: 6).map { train[$0] } == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11])
      #expect(try root.dataset("train/targets").attribute("classes").readStrings() == ["even", "odd"])
      #expect(try root.dataset("train/inputs").layout == .contiguous)
    }
  }

  @Test func testFilesAndGzip() throws {
    try withScratchDirectory { directory in
      let (images, labels) = try Self.makeSample(in: directory)
      try #require(try Tool.run("gzip", ["-k", images, labels]).status == 0)
      let output = directory + "/out.h5"
      try IDXImport(images: images + ".gz", labels: labels + ".gz", testImages: images, testLabels: labels)
        .write(to: output)
      let root = try File.open(at: output).root
      let train = try root.dataset("train/inputs").read(as: UInt8.self)
      #expect(train == (0..<12).flatMap { [UInt8](repeating: $0, count: 6) })
      #expect(try root.dataset("test/inputs").read(as: UInt8.self) == train)
      #expect(try root.dataset("test/targets").attribute("classes").readStrings() == ["0", "1"])
    }
  }

  @Test func otherTypesAreConvertedFromBigEndian() throws {
    try withScratchDirectory { directory in
      let cases: [(UInt8, [UInt8], NumberType, [Double])] = [
        (0x09, [0xff, 2], .int8, [-1, 2]), (0x0b, [0xff, 0xfe, 1, 2], .int16, [-2, 258]),
        (0x0c, [0, 1, 0, 0, 0, 0, 0, 7], .int32, [65536, 7]),
        (0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], .float32, [1, -2]),
        (0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], .float64, [1.5, 2]),
      ]
      let (images, labels) = (directory + "/images", directory + "/labels")
      try Self.idx(8, [2], [0, 1]).write(to: URL(filePath: labels))
      for (code, bytes, type, values) in cases {
        try Self.idx(code, [2], bytes).write(to: URL(filePath: images))
        let output = directory + "/\(code).h5"
        try IDXImport(images: images, labels: labels, split: .none).write(to: output)
        let dataset = try File.open(at: output).root.dataset("train/inputs")
        #expect(dataset.datatype.numberType == type)
        #expect(try dataset.read(as: Double.self) == values)
      }
      // Floating-point labels are regression targets.
      let output = directory + "/regression.h5"
      try IDXImport(images: labels, labels: images, split: .none).write(to: output)
      let targets = try File.open(at: output).root.dataset("train/targets")
      #expect(try targets.read(as: Double.self) == [1.5, 2])
      #expect(try !targets.hasAttribute("classes"))
    }
  }

  @Test func errorsSayWhatIsWrong() throws {
    try withScratchDirectory { directory in
      let (images, labels) = try Self.makeSample(in: directory)
      let other = directory + "/other"
      func importing(_ bytes: Data) throws -> String {
        try bytes.write(to: URL(filePath: other))
        return try Self.message(IDXImport(images: other, labels: labels), directory)
      }
      #expect(
        try Self.message(IDXImport(images: directory + "/none", labels: labels), directory)
          == "cannot read 'DIR/none': no such file or directory")
      #expect(
        try Self.message(IDXImport(images: directory, labels: labels), directory)
          == "cannot read 'DIR': it is a directory, expected a regular file"
      )
      #expect(try importing(Data("a,b\n1,2\n".utf8)).contains("is not an IDX file"))
      #expect(try importing(Data()).contains("is not an IDX file"))
      #expect(try importing(Data([0, 0, 8, 3, 0])).hasSuffix("ends inside its header"))
      #expect(
        try importing(Self.idx(8, [12, 2], [1, 2, 3]))
          == "'DIR/other' is truncated: 12 x 2 elements of uint8 have 24 bytes, and it holds 3")
      #expect(
        try importing(Self.idx(8, [1], [1, 2])) == "'DIR/other' is damaged: it goes on behind its 1 elements of uint8")
      #expect(try importing(Self.idx(8, [1 << 31, 1 << 31, 1 << 31], [])).contains("is damaged: its header says"))
      #expect(
        try importing(Self.idx(8, [2, 1], [1, 2])) == "'DIR/other' holds 2 images and 'DIR/labels-idx1-ubyte' 12 labels"
      )
      #expect(
        try Self.message(IDXImport(images: labels, labels: images), directory)
          == "'DIR/images-idx3-ubyte' has 3 axes, and labels have one; are images and labels exchanged?")
      #expect(
        try Self.message(IDXImport(images: images, labels: labels, classes: ["one"]), directory)
          == "1 class names were given, and the largest label is 1, which needs 2")
      #expect(
        try Self.message(IDXImport(images: images, labels: labels, testImages: images), directory)
          == "test images and test labels come together: one of them is missing; give both or none")
      try Self.idx(9, [12], [UInt8](repeating: 0xff, count: 12)).write(to: URL(filePath: other))
      #expect(
        try Self.message(IDXImport(images: images, labels: other), directory)
          == "label 1 of 'DIR/other' is -1, and a class is not negative")
      try Self.idx(8, [12, 6], [UInt8](repeating: 0, count: 72)).write(to: URL(filePath: other))
      #expect(
        try Self.message(IDXImport(images: images, labels: labels, testImages: other, testLabels: labels), directory)
          == "'DIR/other' holds samples of 6 elements of uint8, and 'DIR/images-idx3-ubyte' of 2 x 3 elements of uint8")
      #expect(throws: TrainerError.self) { try IDXImport(directory: directory) }
    }
  }

  @Test func damagedGzipIsFound() throws {
    try withScratchDirectory { directory in
      let (images, labels) = try Self.makeSample(in: directory)
      try #require(try Tool.run("gzip", [images]).status == 0)
      let whole = try Data(contentsOf: URL(filePath: images + ".gz"))
      for (name, bytes) in [("cut", whole.dropLast(10)), ("changed", whole.dropLast(6) + [1, 2] + whole.suffix(4))] {
        let path = directory + "/" + name
        try Data(bytes).write(to: URL(filePath: path))
        #expect(
          try Self.message(IDXImport(images: path, labels: labels), directory).hasPrefix("cannot unpack 'DIR/\(name)'"))
      }
    }
  }

  static let fashion = "/usr/share/datasets/fashion-mnist"

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: fashion), "the package dataset-fashion-mnist is not installed"))
  func fashionMNIST() throws {
    try withScratchDirectory { directory in
      let output = directory + "/fashion.h5"
      let summary = try IDXImport(directory: Self.fashion).write(to: output)
      #expect(summary.description == "60000 train + 10000 test samples of 28 x 28 inputs in 10 classes")
      let root = try File.open(at: output).root
      #expect(try root.dataset("train/inputs").shape == [60000, 28, 28])
      #expect(try root.dataset("train/inputs").offset.map { $0 % 64 } == 0)
      // Published: the first ten labels are 9 0 0 3 0 2 7 2 5 5, and each class has 6000 and 1000 samples.
      let labels = try root.dataset("train/targets").read(as: Int.self)
      #expect(labels.prefix(10) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
      let description = try DatasetDescription(path: output).description
      for label in 0..<10 {
        #expect(description.contains("class \(label) '\(label)': 6000\n"))
        #expect(description.contains("class \(label) '\(label)': 1000\n"))
      }
      // The mean pixel of the training images, published as 0.2860 of 255.
      let sum = try root.dataset("train/inputs").read(as: UInt8.self).reduce(0) { $0 + Int($1) }
      #expect(abs(Double(sum) / (60000 * 784 * 255) - 0.2860) < 0.0001)
    }
  }
}
