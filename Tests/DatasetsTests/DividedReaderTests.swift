import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// Groups that stand for rows of another read as a file would that had these rows.
@Suite struct DividedReaderTests {
  private static let rows = 60

  /// A file with bytes, numbers, classes, a table, groups of rows and weights, each telling its row.
  private func write(_ path: String, chunk: Int? = nil) throws {
    let table = StoredTable(
      features: [
        Feature(name: "site", kind: .category, categories: ["a", "b", "c", "d", "e"]),
        Feature(name: "x", kind: .number),
        Feature(name: "gappy", kind: .number),
      ],
      blocks: [
        .category: NumberTable(shape: [Self.rows, 1], values: (0..<Self.rows).map { Int8($0 % 5) }),
        .number: NumberTable(
          shape: [Self.rows, 2], values: (0..<Self.rows).flatMap { [Double($0), $0 == 17 ? .nan : 1] }),
      ])
    let file = try HDF5.File.create(at: path)
    try DatasetWriter(chunkRows: chunk).fill(
      file,
      [
        .init(
          name: "train", inputs: .table(table),
          targets: NumberTable(shape: [Self.rows], values: (0..<Self.rows).map { UInt8($0 % 3) }))
      ], names: ("inputs", "targets"), classes: ["p", "q", "r"], features: nil)
    let group = try file.root.group("train")
    let count = Self.rows
    try group.createDataset("bytes", shape: [count, 2], values: (0..<count).flatMap { [UInt8($0), 200] })
    try group.createDataset("numbers", shape: [count, 3], values: (0..<count).flatMap { [Double($0), 0.1, -1] })
    try group.createDataset("long", shape: [count], values: (0..<count).map { Int64.max - Int64($0 / 6) })
    try group.createDataset("few", shape: [count - 1], values: [Int64](repeating: 1, count: count - 1))
    try group.createDataset("halves", shape: [count], values: (0..<count).map { Double($0) / 2 })
    try file.close()
  }

  private func divided(_ reader: DatasetReader, _ split: DataSplit) throws -> DatasetReader {
    try reader.divided(by: split, counting: "targets", targets: "targets", inputs: "inputs")
  }

  @Test(arguments: [nil, 7])
  func everythingReadsTheChosenRowsAlone(chunk: Int?) throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      try write(path, chunk: chunk)
      let whole = try DatasetReader(path: path)
      let reader = try divided(
        whole, DataSplit(.fractions(validation: 0.2, test: 0.3), isStratified: true, seed: 2))
      #expect(reader.groups == ["train", "validation", "test"] && whole.groups == ["train"])
      var all: [Int] = []
      for (group, count) in [("train", 30), ("validation", 12), ("test", 18)] {
        let numbers: RowSource<Double> = try reader.rows(of: "numbers", in: group)
        let bytes: RowSource<Double> = try reader.rows(of: "bytes", in: group)
        #expect(try reader.shape(of: "numbers", in: group) == (count, [3]))
        let rows = (0..<count).map { reader.fileRow($0, in: group) }
        #expect(rows == rows.sorted())
        #expect((0..<count).map { numbers.row($0) } == rows.map { [Double($0), 0.1, -1] })
        #expect((0..<count).map { bytes.row($0) } == rows.map { [Double($0), 200] })
        // A third of each class.
        let targets: RowSource<Double> = try reader.rows(of: "targets", in: group)
        for label in 0..<3 { #expect((0..<count).count { targets.row($0) == [Double(label)] } == count / 3) }
        #expect(try reader.classNames(of: "targets", in: group) == ["p", "q", "r"])
        #expect(try reader.targetColumns(of: "targets", in: group) == .integers(0...2))
        let table = try TableReader("inputs", in: group, of: reader)
        #expect(table.rowCount == count)
        #expect(try table.block(2..<count).columns[0] == .codes(rows.dropFirst(2).map { Int32($0 % 5) }))
        #expect(try table.block(0..<count).columns[1] == .numbers(rows.map { Double($0) }))
        #expect(try reader.byteCount(of: "numbers", in: group, as: Float.self) == Double(count * 3 * 4))
        all += rows
      }
      #expect(all.sorted() == Array(0..<Self.rows))
      #expect(try reader.fingerprint(of: ["numbers"]) == whole.fingerprint(of: ["numbers"]))
    }
  }

  /// Few rows of many, far apart and beside each other, through the same reading as all.
  @Test func sparseRowsAreRead() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      let count = 300_000
      try writeFile(path) { root in
        try root.createGroup("train").createDataset(
          "inputs", shape: [count, 2], values: (0..<count).flatMap { [Float($0), Float($0) + 0.5] })
      }
      let rows = [0, 1, 2, 9000, 9003, 120_000, 120_001, 299_999]
      let reader = DatasetReader(
        try DatasetReader(path: path),
        selecting: ["test": RowSelection(source: "train", sourceRows: count, rows: rows)])
      let source: RowSource<Double> = try reader.rows(of: "inputs", in: "test")
      #expect((0..<rows.count).map { source.row($0) } == rows.map { [Double($0), Double($0) + 0.5] })
      #expect(
        try reader.elements(of: "inputs", in: "test", rows: 3..<6, as: Double.self)
          == [9000, 9000.5, 9003, 9003.5, 120_000, 120_000.5])
    }
  }

  @Test(arguments: ["site", "long"])
  func noGroupOfRowsIsOnBothSides(column: String) throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      try write(path)
      let group: (Int) -> Int = column == "site" ? { $0 % 5 } : { $0 / 6 }
      for seed in 0..<10 {
        let reader = try divided(
          DatasetReader(path: path), DataSplit(.fractions(test: 0.2), by: .column(column), seed: seed))
        let sides = try ["train", "test"].map { side in
          let count = try reader.shape(of: "targets", in: side).rows
          return Set((0..<count).map { group(reader.fileRow($0, in: side)) })
        }
        #expect(sides[0].isDisjoint(with: sides[1]) && sides[0].count + sides[1].count == (column == "site" ? 5 : 10))
        // 12 of 60 rows are one of five groups, or two of ten.
        #expect(sides[1].count == (column == "site" ? 1 : 2))
      }
    }
  }

  @Test func whatCannotBeDividedIsRefused() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      try write(path)
      let reader = try DatasetReader(path: path)
      func message(_ split: DataSplit, targets: String? = "targets", counting: String = "targets") -> String? {
        do {
          _ = try reader.divided(by: split, counting: counting, targets: targets, inputs: "inputs")
          return nil
        } catch {
          return (error as? TrainerError)?.message
        }
      }
      #expect(
        message(DataSplit(.fractions(test: 0.001)))
          == "\(path): data.split leaves no row for 'test': of 60 rows train 60, test 0; take other fractions, fewer folds, "
          + "or more rows")
      #expect(
        message(DataSplit(.fractions(test: 0.2), by: .column("gappy")))?.contains("no value in row 17 of") == true)
      #expect(
        message(DataSplit(.fractions(test: 0.2), by: .column("sit")))?.hasSuffix("did you mean \"site\"?") == true)
      #expect(message(DataSplit(.fractions(test: 0.2), by: .column("few")))?.contains("59 rows") == true)
      #expect(message(DataSplit(.fractions(test: 0.2), by: .column("bytes")))?.contains("shape [2]") == true)
      #expect(message(DataSplit(.folds(count: 61, heldOut: 1)))?.contains("61 folds of 60 rows") == true)
      #expect(message(DataSplit(.folds(count: 6, heldOut: 1), by: .column("site")))?.contains("5 different") == true)
      let stratified = DataSplit(.fractions(test: 0.2), isStratified: true)
      #expect(message(stratified, targets: "halves")?.contains("has 0.5 in row 1 (counted from 0)") == true)
      #expect(message(stratified, targets: nil)?.contains("a formula has no classes") == true)
      let split = try divided(reader, DataSplit(.fractions(test: 0.2)))
      let error = #expect(throws: TrainerError.self) { try split.shape(of: "few", in: "test") }
      #expect(error?.message.contains("/train/few has 59 rows, but data.split divides 60 samples") == true)
    }
  }

  @Test func faultsNameTheRowsOfTheFile() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      try writeFile(path) { root in
        let group = try root.createGroup("train")
        try group.createDataset("inputs", shape: [20], values: (0..<20).map { $0 == 13 ? Double.nan : 1 })
        try group.createDataset("targets", shape: [20], values: (0..<20).map { Int32($0) })
        try group.createDataset("weights", shape: [20], values: (0..<20).map { $0 == 18 ? -2.0 : 1 })
      }
      let reader = try divided(DatasetReader(path: path), DataSplit(.fractions(test: 0.5), by: .order))
      let error = #expect(throws: TrainerError.self) {
        let _: RowSource<Float> = try reader.rows(of: "inputs", in: "test")
      }
      #expect(error?.message.contains("/train/inputs has NaN in row 13, column 0") == true)
      let weight = #expect(throws: TrainerError.self) {
        let _: RowSource<Float> = try reader.weights("weights", inputs: "inputs", in: "test")
      }
      #expect(weight?.message.contains("'weights' has -2.0 in row 18 of the group 'train'") == true)
    }
  }

  @Test func weightsAreADatasetOrAColumn() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data.h5"
      try write(path)
      let reader = try DatasetReader(path: path)
      func weights(_ name: String) throws -> [[Double]] {
        let source: RowSource<Double> = try reader.weights(name, inputs: "inputs", in: "train")
        return (0..<source.rows).map { source.row($0) }
      }
      #expect(try weights("halves") == (0..<60).map { [Double($0) / 2] })
      #expect(try weights("x") == (0..<60).map { [Double($0)] })
      for (name, part) in [
        ("site", "of the kind category"), ("gappy", "has no number in row 17"), ("bytes", "the shape [2]"),
        ("y", "no such dataset"),
      ] {
        let error = #expect(throws: TrainerError.self) { try weights(name) }
        #expect(error?.code == .data && error?.message.contains(part) == true, "\(error?.message ?? "")")
      }
      #expect(try weights("few").count == 59)
      let error = #expect(throws: TrainerError.self) {
        let _: RowSource<Double> = try DatasetReader(
          reader, selecting: ["test": RowSelection(source: "train", sourceRows: 60, rows: [0])]
        ).weights("halves", inputs: "inputs", in: "test")
      }
      #expect(error?.message.contains("all of 'halves' in the group 'test' are 0") == true)
    }
  }
}
