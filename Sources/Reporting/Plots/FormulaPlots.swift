import Autodiff
import Formulas
import Foundation
import Foundations

extension Plot {
  /// The graph of a formula over a range of one of its names, or its contours over ranges of two.
  ///
  /// A name that the formula indexes, such as `w` in `w[0]^2 + w[1]^2`, counts as its elements.
  ///
  /// - Parameters:
  ///   - formula: The formula.
  ///   - range: From where to where a name goes.
  ///   - fixed: The values of names that stay as they are.
  ///   - hasDerivative: Whether the derivative is drawn beside the formula; of one name only.
  /// - Throws: ``FormulaError`` or `TrainerError` if the formula cannot be computed, or has another number of free names.
  public static func formula(
    _ formula: Formula, over range: (_ name: String) -> ClosedRange<Double>,
    at fixed: [(name: String, value: ArrayValue)] = [], hasDerivative: Bool = false
  ) throws -> Plot {
    let free = formula.leastShapes.filter { guess in !fixed.contains { $0.name == guess.name } }
    let variables = free.flatMap { guess in guess.shape.elementNames(guess.name).map { (name: guess.name, label: $0) } }
    guard (1...2).contains(variables.count) else {
      let found = variables.isEmpty ? "none" : variables.map(\.label).prefix(5).joined(separator: ", ")
      throw TrainerError(
        .usage,
        "a picture of a formula needs one or two free names, and this has \(variables.count > 2 ? "\(variables.count): " : "")"
          + found,
        remedy: variables.isEmpty ? nil : .init("fixed", "give the others a value"))
    }
    let ranges = variables.map { range($0.name) }
    let point =
      fixed
      + free.map { guess in
        (name: guess.name, value: ArrayValue(Array(repeating: 0, count: guess.shape.reduce(1, *)), shape: guess.shape))
      }
    let evaluation = try FormulaEvaluation(formula, at: point, precision: .float64)
    guard evaluation.output.shape.elementCount == 1 else {
      throw TrainerError(
        .usage,
        "only a scalar can be drawn, but the formula's value has the shape \(evaluation.output.shape); make it one "
          + "number, for example with sum(…)")
    }
    let constants = fixed.flatMap(\.value.values)
    if variables.count == 2 {
      guard !hasDerivative else {
        throw TrainerError(
          .usage,
          "a derivative is drawn beside a formula of one free name; this has \(variables.map(\.label).joined(separator: " and "))"
        )
      }
      return try contours(of: formula, evaluation, variables.map(\.label), ranges, constants)
    }
    return try curve(of: formula, evaluation, variables[0].label, ranges[0], constants, hasDerivative: hasDerivative)
  }

  private static func curve(
    of formula: Formula, _ evaluation: FormulaEvaluation, _ variable: String, _ range: ClosedRange<Double>,
    _ constants: [Double], hasDerivative: Bool
  ) throws -> Plot {
    let function = try evaluation.function(withGradient: hasDerivative)
    let place = constants.count + 1
    let rows = try samples(of: range, count: 601).map { x in (x: x, values: try function(constants + [x])) }
    let value = rows.map { Point(x: $0.x, y: $0.values[0]) }
    let slope = hasDerivative ? rows.map { Point(x: $0.x, y: $0.values[place]) } : []
    guard value.contains(where: \.y.isFinite) else {
      throw TrainerError(
        .usage,
        "the formula has no finite value for \(variable) from \(JSONValue.text(of: range.lowerBound)) to "
          + "\(JSONValue.text(of: range.upperBound)), so there is nothing to draw")
    }
    let shown = shownRange(of: (value + slope).map(\.y).filter(\.isFinite))
    var series = [
      Series(hasDerivative ? formula.text : "", withoutPoles(value, shown), .line(color: 0, dash: 0, width: 2))
    ]
    if hasDerivative {
      let text = try evaluation.partialDerivatives().last?.last ?? ""
      let title = text.count <= 48 ? "derivative: \(text)" : "derivative"
      series.append(Series(title, withoutPoles(slope, shown), .line(color: 1, dash: 1, width: 2)))
    }
    var plot = Plot(title: formula.text, xLabel: variable, yLabel: "value", series: series)
    plot.xRange = range
    plot.yRange = shown
    return plot
  }

  /// All values, but near a pole only as far as the rest is seen.
  private static func shownRange(of values: [Double]) -> ClosedRange<Double> {
    let sorted = values.sorted()
    let whole = Plot.range(of: sorted, margin: 0.08)
    func quantile(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
    let (low, high) = (quantile(0.05), quantile(0.95))
    guard high > low, whole.width > 12 * (high - low) else { return whole }
    let extra = 0.5 * (high - low)
    return max(whole.lowerBound, low - extra)...min(whole.upperBound, high + extra)
  }

  /// The points with a gap where the line leaves the picture on one side and comes back on the other, and none so far outside
  /// that a drawing program could not draw a line to it.
  private static func withoutPoles(_ points: [Point], _ range: ClosedRange<Double>) -> [Point] {
    var result: [Point] = []
    let far = (range.lowerBound - range.width)...(range.upperBound + range.width)
    for var point in points {
      if point.y.isFinite { point = Point(x: point.x, y: min(max(point.y, far.lowerBound), far.upperBound)) }
      if let last = result.last,
        last.y > range.upperBound && point.y < range.lowerBound
          || last.y < range.lowerBound && point.y > range.upperBound
      {
        result.append(Point(x: (last.x + point.x) / 2, y: .nan))
      }
      result.append(point)
    }
    return result
  }

  private static func contours(
    of formula: Formula, _ evaluation: FormulaEvaluation, _ variables: [String], _ ranges: [ClosedRange<Double>],
    _ constants: [Double]
  ) throws -> Plot {
    let function = try evaluation.function()
    let (x, y) = (samples(of: ranges[0], count: 161), samples(of: ranges[1], count: 161))
    let values = try y.flatMap { y in try x.map { try function(constants + [$0, y])[0] } }
    guard values.contains(where: \.isFinite) else {
      throw TrainerError(
        .usage, "the formula has no finite value in these ranges, so there is nothing to draw; choose other ranges")
    }
    var plot = Plot(title: formula.text, xLabel: variables[0], yLabel: variables[1], series: [])
    plot.xRange = ranges[0]
    plot.yRange = ranges[1]
    // Axes of very different lengths would leave a picture too flat to read.
    plot.hasEqualUnits = max(ranges[0].width / ranges[1].width, ranges[1].width / ranges[0].width) <= 2
    plot.contours = Contours(x: x, y: y, values: values, label: "value", goal: .either)
    return plot
  }
}
