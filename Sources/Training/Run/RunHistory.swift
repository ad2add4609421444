import Checkpoints
import Datasets
import Foundations

/// The course of a run: a vector for each measure, with a number for each time that the groups were measured. A
/// checkpoint keeps it for whoever has only that.
struct RunHistory: Equatable {
  private var vectors: [String: [Double]] = [:]

  /// Nothing yet.
  init() {}

  /// What a checkpoint kept.
  ///
  /// - Throws: `TrainerError` unless all are vectors of the same length.
  init(_ values: CheckpointValues) throws {
    for tensor in values.checkpoint.history where tensor.name != RunProgress.epochSumsName {
      vectors[tensor.name] = try values.vector(tensor)
    }
    // Checkpoints of the first days lack them all.
    guard let steps = vectors["step"] ?? vectors.values.first else { return }
    if let (name, vector) = vectors.first(where: { $1.count != steps.count }) {
      throw values.error("'\(name)' of its history holds \(vector.count) numbers, and 'step' \(steps.count)")
    }
  }

  /// Notes a measurement of all groups.
  mutating func append(
    step: Int, train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)],
    learningRate: Double
  ) {
    vectors["step", default: []].append(Double(step))
    vectors["learningRate", default: []].append(learningRate)
    for (group, measurement) in [("train", train)] + evaluations {
      for (name, value) in [("loss", measurement.loss)] + measurement.metrics.map({ ($0.name, $0.value) }) {
        vectors["\(group)/\(name)", default: []].append(value)
      }
    }
  }

  /// The last measures of each group that there are.
  ///
  /// - Parameter names: What is measured, in the order of the config.
  func lastMeasures(_ names: [String]) -> [GroupMeasures] {
    DatasetReader.groupNames.compactMap { group in
      var values = JSONObject()
      for name in names { values[name] = vectors["\(group)/\(name)"]?.last.map(JSONValue.number) }
      return values.members.isEmpty ? nil : GroupMeasures(group: group, values: values.members)
    }
  }

  /// What a checkpoint keeps.
  var tensors: [CheckpointTensor] {
    vectors.map { CheckpointTensor(name: $0, shape: [$1.count], values: .float64($1)) }
  }
}
