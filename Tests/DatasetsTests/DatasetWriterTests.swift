import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct DatasetWriterTests {
  private static func group(_ name: String, rows: Int, targets: Int? = nil) -> DatasetWriter.Group {
    .init(
      name: name, inputs: NumberTable(shape: [rows, 3], values: (0..<rows * 3).map { Float($0) }),
      targets: NumberTable(shape: [targets ?? rows], values: (0..<(targets ?? rows)).map { UInt8($0 % 2) }))
  }

  @Test func splitTakesNumbersFiveTenFifteen() {
    #expect(Split.fifth.indices(count: 16, labels: nil).test == [4, 9, 14])
    let mixed = Split.fifth.indices(count: 10, labels: [7, 7, 7, 7, 2, 2, 7, 2, 2, 2])
    #expect(mixed.test == [6, 9])
    #expect(mixed.train == [0, 1, 2, 3, 4, 5, 7, 8])
    #expect(Split.none.indices(count: 3, labels: nil).train == [0, 1, 2])
    #expect(Split.none.indices(count: 10, labels: nil).test == [])
  }

  @Test func groupsAreStoredAsAsked() throws {
    try withScratchDirectory { directory in
      let path = directory + "/out.h5"
      let groups = [Self.group("train", rows: 100), Self.group("validation", rows: 10), Self.group("test", rows: 0)]
      try DatasetWriter(chunkRows: 32, deflate: 4).write(
        groups: groups, classes: ["a", "b"], features: ["x", "y", "z"], to: path)
      var root = try File.open(at: path).root
      #expect(try root.memberNames() == ["train", "validation"])
      var inputs = try root.dataset("train/inputs")
      #expect(try inputs.chunkShape == [32, 3])
      #expect(try inputs.filters.map(\.description) == ["shuffle", "deflate 4"])
      #expect(try inputs.read(as: Int.self) == Array(0..<300))
      #expect(try root.dataset("validation/inputs").chunkShape == [10, 3])
      #expect(try inputs.attribute("features").readStrings() == ["x", "y", "z"])

      // Replacing needs to be asked for.
      let error = try #require(throws: TrainerError.self) { try DatasetWriter().write(groups: groups, to: path) }
      #expect(error.message == "\(path) exists already; choose another name or let it be replaced")
      #expect(error.code == .usage)
      try DatasetWriter(overwrite: true).write(groups: groups, to: path)
      root = try File.open(at: path).root
      inputs = try root.dataset("train/inputs")
      #expect(try inputs.layout == .contiguous)
      #expect(try inputs.offset.map { $0 % 64 } == 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["out.h5"])
    }
  }

  @Test func equalSamplesGiveEqualBytes() throws {
    try withScratchDirectory { directory in
      for name in ["a", "b"] {
        try DatasetWriter().write(groups: [Self.group("train", rows: 50)], to: "\(directory)/\(name).h5")
      }
      let (first, second) = (URL(filePath: directory + "/a.h5"), URL(filePath: directory + "/b.h5"))
      #expect(try Data(contentsOf: first) == Data(contentsOf: second))
    }
  }

  @Test func badRequestsLeaveNothing() throws {
    try withScratchDirectory { (directory: String) throws -> Void in
      func message(_ groups: [DatasetWriter.Group], _ path: String, _ writer: DatasetWriter = .init()) throws -> String
      {
        let error = try #require(throws: TrainerError.self) { try writer.write(groups: groups, to: directory + path) }
        return error.message.replacingOccurrences(of: directory, with: "DIR")
      }
      let good = [Self.group("train", rows: 4)]
      #expect(try message([], "/x.h5") == "the dataset has no sample in its group 'train'")
      #expect(try message([Self.group("train", rows: 0)], "/x.h5") == "the dataset has no sample in its group 'train'")
      #expect(
        try message([Self.group("train", rows: 4, targets: 3)], "/x.h5")
          == "group 'train' has 4 inputs and 3 targets; each sample needs one of both")
      #expect(
        try message(good, "/none/x.h5")
          == "DIR/none/x.h5 cannot be written: there is no directory DIR/none; make it first"
      )
      #expect(try message(good, "") == "DIR cannot be written: it is a directory; name a file")
      #expect(
        try message(good, "/x.h5", .init(deflate: 10)) == "the level of compression is between 0 and 9, not 10")
      #expect(try message(good, "/x.h5", .init(chunkRows: 0)) == "a chunk has at least one row, not 0")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }
  }
}
