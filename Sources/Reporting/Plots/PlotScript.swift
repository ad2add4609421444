import Foundation
import Foundations

// What gnuplot is told to draw.
extension Plot {
  /// Okabe and Ito's colours ("Color universal design", 2008), which people with any colour vision can tell apart.
  package static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]

  /// The whole script.
  package var script: String {
    guard !panels.isEmpty else { return (["set encoding utf8"] + lines(isPanel: false)).joined(separator: "\n") + "\n" }
    // Fixed margins, so that the panels are of one size; the legend stands once under all.
    var script = [
      "set encoding utf8",
      "set multiplot layout 1,\(panels.count) title \(quoted(title)) noenhanced font \",14\" "
        + "margins screen 0.08,0.97,0.24,0.84 spacing screen 0.09,0",
    ]
    for (index, panel) in panels.enumerated() {
      script += panel.lines(isPanel: true, hasLegend: index == 0)
    }
    return (script + ["unset multiplot"]).joined(separator: "\n") + "\n"
  }

  private func lines(isPanel: Bool, hasLegend: Bool = true) -> [String] {
    var lines = [
      "set title \(quoted(title)) noenhanced",
      "set xlabel \(quoted(xLabel)) noenhanced",
      "set ylabel \(quoted(yLabel)) noenhanced" + (isPanel ? " offset 1,0" : ""),
      "set border 3 lc rgb \"#666666\"",
      "set tics nomirror out scale 0.5" + (isPanel ? " font \",11\"" : ""),
      "set grid lt 1 lw 0.5 lc rgb \"#e4e4e4\"",
      // Above the axes, where neither lines nor names of axes are.
      isPanel
        ? "set key at screen 0.5,0.03 center horizontal Left reverse noenhanced samplen 2"
        : "set key tmargin center horizontal Left reverse noenhanced samplen 2",
      "set datafile missing \"?\"",
    ]
    if isPanel, !hasLegend { lines.append("unset key") }
    if isLogarithmic { lines += ["set logscale y", "set format y \"%g\""] }
    if isXLogarithmic { lines += ["set logscale x", "set format x \"%.0e\""] }
    if let xRange { lines.append("set xrange [\(number(xRange.lowerBound)):\(number(xRange.upperBound))]") }
    if let yRange { lines.append("set yrange [\(number(yRange.lowerBound)):\(number(yRange.upperBound))]") }
    if hasEqualUnits { lines.append("set size ratio -1") }
    lines += endLabelLines(color: lineColor, quoted: quoted, number: number)
    var plots: [String] = []
    if let contours {
      let levels = contours.levels
      lines += contourLines(contours, levels, hasColorBox: !isPanel)
      plots.append("$contours using 1:2:(\(rank(levels))) with lines lw 1.2 lc palette notitle")
    }
    for (index, series) in series.enumerated() {
      lines += ["$series\(index) << END"] + series.points.map { "\(number($0.x)) \(number($0.y))" } + ["END"]
      let title = series.title.isEmpty ? "notitle" : "title \(quoted(series.title)) noenhanced"
      let data = series.points.isEmpty ? "NaN" : "$series\(index) using 1:2"
      plots.append("\(data) \(look(of: series.style)) \(title)")
    }
    return lines + ["plot " + plots.joined(separator: ", \\\n  ")]
  }

  private func lineColor(_ index: Int) -> String {
    let count = series.reduce(0) { most, series in
      if case .line(let color, _, _) = series.style { max(most, color + 1) } else { most }
    }
    return Self.color(index, of: count)
  }

  private func look(of style: Series.Style) -> String {
    func color(_ index: Int) -> String { "\"\(lineColor(index))\"" }
    switch style {
    case .line(let index, let dash, let width):
      return "with lines lw \(number(width)) dt \(dash + 1) lc rgb \(color(index))"
    case .function: return "with lines lw 2 lc rgb \"#aaaaaa\""
    case .path(let index, let above):
      let marks = [7, 5, 9, 13, 11]
      let (width, size) = above == 0 ? (1.6, 0.7) : (3.2, 1.0)
      return "with linespoints lw \(number(width)) pt \(marks[index % marks.count]) ps \(number(size)) "
        + "lc rgb \(color(index))"
    case .start: return "with points lw 2 pt 6 ps 2 lc rgb \"#000000\""
    case .dash(let dash): return "with lines lw 1.6 dt \(dash + 1) lc rgb \"#666666\""
    case .end: return "with points pt 7 ps 1.3 lc rgb \"#000000\""
    }
  }

  private func contourLines(_ contours: Contours, _ levels: [Double], hasColorBox: Bool) -> [String] {
    var lines = ["$grid << END"]
    for (row, y) in contours.y.enumerated() {
      for (column, x) in contours.x.enumerated() {
        lines.append("\(number(x)) \(number(y)) \(number(contours.values[row * contours.x.count + column]))")
      }
      lines.append("")
    }
    let tics = levels.enumerated().filter { $0.offset.isMultiple(of: 2) }
      .map { "\"\(String(format: "%.3g", $0.element))\" \($0.offset + 1)" }
    return lines + [
      "END", "set contour base", "unset surface",
      "set cntrparam levels discrete " + levels.map(number).joined(separator: ","),
      "set table $contours", "splot $grid using 1:2:3", "unset table", "unset contour",
      "set palette defined (0 \"#08306b\", 1 \"#4292c6\", 2 \"#c6c6c6\")",
      // Colours go by the lines' order: by value, all lines of a steep function would have one.
      "set cbrange [\(contours.goal == .maximum ? "\(max(levels.count, 2)):1" : "1:\(max(levels.count, 2))")]",
      hasColorBox ? "set colorbox noborder" : "unset colorbox",
      "set cbtics scale 0.3 (\(tics.joined(separator: ", ")))",
      "set cblabel \(quoted(contours.label)) noenhanced",
    ]
  }

  /// The place of a line's level among all, from 1, as gnuplot computes it.
  private func rank(_ levels: [Double]) -> String {
    zip(levels, levels.dropFirst()).reduce("1") { "\($0)+($3>\(number(($1.0 + $1.1) / 2)))" }
  }

  /// Enough digits for any picture, and too few for the last bits of another machine to show.
  private func number(_ value: Double) -> String { value.isFinite ? String(format: "%.7g", value) : "?" }

  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }
}

extension Plot.Contours {
  private static let mostLevels = 16

  /// The values of the lines, rising. Those below a line fill a share of the picture that grows as the square: so the
  /// lines of a bowl are evenly spaced, and a narrow valley has as many as one.
  package var levels: [Double] {
    let sorted = values.filter(\.isFinite).sorted()
    guard let low = sorted.first, let high = sorted.last, high > low else { return [values.first ?? 0] }
    let levels = (1..<Self.mostLevels).map { step in
      let part = Double(step) / Double(Self.mostLevels)
      // For both, a square at both ends.
      let share = goal == .either ? (1 - cos(.pi * part)) / 2 : part * part
      let place = Int((share * Double(sorted.count - 1)).rounded())
      return sorted[goal == .maximum ? sorted.count - 1 - place : place]
    }
    // A line at the lowest or highest value is none.
    var distinct: [Double] = []
    for level in levels.sorted() where level > low && level < high && level != distinct.last { distinct.append(level) }
    return distinct.isEmpty ? [low / 2 + high / 2] : distinct
  }
}
