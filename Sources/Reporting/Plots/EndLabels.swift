import Foundation
import Foundations

/// Names at the right ends of lines, in the lines' colours: where there are many lines, a legend is hard to follow.
extension Plot {
  /// What a label takes of the picture's height, in SVG's units.
  private static let labelHeight = 15.0
  /// What is above and below the axes.
  private static let otherHeight = 110.0

  /// Whether lines have names at their ends.
  var hasEndLabels: Bool { series.contains { $0.endLabel != nil } }

  /// What gnuplot is told of them; empty if there are none.
  func endLabelLines(color: (Int) -> String, quoted: (String) -> String, number: (Double) -> String) -> [String] {
    let labelled = series.compactMap { series -> (label: String, color: Int, y: Double)? in
      guard let label = series.endLabel, case .line(let color, _, _) = series.style,
        let last = series.points.last(where: { $0.y.isFinite && (!isLogarithmic || $0.y > 0) })
      else { return nil }
      return (label, color, last.y)
    }
    guard !labelled.isEmpty, let range = yRange ?? finiteRange else { return [] }
    let places = Self.spread(
      labelled.map { share(of: $0.y, in: range) }, gap: Self.labelHeight / (Double(size.height) - Self.otherHeight))
    let width = labelled.map(\.label.count).max() ?? 0
    return ["set rmargin \(width + 3)", "set yrange [\(number(range.lowerBound)):\(number(range.upperBound))]"]
      + zip(labelled, places).map { label, place in
        "set label \(quoted(label.label)) noenhanced at graph 1.015, graph \(number(place)) left font \",11\" "
          + "tc rgb \"\(color(label.color))\""
      }
  }

  /// The width and height in SVG's units: higher for more names, and wider for longer ones.
  var size: (width: Int, height: Int) {
    guard panels.isEmpty else { return (340 * panels.count, 420) }
    let labels = series.compactMap(\.endLabel)
    let longest = labels.map(\.count).max() ?? 0
    return (
      720 + max(0, longest - 14) * 7, max(460, Int(Self.otherHeight + Self.labelHeight * 1.1 * Double(labels.count)))
    )
  }

  /// What all lines take of the vertical axis, with a margin.
  private var finiteRange: ClosedRange<Double>? {
    let values = series.flatMap(\.points).map(\.y).filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    guard let low = values.min(), let high = values.max() else { return nil }
    if isLogarithmic { return low / 1.2...high * 1.2 }
    let margin = high > low ? 0.04 * (high - low) : max(1, abs(low) * 0.5)
    return low - margin...high + margin
  }

  private func share(of value: Double, in range: ClosedRange<Double>) -> Double {
    let (low, high) = (range.lowerBound, range.upperBound)
    return isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }

  /// Places along a line from 0 to 1, none nearer to the next than a gap, each as near to where it is wanted as that leaves.
  package static func spread(_ wanted: [Double], gap: Double) -> [Double] {
    var places = wanted
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    for (below, above) in zip(order, order.dropFirst()) { places[above] = max(places[above], places[below] + gap) }
    guard let top = order.last, places[top] > 1 else { return places }
    places[top] = 1
    for (below, above) in zip(order.dropLast(), order.dropFirst()).reversed() {
      places[below] = min(places[below], places[above] - gap)
    }
    return places
  }

  /// A colour of so many: those that people with any colour vision can tell apart while they last, then hues around the circle in
  /// two brightnesses.
  static func color(_ index: Int, of count: Int) -> String {
    guard count > colors.count else { return colors[index % colors.count] }
    let hue = 6 * Double(index) / Double(count)
    let value = index.isMultiple(of: 2) ? 0.8 : 0.5
    let rest = 1 - abs(hue.truncatingRemainder(dividingBy: 2) - 1)
    let channels: [Double] =
      switch Int(hue) % 6 {
      case 0: [1, rest, 0]
      case 1: [rest, 1, 0]
      case 2: [0, 1, rest]
      case 3: [0, rest, 1]
      case 4: [rest, 0, 1]
      default: [1, 0, rest]
      }
    return "#" + channels.map { String(format: "%02x", Int(255 * value * $0)) }.joined()
  }
}
