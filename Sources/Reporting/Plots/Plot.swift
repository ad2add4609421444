import Foundation
import Foundations

/// A picture with two axes: lines, the paths of runs, and, under them, a function's contours.
public struct Plot: Sendable {
  /// A place in the picture.
  public struct Point: Sendable, Equatable {
    /// Along the horizontal axis.
    public let x: Double
    /// Along the vertical axis. The line has a gap where it is not finite.
    public let y: Double

    /// Creates a point.
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// Points that belong together.
  public struct Series: Sendable {
    /// How the points are shown.
    public enum Style: Sendable {
      /// A line in a colour of its own; `dash` tells lines of the same colour apart.
      case line(color: Int, dash: Int, width: Double)
      /// The graph of a function: a grey line.
      case function
      /// The steps of a run: marks joined by lines, broader if other paths are drawn `above` it, so that
      /// those which lie on each other all show.
      case path(color: Int, above: Int)
    }

    /// What the legend calls it; empty if it is not in the legend.
    public let title: String
    /// The points in order.
    public let points: [Point]
    /// How they are shown.
    public let style: Style

    /// Creates a series.
    public init(_ title: String, _ points: [Point], _ style: Style) {
      self.title = title
      self.points = points
      self.style = style
    }
  }

  /// A function of two variables, shown by lines of equal value.
  public struct Contours: Sendable {
    /// Where the first variable is sampled, rising.
    public let x: [Double]
    /// Where the second variable is sampled, rising.
    public let y: [Double]
    /// The values, all of the first `y` first.
    public let values: [Double]

    /// Creates contours.
    public init(x: [Double], y: [Double], values: [Double]) {
      self.x = x
      self.y = y
      self.values = values
    }
  }

  /// What stands over the picture.
  public var title: String
  /// What stands under the horizontal axis.
  public var xLabel: String
  /// What stands beside the vertical axis.
  public var yLabel: String
  /// The part of the horizontal axis that is shown; `nil` for all that there is.
  public var xRange: ClosedRange<Double>?
  /// The part of the vertical axis that is shown; `nil` for all that there is.
  public var yRange: ClosedRange<Double>?
  /// Whether the vertical axis is logarithmic.
  public var isLogarithmic = false
  /// Whether the horizontal axis is logarithmic.
  public var isXLogarithmic = false
  /// Lines of equal value under the series.
  public var contours: Contours?
  /// What is shown, the first at the bottom.
  public var series: [Series]

  /// Creates a picture; nothing is drawn yet.
  public init(title: String, xLabel: String, yLabel: String, series: [Series]) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  /// Draws the picture to a file, as SVG or PNG by its suffix.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing or takes too long, the suffix is another, or the
  ///   file cannot be written or replaced.
  package func write(to file: OutputFile) throws { try Gnuplot.draw(script, to: file) }

  // MARK: The script

  /// Okabe and Ito's colours ("Color universal design", 2008), which people with any colour vision can tell apart.
  private static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]

  var script: String {
    var lines = [
      "set encoding utf8",
      "set title \(quoted(title)) noenhanced",
      // Nearer to the axis than to the legend below it.
      "set xlabel \(quoted(xLabel)) noenhanced offset 0,0.8",
      "set ylabel \(quoted(yLabel)) noenhanced",
      "set border 3 lc rgb \"#666666\"",
      "set tics nomirror out scale 0.5",
      "set grid lt 1 lw 0.5 lc rgb \"#e4e4e4\"",
      "set key bmargin center horizontal Left reverse noenhanced samplen 2",
      "set datafile missing \"?\"",
    ]
    if isLogarithmic { lines += ["set logscale y", "set format y \"%g\""] }
    if isXLogarithmic { lines += ["set logscale x", "set format x \"%.0e\""] }
    if let xRange { lines.append("set xrange [\(number(xRange.lowerBound)):\(number(xRange.upperBound))]") }
    if let yRange { lines.append("set yrange [\(number(yRange.lowerBound)):\(number(yRange.upperBound))]") }
    var plots: [String] = []
    if let contours {
      lines += contourLines(contours)
      plots.append("$contours using 1:2:3 with lines lw 1.2 lc palette notitle")
    }
    for (index, series) in series.enumerated() {
      lines += ["$series\(index) << END"] + series.points.map { "\(number($0.x)) \(number($0.y))" } + ["END"]
      let title = series.title.isEmpty ? "notitle" : "title \(quoted(series.title)) noenhanced"
      plots.append("$series\(index) using 1:2 \(look(of: series.style)) \(title)")
    }
    return (lines + ["plot " + plots.joined(separator: ", \\\n  ")]).joined(separator: "\n") + "\n"
  }

  private func look(of style: Series.Style) -> String {
    func color(_ index: Int) -> String { "\"\(Self.colors[index % Self.colors.count])\"" }
    switch style {
    case .line(let index, let dash, let width):
      return "with lines lw \(number(width)) dt \(dash + 1) lc rgb \(color(index))"
    case .function: return "with lines lw 2 lc rgb \"#aaaaaa\""
    case .path(let index, let above):
      let marks = [7, 5, 9, 13, 11]
      let (width, size) = above == 0 ? (1.6, 0.7) : (3.2, 1.0)
      return "with linespoints lw \(number(width)) pt \(marks[index % marks.count]) ps \(number(size)) "
        + "lc rgb \(color(index))"
    }
  }

  /// Levels get farther apart as the square, so that the lines of a bowl are evenly spaced.
  private func contourLines(_ contours: Contours) -> [String] {
    let finite = contours.values.filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    let levels = (1..<16).map { low + (high - low) * Double($0 * $0) / 256 }
    var lines = ["$grid << END"]
    for (row, y) in contours.y.enumerated() {
      for (column, x) in contours.x.enumerated() {
        lines.append("\(number(x)) \(number(y)) \(number(contours.values[row * contours.x.count + column]))")
      }
      lines.append("")
    }
    return lines + [
      "END", "set contour base", "unset surface",
      "set cntrparam levels discrete "
        + levels.map(number).joined(separator: ","),
      "set table $contours", "splot $grid using 1:2:3", "unset table", "unset contour",
      "set palette defined (0 \"#08306b\", 1 \"#9ecae1\", 2 \"#d9d9d9\")",
      "set cbrange [\(number(low)):\(number(high))]", "set colorbox noborder", "set cbtics scale 0.3",
      "set format cb \"%g\"",
      "set size ratio -1",
    ]
  }

  /// Enough digits for any picture, and too few for the last bits of another machine to show.
  private func number(_ value: Double) -> String { value.isFinite ? String(format: "%.7g", value) : "?" }

  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }
}
