import Foundations
import Training

extension SweepReport {
  /// A row for each run, the best first, with the values that tell it from the others, its length, its best value where the
  /// runs are judged by that, its last measures, and how it ended.
  public var text: String {
    let measures = MeasureColumns(rows.map(\.measures))
    let judgedByBest = rows.contains { $0.run.configuration.checkpoints.best == metric }
    let titles = (judgedByBest ? ["best \(metric)"] : []) + measures.titles
    var table = TextTable(
      header: keys + ["step"] + titles + ["status"],
      // Numbers stand flush right, the settings and the status flush left.
      left: Set(keys.indices).union([keys.count + 1 + titles.count]))
    for row in rows {
      let best = judgedByBest ? [row.score.map(NumberText.measure) ?? "-"] : []
      table.append(
        row.run.values.map { $0.text ?? $0.lineText } + [String(row.step)] + best + measures.cells(row.measures)
          + [row.statusText])
    }
    return table.text
  }

  /// Lines behind the table: which run is best by what, and where its config is; empty if none is.
  public var bestText: String {
    guard let best, let score = best.score else { return "" }
    var rows = [
      (name: "best", value: "\(best.run.name), \(metric) \(NumberText.measure(score))"),
      (name: "run", value: RunText.shortened(best.run.directory)),
    ]
    if let bestPath { rows.append((name: "config", value: RunText.shortened(bestPath))) }
    return TextTable(rows).text
  }
}

extension SweepReport.Row {
  fileprivate var statusText: String {
    switch status {
    case .finished: reason.map { "finished: \($0)" } ?? "finished"
    case .stopped: "stopped"
    case .diverged: "DIVERGED"
    case .failed: "FAILED"
    }
  }
}

/// The columns of a table that show what runs measured: one for each measure of a group that any of them has.
struct MeasureColumns {
  private var names: [(group: String, metric: String)] = []

  init(_ rows: [[GroupMeasures]]) {
    for group in ["train", "validation", "test"] {
      for measures in rows.flatMap(\.self) where measures.group == group {
        for value in measures.values where !names.contains(where: { $0 == (group, value.key) }) {
          names.append((group, value.key))
        }
      }
    }
  }

  /// Such as `validation accuracy`.
  var titles: [String] { names.map { "\($0.group) \($0.metric)" } }

  /// The cells of a row; `-` for what it lacks.
  func cells(_ measures: [GroupMeasures]) -> [String] {
    names.map { name in
      measures.first { $0.group == name.group }?.values.first { $0.key == name.metric }
        .map { NumberText.measure($0.value.double ?? .nan) } ?? "-"
    }
  }
}
