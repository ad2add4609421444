import Foundations
import Kernels

/// The share of samples whose class is among the `k` most probable ones.
///
/// As scikit-learn's `top_k_accuracy_score`: of classes with the same output those with the higher index come first.
public struct TopKAccuracy: Metric {
  /// The name in a registry.
  static let type = "topKAccuracy"
  /// How many classes count.
  public let k: Int
  /// `topKAccuracy`, or the name given.
  public let name: String

  /// Creates the metric; `k` is at least 1.
  public init(k: Int = 5, name: String? = nil) {
    self.k = k
    self.name = name ?? Self.type
  }

  init(from settings: Settings) throws {
    k = try settings.integer("k", default: 5, in: .positive, help: "How many of the most probable classes count.")
    name = try settings.metricName(default: Self.type)
  }

  /// Yes.
  public var prefersLarger: Bool { true }
  /// Its name and `k`.
  public var json: JSONValue { .metric(Self.type, name: name, [("k", .integer(k))]) }

  /// For one of several classes.
  public func isDefined(for task: LearningTask) -> Bool { if case .multiclass = task { true } else { false } }

  /// Refuses as many classes as there are, of which one is always right.
  public func requireMeaning(for task: LearningTask) throws {
    guard case .multiclass(let classes, _) = task, k >= classes else { return }
    throw TrainerError(
      .usage,
      "metrics: \(name) has \"k\" \(k), but the model tells only \(classes) classes apart, so it would always be 1; "
        + "write {\"type\": \"topKAccuracy\", \"k\": \(max(1, classes - 1))} or less")
  }

  /// The weight of all samples and of those that are right.
  public func sumCount(for task: LearningTask) -> Int { 2 }

  /// Adds samples to the sums.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func add<Scalar: KernelElement>(
    _ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    for sample in 0..<samples.count {
      let (weight, outputs, target) = (
        samples.weight(of: sample), samples.outputs(of: sample), samples.classIndex(of: sample)
      )
      sums[0] += weight
      guard outputs.indices.contains(target) else { continue }
      let own = outputs[target]
      // What is not a number is ahead of everything, so that no comparison with it makes a sample right.
      var ahead = 0
      for index in outputs.indices where index != target {
        if !(outputs[index] < own || (outputs[index] == own && index < target)) { ahead += 1 }
      }
      if ahead < k { sums[1] += weight }
    }
  }

  /// The share.
  public func value(from sums: [Double], task: LearningTask) -> Double { sums[1] / sums[0] }
}
