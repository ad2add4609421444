import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Files that are written anew: what is in them stays, in other chunks or in another order.
@Suite struct RewritingTests {
  static let rows = 100

  /// A file with a table, arrays of several types and byte orders, texts of both kinds, a record, another group, two names
  /// for one dataset, and attributes.
  static func write(_ path: String, chunk: Int? = 7, rows: Int = rows, from first: Int = 0) throws {
    let file = try HDF5.File.create(at: path)
    let table = StoredTable(
      features: [
        Feature(name: "site", kind: .category, categories: ["a", "b", "c"]), Feature(name: "x", kind: .number),
        Feature(name: "y", kind: .number),
      ],
      blocks: [
        .category: NumberTable(shape: [rows, 1], values: (first..<first + rows).map { Int8($0 % 4) - 1 }),
        .number: NumberTable(
          shape: [rows, 2], values: (first..<first + rows).flatMap { [Double($0), $0 % 9 == 3 ? .nan : 0.5] }),
      ])
    try DatasetWriter(chunkRows: chunk, deflate: chunk.map { _ in 4 }).fill(
      file,
      [
        .init(
          name: "train", inputs: .table(table),
          targets: NumberTable(shape: [rows], values: (first..<first + rows).map { UInt8($0 % 3) })),
        .init(
          name: "test", inputs: .table(table.selecting(rows: [5, 2, 9])),
          targets: NumberTable(shape: [3], values: [UInt8](arrayLiteral: 2, 0, 1))),
      ], names: ("inputs", "targets"), classes: ["p", "q", "r"], features: nil)
    let root = try file.root
    let train = try root.group("train")
    try root.setAttribute("made by", to: "a test")
    try train.setAttribute("numbers", to: [Int16(1), -2])
    let big = try train.createDataset(
      "big-endian", shape: [rows, 2, 3], type: .number(.int32, order: .bigEndian),
      properties: .datasetCreation(chunk: chunk.map { [$0, 2, 2] }))
    try big.write((0..<rows * 6).map { Int32(first * 6 + $0) })
    try big.setAttribute("units", to: "m")
    let texts = try train.createDataset("names", shape: [rows], type: .variableLengthString())
    try texts.writeStrings((first..<first + rows).map { "row \($0)" })
    let fixed = try train.createDataset("short", shape: [rows], type: .fixedLengthString(byteCount: 6))
    try fixed.writeStrings((first..<first + rows).map { "r\($0)" })
    try train.createDataset("scale", shape: [], values: [Float(2.5)])
    let other = try root.createGroup("meta")
    try other.createDataset("edges", shape: [4], values: [1.0, 2, 4, 8])
    try other.createGroup("deeper").setAttribute("depth", to: Int32(2))
    try file.close()
  }

  static func read(_ path: String) throws -> DatasetReader { try DatasetReader(path: path) }

  /// Which row of the file each row of a rewritten one was, told by the column x of its table.
  static func origins(_ path: String, group: String = "train") throws -> [Int] {
    try DatasetReader(path: path).elements(
      of: "inputs/numbers", in: group, rows: 0..<rowCount(path, group), as: Double.self
    )
    .enumerated().filter { $0.offset % 2 == 0 }.map { Int($0.element) }
  }

  static func rowCount(_ path: String, _ group: String) throws -> Int {
    try DatasetReader(path: path).shape(of: "targets", in: group).rows
  }

  /// Whether every dataset of the group has, in each row, what the row of the origin has.
  static func requireRows(_ path: String, origins: [Int], group: String = "train") throws {
    let root = try HDF5.File.open(at: path).root
    let train = try root.group(group)
    #expect(try train.dataset("targets").read(as: Int.self) == origins.map { $0 % 3 })
    #expect(try train.dataset("inputs/categories").read(as: Int.self) == origins.map { $0 % 4 - 1 })
    #expect(try train.dataset("names").readStrings() == origins.map { "row \($0)" })
    #expect(try train.dataset("short").readStrings() == origins.map { "r\($0)" })
    #expect(
      try train.dataset("big-endian").read(as: Int.self) == origins.flatMap { row in (0..<6).map { row * 6 + $0 } })
    #expect(try train.dataset("big-endian").datatype.byteOrder == .bigEndian)
    #expect(try train.dataset("big-endian").attribute("units").readString() == "m")
    #expect(try train.dataset("scale").read(as: Double.self) == [2.5])
    #expect(try train.dataset("targets").attribute("classes").readStrings() == ["p", "q", "r"])
    #expect(try train.attribute("numbers").read(as: Int.self) == [1, -2])
    #expect(try root.attribute("made by").readString() == "a test")
    #expect(try root.dataset("meta/edges").read(as: Double.self) == [1, 2, 4, 8])
    #expect(try root.group("meta/deeper").attribute("depth").readScalar(as: Int.self) == 2)
  }

  @Test(
    arguments: [nil, 7],
    [
      StorageRequest(), StorageRequest(isContiguous: true), StorageRequest(chunkRows: 16, compression: .gzip(1)),
      StorageRequest(chunkRows: 1000, compression: StorageRequest.Compression.none),
      StorageRequest(compression: .gzip(9)),
    ])
  func chunksChangeNothingElse(chunk: Int?, request: StorageRequest) throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try Self.write(path, chunk: chunk)
      let (summary, seen) = try watched { try Rechunk(path: path, storage: request).write(to: output) }
      #expect(summary.notes == ["what is outside the groups 'train', 'test' is copied as it is"])
      try Self.requireRows(output, origins: Array(0..<Self.rows))
      #expect(
        try Self.read(path).fingerprint(of: ["inputs", "targets"], andIfPresent: ["big-endian", "names"])
          == Self.read(output).fingerprint(of: ["inputs", "targets"], andIfPresent: ["big-endian", "names"]))
      let numbers = try HDF5.File.open(at: output).root.dataset("train/inputs/numbers")
      let big = try HDF5.File.open(at: output).root.dataset("train/big-endian")
      let isCompressed = request.compression.map { $0 != .none } ?? (chunk != nil && !request.isContiguous)
      if request.isContiguous || !isCompressed && request.chunkRows == nil {
        #expect(try numbers.layout == .contiguous && big.layout == .contiguous)
      } else {
        #expect(try numbers.chunkShape == [Self.rows, 2])
        // It was not compressed, and is contiguous where nothing else is asked for.
        #expect(try big.chunkShape == (request == StorageRequest() ? nil : [Self.rows, 2, 3]))
      }
      #expect(try numbers.filters.contains { $0.name == "deflate" } == isCompressed)
      let shares = seen.filter { $0.what == "storing in.h5 anew" }.compactMap(\.share)
      #expect(shares.last == 1 && shares == shares.sorted())
    }
  }

  @Test func chunksAreAsTheyWereAskedFor() throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      let rows = 5000
      try DatasetWriter().write(
        groups: [
          .init(
            name: "train", inputs: NumberTable(shape: [rows, 100], values: (0..<rows * 100).map { Float($0) }),
            targets: NumberTable(shape: [rows], values: [UInt8](repeating: 1, count: rows)))
        ], to: path)
      func chunks(_ request: StorageRequest) throws -> [Int?] {
        var options = Rewriting()
        options.overwrite = true
        _ = try Rechunk(path: path, storage: request, options: options).write(to: output)
        let train = try HDF5.File.open(at: output).root.group("train")
        return [try train.dataset("inputs").chunkShape?.first, try train.dataset("targets").chunkShape?.first]
      }
      #expect(try chunks(StorageRequest()) == [nil, nil])
      // 400 bytes a row: 1024 rows are 400 KiB. The targets are fewer than fill a chunk.
      #expect(try chunks(StorageRequest(compression: .gzip(1))) == [1024, rows])
      // 256 targets would be a crumb.
      #expect(try chunks(StorageRequest(chunkRows: 256)) == [256, rows])
      #expect(try chunks(StorageRequest(chunkRows: 9000)) == [rows, rows])
    }
  }

  @Test func chunksOfBlocksLeaveNoRest() {
    #expect(ChunkProposal.rows(ofRowBytes: 784) == 512)
    #expect(ChunkProposal.rows(ofRowBytes: 1) == 1 << 19)
    #expect(ChunkProposal.rows(ofRowBytes: 1e7) == 1)
    #expect(ChunkProposal.rows(ofRowBytes: 784, block: 1000) == 500)
    #expect(ChunkProposal.rows(ofRowBytes: 784, block: 64) == 64)
    #expect(ChunkProposal.rows(ofRowBytes: 1e6, block: 97) == 1)
  }

  @Test(arguments: [Int.max, 3000, 200, 1])
  func shufflingPermutesAllRowsAlikeInAnyMemory(room: Int) throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try Self.write(path)
      var options = Rewriting()
      options.roomOfRows = room
      let summary = try Shuffle(path: path, seed: 3, options: options).write(to: output)
      #expect(summary.groups.map(\.name) == ["train", "test"] && summary.groups.map(\.rows) == [Self.rows, 3])
      let origins = try Self.origins(output)
      #expect(origins.sorted() == Array(0..<Self.rows) && origins != origins.sorted())
      // Well mixed: few rows have their neighbour behind them.
      #expect(zip(origins, origins.dropFirst()).count { $1 == $0 + 1 } < 8)
      try Self.requireRows(output, origins: origins)
      #expect(try Self.origins(output, group: "test").sorted() == [2, 5, 9])
      // The order depends on seed and rows alone.
      for (seed, isSame) in [(3, true), (4, false)] {
        let again = "\(directory)/\(seed).h5"
        _ = try Shuffle(path: path, seed: seed).write(to: again)
        #expect(try (Self.origins(again) == origins) == isSame)
      }
      let (old, new) = (try HDF5.File.open(at: path).root, try HDF5.File.open(at: output).root)
      for name in ["train/inputs/numbers", "train/big-endian", "train/targets"] {
        #expect(try new.dataset(name).chunkShape == old.dataset(name).chunkShape)
        #expect(try new.dataset(name).filters == old.dataset(name).filters)
      }
    }
  }

  @Test func namesOfOneObjectStayNamesOfOneObject() throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try Self.write(path)
      let file = try HDF5.File.open(at: path, writable: true)
      let root = try file.root
      try root.group("train").link("again", to: root.dataset("train/targets"))
      try root.group("meta").link("up", to: root)
      try file.close()
      _ = try Rechunk(path: path).write(to: output)
      let copy = try HDF5.File.open(at: output).root
      #expect(try copy.dataset("train/again").identity() == copy.dataset("train/targets").identity())
      #expect(try copy.group("meta/up").identity() == copy.identity())
    }
  }

  @Test func whatCannotBeDoneIsOneSentenceAndNoFile() throws {
    try withScratchDirectory { directory in
      let (path, output) = ("\(directory)/in.h5", "\(directory)/out.h5")
      try Self.write(path)
      func refusal(_ code: ExitCode, _ part: String, _ body: () throws -> RewritingSummary) throws {
        let error = try #require(try trainerError(body))
        #expect(error.code == code && error.message.contains(part), "\(error.message)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).allSatisfy { !$0.contains("out.h5") })
      }
      try refusal(.data, "cannot open '\(directory)/none.h5': no such file") {
        try Rechunk(path: "\(directory)/none.h5").write(to: output)
      }
      try refusal(.usage, "is an input of the same command") {
        var options = Rewriting()
        options.overwrite = true
        return try Rechunk(path: path, options: options).write(to: path)
      }
      try refusal(.usage, "there is no directory") { try Shuffle(path: path).write(to: "\(directory)/no/out.h5") }
      try refusal(.usage, "1.00 MB of memory leave") {
        var options = Rewriting()
        options.memory = 1_000_000
        return try Shuffle(path: path, options: options).write(to: output)
      }
      let uneven = "\(directory)/uneven.h5"
      try writeFile(uneven) { root in
        try root.createDataset("train/inputs", shape: [3, 1], values: [1.0, 2, 3])
        try root.createDataset("train/targets", shape: [2], values: [1.0, 2])
      }
      try refusal(.data, "/train/targets has 2 rows and /train/inputs 3") {
        try Shuffle(path: uneven).write(to: output)
      }
      let foreign = "\(directory)/foreign.h5"
      try writeFile(foreign) { root in try root.createDataset("x", shape: [3, 1], values: [1.0, 2, 3]) }
      try refusal(.data, "there is no group 'train' with the samples") { try Shuffle(path: foreign).write(to: output) }
      let sparse = "\(directory)/sparse.h5"
      try writeFile(sparse) { root in
        for name in ["data", "indices", "indptr"] {
          try root.createDataset("train/inputs/\(name)", shape: [3], values: [0.0, 1, 2])
        }
      }
      try refusal(.data, "/train/inputs is a sparse matrix") { try Shuffle(path: sparse).write(to: output) }
    }
  }
}
