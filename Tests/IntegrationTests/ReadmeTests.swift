import Foundation
import HDF5
import TestSupport
import Testing

/// What the README tells people to type does what it says.
@Suite struct ReadmeTests {
  private let text: String

  init() throws { text = try String(contentsOfFile: Repository.path + "/README.md", encoding: .utf8) }

  /// The lines of the first code block under a heading.
  private func block(under heading: String) throws -> [String] {
    let section = try #require(text.components(separatedBy: "\n## \(heading)\n").dropFirst().first)
    let block = try #require(section.components(separatedBy: "```\n").dropFirst().first)
    return block.split(separator: "\n").map(String.init)
  }

  @Test func ownDataTakeThreeLines() throws {
    let lines = try block(under: "Your own data")
    #expect(lines.count == 3)
    try withScratchDirectory { directory in
      try writeFlowers(to: directory)
      try FileManager.default.createSymbolicLink(
        atPath: directory + "/configs", withDestinationPath: Repository.path + "/configs")
      for line in lines {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        let program = URL(filePath: TrainerBinary.path).deletingLastPathComponent().path
        shell.arguments = ["-c", "PATH='\(program)':$PATH; \(line)"]
        shell.currentDirectoryURL = URL(filePath: directory)
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0, "\(line)")
      }
      let predictions = try HDF5.File.open(at: directory + "/predictions.h5").root.dataset("predictions")
      #expect(try predictions.read(as: Int.self) == [0, 1, 2])
    }
  }

  /// `flowers.csv` and, one of each species, `new.h5`.
  private func writeFlowers(to directory: String) throws {
    let iris = try HDF5.File.open(at: Repository.data("iris")).root
    let inputs = try iris.dataset("train/inputs").read(as: Double.self)
    let targets = try iris.dataset("train/targets")
    let names = try targets.attribute("classes").readStrings()
    var lines = ["sepal length,sepal width,petal length,petal width,species"]
    for (row, label) in try targets.read(as: Int.self).enumerated() {
      lines.append(inputs[4 * row..<4 * row + 4].map { "\($0)," }.joined() + names[label])
    }
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: directory + "/flowers.csv", atomically: true, encoding: .utf8)
    let new = try HDF5.File.create(at: directory + "/new.h5")
    let labels = try targets.read(as: Int.self)
    let rows = (0..<3).compactMap { label in labels.firstIndex(of: label) }
    try new.root.createDataset("inputs", shape: [3, 4], values: rows.flatMap { inputs[4 * $0..<4 * $0 + 4] }).close()
    try new.close()
  }

  /// `scripts/examples` compiles and runs that file.
  @Test func theSwiftSectionStandsInTheExamples() throws {
    let section = try #require(text.components(separatedBy: "\n## In Swift\n").dropFirst().first)
    let block = try #require(section.components(separatedBy: "```swift\n").dropFirst().first)
    let lines = try #require(block.components(separatedBy: "\n```").first).components(separatedBy: "\n")
    let example = try String(contentsOfFile: Repository.path + "/Examples/Sources/Arrays/main.swift", encoding: .utf8)
      .components(separatedBy: "\n")
    #expect(lines.count > 5 && lines.contains("import Training"))
    #expect(
      example.indices.contains { example[$0...].starts(with: lines) }, "the README's lines are not in the example")
  }

  @Test func everyCommandAndConfigIsThere() throws {
    let commands = try #require(text.components(separatedBy: "\n## Commands\n").dropFirst().first)
    for name in try TrainerBinary.run("--help").output.split(separator: "\n")
      .drop(while: { !$0.hasPrefix("SUBCOMMANDS") }).dropFirst().prefix(while: { $0.hasPrefix("  ") }).filter({
        !$0.hasPrefix("   ") && !$0.hasPrefix("  See")
      })
      .compactMap({ $0.split(separator: " ").first })
    {
      #expect(commands.contains("| `trainer \(name)"), "the README's table lacks \(name)")
    }
    for config in try FileManager.default.contentsOfDirectory(atPath: Repository.path + "/configs")
    where config.hasSuffix(".json") {
      #expect(text.contains("`\(config)`"), "the README lacks \(config)")
    }
  }
}
