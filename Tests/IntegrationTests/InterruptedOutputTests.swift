import Foundation
import Foundations
import TestSupport
import Testing

/// What commands that write one file leave where something comes in between.
@Suite struct InterruptedOutputTests {
  private func withModel(_ body: (Workshop, _ checkpoint: String) throws -> Void) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try body(workshop, workshop.makeCheckpoint())
    }
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func aSignalLeavesNoPartOfAFile(signal: Int32, status: Int32) throws {
    try withModel { workshop, checkpoint in
      let process = Process()
      process.executableURL = URL(filePath: TrainerBinary.path)
      process.arguments = ["predict", checkpoint, "-", "-o", workshop.path("p.csv")]
      let input = Pipe()
      process.standardInput = input
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data("a,b\n1,2\n".utf8))
      let isPartial = { (name: String) in name.contains("p.csv") }
      // It waits for more rows once the file has been begun.
      while try !files(in: workshop.directory).contains(where: isPartial) {
        try #require(process.isRunning)
        usleep(1000)
      }
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      #expect(process.terminationStatus == status && process.terminationReason == .exit)
      #expect(try !files(in: workshop.directory).contains(where: isPartial))
    }
  }

  @Test func rowsInFrontOfAFaultArePredicted() throws {
    try withModel { workshop, checkpoint in
      try workshop.write("rows.csv", "a,b\n1,2\n3,4\n5\n7,8\n")
      let result = try TrainerBinary.run("predict", checkpoint, workshop.path("rows.csv"))
      #expect(result.status == 3 && result.errors.contains("line 4: it has 1 field, and the first line has 2"))
      #expect(result.output.split(separator: "\n").count == 3)
      // A file is complete or absent.
      let file = workshop.path("p.csv")
      try TrainerBinary.run("predict", checkpoint, workshop.path("rows.csv"), "-o", file).expectError(3, "line 4")
      #expect(!FileManager.default.fileExists(atPath: file))
    }
  }

  @Test func nothingOfTheModelsRunIsReplaced() throws {
    try withModel { workshop, checkpoint in
      try workshop.write("rows.csv", "a,b\n1,2\n")
      let checkpoints = URL(filePath: checkpoint).deletingLastPathComponent()
      let run = checkpoints.deletingLastPathComponent()
      let other = checkpoints.appending(path: "step-000000000.h5")
      try FileManager.default.copyItem(at: URL(filePath: checkpoint), to: other)
      for file in [run.appending(path: "config.json"), run.appending(path: "metrics.jsonl"), other] {
        let before = try Data(contentsOf: file)
        for model in [run.path, checkpoint] {
          let result = try TrainerBinary.run(
            "predict", model, workshop.path("rows.csv"), "-o", file.path, "--to", "csv", "--overwrite")
          result.expectError(2, "is an input of the same command")
        }
        #expect(try Data(contentsOf: file) == before)
      }
    }
  }
}
