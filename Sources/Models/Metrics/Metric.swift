import Foundations
import Kernels

/// What is measured beside the loss: sums over samples, and a value that follows from the sums.
///
/// The sums are in double precision. Those of shards are added in the run's fixed tree, so that a value depends on no
/// number of workers, and an epoch's value is that of all its samples, not a mean of means.
///
/// ```swift
/// struct LargestError: Metric {  // the mean of each sample's largest error
///   let name = "meanLargestError"
///   let prefersLarger = false
///   func isDefined(for task: LearningTask) -> Bool { if case .regression = task { true } else { false } }
///   func sumCount(for task: LearningTask) -> Int { 2 }
///   func add<Scalar: KernelElement>(_ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>) {
///     for sample in 0..<samples.count {
///       let (outputs, targets) = (samples.outputs(of: sample), samples.targets(of: sample))
///       sums[0] += zip(outputs, targets).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
///       sums[1] += 1
///     }
///   }
///   func value(from sums: [Double], task: LearningTask) -> Double { sums[0] / sums[1] }
/// }
/// ```
public protocol Metric: Sendable {
  /// The name in configs, in `metrics.jsonl` and on the screen.
  var name: String { get }
  /// Whether a larger value is the better one, which decides what the best checkpoint is.
  var prefersLarger: Bool { get }
  /// Whether it has a meaning for a task; a config that asks for one that has none is refused.
  func isDefined(for task: LearningTask) -> Bool
  /// How many sums it needs.
  func sumCount(for task: LearningTask) -> Int
  /// Adds samples to the sums, which start at zero. It is called in training steps: it allocates no memory. Where the
  /// samples have weights, a metric that takes no notice of them counts each once.
  func add<Scalar: KernelElement>(_ samples: MetricSamples<Scalar>, to sums: UnsafeMutableBufferPointer<Double>)
  /// The value; not a number where there are no samples.
  func value(from sums: [Double], task: LearningTask) -> Double
  /// What a config writes: the name, or an object with the name as `type` and the settings.
  var json: JSONValue { get }
  /// Refuses a task for which the metric's settings have no meaning.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  func requireMeaning(for task: LearningTask) throws
}

extension Metric {
  /// The name.
  public var json: JSONValue { .string(name) }
  /// Refuses nothing.
  public func requireMeaning(for task: LearningTask) throws {}
}

/// The outputs and the targets of some samples.
public struct MetricSamples<Scalar: KernelElement> {
  /// What the model learns.
  public let task: LearningTask
  /// The number of samples; where each has several positions that are judged by themselves, of all their positions.
  public let count: Int
  /// The model's outputs, [count, `task.outputCount`] in row-major order; for classes logits.
  public let outputs: UnsafePointer<Scalar>
  /// [count, `task.targetCount`] in row-major order; class indices are whole numbers.
  public let targets: UnsafePointer<Scalar>
  /// The samples' weights, [count / positions]; `nil` where each counts once.
  public let weights: UnsafePointer<Scalar>?
  /// How many positions, one behind the other, are of one sample and have its weight.
  public let positions: Int

  /// Samples of a task.
  ///
  /// - Parameters:
  ///   - weights: The samples' weights, [count / positions]; `nil` where each counts once.
  ///   - positions: How many positions are of one sample.
  public init(
    task: LearningTask, count: Int, outputs: UnsafePointer<Scalar>, targets: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>? = nil, positions: Int = 1
  ) {
    self.task = task
    self.count = count
    self.outputs = outputs
    self.targets = targets
    self.weights = weights
    self.positions = positions
  }

  /// The outputs of one sample.
  public func outputs(of sample: Int) -> UnsafeBufferPointer<Scalar> {
    UnsafeBufferPointer(start: outputs + sample * task.outputCount, count: task.outputCount)
  }

  /// The targets of one sample.
  public func targets(of sample: Int) -> UnsafeBufferPointer<Scalar> {
    UnsafeBufferPointer(start: targets + sample * task.targetCount, count: task.targetCount)
  }

  /// What one sample weighs: 1 where there are no weights.
  @inline(__always)
  public func weight(of sample: Int) -> Double { weights.map { Double($0[sample / positions]) } ?? 1 }

  /// The class of one sample of several classes: of a row of probabilities the most probable one, the first of equal ones.
  /// A target that is no class of the task gives an index outside of its classes.
  @inline(__always)
  public func classIndex(of sample: Int) -> Int {
    let targets = targets(of: sample)
    guard targets.count == 1 else { return largestIndex(of: targets) }
    return Int(exactly: targets[0]) ?? -1
  }
}

extension Registry where Component == any Metric {
  /// The package's metrics, by their names.
  public static let metrics = Registry(
    of: "metric",
    StandardMetric.allCases.map(entry) + [Entry(type: TopKAccuracy.type) { try TopKAccuracy(from: $0) }]
      + RankingMetric.allCases.map(entry)
      + [
        entry(LogLoss()),
        Entry(type: ExpectedCalibrationError.type) { try ExpectedCalibrationError(from: $0) },
      ])

  private static func entry(_ metric: some Metric) -> Entry { Entry(type: metric.name) { _ in metric } }

  /// Adds a metric.
  ///
  /// - Throws: `TrainerError` with code `.usage` if there is one of that name already. `loss` is the objective's.
  public mutating func add(_ metric: some Metric) throws {
    guard metric.name != "loss" else {
      throw TrainerError(.usage, "'loss' is the objective's name; give the new metric another name")
    }
    try add(Self.entry(metric))
  }
}

extension Registry where Component == any Metric {
  /// Reads the key `metrics` of a config: names, or objects with a type and its settings.
  ///
  /// - Throws: `TrainerError` for an unknown name, one that comes twice, or a faulty setting.
  package func readAll(from settings: Settings) throws -> [any Metric] {
    let help = "What is measured beside the loss: names, or objects with a type and its settings."
    let metrics = try settings.objects("metrics", default: [], shorthand: "type", help: help).compactMap { metric in
      try metric.attempt { try read(metric) }
    }
    if let twin = metrics.first(where: { metric in metrics.count { $0.name == metric.name } > 1 }) {
      let mend =
        if case .object = twin.json { "give one of them another \"name\"" } else { "name each metric once" }
      throw settings.error("metrics", "\"\(twin.name)\" comes twice, \(mend)")
    }
    // Metrics without settings stay plain names in the resolved config.
    settings.resolve("metrics", to: .array(metrics.map(\.json)))
    return metrics
  }
}

extension Settings {
  /// The key `name` of a metric with settings: what it is called in files, so that several of one type can be told apart.
  func metricName(default standard: String) throws -> String {
    let name = try optionalString(
      "name", help: "What it is called in files and reports; by default its type. Needed where a type comes twice.")
    guard let name else { return standard }
    guard name != "loss", !name.isEmpty, name.allSatisfy({ !$0.isWhitespace && $0 != "." }) else {
      throw error(
        "name",
        "found \"\(name.onOneLine)\", expected a word without spaces and dots that is not \"loss\", the objective's name"
      )
    }
    return name
  }
}

extension JSONValue {
  /// A metric with settings: its type, its name where that is another, and they.
  static func metric(_ type: String, name: String, _ settings: [(String, JSONValue)]) -> JSONValue {
    .object(
      JSONObject([("type", .string(type)), ("name", name == type ? nil : .string(name))] + settings.map { ($0, $1) }))
  }
}
