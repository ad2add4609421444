import Foundation
import Foundations
import Optimizers
import TestSupport
import Testing

/// The settings that a component asks for, and a config of it with a value made up where one is required.
func reading<Component>(
  of entry: Registry<Component>.Entry
) throws -> (fields: [Settings.Field], config: JSONObject) {
  var object: JSONObject = ["type": .string(entry.type)]
  while true {
    let settings = try Settings(text: JSONValue.object(object).compactText, source: "docs", directory: "/")
    do {
      _ = try entry.make(settings)
      return (settings.fields, object)
    } catch let error as TrainerError {
      guard let missing = settings.fields.last, missing.isRequired, object[missing.key] == nil else { throw error }
      object[missing.key] = missing.kind.hasPrefix("an array") ? .array([1]) : 1
    }
  }
}

/// `docs/optimizers.md` says what the code says. With `UPDATE_DOCS=1` in the environment the test writes the tables
/// and the example anew instead of comparing them.
@Suite struct DocumentationTests {
  private static let path = "\(Repository.path)/docs/optimizers.md"

  private func row(_ type: String?, _ field: Settings.Field, in parent: String? = nil) -> String {
    let fallback = field.default.map { "`\($0.compactText)`" } ?? (field.isRequired ? "required" : "none")
    let cells = [
      "`\((parent.map { $0 + "." } ?? "") + field.key)`", field.kind.replacing("|", with: "\\|"), fallback,
      field.help.replacing("|", with: "\\|"),
    ]
    return "| " + ((type.map { [$0] } ?? []) + cells).joined(separator: " | ") + " |"
  }

  private func table<Component>(of registry: Registry<Component>, title: String) throws -> String {
    var lines = ["| \(title) | setting | values | default | meaning |", "|---|---|---|---|---|"]
    for entry in registry.entries {
      let fields = try reading(of: entry).fields
      if fields.isEmpty { lines.append("| `\(entry.type)` | | | | |") }
      for (index, field) in fields.enumerated() {
        lines.append(row(index == 0 ? "`\(entry.type)`" : "", field))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// What all components of a kind have: the settings read from `text`, but for those of the component itself.
  private func commonTable<Component>(
    _ entry: Registry<Component>.Entry, with rest: String, read: (Settings) throws -> Void
  ) throws -> String {
    let settings = try Settings(text: #"{"type": "\#(entry.type)", \#(rest)}"#, source: "docs", directory: "/")
    try read(settings)
    let own = try reading(of: entry).fields.map(\.key) + ["type"]
    let rows = settings.fields.filter { !own.contains($0.key) }.flatMap { field in
      [row(nil, field)] + settings.fields(of: field.key).map { row(nil, $0, in: field.key) }
    }
    return (["| setting | values | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
  }

  private func parts() throws -> [(name: String, text: String)] {
    let example = try String(contentsOfFile: "\(Repository.path)/Tests/OptimizersTests/Signum.swift", encoding: .utf8)
    return [
      ("optimizers", try table(of: .optimizers, title: "optimizer")),
      ("common", try commonTable(SGD.entry, with: #""averaging": {}"#) { _ = try OptimizerConfiguration(from: $0) }),
      ("schedules", try table(of: .schedules, title: "schedule")),
      (
        "warm-up",
        try commonTable(ConstantSchedule.entry, with: #""warmup": {"steps": 1}"#) { _ = try ScheduleSettings(from: $0) }
      ),
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
    var registry = Registry.optimizers
    try registry.add(Signum.self)
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
