import Foundation
import TestSupport
import Testing

/// What the README tells people to type does what it says.
@Suite struct ReadmeTests {
  private let text: String

  init() throws { text = try String(contentsOfFile: Repository.path + "/README.md", encoding: .utf8) }

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
    let help = try TrainerBinary.run("--help").output
    let groups = help.components(separatedBy: "SUBCOMMANDS:\n").dropFirst()
    #expect(groups.count > 1)
    for name in groups.flatMap({ $0.components(separatedBy: "\n\n")[0].split(separator: "\n") })
      .filter({ !$0.hasPrefix("   ") }).compactMap({ $0.split(separator: " ").first })
    {
      #expect(commands.contains("| `trainer \(name)"), "the README's table lacks \(name)")
    }
    for config in try FileManager.default.contentsOfDirectory(atPath: Repository.path + "/configs")
    where config.hasSuffix(".json") {
      #expect(text.contains("`\(config)`"), "the README lacks \(config)")
    }
  }
}
