import Autodiff
import Datasets
import Foundations
import Kernels

/// What `gradcheck` found.
public struct GradientCheckReport: Sendable {
  /// A parameter's coordinates that were compared.
  public struct Row: Sendable {
    /// The parameter.
    public let name: String
    /// How many of its coordinates were compared.
    public let checked: Int
    /// How many of them lie near a kink, where there is no one derivative to compare with.
    public let nearKink: Int
    /// The largest relative error of the others.
    public let worst: Double
  }

  /// One row for each parameter, in layout order.
  public let rows: [Row]
  /// The samples whose loss was differentiated.
  public let samples: Int
  /// Larger relative errors fail.
  public let tolerance: Double

  /// Whether every parameter is within the tolerance.
  public var passes: Bool { rows.allSatisfy { $0.worst <= tolerance } }
}

/// Compares the gradient that a configuration trains with to central differences of its loss, in double precision, on
/// the first samples of the training group.
///
/// - Parameters:
///   - samples: The most samples to use.
///   - coordinates: The most coordinates of each parameter to compare, evenly spread.
///   - tolerance: The largest relative error that passes.
/// - Throws: `TrainerError` as a run of the configuration would.
public func checkGradient(
  of configuration: RunConfiguration, samples: Int = 8, coordinates: Int = 64, tolerance: Double = 1e-6
) throws -> GradientCheckReport {
  let (problem, data) = try RunSetup<Double>.problem(configuration)
  let group = try data?.train ?? SampleGroup(count: 1, sources: [:])
  let count = min(samples, group.count)
  let graph = Graph()
  let terms = try problem.terms(in: graph, samples: count, isTraining: true)
  let targets = graph.nodes.filter { $0.parameterName != nil }
  let chosen = problem.layout.entries.map { entry in
    let step = max(1, entry.count / max(1, coordinates))
    return Array(stride(from: entry.range.lowerBound, to: entry.range.upperBound, by: step).prefix(coordinates))
  }
  let check = try GradientCheck(
    of: terms.losses.sum() / Double(count), withRespectTo: targets,
    parameters: problem.initialParameters(seed: configuration.seed), layout: problem.layout,
    inputs: group.values(ofFirst: count), indices: chosen.flatMap(\.self),
    randomness: Randomness(seed: UInt64(configuration.seed)))
  return GradientCheckReport(
    rows: zip(problem.layout.entries, chosen).map { entry, indices in
      let entries = check.entries.filter { entry.range.contains($0.index) }
      return .init(
        name: entry.name, checked: indices.count, nearKink: entries.count(where: \.isNearKink),
        worst: entries.filter { !$0.isNearKink }.map(\.relativeError).max() ?? 0)
    },
    samples: count, tolerance: tolerance)
}

extension SampleGroup<Double> {
  /// The first samples' rows by the name of the graph's input.
  fileprivate func values(ofFirst count: Int) -> [String: [Double]] {
    sources.mapValues { source in
      let indices = (0..<count).map(Int64.init)
      return [Double](unsafeUninitializedCapacity: max(1, count * source.columns)) { buffer, initialized in
        guard let out = buffer.baseAddress else { return }
        indices.withUnsafeBufferPointer { source.gather($0, into: out, kernels: .best) }
        initialized = count * source.columns
      }
    }
  }
}
