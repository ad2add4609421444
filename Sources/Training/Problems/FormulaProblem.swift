import Autodiff
import Formulas
import Foundations
import Kernels
import Models

/// A formula with trained parameters, on a dataset's samples or alone.
package struct FormulaProblem: Problem {
  private let settings: FormulaSettings
  private let formula: Formula
  /// The extents of a row of each dataset that the formula names.
  private let rowShapes: [String: Shape]
  /// Whether the data give each sample a weight.
  private let isWeighted: Bool

  private var isBatched = true
  /// Which parameters no step changes; `nil` if steps change all.
  private let initial: InitialSettings?

  package let layout: ParameterLayout
  package var sampleBySample: any Problem {
    var problem = self
    problem.isBatched = false
    return problem
  }
  package var metrics: MetricSet? { nil }
  package var isMean: Bool { settings.reduction != .sum }

  /// Reads the formula.
  ///
  /// - Throws: `TrainerError` if it cannot be read.
  package static func read(_ settings: FormulaSettings) throws -> Formula {
    try translating { try Formula(settings.objective) }
  }

  /// The names in a formula that are neither parameters nor constants: those of datasets. A dataset that is called as a
  /// constant is, `e` or `pi`, is meant rather than the constant.
  ///
  /// - Parameter hasDataset: Whether the data have a dataset of that name.
  static func dataNames(
    of formula: Formula, _ settings: FormulaSettings, hasDataset: (String) throws -> Bool
  ) rethrows -> [String] {
    let parameters = Set(settings.parameters.map(\.name))
    return try formula.names.filter { name in
      try !parameters.contains(name) && (Formula.constants[name] == nil || hasDataset(name))
    }
  }

  /// Says that it is the config's objective in which a place is wrong, and shows the place.
  static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as FormulaError {
      throw TrainerError(
        .usage, "objective, column \(error.column): \(error.fault)", remedy: error.remedy, excerpt: error.excerpt)
    }
  }

  /// Creates a problem.
  ///
  /// - Parameters:
  ///   - rowShapes: An entry for each dataset that the formula names.
  ///   - isWeighted: Whether the data give each sample a weight.
  ///   - initial: Which parameters no step changes.
  package init(
    _ settings: FormulaSettings, formula: Formula, rowShapes: [String: Shape], isWeighted: Bool = false,
    initial: InitialSettings? = nil
  ) throws {
    self.settings = settings
    self.formula = formula
    self.rowShapes = rowShapes
    self.isWeighted = isWeighted
    self.initial = initial
    var layout = ParameterLayout()
    for parameter in settings.parameters { layout.append(name: parameter.name, shape: parameter.shape) }
    self.layout = layout
    if let unused = settings.parameters.first(where: { !formula.names.contains($0.name) }) {
      throw TrainerError(.usage, "parameters.\(unused.name): the objective does not depend on it; remove it")
    }
  }

  package func freezes(_ name: String) -> Bool { initial?.freezes(name) ?? false }

  package func initialParameters(seed: Int) -> [Double] {
    settings.parameters.enumerated().flatMap { index, parameter in
      switch parameter.start {
      case .values(let values): values
      case .drawn(let initialization):
        initialization.values(
          count: parameter.shape.reduce(1, *), fanIn: parameter.shape.first ?? 1,
          fanOut: parameter.shape.dropFirst().reduce(1, *), seed: UInt64(seed), ordinal: index)
      }
    }
  }

  package func terms(in graph: Graph, samples: Int, isTraining: Bool) throws -> ProblemTerms {
    var names: [String: Node] = [:]
    for entry in layout.entries { names[entry.name] = try graph.parameter(entry.name, shape: entry.shape) }
    var rows: [String: Node] = [:]
    for (name, shape) in rowShapes.sorted(by: { $0.key < $1.key }) {
      rows[name] = try graph.input(name, shape: [samples] + shape)
    }
    let losses = try Self.translating {
      try formula.build(in: graph, names: names, rows: rows, samples: samples, isBatched: isBatched)
    }
    return try ProblemTerms(losses: losses, sampleWeights: nil, outputs: nil, probabilities: nil)
      .weighted(samples: isWeighted ? samples : nil)
  }
}
