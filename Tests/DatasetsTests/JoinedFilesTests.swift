import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Several files that are one dataset read as one file would that had the rows of all.
@Suite struct JoinedFilesTests {
  /// A file of rows counted on from `first`, with classes and columns in some order.
  private func write(
    _ path: String, rows: Range<Int>, columns: [String] = ["a", "b", "c"], classes: [String] = ["p", "q", "r"],
    categories: [String] = ["x", "y", "z"], chunk: Int? = nil, isTable: Bool = false, groups: [String] = ["train"],
    label: (Int) -> String = { ["p", "q", "r"][$0 % 3] }
  ) throws {
    // Each column's value tells its row and its name.
    func value(_ row: Int, _ column: String) -> Double {
      Double(row) + (["a": 0, "b": 0.25, "c": 0.5][column] ?? 0.75)
    }
    let targets = NumberTable(
      shape: [rows.count], values: rows.map { UInt8(classes.firstIndex(of: label($0)) ?? 99) })
    let inputs: DatasetInputs =
      isTable
      ? .table(
        StoredTable(
          features: columns.map { Feature(name: $0, kind: .number) }
            + [Feature(name: "site", kind: .category, categories: categories)],
          blocks: [
            .number: NumberTable(
              shape: [rows.count, columns.count], values: rows.flatMap { row in columns.map { value(row, $0) } }),
            .category: NumberTable(
              shape: [rows.count, 1],
              values: rows.map { row in
                row % 7 == 0 ? Int8(-1) : Int8(categories.firstIndex(of: ["x", "y", "z"][row % 3]) ?? 99)
              }),
          ]))
      : .array(
        NumberTable(shape: [rows.count, columns.count], values: rows.flatMap { row in columns.map { value(row, $0) } }))
    try DatasetWriter(chunkRows: chunk, deflate: chunk.map { _ in 3 }).write(
      groups: groups.map { .init(name: $0, inputs: inputs, targets: targets) }, classes: classes,
      features: isTable ? nil : columns, to: path)
  }

  @Test(arguments: [false, true])
  func filesAreMatchedByNameAndReadAsOne(isTable: Bool) throws {
    try withScratchDirectory { directory in
      let paths = ["b.h5", "a.h5", "c.h5"].map { "\(directory)/\($0)" }
      try write(paths[0], rows: 0..<20, isTable: isTable, groups: ["train", "test"])
      try write(
        paths[1], rows: 20..<27, columns: ["c", "a", "b"], classes: ["r", "p", "q"], categories: ["z", "x", "y"],
        chunk: 4, isTable: isTable)
      // Only some of the classes and categories, and in another order.
      try write(
        paths[2], rows: 27..<40, columns: ["b", "c", "a"], classes: ["q", "r", "p"], categories: ["y", "z", "x"],
        chunk: 100, isTable: isTable)
      try write("\(directory)/all.h5", rows: 0..<40, chunk: 8, isTable: isTable)
      try write("\(directory)/test.h5", rows: 0..<20, isTable: isTable)
      let joined = try DatasetReader(paths: paths)
      let whole = try DatasetReader(path: "\(directory)/all.h5")
      #expect(joined.groups == ["train", "test"])
      #expect(joined.path == "\(paths[0]) and 2 more files")
      #expect(try joined.shape(of: "targets", in: "train") == (40, []))
      #expect(try joined.classNames(of: "targets", in: "train") == ["p", "q", "r"])
      for range in [0..<40, 0..<1, 19..<21, 18..<30, 39..<40] {
        #expect(
          try joined.elements(of: "targets", in: "train", rows: range, as: Int.self)
            == whole.elements(of: "targets", in: "train", rows: range, as: Int.self))
        let (one, other) = (
          try TableReader("inputs", in: "train", of: joined), try TableReader("inputs", in: "train", of: whole)
        )
        #expect(one.features == other.features)
        #expect(try one.block(range).columns.map(Self.text) == other.block(range).columns.map(Self.text))
      }
      #expect(
        try DatasetReader(joined, keeping: ["train"]).fingerprint(of: ["inputs", "targets"])
          == whole.fingerprint(of: ["inputs", "targets"]))
      #expect(
        try DatasetReader(joined, keeping: ["test"]).elements(of: "targets", in: "test", rows: 0..<20, as: Int.self)
          == DatasetReader(path: "\(directory)/test.h5").elements(
            of: "targets", in: "train", rows: 0..<20, as: Int.self))
      // A split divides the rows of all.
      let split = DataSplit(.fractions(validation: 0.3), isStratified: true, seed: 4)
      let parts = try [joined, whole].map { reader in
        try reader.divided(by: split, counting: "targets", targets: "targets", inputs: "inputs")
      }
      if !isTable {
        let read: [RowSource<Double>] = try parts.map {
          try DatasetReader($0, keeping: ["train", "validation"]).rows(of: "inputs", in: "validation")
        }
        #expect((0..<12).map { read[0].row($0) } == (0..<12).map { read[1].row($0) })
      }
    }
  }

  private static func text(_ column: TableBlock.Column) -> String { "\(column)" }

  @Test func newClassesFollowThoseOfTheFirstFile() throws {
    try withScratchDirectory { directory in
      let paths = ["\(directory)/1.h5", "\(directory)/2.h5"]
      try write(paths[0], rows: 0..<4, classes: ["q", "p"], label: { ["p", "q"][$0 % 2] })
      try write(paths[1], rows: 4..<8, classes: ["s", "q"], label: { ["s", "q"][$0 % 2] })
      let reader = try DatasetReader(paths: paths)
      #expect(try reader.classNames(of: "targets", in: "train") == ["q", "p", "s"])
      #expect(try reader.elements(of: "targets", in: "train", rows: 0..<8, as: Int.self) == [1, 0, 1, 0, 2, 0, 2, 0])
    }
  }

  @Test func patternsAreSortedBytewiseAndListsKeepTheirOrder() throws {
    try withScratchDirectory { directory in
      for name in ["b.h5", "B.h5", "a10.h5", "a2.h5", "a*.txt", "c.dat"] {
        try Data().write(to: URL(filePath: "\(directory)/\(name)"))
      }
      func files(_ paths: String...) throws -> [String] {
        try DatasetFiles(expanding: paths.map { "\(directory)/\($0)" }).paths.map { fileName(of: $0) }
      }
      #expect(try files("*.h5") == ["B.h5", "a10.h5", "a2.h5", "b.h5"])
      #expect(try files("c.dat", "[ab]*.h5") == ["c.dat", "a10.h5", "a2.h5", "b.h5"])
      #expect(try files("b.h5", "a2.h5") == ["b.h5", "a2.h5"])
      // A file of that very name is meant before a pattern is.
      #expect(try files("a*.txt") == ["a*.txt"])
      #expect(try files("none.h5") == ["none.h5"])
      let unfit = try #require(try trainerError { try files("x*.h5") })
      #expect(unfit.code == .data && unfit.message.contains("x*.h5: no file fits this pattern"))
      let twice = try #require(try trainerError { try files("b.h5", "*.h5") })
      #expect(twice.message.contains("b.h5: the file comes twice"))
    }
  }

  @Test func whatDoesNotFitTogetherNamesBothFiles() throws {
    try withScratchDirectory { directory in
      let first = "\(directory)/first.h5"
      try write(first, rows: 0..<6)
      func refusal(_ parts: String..., read name: String = "inputs", make: (String) throws -> Void) throws {
        let other = "\(directory)/other.h5"
        try make(other)
        defer { unlink(other) }
        let error = try #require(
          try trainerError { try DatasetReader(paths: [first, other]).shape(of: name, in: "train") })
        #expect(error.code == .data)
        for part in parts + ["other.h5", "first.h5"] { #expect(error.message.contains(part), "\(error.message)") }
      }
      try refusal("there is no column 'c'", "if it is the same") { path in
        try write(path, rows: 0..<2, columns: ["a", "b", "cc"])
      }
      try refusal("/train/inputs has rows of 2, but in", "it is 3") { path in
        try writeFile(path) { root in
          try root.createDataset("train/inputs", shape: [2, 2], values: [Double](repeating: 1, count: 4))
        }
      }
      try refusal("/train/inputs holds float32, but in", "it is float64") { path in
        try writeFile(path) { root in
          try root.createDataset("train/inputs", shape: [2, 3], values: [Float](repeating: 1, count: 6))
        }
      }
      try refusal("/train/targets has no names of classes", read: "targets") { path in
        try writeFile(path) { root in try root.createDataset("train/targets", shape: [2], values: [UInt8(1), 0]) }
      }
      // A value that is none names the row of its own file.
      let other = "\(directory)/other.h5"
      try writeFile(other) { root in
        try root.createDataset("train/inputs", shape: [2, 3], values: [1, 2, 3, 4, .nan, 6.0])
      }
      let error = try #require(
        try trainerError { () -> RowSource<Double> in
          try DatasetReader(paths: [first, other]).rows(of: "inputs", in: "train")
        })
      #expect(error.message.hasPrefix("\(other): /train/inputs has NaN in row 1, column 1"), "\(error.message)")
    }
  }
}
