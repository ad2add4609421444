import Autodiff
import Datasets
import Foundations
import Kernels

/// A formula run's objective as a function of its parameters alone, over the whole training group if there is data:
/// for pictures. In double precision, whatever the run computes in.
public final class ObjectiveFunction {
  /// The names of the parameters' elements in layout order, as the formula writes them: `b`, or `w[0]` and `w[1]`.
  public let variables: [String]

  private let plan: Plan<Double>
  private let workspace: Workspace<Double>
  /// The rows of each input of the plan, in its order.
  private let inputs: [(rows: [Double], columns: Int)]
  private let samples: Int
  private let isMean: Bool

  /// Builds the function that a config describes.
  ///
  /// - Throws: `TrainerError` if the config has a model in place of a formula, the formula is not right, or its dataset
  ///   cannot be read.
  public init(_ configuration: RunConfiguration) throws {
    guard case .formula(let settings) = configuration.objective else {
      throw TrainerError(
        .usage,
        "\(configuration.name): the objective is a model's loss, which has no curve to draw; "
          + "expected a config with \"parameters\" and \"objective\"")
    }
    let graph = Graph()
    var layout = ParameterLayout()
    var names: [String: Node] = [:]
    for parameter in settings.parameters {
      layout.append(name: parameter.name, shape: parameter.shape)
      names[parameter.name] = try graph.parameter(parameter.name, shape: parameter.shape)
    }
    variables = layout.entries.flatMap(Self.elementNames)
    do {
      let formula = try Formula(settings.objective)
      var sources: [String: RowSource<Double>] = [:]
      if let data = configuration.data {
        sources = try Self.sources(of: formula.names.filter { names[$0] == nil }, in: data)
        for (name, source) in sources { names[name] = try graph.input(name, shape: source.rowShape) }
      }
      plan = try Plan([PlanOutput(formula.build(in: graph, names: names).sum(), .result("value"))], layout: layout)
      inputs = plan.inputs.compactMap { slot in
        sources[slot.name].map { (rows: Self.numbers(of: $0), columns: $0.columns) }
      }
      samples = sources.values.map(\.rows).min() ?? 1
    } catch let error as FormulaError {
      throw error.shown
    }
    workspace = Workspace(for: [plan])
    isMean = settings.reduction == .mean
  }

  /// The objective at a point.
  ///
  /// - Precondition: there is one number for each of ``variables``.
  public func value(at point: [Double]) -> Double {
    precondition(point.count == variables.count, "the objective has \(variables.count) variables")
    var total = 0.0
    for sample in 0..<samples {
      total += point.withUnsafeBufferPointer { point in withRows(of: sample) { value(point.baseAddress, $0) } }
    }
    return isMean ? total / Double(samples) : total
  }

  private func value(_ parameters: UnsafePointer<Double>?, _ rows: [UnsafePointer<Double>]) -> Double {
    plan.run(workspace, parameters: parameters, slot: nil, inputs: rows)
    return workspace.result("value", of: plan)?.first ?? .nan
  }

  /// Runs the body with pointers to a sample's row of each input.
  private func withRows<Result>(
    of sample: Int, _ found: [UnsafePointer<Double>] = [], _ body: ([UnsafePointer<Double>]) -> Result
  ) -> Result {
    guard found.count < inputs.count else { return body(found) }
    let (rows, columns) = inputs[found.count]
    return rows.withUnsafeBufferPointer { rows in
      guard let start = rows.baseAddress else { return body(found) }
      return withRows(of: sample, found + [start + sample * columns], body)
    }
  }

  private static func sources(of names: [String], in data: DataSettings) throws -> [String: RowSource<Double>] {
    let reader = try DatasetReader(path: data.path)
    var sources: [String: RowSource<Double>] = [:]
    for name in names where Formula.constants[name] == nil {
      var source: RowSource<Double> = try reader.rows(of: name, in: "train")
      if name == data.inputs, !data.preprocessing.isEmpty {
        source = try FittedPreprocessing(data.preprocessing, reader: reader, inputs: name)
          .apply(to: source, path: reader.path)
      }
      sources[name] = source
    }
    return sources
  }

  private static func numbers(of source: RowSource<Double>) -> [Double] {
    let indices = (0..<Int64(source.rows)).map { $0 }
    return [Double](unsafeUninitializedCapacity: source.rows * source.columns) { numbers, count in
      count = source.rows * source.columns
      guard let start = numbers.baseAddress else { return }
      indices.withUnsafeBufferPointer { source.gather($0, into: start, kernels: .best) }
    }
  }

  private static func elementNames(of entry: ParameterLayout.Entry) -> [String] {
    var names = [entry.name]
    guard !entry.shape.isEmpty else { return names }
    var indices = [""]
    for extent in entry.shape {
      indices = indices.flatMap { prefix in (0..<extent).map { prefix.isEmpty ? "\($0)" : "\(prefix), \($0)" } }
    }
    names = indices.map { "\(entry.name)[\($0)]" }
    return names
  }
}
