import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Files that are divided into groups, and files that are stored as one.
@Suite struct DividingAndMergingTests {
  @Test(arguments: [DataSplit.Method.random, .order, .every, .column("names")])
  func rowsGoWhereARunsSplitPutsThem(method: DataSplit.Method) throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try RewritingTests.write(path)
      // It has a group 'test' of its own.
      let split = DataSplit(.fractions(validation: 0.25), by: method, isStratified: nil, seed: 6)
      let summary = try SplitFile(path: path, split: split).write(to: output)
      let reader = try DatasetReader(path: path)
      let canStratify = method == .random || method == .every
      let divided = try reader.divided(
        by: DataSplit(.fractions(validation: 0.25), by: method, isStratified: canStratify, seed: 6),
        counting: "targets", targets: "targets", inputs: "inputs")
      var all: [Int] = []
      for (group, about) in [("train", 75), ("validation", 25)] {
        let rows = summary.groups.first { $0.name == group }?.rows ?? 0
        #expect(abs(rows - about) <= 1)
        let origins = try RewritingTests.origins(output, group: group)
        #expect(origins == (0..<rows).map { divided.fileRow($0, in: group) })
        try RewritingTests.requireRows(output, origins: origins, group: group)
        all += origins
      }
      #expect(all.sorted() == Array(0..<100))
      #expect(try RewritingTests.origins(output, group: "test") == [5, 2, 9])
      #expect(summary.notes.contains("the group 'test' is copied as it is"))
    }
  }

  @Test func partsThatCannotBeAreRefused() throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try RewritingTests.write(path)
      for (split, part) in [
        (DataSplit(.fractions(test: 0.2)), "has a group 'test' already"),
        (DataSplit(.fractions(validation: 0.001)), "leaves no row for 'validation'"),
        (DataSplit(.fractions(validation: 0.1), by: .column("nome")), "no such dataset"),
      ] {
        let error = try #require(try trainerError { try SplitFile(path: path, split: split).write(to: output) })
        #expect(error.message.contains(part), "\(error.message)")
        #expect(!FileManager.default.fileExists(atPath: output))
      }
    }
  }

  @Test(arguments: [nil, 7])
  func mergedFilesAreTheDatasetThatARunReads(chunk: Int?) throws {
    try withScratchDirectory { directory in
      let paths = ["\(directory)/1.h5", "\(directory)/2.h5"]
      try RewritingTests.write(paths[0], chunk: chunk, rows: 40)
      try RewritingTests.write(paths[1], chunk: 3, rows: 60, from: 40)
      let output = "\(directory)/out.h5"
      let summary = try MergeFiles(paths: paths).write(to: output)
      #expect(summary.groups.map(\.name) == ["train", "test"] && summary.groups.map(\.rows) == [100, 6])
      try RewritingTests.requireRows(output, origins: Array(0..<100))
      #expect(
        try DatasetReader(paths: paths).fingerprint(of: ["inputs", "targets"])
          == DatasetReader(path: output).fingerprint(of: ["inputs", "targets"]))
      #expect(summary.notes.count == 1 && summary.notes[0].contains("is that of '\(paths[0])'"), "\(summary.notes)")
    }
  }

  /// A file of one array and labels with names.
  private func write<Value: NativeScalar>(
    _ path: String, _ values: [Value], columns: [String], labels: [UInt8], classes: [String]
  ) throws {
    try writeFile(path) { root in
      let rows = labels.count
      let inputs = try root.createDataset("train/inputs", shape: [rows, columns.count], values: values)
      try inputs.setAttribute("features", to: columns)
      try root.createDataset("train/targets", shape: [rows], values: labels).setAttribute("classes", to: classes)
    }
  }

  @Test func namesAndTypesThatDifferAreMadeOne() throws {
    try withScratchDirectory { directory in
      let (one, two, output) = ("\(directory)/1.h5", "\(directory)/2.h5", "\(directory)/out.h5")
      try write(one, [1, 2, 3, 4] as [UInt8], columns: ["a", "b"], labels: [0, 1], classes: ["no", "yes"])
      try write(two, [0.5, 6, 0.25, 8] as [Float], columns: ["b", "a"], labels: [0, 1], classes: ["perhaps", "no"])
      let summary = try MergeFiles(paths: [one, two]).write(to: output)
      #expect(summary.notes == ["/train/inputs is stored as float32: the files have float32 and uint8"])
      let train = try HDF5.File.open(at: output).root.group("train")
      #expect(try train.dataset("inputs").datatype.numberType == .float32)
      #expect(try train.dataset("inputs").read(as: Float.self) == [1, 2, 3, 4, 6, 0.5, 8, 0.25])
      #expect(try train.dataset("inputs").attribute("features").readStrings() == ["a", "b"])
      #expect(try train.dataset("targets").read(as: Int.self) == [0, 1, 2, 0])
      #expect(try train.dataset("targets").attribute("classes").readStrings() == ["no", "yes", "perhaps"])
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    try withScratchDirectory { directory in
      let (one, two, output) = ("\(directory)/1.h5", "\(directory)/2.h5", "\(directory)/out.h5")
      try write(one, [1, 2] as [UInt8], columns: ["a"], labels: [0, 1], classes: ["no", "yes"])
      func refusal(_ part: String, _ make: (String) throws -> Void) throws {
        try make(two)
        defer { unlink(two) }
        let error = try #require(try trainerError { try MergeFiles(paths: [one, two]).write(to: output) })
        #expect(error.code == .data && error.message.contains(part), "\(error.message)")
        #expect(!FileManager.default.fileExists(atPath: output))
      }
      try refusal("there is no column 'a'") { path in
        try write(path, [1, 2] as [UInt8], columns: ["b"], labels: [0, 1], classes: ["no", "yes"])
      }
      try refusal("2.h5: 'train/weights' is not in '\(one)'") { path in
        try write(path, [1, 2] as [UInt8], columns: ["a"], labels: [0, 1], classes: ["no", "yes"])
        let file = try HDF5.File.open(at: path, writable: true)
        try file.root.createDataset("train/weights", shape: [2], values: [1.0, 2])
        try file.close()
      }
      try refusal("stands for no name") { path in
        try write(path, [1, 2] as [UInt8], columns: ["a"], labels: [0, 2], classes: ["yes", "no"])
      }
    }
  }
}
