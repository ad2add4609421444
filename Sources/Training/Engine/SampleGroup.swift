import Autodiff
import Datasets
import Models

/// Which of a plan's inputs metrics read.
struct MetricSources: Sendable {
  /// The targets; `nil` if no input is.
  let targets: Int?
  /// The samples' weights; `nil` if they have none.
  let weights: Int?
}

/// The samples of one group: rows for each of the graph's inputs.
package struct SampleGroup<Scalar: TrainingScalar>: Sendable {
  package let count: Int
  let sources: [String: RowSource<Scalar>]

  /// Samples whose rows have these names in the graph.
  package init(count: Int, sources: [String: RowSource<Scalar>]) {
    self.count = count
    self.sources = sources
  }

  /// A problem's metrics on these samples: counted from one of their targets, so that a large mean costs no digits, and
  /// a group has the same values whoever measures it.
  func metrics(of problem: any Problem) -> MetricSet? {
    guard let targets = sources[ModelProblem.InputName.targets] else { return problem.metrics }
    return problem.metrics?.shifted(to: targets.firstRow)
  }

  /// The rows that plans of a set gather, in the order of their inputs, and which of them metrics read.
  func bound(to plans: PlanSet<Scalar>) -> (sources: [RowSource<Scalar>], places: MetricSources) {
    let names = plans.all.first?.inputs.map(\.name) ?? []
    return (
      names.compactMap { sources[$0] },
      MetricSources(
        targets: names.firstIndex(of: ModelProblem.InputName.targets),
        weights: names.firstIndex(of: ModelProblem.InputName.weights))
    )
  }
}
