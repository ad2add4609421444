import Foundations
import Training

/// A list of runs for people and for programs.
public struct RunList: Sendable {
  /// The runs in the order of the list.
  public private(set) var runs: [RunOverview]
  private let root: String

  /// Creates a list in the order in which the runs are given.
  ///
  /// - Parameter root: What their paths are shown without.
  public init(_ runs: [RunOverview], under root: String = "") {
    self.runs = runs
    self.root = root.isEmpty || root.hasSuffix("/") ? root : root + "/"
  }

  /// Sorts the runs, the best first: by a measure such as `validation.accuracy`, or one without its group, which is then the
  /// first of validation, test and train that has it; or by `name`, `status`, `steps`, `epochs` (the longest first) or `seconds` (the
  /// shortest first). What has no such value comes last.
  ///
  /// - Throws: `TrainerError` with code `.usage` if no run has it, or the runs disagree on what is better.
  public mutating func sort(by key: String) throws {
    switch key {
    case "name": order(by: \.directory, before: RunOverview.isBefore)
    case "status": order(by: \.status.rawValue, before: <)
    case "steps": order(by: { $0.trace?.step }, before: >)
    case "epochs": order(by: { $0.trace?.epochs }, before: >)
    case "seconds": order(by: { $0.trace?.seconds }, before: <)
    default:
      let metric = try measure(key)
      order(by: { $0.trace?.score(metric) }, before: { metric.isBetter($0, than: $1) })
    }
  }

  private mutating func order<Value: Equatable>(
    by value: (RunOverview) -> Value?, before isBefore: (Value, Value) -> Bool
  ) {
    let pairs = runs.map { (run: $0, value: value($0)) }
    runs = pairs.enumerated().sorted { one, other in
      guard let first = one.element.value, let second = other.element.value, first != second else {
        let ranks = (one.element.value == nil ? 1 : 0, other.element.value == nil ? 1 : 0)
        return ranks.0 != ranks.1 ? ranks.0 < ranks.1 : one.offset < other.offset
      }
      return isBefore(first, second)
    }.map(\.element.run)
  }

  private func measure(_ key: String) throws -> MetricReference {
    let names = key.contains(".") ? [key] : ["validation", "test", "train"].map { "\($0).\(key)" }
    for name in names {
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      guard parts.count == 2, runs.contains(where: { $0.trace?.last(parts[1], of: parts[0]) != nil }) else { continue }
      guard let reference = RunComparison.reference(name, among: runs) else {
        throw TrainerError(
          .usage, "the runs cannot be sorted by \(name): some make it large and others small; name another measure")
      }
      return reference
    }
    let known = MeasureColumns(runs.compactMap { $0.trace?.records.last?.measures }).titles
      .map { $0.replacing(" ", with: ".") }
    let bare = known.compactMap { $0.split(separator: ".", maxSplits: 1).last.map(String.init) }
    let others = ["name", "status", "steps", "epochs", "seconds"]
    let hint = suggestion(for: key, among: known + bare + others).map { "did you mean \"\($0)\"?" }
    throw TrainerError(
      .usage,
      "no run has a value \"\(key)\" to sort by; \(hint ?? "there are \(listed(known + others))")")
  }

  /// The list as lines of text.
  public var text: String {
    guard !runs.isEmpty else { return "no runs\n" }
    let measures = MeasureColumns(runs.map(Self.measures))
    let hasBest = runs.contains { $0.best != nil }
    let header =
      ["run", "status", "epoch", "step"] + (hasBest ? ["best"] : []) + measures.titles + ["time", "digest"]
    let isLeft = [0, 1, header.count - 1] + (hasBest ? [4] : [])
    var table = TextTable(header: header, left: Set(isLeft))
    for run in runs {
      let trace = run.trace
      let best = run.best.map { "\($0.metric) \(NumberText.measure($0.value)) at \($0.step)" } ?? "-"
      table.append(
        [
          shown(run.directory), run.status == .diverged ? "DIVERGED" : run.status.rawValue,
          trace.map { String($0.epochs) } ?? "-", trace.map { String($0.step) } ?? "-",
        ] + (hasBest ? [best] : []) + measures.cells(Self.measures(run)) + [
          trace?.seconds.map(NumberText.duration) ?? "-",
          trace?.digest.map { String($0.replacing("sha256:", with: "").prefix(12)) } ?? "-",
        ])
    }
    let notes = runs.filter { $0.status == .unreadable }.map { ($0.reason ?? "").onOneLine }
    return table.text + (notes.isEmpty ? "" : "\n" + notes.joined(separator: "\n") + "\n")
  }

  /// The list as JSON with all digits.
  public var json: JSONValue { ["runs": .array(runs.map(\.json))] }

  private func shown(_ directory: String) -> String {
    // The directory itself, with or without a slash behind it.
    if directory + "/" == root || directory == root { return "." }
    return directory.hasPrefix(root) ? String(directory.dropFirst(root.count)) : directory
  }

  private static func measures(_ run: RunOverview) -> [GroupMeasures] { run.trace?.records.last?.measures ?? [] }
}

extension RunOverview {
  /// The run as an object; what it lacks is `null`.
  var json: JSONValue {
    func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
    var object: JSONObject = [
      "directory": .string(directory), "name": text(name), "status": .string(status.rawValue), "reason": text(reason),
      "steps": trace.map { .integer($0.step) } ?? .null, "epochs": trace.map { .integer($0.epochs) } ?? .null,
      "seconds": trace?.seconds.map(JSONValue.number) ?? .null, "digest": text(trace?.digest),
      "best": best.map {
        ["metric": .string("\($0.metric)"), "value": .number($0.value), "step": .integer($0.step)]
      } ?? .null,
    ]
    for group in trace?.records.last?.measures ?? [] {
      object[group.group] = .object(JSONObject(group.values.map { ($0.key, $0.value) }))
    }
    return .object(object)
  }
}
