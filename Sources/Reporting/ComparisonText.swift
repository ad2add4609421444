import Foundations
import Training

extension RunComparison {
  /// Columns of more characters in all are headed by numbers.
  private static let mostCharactersOfLabels = 80
  /// More characters of a setting are cut off.
  private static let mostCharacters = 40

  /// What differs and what was measured, as tables; the best of each measure is marked with `*`.
  public var text: String {
    let named = self.labels
    let isWide = named.reduce(0) { $0 + $1.count } > Self.mostCharactersOfLabels
    let labels = isWide ? named.indices.map { String($0 + 1) } : named
    let legend = isWide ? TextTable(zip(labels, named).map { (name: $0, value: $1) }).text + "\n" : ""
    let ends = [
      ["status"] + runs.map(\.status.rawValue), ["steps"] + runs.map { $0.trace.map { String($0.step) } ?? "-" },
    ]
    let digests =
      ["digest"] + runs.map { $0.trace?.digest.map { String($0.replacing("sha256:", with: "").prefix(12)) } ?? "-" }
    let outcome = Self.table(
      "measure", ends + measures.map { Self.row($0) { NumberText.measure($0.double ?? .nan) } } + [digests], labels)
    let heading =
      settings.isEmpty
      ? "the settings are the same\n" : Self.table("setting", settings.map { Self.row($0, Self.setting) }, labels)
    let notes = runs.compactMap { $0.status == .unreadable ? ($0.reason ?? "").onOneLine + "\n" : nil }
    return legend + heading + "\n" + outcome + (notes.isEmpty ? "" : "\n" + notes.joined())
  }

  /// The runs by their names or, where those are not all different, by their directories.
  private var labels: [String] {
    let names = runs.map { $0.name ?? $0.directory }
    if Set(names).count == names.count { return names }
    let folders = runs.map { fileName(of: $0.directory) }
    return Set(folders).count == folders.count ? folders : runs.map { RunText.shortened($0.directory) }
  }

  /// The name, then a cell for each run.
  private static func row(_ line: Line, _ text: (JSONValue) -> String) -> [String] {
    [line.name]
      + line.values.enumerated().map { index, value in
        (value.map(text) ?? "-") + (line.best.isEmpty ? "" : line.best.contains(index) ? " *" : "  ")
      }
  }

  /// With all digits, but cut where it is long.
  private static func setting(_ value: JSONValue) -> String {
    let text = value.text ?? value.lineText
    return text.count > mostCharacters ? "\(text.prefix(mostCharacters))…" : text
  }

  private static func table(_ title: String, _ rows: [[String]], _ labels: [String]) -> String {
    var table = TextTable(header: [title] + labels, left: Set(0...labels.count))
    for row in rows { table.append(row) }
    return table.text
  }

  /// The comparison as JSON with all digits.
  public var json: JSONValue {
    func lines(_ lines: [Line]) -> JSONValue {
      .object(JSONObject(lines.map { ($0.name, .array($0.values.map { $0 ?? .null })) }))
    }
    return [
      "runs": .array(runs.map(\.json)), "settings": lines(settings), "measures": lines(measures),
      "best": .object(
        JSONObject(
          measures.filter { !$0.best.isEmpty }.map { line in
            (line.name, .array(line.best.sorted().map { .string(runs[$0].directory) }))
          })),
    ]
  }
}
