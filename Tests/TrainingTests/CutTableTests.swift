import Foundation
import TestSupport
import Testing
import Training

/// A run that goes on cuts the very next row behind its checkpoint.
@Suite struct CutTableTests {
  @Test func theRowRightBehindTheCheckpointIsCut() throws {
    try withScratchDirectory { directory in
      let configuration = try RunConfiguration(
        json: """
          {"parameters": {"w": 2}, "objective": "w^2", "training": {"steps": 8}, "optimizer": {"type": "sgd", "learningRate": 0.1},
           "observers": ["csv"]}
          """, output: "\(directory)/run")
      let path = "\(directory)/run/metrics.csv"
      func steps() throws -> [Int] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
          .compactMap { $0.split(separator: ",").first.flatMap { Int($0) } }
      }
      var options = RunOptions(workers: 1)
      options.stopAtStep = 4
      _ = try train(configuration, options: options)
      #expect(try steps() == Array(0...4))
      // As if it had been killed a step later: the row is there, and the checkpoint is not.
      let row = try #require(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").last)
      let later = "5" + row.dropFirst() + "\n"
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data(later.utf8))
      try file.close()
      _ = try train(configuration)
      #expect(try steps() == Array(0...8))
      #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(later))
    }
  }
}
