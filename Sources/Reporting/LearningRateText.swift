import Foundation
import Foundations
import Training

extension LearningRateRange {
  /// The suggestion and how it was found, as lines.
  public var text: String {
    let first = steps.first?.rate ?? .nan, last = steps.last?.rate ?? .nan
    var rows = [
      (
        name: "steps",
        value: "\(steps.count), learning rates \(Self.text(first)) to \(Self.text(last))"
          + (ending.map { "; ended there since \($0.rawValue)" } ?? "")
      ),
      (name: "suggestion", value: suggestion.map(Self.text) ?? "none: the smoothed loss never falls"),
      (name: "config has", value: Self.text(configured)),
    ]
    if suggestion != nil { rows[1].value += ", where the smoothed loss falls fastest" }
    return TextTable(rows).text
  }

  /// Three digits: the place of a slope is not known better.
  package static func text(_ rate: Double) -> String {
    JSONValue.number(Double(String(format: "%.2e", rate)) ?? rate).compactText
  }

  /// All steps as JSON with all digits.
  public var json: JSONValue {
    [
      "suggestion": suggestion.map(JSONValue.number) ?? .null, "learningRate": .number(configured),
      "ending": ending.map { .string("\($0)") } ?? .null,
      "steps": .array(
        steps.map { ["learningRate": .number($0.rate), "loss": .number($0.loss), "smoothed": .number($0.smoothed)] }),
    ]
  }

  /// The loss over the learning rate, with the suggestion marked.
  ///
  /// - Parameter title: What stands over it.
  public func plot(title: String) -> Plot {
    var series = [
      Plot.Series(
        "loss of the batch", steps.map { .init(x: $0.rate, y: $0.loss) }, .line(color: 5, dash: 0, width: 1)),
      Plot.Series("smoothed", steps.map { .init(x: $0.rate, y: $0.smoothed) }, .line(color: 0, dash: 0, width: 2.5)),
    ]
    if let suggestion, let step = steps.first(where: { $0.rate == suggestion }) {
      series.append(
        Plot.Series(
          "suggestion \(Self.text(suggestion))", [.init(x: step.rate, y: step.smoothed)], .path(color: 1, above: 1)))
    }
    var plot = Plot(title: title, xLabel: "learning rate", yLabel: "loss", series: series)
    plot.isXLogarithmic = true
    plot.yRange = shownRange
    return plot
  }

  /// The losses that the curve is about: what is far beyond the first one is not.
  private var shownRange: ClosedRange<Double>? {
    let sign: Double = isMaximizing ? -1 : 1
    let smoothed = steps.map { sign * $0.smoothed }
    guard let low = steps.map({ min(sign * $0.loss, sign * $0.smoothed) }).min(),
      let high = smoothed.max(), let first = smoothed.first, high > low
    else { return nil }
    let top = first > low ? min(high, low + 2 * (first - low)) : high
    let ends = [low - 0.05 * (top - low), top + 0.1 * (top - low)].map { sign * $0 }
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }
}
