import DataParallel
import Foundations

/// A formula run's objective as a function of its parameters alone, over the whole training group if there is data:
/// for pictures. In double precision, whatever the run computes in.
package struct ObjectiveFunction {
  /// The names of the parameters' elements in layout order, as the formula writes them: `b`, or `w[0]` and `w[1]`.
  package let variables: [String]

  /// Whether each value takes a pass over data.
  package let hasData: Bool

  private let evaluator: Evaluator<Double>
  private let parameters: SharedBuffer<Double>
  private let region = Region(workers: 1)

  /// Builds the function that a config describes.
  ///
  /// - Throws: `TrainerError` if the config has a model in place of a formula, the formula is not right, or its dataset
  ///   cannot be read.
  package init(_ configuration: RunConfiguration) throws {
    guard case .formula = configuration.objective else {
      throw TrainerError(
        .usage,
        "\(configuration.name): the objective is a model's loss, which has no curve to draw; "
          + "expected a config with \"parameters\" and \"objective\"")
    }
    let (problem, data) = try RunSetup<Double>.problem(configuration)
    evaluator = try Evaluator(problem, group: data?.train ?? SampleGroup(count: 1, sources: [:]), workers: 1)
    hasData = data != nil
    parameters = SharedBuffer(repeating: 0, count: problem.layout.count)
    variables = problem.layout.entries.flatMap(Self.elementNames)
  }

  /// The objective at a point. Not for several threads at once.
  ///
  /// - Throws: `TrainerError` for data that are read meanwhile and cannot be.
  /// - Precondition: there is one number for each of ``variables``.
  package func value(at point: [Double]) throws -> Double {
    precondition(point.count == variables.count, "the objective has \(variables.count) variables")
    for (index, number) in point.enumerated() { parameters.pointer[index] = number }
    return try evaluator.measure(parameters: parameters, region: region).loss
  }

  private static func elementNames(of entry: ParameterLayout.Entry) -> [String] {
    guard !entry.shape.isEmpty else { return [entry.name] }
    let indices = entry.shape.reduce([[Int]()]) { rows, extent in
      rows.flatMap { row in (0..<extent).map { row + [$0] } }
    }
    return indices.map { "\(entry.name)[\($0.map(String.init).joined(separator: ", "))]" }
  }
}
