import Foundations
import Kernels

/// The comparison of a gradient with central differences of its function, in double precision.
public struct GradientCheck: Sendable {
  /// One coordinate's result.
  public struct Entry: Sendable {
    /// The coordinate in the flat parameter vector.
    public let index: Int
    /// The derivative that is checked.
    public let analytic: Double
    /// The derivative by differences.
    public let numeric: Double
    /// Whether there is a kink near, and so no one derivative to compare with.
    public let isNearKink: Bool
    /// Their distance, divided by the largest of both, a share of the largest derivative, and what rounding the value
    /// may amount to.
    public let relativeError: Double
  }

  /// The coordinates that were compared.
  public let entries: [Entry]

  /// The one that is off most.
  public var worst: Entry? { entries.max { $0.relativeError < $1.relativeError } }

  /// Derivatives smaller than this share of the largest one are compared with it, not with themselves, since
  /// differences have only absolute accuracy.
  private static let scale = 1e-2

  /// Compares derivatives with differences.
  ///
  /// - Parameters:
  ///   - gradient: The derivatives to compare, of the flat vector.
  ///   - indices: The coordinates to compare.
  ///   - differences: The derivative along each of them by differences.
  package init(_ gradient: [Double], indices: [Int], differences: [CentralDifference]) {
    let largest = indices.map { abs(gradient[$0]) }.max() ?? 0
    entries = zip(indices, differences).map { index, difference in
      let distance = abs(gradient[index] - difference.value)
      let size = max(abs(gradient[index]), abs(difference.value), Self.scale * largest, difference.resolution)
      // Two zeros agree; a NaN agrees with nothing.
      let error = distance == 0 ? 0 : distance / size
      return Entry(
        index: index, analytic: gradient[index], numeric: difference.value, isNearKink: difference.isNearKink,
        relativeError: error.isNaN ? .infinity : error)
    }
  }

  /// Compares the derivatives of a scalar with respect to parameters.
  ///
  /// - Parameters:
  ///   - output: A node with one element.
  ///   - targets: Parameters of the graph.
  ///   - layout: Where they lie in `parameters`.
  ///   - indices: The coordinates of the flat vector to compare; all if `nil`.
  ///   - step: The differences' step for a coordinate of size 1 or less; larger ones get proportionally more.
  /// - Throws: `TrainerError` if the graph has no gradient or an input is missing.
  package init(
    of output: Node, withRespectTo targets: [Node], parameters: [Double], layout: ParameterLayout,
    inputs: [String: [Double]] = [:], indices: [Int]? = nil, step: Double = CentralDifference.longStep,
    randomness: Randomness = .init(), simplifications: Simplification = .all
  ) throws {
    let graph = output.graph
    let gradients = try graph.gradient(of: output, withRespectTo: targets)
    let values = try graph.evaluate(
      gradients, inputs: inputs, parameters: parameters, layout: layout, randomness: randomness,
      simplifications: simplifications)
    var analytic = [Double](repeating: 0, count: parameters.count)
    for (target, value) in zip(targets, values) {
      guard let parameter = target.operation as? Parameter, let entry = layout[parameter.parameterName] else {
        throw TrainerError(.usage, "only parameters of the layout can be checked, not '\(target.operation.name)'")
      }
      analytic.replaceSubrange(entry.range, with: value)
    }
    let function = try CompiledFunction(
      [output], inputs: inputs, layout: layout, randomness: randomness, simplifications: simplifications)
    let compared =
      indices
      ?? targets.compactMap { ($0.operation as? Parameter).flatMap { layout[$0.parameterName] } }
      .flatMap { Array($0.range) }
    self.init(
      analytic, indices: compared,
      differences: try compared.map { index in
        try CentralDifference(size: abs(parameters[index]), step: step) { offset in
          var moved = parameters
          moved[index] += offset
          return try function.values(at: moved)[0][0]
        }
      })
  }
}
