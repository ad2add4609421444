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
  /// The rows that are in memory, or mapped.
  let sources: [String: RowSource<Scalar>]
  /// The rows that come from a file while they are used; empty where all rows are in memory.
  let streamed: [String: StreamedRows<Scalar>]

  /// Samples whose rows have these names in the graph.
  package init(
    count: Int, sources: [String: RowSource<Scalar>], streamed: [String: StreamedRows<Scalar>] = [:]
  ) {
    self.count = count
    self.sources = sources
    self.streamed = streamed
  }

  /// A problem's metrics on these samples: counted from one of their targets, so that a large mean costs no digits, and
  /// a group has the same values whoever measures it.
  func metrics(of problem: any Problem) -> MetricSet? {
    guard let targets = sources[ModelProblem.InputName.targets] else { return problem.metrics }
    return problem.metrics?.shifted(to: targets.firstRow)
  }

  /// Which of the inputs of a set's plans metrics read.
  func metricSources(of plans: PlanSet<Scalar>) -> MetricSources {
    let names = plans.inputNames
    return MetricSources(
      targets: names.firstIndex(of: ModelProblem.InputName.targets),
      weights: names.firstIndex(of: ModelProblem.InputName.weights))
  }

  /// Whether what plans of a set gather is streamed, all of it: samples are found by one set of slots.
  func isStreamed(for plans: PlanSet<Scalar>) -> Bool { plans.inputNames.contains { streamed[$0] != nil } }

  /// The rows that plans of a set gather from memory, in the order of their inputs.
  func rows(for plans: PlanSet<Scalar>) -> [RowSource<Scalar>] { plans.inputNames.compactMap { sources[$0] } }

  /// The rows that plans of a set gather from what is loaded, in the order of their inputs.
  func streamedRows(for plans: PlanSet<Scalar>) -> [StreamedRows<Scalar>] {
    plans.inputNames.compactMap { name in streamed[name] ?? sources[name].map { StreamedRows(resident: $0) } }
  }
}

extension PlanSet {
  /// The names of the plans' inputs, in order.
  fileprivate var inputNames: [String] { all.first?.inputs.map(\.name) ?? [] }
}
