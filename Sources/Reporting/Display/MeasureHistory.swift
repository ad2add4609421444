import Foundations
import Training

/// The last and the best of each measure of a run, for its display.
package struct MeasureHistory: Sendable {
  private struct Entry: Sendable {
    let group: String
    let metric: String
    var last: Double
    var best: (value: Double, when: String)
    var isBest = true
  }

  private var entries: [Entry] = []

  /// Nothing seen yet.
  package init() {}

  /// Takes note of a measurement.
  ///
  /// - Parameters:
  ///   - when: When it was made, such as `epoch 3`.
  ///   - prefersLarger: Whether the larger value of a metric is the better one.
  package mutating func note(
    _ groups: [(group: String, values: [(name: String, value: Double)])], when: String, prefersLarger: (String) -> Bool
  ) {
    for (group, values) in groups {
      for (metric, value) in values {
        guard let place = entries.firstIndex(where: { $0.group == group && $0.metric == metric }) else {
          entries.append(Entry(group: group, metric: metric, last: value, best: (value, when)))
          continue
        }
        let best = entries[place].best.value
        let isBetter = best.isNaN || (prefersLarger(metric) ? value > best : value < best)
        entries[place].last = value
        entries[place].isBest = isBetter
        if isBetter { entries[place].best = (value, when) }
      }
    }
  }

  /// The measures, beside those of the training group so far.
  func measures(now: LossAndMetrics?) -> [LiveBlock.Measure] {
    var measures = entries.map { entry in
      LiveBlock.Measure(
        label: "\(entry.group) \(entry.metric)", now: entry.group == "train" ? now?[entry.metric] : nil,
        last: entry.last,
        best: entry.best, isBest: entry.isBest)
    }
    guard measures.isEmpty, let now else { return measures }
    measures = [LiveBlock.Measure(label: "train loss", now: now.loss)]
    return measures + now.metrics.map { LiveBlock.Measure(label: "train \($0.name)", now: $0.value) }
  }
}
