import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

/// The order of data whose config gives none, from their size alone.
@Suite struct SampleOrderTests {
  @Test func smallDataAreOrderedByRows() throws {
    #expect(SampleOrder.standard(rows: 60_000, rowBytes: 784) == .rows)
    #expect(SampleOrder.standard(rows: 1 << 20, rowBytes: 1023) == .rows)
    #expect(SampleOrder.standard(rows: 1, rowBytes: 0x1p30 - 1) == .rows)
  }

  @Test func largeDataAreOrderedByBlocksOfAMebibyte() throws {
    #expect(SampleOrder.standard(rows: 1 << 20, rowBytes: 1024) == .blocks(rows: 1024, window: 8))
    #expect(SampleOrder.standard(rows: 1 << 21, rowBytes: 1023) == .blocks(rows: 1024, window: 8))
    #expect(SampleOrder.standard(rows: 1 << 20, rowBytes: 1025) == .blocks(rows: 512, window: 8))
    #expect(SampleOrder.standard(rows: 1 << 34, rowBytes: 1) == .blocks(rows: 1 << 20, window: 8))
    #expect(SampleOrder.standard(rows: 600, rowBytes: 0x1p21) == .blocks(rows: 1, window: 8))
  }

  // Rows that are never written, so that the file is small.
  @Test func theSizeIsThatOfTheTrainingGroupsInputsAsTheyAreStored() throws {
    try withScratchDirectory { (directory: String) throws in
      func order(_ type: NumberType, _ shape: [Int], chunk: [Int], test: Int = 1) throws -> SampleOrder {
        let path = "\(directory)/\(type)-\(shape.count)-\(chunk[0])-\(test).h5"
        let file = try File.create(at: path)
        for (group, rows) in [("train", shape[0]), ("test", test)] {
          let group = try file.root.createGroup(group)
          _ = try group.createDataset(
            "inputs", shape: [rows] + shape.dropFirst(), type: .number(type),
            properties: .datasetCreation(chunk: [min(rows, chunk[0])] + chunk.dropFirst()))
          _ = try group.createDataset("targets", shape: [rows], type: .number(.uint8))
        }
        try file.close()
        return try DatasetReader(path: path).standardOrder(of: ["inputs"])
      }
      // Neither chunks nor other groups decide.
      let found = try [
        order(.uint8, [1 << 20, 32, 32], chunk: [64, 32, 32]),
        order(.uint8, [1 << 20, 32, 32], chunk: [1, 32, 32], test: 7),
        order(.uint8, [1 << 20, 1023], chunk: [64, 1023], test: 1 << 20),
        order(.float64, [1 << 20, 128], chunk: [64, 128]), order(.float32, [1 << 20, 128], chunk: [64, 128]),
      ]
      let blocks = SampleOrder.blocks(rows: 1024, window: 8)
      #expect(found == [blocks, blocks, .rows, blocks, .rows])
    }
  }

  @Test func ordersAreSaid() throws {
    #expect("\(SampleOrder.blocks(rows: 1024, window: 8))" == "blocks of 1024 rows, windows of 8 blocks")
    #expect("\(SampleOrder.blocks(rows: 1, window: 1))" == "blocks of 1 row, windows of 1 block")
    #expect("\(SampleOrder.rows) \(SampleOrder.none)" == "rows as stored")
  }
}
