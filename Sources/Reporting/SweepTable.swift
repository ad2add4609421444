import Foundations
import Training

/// What `trainer sweep` prints at its end: a row for each run, with the values that tell it from the others, its length,
/// its last measures, and how it ended.
public struct SweepTable {
  private let keys: [String]
  private var rows: [[String]] = []
  private var traces: [RunTrace] = []

  /// An empty table.
  ///
  /// - Parameter keys: The settings that the runs differ in.
  public init(keys: [String]) { self.keys = keys }

  /// Adds a run.
  ///
  /// - Precondition: there is one value for each key.
  public mutating func append(values: [JSONValue], _ trace: RunTrace) {
    precondition(values.count == keys.count, "a run has a value for each key")
    rows.append(values.map { $0.text ?? $0.lineText })
    traces.append(trace)
  }

  /// The table as lines of text.
  public var text: String {
    let measures = measureNames
    var cells = [keys + ["step"] + measures.map { "\($0.group) \($0.metric)" } + ["status"]]
    for (row, trace) in zip(rows, traces) {
      let values = measures.map { measure in
        lastValue(of: measure.metric, in: measure.group, of: trace).map(NumberText.measure) ?? "-"
      }
      cells.append(row + [String(trace.step)] + values + [Self.status(of: trace)])
    }
    // Numbers stand flush right, the settings and the status flush left.
    var table = TextTable(header: cells[0], left: Set(keys.indices).union([cells[0].count - 1]))
    for row in cells.dropFirst() { table.append(row) }
    return table.text
  }

  private var measureNames: [(group: String, metric: String)] {
    var names: [(group: String, metric: String)] = []
    for trace in traces {
      for metric in trace.metrics {
        for group in trace.groups(with: metric) where !names.contains(where: { $0 == (group, metric) }) {
          names.append((group, metric))
        }
      }
    }
    return names
  }

  private func lastValue(of metric: String, in group: String, of trace: RunTrace) -> Double? {
    trace.records.last { $0.value(metric, of: group) != nil }?.value(metric, of: group)
  }

  private static func status(of trace: RunTrace) -> String {
    switch trace.ending {
    case .finished(nil): "finished"
    case .finished(let reason?): "finished: \(reason)"
    case .diverged: "DIVERGED"
    case .unfinished: "unfinished"
    }
  }
}
