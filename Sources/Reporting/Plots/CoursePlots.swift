import Foundation
import Foundations
import Training

extension Plot {
  /// The most parameters whose courses are drawn in one picture.
  private static let mostCourses = 14

  /// The course of formula runs' parameters over the steps: a line for each element, named as the formula names it.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the objective is no formula, its parameters are too many to tell
  ///   apart, or a run has recorded none.
  public static func courses(_ runs: [Run]) throws -> Plot {
    var series: [Series] = []
    for (place, run) in runs.enumerated() {
      guard case .formula(let settings) = run.trace.configuration.objective else {
        throw TrainerError(
          .usage,
          "\(run.trace.directory): the course of parameters can be drawn where the objective is a formula; a model has "
            + "too many to tell apart",
          remedy: .init("path", "the loss of any run can be drawn"))
      }
      let names = settings.parameters.flatMap { parameter in parameter.shape.elementNames(parameter.name) }
      guard names.count * runs.count <= mostCourses else {
        throw TrainerError(
          .usage,
          "\(run.trace.directory): the formula has \(names.count) parameters\(runs.count > 1 ? " in each run" : ""), and a "
            + "picture shows the course of at most \(mostCourses) in all; draw fewer runs, or the loss")
      }
      let records = run.trace.records.filter { $0.parameters.count == names.count }
      guard !records.isEmpty else {
        throw TrainerError(
          .usage, "\(run.trace.directory): no line of metrics.jsonl has the formula's parameters, so there is no course"
        )
      }
      for (index, name) in names.enumerated() {
        // A diverged run would make everything else too small to see.
        let shown = run.trace.ending == .diverged ? Array(records.prefix(8)) : records
        let points = shown.map { Point(x: Double($0.step), y: $0.parameters[index]) }
        // One run has a colour for each parameter; of several, each has one, and its parameters have dashes.
        let style: Series.Style =
          runs.count == 1
          ? .line(color: index, dash: index / 7, width: 2) : .line(color: place, dash: index, width: 2)
        series.append(Series(runs.count == 1 ? name : "\(run.label), \(name)", thinned(points), style))
      }
    }
    return Plot(
      title: runs.count == 1 ? runs[0].label : "", xLabel: "step", yLabel: "parameters", series: series)
  }
}
