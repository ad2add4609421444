import Formulas
import Foundation
import Foundations
import Training

extension Plot {
  /// The most variables whose paths are drawn.
  private static let mostPathVariables = 3

  /// Whether ``paths(_:)`` can draw runs of these configs: one objective for all, a formula of one to three
  /// numbers.
  public static func canDrawPaths(of configurations: [RunConfiguration]) -> Bool {
    guard let first = configurations.first, case .formula(let settings) = first.objective else { return false }
    return (1...mostPathVariables).contains(settings.parameters.map { $0.shape.reduce(1, *) }.reduce(0, +))
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

  /// The paths of formula runs: on the objective's curve in one variable, over its contours in two. In three there is a
  /// picture for each two of them, over the contours where the third has the value at the end of the first run.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the objective is no formula of one to three variables, the runs do not
  ///   share it, or one has recorded no parameters.
  public static func paths(_ runs: [Run]) throws -> Plot {
    guard let first = runs.first, case .formula(let settings) = first.trace.configuration.objective,
      canDrawPaths(of: [first.trace.configuration])
    else {
      throw TrainerError(
        .usage,
        "\(runs.first?.trace.directory ?? "no run"): a path can be drawn where the objective is a formula of one "
          + "to three numbers",
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
    // Where the first path ends, as far as it is shown.
    let end = first.trace.ending == .diverged ? paths[0].prefix(4).last : paths[0].last
    switch count {
    case 1: return try curve(objective, settings, runs, paths, ranges[0])
    case 2: return try contours(objective, settings, runs, paths, ranges, axes: (0, 1), at: end ?? [])
    default:
      var plot = Plot(title: title(of: settings), xLabel: "", yLabel: "", series: [])
      plot.panels = try [(0, 1), (0, 2), (1, 2)].map { axes in
        var panel = try contours(objective, settings, runs, paths, ranges, axes: axes, at: end ?? [])
        let third = 3 - axes.0 - axes.1
        panel.title = "where \(objective.variables[third]) = \(String(format: "%.4g", end?[third] ?? 0))"
        return panel
      }
      return plot
    }
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
      series: [Series("", function, .function)] + pathSeries(runs, points, firstColor: 0, range, values))
    plot.xRange = range
    plot.yRange = values
    return plot
  }

  private static func contours(
    _ objective: ObjectiveFunction, _ settings: FormulaSettings, _ runs: [Run], _ paths: [[[Double]]],
    _ ranges: [ClosedRange<Double>], axes: (Int, Int), at end: [Double]
  ) throws -> Plot {
    // Equal widths, so that one unit is as long on both axes and gradients stand upright on the contours.
    let width = max(ranges[axes.0].width, ranges[axes.1].width)
    let (xRange, yRange) = (ranges[axes.0].widened(to: width), ranges[axes.1].widened(to: width))
    // Narrow valleys need a fine grid; with data, each value takes a pass over them.
    let count = objective.hasData ? 81 : 161
    let (x, y) = (samples(of: xRange, count: count), samples(of: yRange, count: count))
    var place = end
    let values = try y.flatMap { y in
      try x.map { x in
        (place[axes.0], place[axes.1]) = (x, y)
        return try objective.value(at: place)
      }
    }
    let points = paths.map { spaced($0.map { Point(x: $0[axes.0], y: $0[axes.1]) }, xRange, yRange) }
    var plot = Plot(
      title: title(of: settings), xLabel: objective.variables[axes.0], yLabel: objective.variables[axes.1],
      series: pathSeries(runs, points, firstColor: 1, xRange, yRange))
    plot.xRange = xRange
    plot.yRange = yRange
    plot.hasEqualUnits = true
    plot.contours = Contours(x: x, y: y, values: values, goal: settings.direction == .maximize ? .maximum : .minimum)
    return plot
  }

  /// Paths with a legend, in which a single run has no name: the title says what it is. Where they begin and end is
  /// marked, if that is in the picture.
  private static func pathSeries(
    _ runs: [Run], _ points: [[Point]], firstColor: Int, _ xRange: ClosedRange<Double>, _ yRange: ClosedRange<Double>
  ) -> [Series] {
    let paths = zip(runs, points).enumerated().map { index, path in
      Series(
        runs.count == 1 ? "" : path.0.label, path.1,
        .path(color: firstColor + index, above: runs.count - 1 - index))
    }
    func shown(_ points: [Point]) -> [Point] {
      points.filter { xRange.contains($0.x) && yRange.contains($0.y) }
    }
    let (starts, ends) = (shown(points.compactMap(\.first)), shown(points.compactMap(\.last)))
    return paths + [Series("start", starts, .start), Series("end", ends, .end)].filter { !$0.points.isEmpty }
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

  static func samples(of range: ClosedRange<Double>, count: Int) -> [Double] {
    (0..<count).map { range.lowerBound + range.width * Double($0) / Double(count - 1) }
  }

  /// The values' range and a margin, given as a part of its width.
  static func range(of values: [Double], margin: Double) -> ClosedRange<Double> {
    guard let low = values.min(), let high = values.max() else { return -1...1 }
    let extra = high > low ? margin * (high - low) : max(1, abs(low) * 0.5)
    return (low - extra)...(high + extra)
  }
}

extension ClosedRange<Double> {
  var width: Double { upperBound - lowerBound }

  fileprivate func widened(to width: Double) -> ClosedRange {
    let extra = (width - self.width) / 2
    return (lowerBound - extra)...(upperBound + extra)
  }
}
