import Foundation
import Foundations
import HDF5

/// Imports images and labels in the IDX format of MNIST and its descendants.
///
/// Element types stay as they are (unsigned bytes stay bytes) and so do the images' axes. Whole-number labels are
/// classes, the label being the class's index; floating-point labels are regression targets.
public struct IDXImport: Importer {
  /// `idx`.
  public static let name = "idx"

  /// The file of inputs, one row a sample.
  public var images: String
  /// The file of labels along one axis.
  public var labels: String
  /// The file of the test group's inputs; without it `split` applies.
  public var testImages: String?
  /// The file of the test group's labels; given exactly if `testImages` is.
  public var testLabels: String?
  /// The classes' names in the order of the labels; the labels' digits if left out.
  public var classes: [String]?
  /// How samples are divided where there are no test files.
  public var split: Split

  /// Creates an import of these files.
  public init(
    images: String, labels: String, testImages: String? = nil, testLabels: String? = nil, classes: [String]? = nil,
    split: Split = .fifth
  ) {
    self.images = images
    self.labels = labels
    self.testImages = testImages
    self.testLabels = testLabels
    self.classes = classes
    self.split = split
  }

  /// Finds the four files of MNIST's naming, `train-images-idx3-ubyte` and so on, plain or with `.gz`.
  ///
  /// - Throws: `TrainerError` with exit code `data` that names a missing one.
  public init(directory: String, classes: [String]? = nil) throws {
    func find(_ name: String) throws -> String {
      let candidates = [name, name + ".gz"].map { "\(directory)/\($0)" }
      guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
        throw TrainerError(
          .data, "there is no '\(name)' or '\(name).gz' in '\(directory)'",
          remedy: .init("images", "name the files one by one"))
      }
      return path
    }
    self.init(
      images: try find("train-images-idx3-ubyte"), labels: try find("train-labels-idx1-ubyte"),
      testImages: try find("t10k-images-idx3-ubyte"), testLabels: try find("t10k-labels-idx1-ubyte"),
      classes: classes)
  }

  /// Finds MNIST's four files in a directory.
  ///
  /// - Throws: `TrainerError` with exit code `data` if one is missing, or for a file of images, which does not tell where
  ///   its labels are.
  public init(path: String) throws {
    guard try ImportSource(path: path).isDirectory else {
      throw TrainerError(
        .data, "'\(path)' holds images without their labels", remedy: .init("images", "name the file of their labels"))
    }
    try self.init(directory: path)
  }

  /// Whether it begins as such a file does, or is a directory with MNIST's images.
  public static func recognizes(_ source: ImportSource) -> Bool {
    guard !source.isDirectory else {
      return ["", ".gz"].contains {
        FileManager.default.fileExists(atPath: "\(source.path)/train-images-idx3-ubyte\($0)")
      }
    }
    return IDXFile.isBeginning(source.start)
  }

  /// The files.
  public var sources: [String] { [images, labels, testImages, testLabels].compactMap(\.self) }

  /// Reads the files.
  ///
  /// - Throws: `TrainerError` that names the file and what is wrong with it.
  public func read() throws -> ImportedSamples {
    guard (testImages == nil) == (testLabels == nil) else {
      throw TrainerError(
        .usage, "test images and test labels come together: one of them is missing",
        remedy: .init("testImages", "give both or none"))
    }
    let train = try Samples(images: images, labels: labels)
    var test: Samples?
    if let testImages, let testLabels {
      let samples = try Samples(images: testImages, labels: testLabels)
      guard samples.inputs.shape.dropFirst() == train.inputs.shape.dropFirst(), samples.inputs.type == train.inputs.type
      else {
        throw TrainerError(
          .data,
          "'\(testImages)' holds samples of \(samples.describeInputs), and '\(images)' of \(train.describeInputs)")
      }
      guard (samples.labels == nil) == (train.labels == nil) else {
        throw TrainerError(.data, "of '\(labels)' and '\(testLabels)' one holds classes and the other numbers")
      }
      test = samples
    }
    let names = try train.labels.map { try classNames($0 + (test?.labels ?? [])) }
    let groups: [DatasetWriter.Group]
    if let test {
      groups = [
        train.group("train", rows: nil, classCount: names?.count),
        test.group("test", rows: nil, classCount: names?.count),
      ]
    } else {
      let indices = split.indices(count: train.inputs.rowCount, labels: train.labels)
      groups = [
        train.group("train", rows: indices.train, classCount: names?.count),
        train.group("test", rows: indices.test, classCount: names?.count),
      ]
    }
    return ImportedSamples(groups: groups, classes: names)
  }

  private func classNames(_ labels: [Int]) throws -> [String] {
    let count = (labels.max() ?? -1) + 1
    guard let classes else { return (0..<count).map(String.init) }
    guard classes.count >= count else {
      throw TrainerError(
        .data, "\(classes.count) class names were given, and the largest label is \(count - 1), which needs \(count)")
    }
    return classes
  }
}

/// The images of one file with the labels of another.
private struct Samples {
  let inputs: NumberTable
  let targets: NumberTable
  /// The labels as class indices; nil if they are floating-point.
  let labels: [Int]?

  init(images: String, labels path: String) throws {
    inputs = try IDXFile(path: images).table
    targets = try IDXFile(path: path).table
    guard targets.shape.count == 1 else {
      throw TrainerError(
        .data, "'\(path)' has \(targets.shape.count) axes, and labels have one; are images and labels exchanged?")
    }
    guard inputs.rowCount == targets.rowCount else {
      throw TrainerError(
        .data, "'\(images)' holds \(inputs.rowCount) images and '\(path)' \(targets.rowCount) labels")
    }
    guard inputs.rowCount > 0 else { throw TrainerError(.data, "'\(images)' holds no images") }
    guard inputs.rowByteCount > 0 else {
      throw TrainerError(.data, "'\(images)' holds images without elements: its shape is \(inputs.shape)")
    }
    labels = targets.wholeNumbers
    if let labels, let sample = labels.firstIndex(where: { $0 < 0 }) {
      throw TrainerError(.data, "label \(sample + 1) of '\(path)' is \(labels[sample]), and a class is not negative")
    }
    if let labels, let sample = labels.firstIndex(where: { $0 >= maximumClassCount }) {
      throw TrainerError(
        .data,
        "label \(sample + 1) of '\(path)' is \(labels[sample]), and classes are numbered below \(maximumClassCount); "
          + "are these labels?")
    }
  }

  var describeInputs: String {
    "\(inputs.shape.dropFirst().map(String.init).joined(separator: " x ")) elements of \(inputs.type)"
  }

  func group(_ name: String, rows: [Int]?, classCount: Int?) -> DatasetWriter.Group {
    let targets = labels.map { NumberTable(labels: $0, classCount: classCount ?? 0) } ?? targets
    guard let rows else { return DatasetWriter.Group(name: name, inputs: inputs, targets: targets) }
    return DatasetWriter.Group(name: name, inputs: inputs.selecting(rows: rows), targets: targets.selecting(rows: rows))
  }
}

extension NumberTable {
  /// The elements if they are of a signed or unsigned type of up to 32 bits.
  fileprivate var wholeNumbers: [Int]? {
    bytes.withUnsafeBytes { bytes in
      switch type {
      case .uint8: bytes.bindMemory(to: UInt8.self).map(Int.init)
      case .int8: bytes.bindMemory(to: Int8.self).map(Int.init)
      case .int16: bytes.bindMemory(to: Int16.self).map(Int.init)
      case .int32: bytes.bindMemory(to: Int32.self).map(Int.init)
      default: nil
      }
    }
  }
}

/// Classes of numbers from here on are taken for a mistake: each takes memory, also if no sample is of it.
let maximumClassCount = 1_000_000

/// Beyond this the names no longer fit an attribute's 64 KiB for certain.
let maximumNamedClassCount = 2000
