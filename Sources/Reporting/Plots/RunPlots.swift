import Foundation
import Foundations
import Training

extension Plot {
  /// A run with what the legend calls it.
  public struct Run: Sendable {
    /// What the legend calls it.
    public let label: String
    /// The run.
    public let trace: RunTrace

    /// Creates the value.
    public init(label: String, _ trace: RunTrace) {
      self.label = label
      self.trace = trace
    }

    /// Runs called by their names or, where those are not all different, by their directories.
    public static func labelled(_ traces: [RunTrace]) -> [Run] {
      let names = traces.map(\.configuration.name)
      let areDistinct = Set(names).count == names.count
      return zip(traces, names).map { Run(label: areDistinct ? $1 : fileName(of: $0.directory), $0) }
    }
  }

  /// No screen shows more points of one line, and an SVG would become large.
  private static let mostPoints = 2000

  /// Curves of a metric over the steps: a colour for each run, a dash for each group of samples.
  ///
  /// Of several runs, one that diverged before its first measurement is left out.
  ///
  /// - Throws: `TrainerError` with code `.usage` if a run has not measured it.
  public static func curves(of metric: String, _ runs: [Run], isLogarithmic: Bool = false) throws -> Plot {
    var series: [Series] = []
    for (color, run) in runs.enumerated() {
      let groups = run.trace.groups(with: metric)
      guard !groups.isEmpty else {
        if run.trace.ending == .diverged, run.trace.records.isEmpty, runs.contains(where: { !$0.trace.records.isEmpty })
        {
          continue
        }
        let known = run.trace.metrics
        throw TrainerError(
          .usage,
          "\(run.trace.directory): the run has not measured \"\(metric)\"; "
            + (known.isEmpty ? "its metrics.jsonl has no measures yet" : "it has \(known.joined(separator: ", "))"))
      }
      for (dash, group) in groups.enumerated() {
        let points = run.trace.records.compactMap { record in
          record.value(metric, of: group).map { Point(x: Double(record.step), y: $0) }
        }
        let title = runs.count == 1 ? group : groups.count == 1 ? run.label : "\(run.label), \(group)"
        series.append(
          Series(
            title, thinned(points),
            // The first run's lines are wider, so that equal curves both show.
            .line(
              color: runs.count == 1 ? dash : color, dash: dash, width: runs.count > 1 && color == 0 ? 4 : 2)))
      }
    }
    var plot = Plot(
      title: runs.count == 1 ? runs[0].label : "", xLabel: "step", yLabel: metric, series: series)
    plot.isLogarithmic = isLogarithmic
    return plot
  }

  static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > mostPoints else { return points }
    let stride = (points.count + mostPoints - 1) / mostPoints
    return points.enumerated().filter { $0.offset % stride == 0 || $0.offset == points.count - 1 }.map(\.element)
  }
}
