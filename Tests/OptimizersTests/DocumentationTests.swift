import Foundation
import Foundations
import Optimizers
import TestSupport
import Testing

/// `docs/optimizers.md` says what the code says. With `UPDATE_DOCS=1` in the environment the test writes the tables
/// and the example anew instead of comparing them.
@Suite struct DocumentationTests {
  private static let path = "\(Repository.path)/docs/optimizers.md"

  /// The settings that a component asks for, with a value made up where one is required.
  private func fields<Component>(of entry: Registry<Component>.Entry) throws -> [Settings.Field] {
    var object: JSONObject = ["type": .string(entry.type)]
    while true {
      let settings = try Settings(text: JSONValue.object(object).compactText, source: "docs", directory: "/")
      do {
        _ = try entry.make(settings)
        return settings.fields
      } catch let error as TrainerError {
        guard let missing = settings.fields.last, missing.isRequired, object[missing.key] == nil else { throw error }
        object[missing.key] = missing.kind.hasPrefix("an array") ? .array([1]) : 1
      }
    }
  }

  private func row(_ type: String?, _ field: Settings.Field) -> String {
    let fallback = field.default.map { "`\($0.compactText)`" } ?? (field.isRequired ? "required" : "none")
    let cells = [
      "`\(field.key)`", field.kind.replacing("|", with: "\\|"), fallback, field.help.replacing("|", with: "\\|"),
    ]
    return "| " + ((type.map { [$0] } ?? []) + cells).joined(separator: " | ") + " |"
  }

  private func table<Component>(of registry: Registry<Component>, title: String) throws -> String {
    var lines = ["| \(title) | setting | values | default | meaning |", "|---|---|---|---|---|"]
    for entry in registry.entries {
      let fields = try fields(of: entry)
      if fields.isEmpty { lines.append("| `\(entry.type)` | | | | |") }
      for (index, field) in fields.enumerated() {
        lines.append(row(index == 0 ? "`\(entry.type)`" : "", field))
      }
    }
    return lines.joined(separator: "\n")
  }

  private func commonTable() throws -> String {
    let settings = try Settings(text: #"{"type": "sgd"}"#, source: "docs", directory: "/")
    _ = try OptimizerConfiguration(from: settings)
    let own = try fields(of: SGD.entry).map(\.key) + ["type"]
    let rows = settings.fields.filter { !own.contains($0.key) }.map { row(nil, $0) }
    return (["| setting | values | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
  }

  private func parts() throws -> [(name: String, text: String)] {
    let example = try String(contentsOfFile: "\(Repository.path)/Tests/OptimizersTests/Signum.swift", encoding: .utf8)
    return [
      ("optimizers", try table(of: .optimizers, title: "optimizer")),
      ("common", try commonTable()),
      ("schedules", try table(of: .schedules, title: "schedule")),
      ("example", "```swift\n\(example)```"),
    ]
  }

  @Test func theDocumentIsWhatTheCodeSays() throws {
    var document = try String(contentsOfFile: Self.path, encoding: .utf8)
    let isUpdating = ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "1"
    for (name, text) in try parts() {
      let (begin, end) = ("<!-- \(name): made from the code -->\n", "\n<!-- end -->")
      let start = try #require(document.range(of: begin)).upperBound
      let range = start..<(try #require(document.range(of: end, range: start..<document.endIndex)).lowerBound)
      if isUpdating {
        document.replaceSubrange(range, with: text)
      } else {
        #expect(String(document[range]) == text, "\(name): run this test with UPDATE_DOCS=1 and look at the difference")
      }
    }
    if isUpdating { try AtomicFile.replace(Self.path, contents: [Array(document.utf8)]) }
  }

  // The document's example is a whole optimizer.
  @Test func theExampleWorks() throws {
    let registry = Registry(Registry.optimizers.entries + [Signum.entry])
    let settings = try Settings(text: #"{"type": "signum", "learningRate": 0.1}"#, source: "x.json", directory: "/")
    let optimizer = try OptimizerConfiguration(from: settings, registry: registry).optimizer(
      layout: ParameterLayout(count: 2), schedule: ScheduleSettings(CosineSchedule()),
      run: RunLength(steps: 200, stepsPerEpoch: 200))
    var descent = Descent(optimizer, from: [-5.0, 5.0])
    while descent.step < 200 { descent.advance(descent.parameters.map { 2 * $0 }) }
    #expect(descent.parameters.allSatisfy { abs($0) < 0.01 })
    #expect(descent["momentum"] != nil)
  }
}
