import Foundations
import HDF5
import TestSupport
import Testing

/// Elements that no program has written are told from those that are 0.
@Suite struct UnwrittenRowsTests {
  private func unwritten(
    shape: [Int], chunk: [Int]?, writing rows: [Range<Int>] = []
  ) throws -> UnwrittenRows? {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let file = try HDF5.File.create(at: path)
      let dataset = try file.root.createDataset(
        "x", shape: shape, type: .number(.float32),
        properties: chunk.map { try .datasetCreation(chunk: $0, deflate: 1) })
      for range in rows {
        try dataset.write(
          [Float](repeating: 0, count: range.count * shape.dropFirst().reduce(1, *)), selecting: .range(range))
      }
      try file.close()
      let reading = try HDF5.File.open(at: path)
      return try reading.root.dataset("x").unwritten
    }
  }

  @Test func whatWasWrittenIsNot() throws {
    #expect(try unwritten(shape: [10, 4], chunk: [3, 4], writing: [0..<10]) == nil)
    #expect(try unwritten(shape: [10, 4], chunk: nil, writing: [0..<10]) == nil)
    #expect(try unwritten(shape: [10], chunk: [3], writing: [0..<1, 3..<4, 6..<10]) == nil)
    #expect(try unwritten(shape: [0, 4], chunk: nil) == nil)
  }

  @Test func nothingIsAll() throws {
    #expect(try unwritten(shape: [10, 4], chunk: [3, 4]) == .all)
    #expect(try unwritten(shape: [10, 4], chunk: nil) == .all)
    #expect(try unwritten(shape: [1 << 40, 4], chunk: [1024, 4]) == .all)
  }

  @Test func rowsOfMissingChunksAreNamed() throws {
    #expect(try unwritten(shape: [10, 4], chunk: [3, 4], writing: [0..<3, 6..<10]) == .rows(3..<6))
    #expect(try unwritten(shape: [10, 4], chunk: [3, 3], writing: [0..<5]) == .rows(6..<10))
    #expect(try unwritten(shape: [10], chunk: [3], writing: [9..<10]) == .rows(0..<9))
    // Of the chunks side by side one is missing.
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      try writeFile(path) { root in
        let dataset = try root.createDataset(
          "x", shape: [4, 2], type: .number(.float32), maximumShape: [4, nil],
          properties: .datasetCreation(chunk: [2, 2]))
        try dataset.write([Float](repeating: 1, count: 8))
        try dataset.resize(to: [4, 4])
      }
      #expect(try HDF5.File.open(at: path).root.dataset("x").unwritten == .rows(0..<4))
    }
  }

  @Test func manyChunksAreOnlyCounted() throws {
    #expect(try unwritten(shape: [1 << 20], chunk: [16], writing: [0..<16]) == .part)
  }
}
