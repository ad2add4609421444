import Formulas
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

  private static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > mostPoints else { return points }
    let stride = (points.count + mostPoints - 1) / mostPoints
    return points.enumerated().filter { $0.offset % stride == 0 || $0.offset == points.count - 1 }.map(\.element)
  }

  // MARK: Paths

  /// Whether ``paths(_:)`` can draw runs of these configs: one objective for all, a formula of one or two numbers.
  public static func canDrawPaths(of configurations: [RunConfiguration]) -> Bool {
    guard let first = configurations.first, case .formula(let settings) = first.objective else { return false }
    return (1...2).contains(settings.parameters.map { $0.shape.reduce(1, *) }.reduce(0, +))
      && configurations.dropFirst().allSatisfy { shareObjective(first, $0) }
  }

  /// Whether two configs have the same formula of the same parameters on the same data.
  private static func shareObjective(_ one: RunConfiguration, _ other: RunConfiguration) -> Bool {
    guard case .formula(let formula) = one.objective, case .formula(let otherFormula) = other.objective else {
      return false
    }
    return formula.objective == otherFormula.objective && formula.reduction == otherFormula.reduction
      && formula.parameters.map(\.name) == otherFormula.parameters.map(\.name)
      && formula.parameters.map(\.shape) == otherFormula.parameters.map(\.shape) && one.data == other.data
  }

  /// The paths of formula runs: on the objective's curve in one variable, over its contours in two.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the objective is no formula of one or two variables, the runs do not
  ///   share it, or one has recorded no parameters.
  public static func paths(_ runs: [Run]) throws -> Plot {
    guard let first = runs.first, case .formula(let settings) = first.trace.configuration.objective,
      canDrawPaths(of: [first.trace.configuration])
    else {
      throw TrainerError(
        .usage,
        "\(runs.first?.trace.directory ?? "no run"): a path can be drawn where the objective is a formula of one or "
          + "two numbers",
        remedy: .init("path", "the loss of any run can be drawn"))
    }
    for run in runs.dropFirst() where !shareObjective(first.trace.configuration, run.trace.configuration) {
      throw TrainerError(
        .usage,
        "\(run.trace.directory): the objective or its data is not that of \(first.trace.directory), so both cannot be "
          + "drawn in one picture; draw each in its own")
    }
    let objective = try ObjectiveFunction(first.trace.configuration)
    let count = objective.variables.count
    var paths: [[[Double]]] = []
    for run in runs {
      let path = run.trace.records.map(\.parameters).filter { $0.count == count && $0.allSatisfy(\.isFinite) }
      guard !path.isEmpty else {
        throw TrainerError(
          .usage,
          "\(run.trace.directory): no line of metrics.jsonl has the formula's \(count) parameters, so there is no path")
      }
      paths.append(path)
    }
    // A diverged run would make everything else too small to see: of it only the first steps count.
    let shown = zip(runs, paths).flatMap { $0.trace.ending == .diverged ? Array($1.prefix(4)) : $1 }
    let ranges = (0..<count).map { axis in range(of: shown.map { $0[axis] }, margin: 0.3) }
    return count == 1
      ? try curve(objective, settings, runs, paths, ranges[0]) : try contours(objective, settings, runs, paths, ranges)
  }

  private static func curve(
    _ objective: ObjectiveFunction, _ settings: FormulaSettings, _ runs: [Run], _ paths: [[[Double]]],
    _ range: ClosedRange<Double>
  ) throws -> Plot {
    func point(_ x: Double) throws -> Point { Point(x: x, y: try objective.value(at: [x])) }
    let function = try samples(of: range, count: 241).map(point)
    let values = Plot.range(of: function.map(\.y).filter(\.isFinite), margin: 0.08)
    let points = try paths.map { spaced(try $0.map { try point($0[0]) }, range, values) }
    var plot = Plot(
      title: title(of: settings), xLabel: objective.variables[0], yLabel: "objective",
      series: [Series("", function, .function)] + pathSeries(runs, points, firstColor: 0))
    plot.xRange = range
    plot.yRange = values
    return plot
  }

  private static func contours(
    _ objective: ObjectiveFunction, _ settings: FormulaSettings, _ runs: [Run], _ paths: [[[Double]]],
    _ ranges: [ClosedRange<Double>]
  ) throws -> Plot {
    // Equal widths, so that one unit is as long on both axes and gradients stand upright on the contours.
    let width = max(ranges[0].width, ranges[1].width)
    let (xRange, yRange) = (ranges[0].widened(to: width), ranges[1].widened(to: width))
    let (x, y) = (samples(of: xRange, count: 81), samples(of: yRange, count: 81))
    let values = try y.flatMap { y in try x.map { try objective.value(at: [$0, y]) } }
    let points = paths.map { spaced($0.map { Point(x: $0[0], y: $0[1]) }, xRange, yRange) }
    var plot = Plot(
      title: title(of: settings), xLabel: objective.variables[0], yLabel: objective.variables[1],
      series: pathSeries(runs, points, firstColor: 1))
    plot.xRange = xRange
    plot.yRange = yRange
    plot.contours = Contours(x: x, y: y, values: values)
    return plot
  }

  /// Paths with a legend, which a single run does not need: the title says what it is.
  private static func pathSeries(_ runs: [Run], _ points: [[Point]], firstColor: Int) -> [Series] {
    zip(runs, points).enumerated().map { index, path in
      Series(
        runs.count == 1 ? "" : path.0.label, path.1,
        .path(color: firstColor + index, above: runs.count - 1 - index))
    }
  }

  /// The points without those that a mark drawn before them would cover, and the last of all.
  private static func spaced(
    _ points: [Point], _ xRange: ClosedRange<Double>, _ yRange: ClosedRange<Double>
  ) -> [Point] {
    var kept: [Point] = []
    for (index, point) in points.enumerated() {
      if let last = kept.last, index < points.count - 1 {
        let (x, y) = ((point.x - last.x) / xRange.width, (point.y - last.y) / yRange.width)
        if x * x + y * y < markWidth * markWidth { continue }
      }
      kept.append(point)
    }
    return thinned(kept)
  }

  /// A mark's share of the picture's width.
  private static let markWidth = 0.015

  private static func title(of settings: FormulaSettings) -> String {
    let formula = settings.reduction.map { "\($0.rawValue) of \(settings.objective) over the samples" }
    return "\(settings.direction.rawValue) \(formula ?? settings.objective)"
  }

  private static func samples(of range: ClosedRange<Double>, count: Int) -> [Double] {
    (0..<count).map { range.lowerBound + range.width * Double($0) / Double(count - 1) }
  }

  /// The values' range and a margin, given as a part of its width.
  private static func range(of values: [Double], margin: Double) -> ClosedRange<Double> {
    guard let low = values.min(), let high = values.max() else { return -1...1 }
    let extra = high > low ? margin * (high - low) : max(1, abs(low) * 0.5)
    return (low - extra)...(high + extra)
  }
}

extension ClosedRange<Double> {
  fileprivate var width: Double { upperBound - lowerBound }

  fileprivate func widened(to width: Double) -> ClosedRange {
    let extra = (width - self.width) / 2
    return (lowerBound - extra)...(upperBound + extra)
  }
}
