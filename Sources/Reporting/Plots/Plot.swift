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
      /// Where paths begin: a ring.
      case start
      /// Where paths end: a dot.
      case end
      /// A grey line in the legend alone, which says what a dash means.
      case dash(Int)
    }

    /// What the legend calls it; empty if it is not in the legend.
    public let title: String
    /// The points in order.
    public let points: [Point]
    /// How they are shown.
    public let style: Style
    /// What stands at a line's right end; `nil` for nothing.
    public let endLabel: String?

    /// Creates a series.
    public init(_ title: String, _ points: [Point], _ style: Style, endLabel: String? = nil) {
      self.title = title
      self.points = points
      self.style = style
      self.endLabel = endLabel
    }
  }

  /// A function of two variables, shown by lines of equal value.
  public struct Contours: Sendable {
    /// Which values of a function are looked for.
    public enum Goal: Sendable {
      /// The least ones.
      case minimum
      /// The largest ones.
      case maximum
      /// Both alike.
      case either
    }

    /// Where the first variable is sampled, rising.
    public let x: [Double]
    /// Where the second variable is sampled, rising.
    public let y: [Double]
    /// The values, all of the first `y` first.
    public let values: [Double]
    /// What the values are called beside their colours.
    public let label: String
    /// Which values are looked for, and have the densest lines.
    public let goal: Goal

    /// Creates contours.
    public init(x: [Double], y: [Double], values: [Double], label: String = "objective", goal: Goal = .minimum) {
      self.x = x
      self.y = y
      self.values = values
      self.label = label
      self.goal = goal
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
  /// Whether a unit is as long on one axis as on the other, so that directions are seen as they are.
  public var hasEqualUnits = false
  /// Pictures that stand side by side under the title in place of axes of this one's own; the series are then the
  /// legend's alone.
  public var panels: [Plot] = []
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
  /// - Parameter theme: Its colours.
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing or takes too long, the suffix is another, or the
  ///   file cannot be written or replaced.
  package func write(to file: OutputFile, theme: PictureTheme = .auto) throws {
    try Gnuplot.draw(script, size: size, theme, to: file)
  }
}
