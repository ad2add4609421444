import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import TestSupport
import Testing

/// Several files as one dataset, and datasets that lie elsewhere, streamed.
@Suite struct StreamedFilesTests {
  private static let columns = ["a", "b", "c"]

  /// A number that tells row and column, and has no short binary fraction.
  private static func value(_ row: Int, _ column: String) -> Double {
    Double(row) * 0.1 + (["a": 0, "b": 1000, "c": 2000][column] ?? 3000)
  }

  /// How one file has its rows.
  private struct Part {
    var rows: Range<Int>
    var columns = StreamedFilesTests.columns
    /// Rows and columns of a chunk; `nil` for none.
    var chunk: [Int]?
    var isPacked = true
    var order: Datatype.ByteOrder = .native
    var group = "train"
  }

  /// Numbers of a type in a file.
  private func write<Number: NativeScalar>(
    _ path: String, _ part: Part, changing change: (row: Int, column: Int, value: Number)? = nil,
    _ number: (Double) -> Number
  ) throws {
    let count = part.rows.count
    var values = part.rows.flatMap { row in part.columns.map { number(Self.value(row, $0)) } }
    if let change { values[change.row * part.columns.count + change.column] = change.value }
    try writeFile(path) { root in
      let group = try root.createGroup(part.group)
      let inputs = try group.createDataset(
        "inputs", shape: [count, part.columns.count], type: .number(Number.numberType, order: part.order),
        properties: .datasetCreation(
          chunk: part.chunk, deflate: part.chunk == nil || !part.isPacked ? nil : 3,
          shuffle: part.chunk != nil && part.isPacked))
      try inputs.write(values)
      try inputs.setAttribute("features", to: part.columns)
      try group.createDataset("targets", shape: [count], values: part.rows.map { UInt8($0 % 3) })
    }
  }

  private func streamed(_ reader: DatasetReader, in group: String = "train") throws -> StreamedRows<Float> {
    try reader.streamedRows(of: "inputs", in: group)
  }

  private func expectSameRows<Scalar: KernelElement>(
    _ streamed: StreamedRows<Scalar>, as memory: RowSource<Scalar>, _ what: String
  ) throws {
    #expect(streamed.rows.rowCount == memory.rows && streamed.rowShape == memory.rowShape, "\(what)")
    for _ in 0..<8 {
      let first = Int.random(in: 0..<memory.rows)
      let range = first..<Int.random(in: first + 1...memory.rows)
      #expect(
        try decoded(streamed.rows, range) == range.flatMap { memory.row($0) }.map(\.bitPattern), "\(what) \(range)")
    }
    #expect(
      try decoded(streamed.rows, 0..<memory.rows) == (0..<memory.rows).flatMap { memory.row($0) }.map(\.bitPattern),
      "\(what)")
  }

  /// Files of 20, 7, 1 and 13 rows, whose chunks, byte orders and columns differ, and one with the rows of all.
  private func writeAll<Number: NativeScalar>(
    in directory: String, ordered: Bool, _ number: (Double) -> Number
  ) throws -> (joined: DatasetReader, merged: DatasetReader) {
    let parts = [
      Part(rows: 0..<20, chunk: [8, 3]),
      Part(rows: 20..<27, columns: ordered ? Self.columns : ["c", "a", "b"], order: .bigEndian),
      Part(rows: 27..<28, columns: ordered ? Self.columns : ["b", "a", "c"], chunk: [1, 1], isPacked: false),
      Part(rows: 28..<41, columns: ordered ? Self.columns : ["b", "c", "a"], chunk: [5, 2], order: .bigEndian),
    ]
    for (index, part) in parts.enumerated() { try write("\(directory)/\(index).h5", part, number) }
    try write("\(directory)/all.h5", Part(rows: 0..<41, chunk: [6, 3]), number)
    return (
      try DatasetReader(paths: parts.indices.map { "\(directory)/\($0).h5" }),
      try DatasetReader(path: "\(directory)/all.h5")
    )
  }

  private func compare<Number: NativeScalar, Scalar: KernelElement & NativeScalar>(
    _ type: Scalar.Type, ordered: Bool, _ number: (Double) -> Number
  ) throws {
    try withScratchDirectory { directory in
      let (joined, merged) = try writeAll(in: directory, ordered: ordered, number)
      let what = "\(Number.self) as \(Scalar.self)"
      #expect(
        try joined.fingerprint(of: ["inputs", "targets"]) == merged.fingerprint(of: ["inputs", "targets"]), "\(what)")
      let memory: RowSource<Scalar> = try merged.rows(of: "inputs", in: "train")
      let streamed: StreamedRows<Scalar> = try joined.streamedRows(of: "inputs", in: "train")
      #expect(streamed.rows is ConcatenatedFetchedRows<Scalar>)
      #expect(streamed.text.hasPrefix("4 files, chunks of 8 rows, "), "\(streamed.text)")
      #expect(!streamed.text.contains("libhdf5"), "\(streamed.text)")
      try expectSameRows(streamed, as: memory, what)
      // Several files are not mapped.
      #expect(try joined.mappedRows(of: "inputs", in: "train", as: Scalar.self) == nil)
      for steps: [PreprocessingStep] in [
        [.scale(factor: 0.3, offset: -1)], [.standardize], [.standardize, .scale(factor: 2, offset: 0)],
      ] {
        let fitted = try FittedPreprocessing(steps, reader: merged, inputs: "inputs")
        try expectSameRows(
          fitted.streamedRows(of: "inputs", in: "train", from: joined, as: Scalar.self),
          as: fitted.rows(of: "inputs", in: "train", from: merged), "\(what) \(steps)")
      }
      // Of some files all rows, of some a few, and of one none.
      for rows in [(0..<41).filter { $0 % 3 == 1 }, [2, 19, 28, 40], Array(20..<27)] {
        let selection = ["train": RowSelection(source: "train", sourceRows: 41, rows: rows)]
        let some: StreamedRows<Scalar> = try DatasetReader(joined, selecting: selection).streamedRows(
          of: "inputs", in: "train")
        #expect(!some.text.contains("libhdf5"))
        try expectSameRows(
          some, as: DatasetReader(merged, selecting: selection).rows(of: "inputs", in: "train"), "\(what) \(rows)")
      }
    }
  }

  @Test(arguments: [true, false])
  func severalFilesAreStreamedAsOneMergedFileIsInMemory(ordered: Bool) throws {
    try compare(Float.self, ordered: ordered) { $0 }
    try compare(Double.self, ordered: ordered) { $0 }
    try compare(Float.self, ordered: ordered) { Float($0) }
    try compare(Float.self, ordered: ordered) { UInt8(Int($0 * 10) % 256) }
    try compare(Float.self, ordered: ordered) { Int16($0 * 10) }
  }

  /// Categories are expanded alike, and one that training has not is named by the row of the whole.
  @Test func categoriesOfSeveralFilesAreExpanded() throws {
    try withScratchDirectory { directory in
      let (joined, merged) = try writeAll(in: directory, ordered: false) { UInt8(Int($0 * 10) % 5) }
      let fitted = try FittedPreprocessing([.oneHot(columns: [1]), .standardize], reader: merged, inputs: "inputs")
      let streamed: StreamedRows<Float> = try fitted.streamedRows(of: "inputs", in: "train", from: joined)
      try expectSameRows(streamed, as: fitted.rows(of: "inputs", in: "train", from: merged), "one-hot")
    }
  }

  /// A group that only the second file has.
  @Test func aGroupOfOneFileIsNamedByIt() throws {
    try withScratchDirectory { directory in
      let paths = ["\(directory)/1.h5", "\(directory)/2.h5"]
      try write(paths[0], Part(rows: 0..<9)) { $0 }
      try write(paths[1], Part(rows: 0..<30, chunk: [4, 3], group: "test"), changing: (13, 1, .nan)) { $0 }
      let reader = try DatasetReader(paths: paths)
      let memory = try trainerError { try reader.rows(of: "inputs", in: "test", as: Float.self) }
      let error = try trainerError { try decoded(streamed(reader, in: "test").rows, 0..<30) }
      #expect(error == memory && error?.message.hasPrefix("\(paths[1]): /test/inputs has NaN in row 13") == true)
    }
  }

  @Test func numbersThatCannotBeTakenHaveTheSentenceOfRowsInMemory() throws {
    for (value, what) in [(Double.nan, "has NaN in row 5, column 2"), (1e300, "has 1e+300 in row 5, column 2")] {
      for chunk in [nil, [4, 3]] {
        try withScratchDirectory { directory in
          let paths = ["\(directory)/1.h5", "\(directory)/2.h5"]
          try write(paths[0], Part(rows: 0..<20)) { $0 }
          // The first of its columns is the third of the whole.
          try write(paths[1], Part(rows: 20..<30, columns: ["c", "a", "b"], chunk: chunk), changing: (5, 0, value)) {
            $0
          }
          let reader = try DatasetReader(paths: paths)
          let memory = try trainerError { try reader.rows(of: "inputs", in: "train", as: Float.self) }
          let error = try trainerError { try decoded(streamed(reader).rows, 0..<30) }
          #expect(error == memory)
          #expect(error?.message.hasPrefix("\(paths[1]): /train/inputs \(what)") == true, "\(error as Any)")
        }
      }
    }
  }

  @Test func aFaultOfOneFileNamesItAndItsRows() throws {
    try withScratchDirectory { directory in
      let paths = (1...3).map { "\(directory)/\($0).h5" }
      try write(paths[0], Part(rows: 0..<20, chunk: [8, 3])) { $0 }
      try write(paths[1], Part(rows: 20..<40, chunk: [8, 3])) { $0 }
      try write(paths[2], Part(rows: 40..<60)) { $0 }
      // Bytes of the second file's second chunk that do not unpack.
      let (place, offset) = try { () throws -> (ChunkPlaces.Place, Int) in
        let inputs = try HDF5.File.open(at: paths[1], isTrusted: true).root.dataset("train/inputs")
        // It cannot be copied, so #require cannot hand it on.
        guard let file = try inputs.readableFile() else { throw TrainerError(.data, "no descriptor") }
        let last = try HDF5.File.open(at: paths[2], isTrusted: true).root.dataset("train/inputs")
        return (try #require(try inputs.chunkPlaces(in: file)?[1]), try #require(try last.offset))
      }()
      var bytes = try Data(contentsOf: URL(filePath: paths[1]))
      for index in place.address..<place.address + place.byteCount { bytes[index] ^= 0xff }
      try bytes.write(to: URL(filePath: paths[1]))
      let rows = try streamed(DatasetReader(paths: paths)).rows
      _ = try decoded(rows, 0..<28)
      let damaged = try trainerError { try decoded(rows, 30..<31) }
      #expect(
        damaged?.message.hasPrefix("\(paths[1]): /train/inputs: the chunk (1, 0) with the rows 8 to 15 ") == true,
        "\(damaged as Any)")
      #expect(truncate(paths[2], off_t(offset + 100)) == 0)
      let cut = try trainerError { try decoded(rows, 40..<60) }
      #expect(
        cut?.message.hasPrefix(
          "\(paths[2]): /train/inputs: the part with the rows 0 to 19 (counted from 0) is not whole")
          == true, "\(cut as Any)")
    }
  }

  // MARK: Contiguous

  /// More rows than are fetched at once, some of them far apart.
  @Test func contiguousRowsAreFetchedInPieces() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let (count, width) = (700, 1000)
      let values = (0..<count * width).map { Float($0 % 65521) * 0.37 }
      try writeFile(path) {
        _ = try $0.createGroup("train").createDataset("inputs", shape: [count, width], values: values)
      }
      let whole = try DatasetReader(path: path)
      for rows in [nil, [3], [0, 261, 262, 263, 699]] as [[Int]?] {
        let reader =
          rows.map {
            DatasetReader(whole, selecting: ["train": RowSelection(source: "train", sourceRows: count, rows: $0)])
          } ?? whole
        let streamed = try streamed(reader)
        #expect(streamed.text == "contiguous rows" && streamed.rows.mostRowsOfBand < count)
        let memory: RowSource<Float> = try reader.rows(of: "inputs", in: "train")
        try expectSameRows(streamed, as: memory, "\(rows as Any)")
      }
    }
  }

  // MARK: Virtual

  @Test func aVirtualDatasetIsStreamedFromItsSources() throws {
    for name in ["virtual", "virtual-nested", "virtual-same-file"] {
      let reader = try DatasetReader(path: "\(Fixture.directory)/hostile/\(name).h5", externalFiles: .allowed)
      let streamed = try streamed(reader)
      #expect(streamed.text == "read by libhdf5")
      #expect(try decoded(streamed.rows, 0..<6) == (0..<12).map { Double($0).bitPattern }, "\(name)")
    }
  }

  @Test(arguments: [
    ("virtual-missing-file", "'gone.h5', which is missing"), ("virtual-larger", "should have 18 elements"),
    ("virtual-uneven", "which gives 4 of 6 rows"),
  ])
  func aSourceThatIsMissingOrTooSmallIsNamedBeforeTheFirstRow(name: String, part: String) throws {
    let path = "\(Fixture.directory)/hostile/\(name).h5"
    let error = try trainerError { try streamed(DatasetReader(path: path, externalFiles: .allowed)) }
    #expect(error?.code == .data && error?.message.contains(part) == true, "\(error as Any)")
    #expect(error?.message.contains(path) == true)
    // Nor without leave to read them.
    let refused = try trainerError { try streamed(DatasetReader(path: path)) }
    #expect(refused?.code == .data, "\(refused as Any)")
  }
}
