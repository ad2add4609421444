import DataParallel
import Datasets
import Foundations
import Kernels
import Models

/// What lies behind the measures of a model on a group of samples.
public struct EvaluationDetail: Sendable {
  /// How much worse a measure becomes when one column says nothing any more.
  public struct Importance: Sendable {
    /// The column.
    public let feature: String
    /// The increase of the loss.
    public let loss: Double
    /// For each metric how far it becomes worse; below 0 where it becomes better.
    public let metrics: [(name: String, value: Double)]
  }

  /// A sample that the model was wrong about.
  public struct Sample: Sendable {
    /// Its row in the group, counted from 0.
    public let row: Int
    /// Its class and the one that was predicted, by name where they have names.
    public let target: String, prediction: String
    /// The probability that the model gave its class.
    public let probability: Double
    /// The inputs as they are stored, and their extents.
    public let inputs: [Double], shape: [Int]
  }

  /// The measures.
  public let report: EvaluationReport
  /// The columns of a table, the most important first; empty for other inputs, and for too many of them.
  public let importances: [Importance]
  /// The samples whose own class the model found the least likely, the worst first; empty unless inputs are images and targets
  /// classes.
  public let worst: [Sample]
}

/// Measures a checkpoint's model on a group of a dataset file, and looks at what lies behind the measures.
///
/// The importance of a column is the change of the measures when its values are permuted among the samples (Breiman, "Random
/// forests", 2001), in an order that depends on their number alone.
///
/// - Parameters:
///   - path: The checkpoint's path.
///   - data: The dataset file; `nil` for that of the checkpoint's config.
///   - group: The group of samples.
///   - worstCount: The most samples of ``EvaluationDetail/worst``.
///   - options: Workers.
/// - Throws: As ``evaluate(checkpoint:data:group:options:)``.
public func evaluateInDetail(
  checkpoint path: String, data: String? = nil, group: String = "test", worstCount: Int = 24,
  options: RunOptions = RunOptions()
) throws -> EvaluationDetail {
  let (checkpoint, configuration) = try loadCheckpoint(path, options.registries)
  func detail<Scalar: TrainingScalar>(_ type: Scalar.Type) throws -> EvaluationDetail {
    let measured = try MeasuredGroup<Scalar>(
      checkpoint, configuration, path, group, options, opening(data, group, options))
    let report = try measured.report()
    return EvaluationDetail(
      report: report, importances: try measured.importances(beside: report.measurement),
      worst: try measured.worstSamples(
        worstCount, by: Predictor(checkpoint, configuration, source: path)))
  }
  return switch configuration.precision {
  case .float32: try detail(Float.self)
  case .float64: try detail(Double.self)
  }
}

extension MeasuredGroup {
  /// More columns, or columns times samples, take too long for a look.
  private static var mostFeatures: Int { 200 }
  private static var mostElements: Int { 20_000_000 }

  fileprivate func importances(beside whole: LossAndMetrics) throws -> [EvaluationDetail.Importance] {
    let name = ModelProblem.InputName.inputs
    guard let inputs = samples.sources[name], let features = columns(of: inputs), features.count > 1,
      features.count <= Self.mostFeatures, features.count * samples.count <= Self.mostElements
    else { return [] }
    let part = WorkProgress.begin("permuting columns", of: features.count, "columns")
    defer { part?.end() }
    let found = try features.compactMap { feature -> EvaluationDetail.Importance? in
      defer { part?.add(1) }
      guard let permuted = inputs.permutingRows(ofColumns: feature.columns) else { return nil }
      var sources = samples.sources
      sources[name] = permuted
      let evaluator = try Evaluator(
        problem, group: SampleGroup(count: samples.count, sources: sources), workers: region.workers)
      let measures = try evaluator.measure(parameters: model.parameters, region: region, ranks: SingleProcess())
      let metrics = zip(problem.metrics?.metrics ?? [], zip(whole.metrics, measures.metrics)).map { metric, values in
        let drop = values.0.value - values.1.value
        return (name: values.0.name, value: metric.prefersLarger ? drop : -drop)
      }
      return EvaluationDetail.Importance(feature: feature.name, loss: measures.loss - whole.loss, metrics: metrics)
    }
    return found.enumerated().sorted { ($1.element.loss, $0.offset) < ($0.element.loss, $1.offset) }.map(\.element)
  }

  /// The named columns, and the inputs that each has become.
  private func columns(of inputs: RowSource<Scalar>) -> [(name: String, columns: Range<Int>)]? {
    if let fitted = model.transform as? FittedFeatures {
      var first = 0
      return fitted.outputCounts.map { name, count in
        defer { first += count }
        return (name, first..<first + count)
      }.filter { !$0.columns.isEmpty }
    }
    guard let features = model.transform.features, features.count == inputs.columns else { return nil }
    return features.enumerated().map { ($1.name, $0..<$0 + 1) }
  }

  fileprivate func worstSamples(_ count: Int, by predictor: Predictor) throws -> [EvaluationDetail.Sample] {
    guard count > 0, (2...3).contains(predictor.inputShape.count), predictor.hasProbabilities,
      predictor.classCount == 1,
      predictor.inputShape.count == 2 || [1, 3, 4].contains(predictor.inputShape[2]),
      case .multiclass(_, oneHotTargets: false) = problem.task,
      let targets = samples.sources[ModelProblem.InputName.targets], targets.columns == 1
    else { return [] }
    var worst: [EvaluationDetail.Sample] = []
    func name(_ index: Int) -> String {
      classNames.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "\(index)"
    }
    let part = WorkProgress.begin("finding the worst samples", of: samples.count, "samples")
    defer { part?.end() }
    for start in stride(from: 0, to: samples.count, by: 256) {
      let rows = start..<min(samples.count, start + 256)
      defer { part?.add(rows.count) }
      let inputs = try reader.elements(of: model.data.inputs, in: group, rows: rows, as: Double.self)
      let predicted = try predictor.predict(rows: inputs)
      guard let probabilities = predicted.probabilities, let classes = predicted.classes else { return [] }
      for (place, row) in rows.enumerated() {
        let target = Int(targets.row(row)[0])
        guard (0..<predictor.outputCount).contains(target), classes[place] != target else { continue }
        let probability = probabilities[place * predictor.outputCount + target]
        if worst.count == count, let last = worst.last, probability >= last.probability { continue }
        let width = predictor.inputCount
        let sample = EvaluationDetail.Sample(
          row: row, target: name(target), prediction: name(classes[place]), probability: probability,
          inputs: Array(inputs[place * width..<(place + 1) * width]), shape: predictor.inputShape)
        worst.insert(sample, at: worst.firstIndex { probability < $0.probability } ?? worst.count)
        if worst.count > count { worst.removeLast() }
      }
    }
    return worst
  }
}
