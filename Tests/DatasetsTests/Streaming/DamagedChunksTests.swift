import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import TestSupport
import Testing

/// What is wrong with chunks is a sentence with file, dataset, chunk and rows, and never a crash.
@Suite struct DamagedChunksTests {
  private static let folder = StreamedRowsTests.folder

  private func places(_ path: String, _ name: String) throws -> ChunkPlaces {
    let dataset = try HDF5.File.open(at: path, isTrusted: true).root.group("train").dataset(name)
    guard let file = try dataset.readableFile() else { throw TrainerError(.data, "no descriptor") }
    guard let places = try dataset.chunkPlaces(in: file) else { throw TrainerError(.data, "no places") }
    return places
  }

  /// Runs `body` with a copy of a fixture.
  private func withCopy(_ file: String, _ body: (_ path: String) throws -> Void) throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/copy.h5"
      try FileManager.default.copyItem(atPath: "\(Self.folder)/\(file).h5", toPath: path)
      try body(path)
    }
  }

  private func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    body(&bytes)
    // In place: another file of the same name would not be the one that is open.
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.write(contentsOf: Data(bytes))
    try file.truncate(atOffset: UInt64(bytes.count))
    try file.close()
  }

  private static let chains = [
    "none", "deflate", "shuffle", "fletcher", "shuffle-deflate", "shuffle-deflate-fletcher", "fletcher-deflate",
    "fletcher-shuffle-deflate-fletcher", "deflate-deflate", "lzf", "shuffle-lzf-fletcher", "lz4", "lz4-blocks", "zstd",
    "shuffle-zstd-fletcher",
  ]

  /// A byte of the chunk (2, 0, 0), another each time. Of a zlib stream nothing depends on the flags that say how hard its writer
  /// has tried, and on the bits behind the last block.
  @Test(arguments: chains) func aChangedByteIsFoundOrHarmless(_ chain: String) throws {
    try withCopy("numbers") { path in
      let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
      let place = try #require(try places(path, chain)[2])
      let isCertain = chain.contains("fletcher") || chain.contains("deflate")
      func rows() throws -> [UInt64] {
        let streamed: StreamedRows<Float> = try DatasetReader(path: path).streamedRows(of: chain, in: "train")
        return try decoded(streamed.rows, 14..<30)
      }
      let expected = try rows()
      for _ in 0..<40 {
        var bytes = whole
        let at = place.address + Int.random(in: 0..<place.byteCount)
        bytes[at] ^= UInt8.random(in: 1...255)
        try change(path) { $0 = bytes }
        var found: [UInt64] = []
        let error = try trainerError { found = try rows() }
        // Other bytes may be numbers, or none.
        guard let error else {
          #expect(!isCertain || found == expected, "\(chain) \(at - place.address)")
          continue
        }
        #expect(error.code == .data && error.message.hasPrefix(path), "\(error)")
        let isNumber = error.message.contains("in row ")
        #expect(
          isNumber
            || error.message.contains(
              "/train/\(chain): the chunk (2, 0, 0) with the rows 16 to 23 (counted from 0) is damaged"),
          "\(error)")
      }
    }
  }

  /// A chunk that ends too early, or has the beginning of another.
  @Test(arguments: chains) func aChunkOfOtherBytesIsFoundOrHarmless(_ chain: String) throws {
    try withCopy("bytes") { path in
      let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
      let place = try #require(try places(path, chain)[2])
      for _ in 0..<20 {
        var bytes = whole
        let from = Int.random(in: 0..<place.byteCount)
        for index in from..<place.byteCount { bytes[place.address + index] = UInt8.random(in: 0...255) }
        try change(path) { $0 = bytes }
        let streamed: StreamedRows<Float> = try DatasetReader(path: path).streamedRows(of: chain, in: "train")
        if let error = try trainerError({ try decoded(streamed.rows, 0..<41) }) {
          #expect(error.message.contains("the chunk (2, 0, 0) with the rows 16 to 23"), "\(error)")
        }
      }
    }
  }

  /// The index says that a chunk has another size, or lies elsewhere.
  @Test func aPlaceThatCannotBeRightIsRefused() throws {
    try withCopy("numbers") { path in
      let place = try #require(try places(path, "deflate")[2])
      let size = withUnsafeBytes(of: UInt32(place.byteCount).littleEndian) { [UInt8]($0) }
      // A key of the tree: size, mask, and the place along each axis and within an element.
      let key = size + [0, 0, 0, 0] + [16] + [UInt8](repeating: 0, count: 31)
      let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
      let address = withUnsafeBytes(of: UInt64(place.address).littleEndian) { [UInt8]($0) }
      let at = try #require(whole.indices.dropLast(48).first { Array(whole[$0..<$0 + 48]) == key + address })
      for (offset, bytes) in [(0, [0xf0, 0xff, 0xff, 0xff]), (0, [0, 0, 1, 0]), (40, [0, 0, 0, 0, 1, 0, 0, 0])]
        as [(Int, [UInt8])]
      {
        try change(path) {
          $0 = whole
          $0.replaceSubrange(at + offset..<at + offset + bytes.count, with: bytes)
        }
        let reader = try DatasetReader(path: path)
        let error = try trainerError {
          let rows: StreamedRows<Float> = try reader.streamedRows(of: "deflate", in: "train")
          _ = try decoded(rows.rows, 0..<41)
        }
        #expect(error?.code == .data)
        // A place behind the end is found by libhdf5 already, which then reads in our place.
        guard bytes == [0, 0, 1, 0] else { continue }
        let expected = "the chunk (2, 0, 0) of dataset '/train/deflate' of '\(path)' is damaged"
        #expect(error?.message.contains(expected) == true, "\(error as Any)")
      }
    }
  }

  @Test func aFileThatIsCutOrChangedIsNamed() throws {
    for change in [true, false] {
      try withCopy("numbers") { path in
        let streamed: StreamedRows<Float> = try DatasetReader(path: path).streamedRows(of: "deflate", in: "train")
        _ = try decoded(streamed.rows, 0..<41)
        let place = try #require(try places(path, "deflate")[3])
        if change {
          try self.change(path) { $0[place.address] ^= 1 }
        } else {
          #expect(truncate(path, off_t(place.address + 3)) == 0)
        }
        let error = try trainerError { try decoded(streamed.rows, 24..<32) }
        let expected =
          change
          ? "the file was changed while it was read, at the chunk (3, 0, 0) with the rows 24 to 31"
          : "the chunk (3, 0, 0) with the rows 24 to 31 (counted from 0) is not whole: it ends at byte "
        #expect(error?.message.contains("\(path): /train/deflate: \(expected)") == true, "\(error as Any)")
        #expect(error?.code == .data)
      }
    }
  }

  @Test func whatIsNotFiniteHasTheSentenceOfRowsInMemory() throws {
    let reader = try DatasetReader(path: "\(Self.folder)/faults.h5")
    for name in ["nan-6", "nan-4", "infinity-6", "infinity-4", "great-6", "great-4"] {
      let memory = try trainerError { try reader.rows(of: name, in: "train", as: Float.self) }
      let streamed: StreamedRows<Float> = try reader.streamedRows(of: name, in: "train")
      let error = try trainerError { try decoded(streamed.rows, 0..<41) }
      #expect(error == memory && memory != nil)
    }
  }

  /// Where libdeflate is not installed zlib takes its place.
  @Test func zlibUnpacksWhatLibdeflateDoes() throws {
    let reader = try DatasetReader(path: "\(Self.folder)/numbers.h5")
    let streamed: StreamedRows<Float> = try reader.streamedRows(of: "fletcher-deflate", in: "train")
    let zlib = DecodingScratch(byteCount: streamed.rows.scratchByteCount, codecs: streamed.rows.codecs, usesZlib: true)
    #expect(try decoded(streamed.rows, 0..<41, scratch: zlib) == decoded(streamed.rows, 0..<41))
  }
}
