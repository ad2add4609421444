import Autodiff
import Datasets
import Models

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

  /// The rows that plans of a set gather, in the order of their inputs, and which of them are the targets.
  func bound(to plans: PlanSet<Scalar>) -> (sources: [RowSource<Scalar>], targets: Int?) {
    let names = plans.all.first?.inputs.map(\.name) ?? []
    return (names.compactMap { sources[$0] }, names.firstIndex(of: ModelProblem.InputName.targets))
  }
}
