import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport

/// A folder of images in a directory that goes away.
struct ImageFolderFixture {
  let directory: String
  /// The folder.
  var path: String { directory + "/pets" }
  /// Where a dataset is written.
  var output: String { directory + "/out.h5" }

  /// Writes a file, and the folders that it is in.
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Writes a gray image of 2 x 3 pixels that all have one value.
  func write(gray value: UInt8, _ name: String) throws {
    try write(name, PNGBytes.file(height: 2, width: 3, pixels: [UInt8](repeating: value, count: 6)))
  }

  /// The first pixels of the rows of a group of the output, and their labels.
  func rows(_ group: String) throws -> (values: [Int], labels: [Int]) {
    let root = try File.open(at: output).root
    let inputs = try root.dataset("\(group)/inputs")
    let size = try inputs.shape.dropFirst().reduce(1, *)
    let values = try inputs.read(as: Int.self)
    return (
      stride(from: 0, to: values.count, by: size).map { values[$0] },
      try root.dataset("\(group)/targets").read(as: Int.self)
    )
  }

  /// The names of the classes in the output.
  func classes() throws -> [String] {
    try File.open(at: output).root.dataset("train/targets").attribute("classes").readStrings()
  }
}

/// Runs the body with an empty folder.
func withImageFolder<Result>(_ body: (ImageFolderFixture) throws -> Result) throws -> Result {
  try withScratchDirectory { directory in
    let folder = ImageFolderFixture(directory: directory)
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    return try body(folder)
  }
}
