import Foundation
import TestSupport
import Testing

/// The line on a terminal that says how far long work is.
@Suite(.enabled(if: Tool.path(of: "script") != nil, "script, which makes a terminal, is missing"))
struct LongWorkTests {
  /// What a terminal gets of a prediction of rows that come slowly.
  private func transcript(_ workshop: Workshop, _ checkpoint: String, _ options: String, last: String = "last.csv")
    throws
    -> String
  {
    try workshop.write("first.csv", "a,b\n" + String(repeating: "1,2\n", count: 40_000))
    try workshop.write("last.csv", String(repeating: "3,4\n", count: 40_000))
    let rows = "(cat first.csv; sleep 1.6; cat \(last))"
    let command = "\(rows) | '\(TrainerBinary.path)' predict '\(checkpoint)' - \(options); echo status $?"
    let process = Process()
    process.executableURL = URL(filePath: try #require(Tool.path(of: "script")))
    process.arguments = ["--quiet", "--return", "--command", command, "/dev/null"]
    process.currentDirectoryURL = URL(filePath: workshop.directory)
    process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm", "NO_COLOR": "1"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }

  private func withModel(_ body: (Workshop, _ checkpoint: String) throws -> Void) throws {
    try withWorkshop { workshop in
      try workshop.makeDataset()
      try body(workshop, workshop.makeCheckpoint())
    }
  }

  @Test func aLineComesAfterASecondAndGoes() throws {
    try withModel { workshop, checkpoint in
      let text = try transcript(workshop, checkpoint, "-o out.csv")
      let line = try #require(text.range(of: "predicting standard input"), "\(text.debugDescription)")
      #expect(text[line.lowerBound...].prefixMatch(of: #/predicting standard input  [0-9]+ rows/#) != nil)
      // It is wiped before the result is said, and nothing of it comes later.
      let last = try #require(text.range(of: "predicting", options: .backwards))
      let wiped = try #require(text.range(of: "\u{1B}[J", options: .backwards))
      let result = try #require(text.range(of: " for 80000 samples"))
      #expect(last.upperBound < wiped.lowerBound && wiped.upperBound <= result.lowerBound)
      #expect(text.contains("status 0"))
    }
  }

  @Test(arguments: ["-o out.csv --quiet", "-o out.csv 2>errors", ""]) func itIsNotWhereItIsNotWanted(options: String)
    throws
  {
    try withModel { workshop, checkpoint in
      let text = try transcript(workshop, checkpoint, options)
      #expect(!text.contains("predicting") && !text.contains("\u{1B}[J") && text.contains("status 0"))
      if options.contains("errors") {
        #expect(try String(contentsOfFile: workshop.path("errors"), encoding: .utf8).isEmpty)
      }
    }
  }

  @Test func anErrorComesWhereTheLineWas() throws {
    try withModel { workshop, checkpoint in
      try workshop.write("bad.csv", "5\n")
      let text = try transcript(workshop, checkpoint, "-o out.csv", last: "bad.csv")
      let wiped = try #require(text.range(of: "\u{1B}[J", options: .backwards), "\(text.debugDescription)")
      let error = try #require(text.range(of: "error: "))
      #expect(text.contains("predicting") && wiped.upperBound == error.lowerBound && text.contains("status 3"))
    }
  }
}
