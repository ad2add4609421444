import Foundations
import Models

/// What a run measures.
struct Measures {
  /// `loss`, and the metrics' names.
  let names: [String]
  let isFormula: Bool
  /// The metrics that a config could name.
  let known: [String]
  private let metrics: [any Metric]
  private let isMaximizing: Bool
  /// Whether the config's own names are all known; there may be a fault among them.
  let isWhole: Bool

  init(_ objective: RunConfiguration.Objective, among registry: Registry<any Metric>, isWhole: Bool = true) {
    self.isWhole = isWhole
    known = registry.entries.map(\.type)
    switch objective {
    case .model(let settings):
      metrics = settings.metrics
      isFormula = false
      isMaximizing = false
    case .formula(let settings):
      metrics = []
      isFormula = true
      isMaximizing = settings.direction == .maximize
    }
    names = ["loss"] + metrics.map(\.name)
  }

  func prefersLarger(_ name: String) -> Bool {
    metrics.first { $0.name == name }?.prefersLarger ?? isMaximizing
  }
}

extension RunConfiguration {
  /// Whether the larger value of one of the run's measures, `loss` or a metric, is the better one.
  public func prefersLarger(_ measure: String) -> Bool {
    switch objective {
    case .model(let settings): settings.metrics.first { $0.name == measure }?.prefersLarger ?? false
    case .formula(let settings): measure == "loss" && settings.direction == .maximize
    }
  }

  /// What is wrong with going by a measure where an epoch has several steps; `nil` if nothing is.
  func fault(of reference: MetricReference) -> String? {
    guard reference.group == .train, case .model(let settings) = objective,
      settings.metrics.contains(where: { $0.name == reference.name && $0 is any GroupMetric })
    else { return nil }
    return
      "found \"\(reference)\", but \(reference.name) needs all samples of a group with the same parameters, and these change "
      + "with each batch of 'train'; take it of 'validation', or set training.batchSize to \"full\""
  }
}
