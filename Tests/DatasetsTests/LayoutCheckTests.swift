import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// What `data check` finds: how often chunks are decoded, what windows take, and rows that are sorted.
@Suite struct LayoutCheckTests {
  /// A file of rows with labels, in chunks or without.
  private func write(_ path: String, rows: Int, columns: Int, chunk: [Int]?, label: (Int) -> Int) throws {
    try writeFile(path) { root in
      let inputs = try root.createDataset(
        "train/inputs", shape: [rows, columns], type: .number(.float32),
        properties: .datasetCreation(chunk: chunk, deflate: chunk.map { _ in 1 }))
      try inputs.write((0..<rows * columns).map { Float($0 % 97) })
      try root.createDataset("train/targets", shape: [rows], values: (0..<rows).map { UInt8(label($0)) })
    }
  }

  private func check(_ path: String, _ plan: LayoutCheck.Plan) throws -> LayoutCheck {
    try LayoutCheck(DatasetReader(path: path), inputs: "inputs", targets: "targets", plan: plan)
  }

  private static let order = SampleOrder.blocks(rows: 64, window: 4)

  @Test func chunksThatSeveralBlocksShareAreCounted() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      // With a budget of a byte everything is streamed.
      var plan = LayoutCheck.Plan(order: Self.order, batchSize: 32, shards: 2, memory: 1)
      for (chunk, decodes) in [(64, 1.0), (128, 2.0), (1000, 16.0), (32, 1.0), (96, 1.5)] {
        try write(path, rows: 3000, columns: 8, chunk: [chunk, 8]) { $0 % 3 }
        let check = try check(path, plan)
        #expect(check.source == .streamed)
        let found = try #require(check.datasets[0].decodes)
        // By the definition: the blocks that have rows of each chunk.
        var blocks = 0
        for first in stride(from: 0, to: 3000, by: chunk) {
          blocks += Set((first..<min(3000, first + chunk)).map { $0 / 64 }).count
        }
        #expect(found == Double(blocks) / Double((2999 + chunk) / chunk) && abs(found - decodes) < 0.8)
        #expect(check.findings.contains { $0.sentence.contains("is decoded") } == (decodes > 2))
        #expect(check.datasets[0].proposedRows == 64)
        unlink(path)
      }
      // In memory each is decoded once, in any order.
      try write(path, rows: 3000, columns: 8, chunk: [1000, 8]) { $0 % 3 }
      plan.memory = nil
      #expect(try check(path, plan).datasets[0].decodes == 1 && check(path, plan).findings.isEmpty)
      // Drawn row by row.
      plan = LayoutCheck.Plan(order: .rows, memory: 1)
      #expect(try check(path, plan).findings.first?.sentence.contains("decodes each of its chunks 1000 times") == true)
    }
  }

  @Test func rowsThatAreSortedByClassAreFound() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try write(path, rows: 8000, columns: 4, chunk: nil) { $0 / 800 }
      let check = try check(path, LayoutCheck.Plan(order: Self.order, batchSize: 64, shards: 2))
      #expect(check.source == .memory && check.runs?.classes == 10 && check.runs?.meanRun == 800)
      #expect(check.runs?.areSorted == true && abs((check.runs?.drawnRun ?? 0) - 1 / 0.9) < 1e-9)
      // 2 shards draw from 4 blocks each: 8 runs at once. 32 blocks make 64.
      #expect(check.findings.count == 1)
      #expect(check.findings[0].sentence.contains("a batch of 64 draws from 8 of them at once"))
      let words = if case .setting(let text) = check.findings[0].mends[0] { text } else { "" }
      #expect(words.contains("a window of 32 blocks, which takes 131 kB"))
      #expect(check.findings[0].mends[1] == .shuffle(path: path))
      // 2 shards x 2 windows x 4 blocks x 64 rows x 4 columns x 4 bytes.
      #expect(check.windowBytes == 16384.0)
      #expect(try self.check(path, LayoutCheck.Plan(order: .rows)).findings.isEmpty)
      #expect(try self.check(path, LayoutCheck.Plan(order: .none)).findings.count == 1)
      unlink(path)
      try write(path, rows: 8000, columns: 4, chunk: nil) { $0 * 7919 % 10 }
      let mixed = try self.check(path, LayoutCheck.Plan(order: .none))
      #expect(mixed.runs?.areSorted == false && mixed.findings.isEmpty)
    }
  }

  @Test func crumbsAreFound() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try write(path, rows: 3000, columns: 4, chunk: [1, 4]) { $0 % 3 }
      let findings = try check(path, LayoutCheck.Plan(order: .rows)).findings
      #expect(findings.count == 1 && findings[0].sentence.contains("3000 chunks of 16 bytes"))
      #expect(findings[0].mends == [.rechunk(path: path, rows: 3000)])
    }
  }

  /// The chunks of inputs and targets are stored anew by one command, whose rows suit the inputs.
  @Test func aFileIsStoredAnewOnce() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try writeFile(path) { root in
        for (name, shape) in [("train/targets", [3000]), ("train/inputs", [3000, 4])] {
          let dataset = try root.createDataset(
            name, shape: shape, type: .number(.float32),
            properties: .datasetCreation(chunk: [1] + shape.dropFirst(), deflate: nil))
          try dataset.write([Float](repeating: 1, count: shape.reduce(1, *)))
        }
      }
      let check = try check(path, LayoutCheck.Plan(order: .rows))
      #expect(check.findings.map(\.mends) == [[.rechunk(path: path, rows: 3000)], [.rechunk(path: path, rows: 3000)]])
      #expect(check.text { "\($0)" }.components(separatedBy: "rechunk(").count == 2)
    }
  }
}
