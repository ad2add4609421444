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
    /// How many coordinates it has.
    public let count: Int
    /// How many of them were compared.
    public let checked: Int
    /// How many of those lie near a kink, where there is no one derivative to compare with.
    public let nearKink: Int
    /// The largest relative error of the others.
    public let worst: Double
  }

  /// A coordinate with its derivatives.
  public struct Coordinate: Sendable {
    /// The coordinate as a formula would write it: `dense1/weight[12, 3]`.
    public let name: String
    /// The derivative by the graph's rules.
    public let analytic: Double
    /// The derivative by differences.
    public let numeric: Double
    /// Their relative distance.
    public let relativeError: Double
  }

  /// One row for each parameter, in layout order.
  public let rows: [Row]
  /// The coordinate that is off most; `nil` if all lie near a kink.
  public let worst: Coordinate?
  /// The samples whose loss was differentiated.
  public let samples: Int
  /// What the coordinates were drawn with.
  public let seed: UInt64
  /// Larger relative errors fail.
  public let tolerance: Double

  /// Whether every parameter is within the tolerance.
  public var passes: Bool { rows.allSatisfy { $0.worst <= tolerance } }
  /// Whether every coordinate of every parameter was compared.
  public var isComplete: Bool { rows.allSatisfy { $0.checked == $0.count } }
}

/// Compares the gradient that a configuration trains with to central differences of its loss, in double precision, on
/// the first samples of the training group, where the parameters start.
///
/// - Parameters:
///   - samples: The most samples to use.
///   - coordinates: The most coordinates of each parameter to compare; `nil` for all.
///   - seed: What the coordinates of larger parameters are drawn with; by default the configuration's.
///   - tolerance: The largest relative error that passes.
/// - Throws: `TrainerError` as a run of the configuration would.
public func checkGradient(
  of configuration: RunConfiguration, samples: Int = 8, coordinates: Int? = 64, seed: UInt64? = nil,
  tolerance: Double = 1e-6
) throws -> GradientCheckReport {
  let (problem, data) = try RunSetup<Double>.problem(configuration)
  let group = try data?.train ?? SampleGroup(count: 1, sources: [:])
  let count = min(samples, group.count)
  let seed = seed ?? UInt64(configuration.seed)
  let graph = Graph()
  let terms = try problem.terms(in: graph, samples: count, isTraining: true)
  let targets = graph.nodes.filter { $0.parameterName != nil }
  let chosen = problem.layout.entries.enumerated().map { ordinal, entry in
    sample(coordinates ?? entry.count, of: entry.count, seed: seed, stream: UInt64(ordinal))
      .map { entry.range.lowerBound + $0 }
  }
  let check = try GradientCheck(
    of: terms.losses.sum() / Double(count), withRespectTo: targets,
    parameters: problem.initialParameters(seed: configuration.seed), layout: problem.layout,
    inputs: group.values(ofFirst: count), indices: chosen.flatMap(\.self),
    randomness: Randomness(seed: UInt64(configuration.seed)))
  let smooth = check.entries.filter { !$0.isNearKink }
  return GradientCheckReport(
    rows: zip(problem.layout.entries, chosen).map { entry, indices in
      .init(
        name: entry.name, count: entry.count, checked: indices.count,
        nearKink: check.entries.count { entry.range.contains($0.index) && $0.isNearKink },
        worst: smooth.filter { entry.range.contains($0.index) }.map(\.relativeError).max() ?? 0)
    },
    worst: smooth.max { $0.relativeError < $1.relativeError }.map { worst in
      .init(
        name: problem.layout.elementName(at: worst.index), analytic: worst.analytic, numeric: worst.numeric,
        relativeError: worst.relativeError)
    },
    samples: count, seed: seed, tolerance: tolerance)
}

/// Different numbers below `count`, ascending: all of them, or as many as asked for, drawn by Floyd's method
/// (Bentley and Floyd, "A sample of brilliance", 1987).
private func sample(_ size: Int, of count: Int, seed: UInt64, stream: UInt64) -> [Int] {
  guard size < count else { return Array(0..<count) }
  let random = Philox(seed: seed, stream: stream)
  var drawn: Set<Int> = []
  for last in count - size..<count {
    let number = Int(random.uniform(at: UInt64(last)) * Double(last + 1))
    if !drawn.insert(number).inserted { drawn.insert(last) }
  }
  return drawn.sorted()
}

extension ParameterLayout {
  /// What an element of the flat vector is called: its parameter's name with the indices.
  fileprivate func elementName(at index: Int) -> String {
    guard let entry = entries.first(where: { $0.range.contains(index) }), !entry.shape.isEmpty else {
      return entries.first { $0.range.contains(index) }?.name ?? "\(index)"
    }
    var (rest, places) = (index - entry.offset, [Int]())
    for extent in entry.shape.reversed() {
      places.insert(rest % extent, at: 0)
      rest /= extent
    }
    return "\(entry.name)[\(places.map(String.init).joined(separator: ", "))]"
  }
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
