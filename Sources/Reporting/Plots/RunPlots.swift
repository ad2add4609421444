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

    /// Runs called by their names or, where those are not all different, by what differs between their configs, or else by their
    /// directories.
    public static func labelled(_ traces: [RunTrace]) -> [Run] {
      func areDistinct(_ labels: [String]) -> Bool { Set(labels).count == labels.count }
      let directories = traces.map(\.directory)
      let labels =
        [traces.map(\.configuration.name), differences(between: traces), directories.map { fileName(of: $0) }]
        .first(where: areDistinct) ?? directories
      return zip(labels, traces).map { Run(label: $0, $1) }
    }

    /// More settings, or longer values, are no label.
    private static let (mostSettings, mostCharacters) = (3, 48)

    /// In what each run differs from the others, such as `learningRate 0.1, batchSize 8`; empty for too much. What follows from
    /// the rest is left out, as the number of shards is that goes by the batch.
    private static func differences(between traces: [RunTrace]) -> [String] {
      var settings = RunComparison.settings(of: traces.map(\.configuration))
      func labels(_ settings: [RunComparison.Line]) -> [String] {
        traces.indices.map { run in
          settings.map { "\($0.lastKey) \($0.text(of: run))" }.joined(separator: ", ")
        }
      }
      guard Set(labels(settings)).count == traces.count else { return traces.map { _ in "" } }
      for place in settings.indices.reversed() {
        var fewer = settings
        fewer.remove(at: place)
        if Set(labels(fewer)).count == traces.count { settings = fewer }
      }
      let found = labels(settings)
      let isShort = settings.count <= mostSettings && found.allSatisfy { $0.count <= mostCharacters }
      return isShort ? found : traces.map { _ in "" }
    }
  }

  /// No screen shows more points of one line, and an SVG would become large.
  private static let mostPoints = 2000

  /// More runs have their names at the ends of their lines in place of a legend.
  private static let mostInLegend = 3

  /// Curves of a metric over the steps: a colour for each run, a dash for each group of samples.
  ///
  /// Of several runs, one that diverged before its first measurement is left out.
  ///
  /// - Throws: `TrainerError` with code `.usage` if a run has not measured it.
  public static func curves(of metric: String, _ runs: [Run], isLogarithmic: Bool = false) throws -> Plot {
    var series: [Series] = []
    let areLabelled = runs.count > mostInLegend
    var shownGroups: [String] = []
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
        if areLabelled {
          if !shownGroups.contains(group) { shownGroups.append(group) }
          series.append(
            Series(
              "", thinned(points), .line(color: color, dash: dash, width: 1.6),
              endLabel: group == groups.last ? run.label : nil))
          continue
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
    // What the dashes mean, once for all runs.
    if areLabelled, shownGroups.count > 1 {
      series += shownGroups.enumerated().map { Series($1, [], .dash($0)) }
    }
    var plot = Plot(
      title: runs.count == 1 ? runs[0].label : "", xLabel: "step", yLabel: metric, series: series)
    plot.isLogarithmic = isLogarithmic
    return plot
  }

  /// At most so many points as are seen: of each stretch the least and the greatest, so that no peak is lost, and whatever is not
  /// finite, so that a gap stays one.
  package static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > mostPoints else { return points }
    let size = (2 * points.count + mostPoints - 1) / mostPoints
    var kept: [Point] = []
    for start in stride(from: 0, to: points.count, by: size) {
      let stretch = start..<min(points.count, start + size)
      var places: Set<Int> = []
      if start == 0 { places.insert(0) }
      if stretch.upperBound == points.count { places.insert(points.count - 1) }
      let finite = stretch.filter { points[$0].y.isFinite }
      if let least = finite.min(by: { points[$0].y < points[$1].y }) { places.insert(least) }
      if let greatest = finite.max(by: { points[$0].y < points[$1].y }) { places.insert(greatest) }
      if let gap = stretch.first(where: { !points[$0].y.isFinite }) { places.insert(gap) }
      kept += places.sorted().map { points[$0] }
    }
    return kept
  }
}

extension RunComparison.Line {
  /// The last key of a setting's path, such as `learningRate`.
  var lastKey: String { name.split(separator: ".").last.map(String.init) ?? name }

  /// A setting's value in a run, for people.
  func text(of run: Int) -> String { values[run].map { $0.text ?? $0.lineText } ?? "-" }
}
