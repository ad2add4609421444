import DataParallel
import Kernels

/// What a model says of a group of samples: its outputs, and the probabilities that its loss makes of them. They are
/// computed in the same fixed shards as an evaluation's.
struct GroupOutputs<Scalar: TrainingScalar> {
  /// [samples, width].
  let outputs: [Scalar]
  /// [samples, width]; without a meaning where the loss has no probabilities.
  let probabilities: [Scalar]

  /// Computes them.
  ///
  /// - Parameters:
  ///   - group: Samples that need no targets.
  ///   - parameters: The model's, in layout order.
  /// - Throws: `TrainerError` if the model does not fit the group.
  init(
    of problem: ModelProblem, group: SampleGroup<Scalar>, parameters: SharedBuffer<Scalar>, region: Region,
    kernels: Kernels<Scalar> = .best
  ) throws {
    let width = problem.outputCount
    let shards = try EvaluationShards(of: group, kernels: kernels, workers: region.workers) {
      try problem.predictionPlan(samples: $0, kernels: kernels)
    }
    let outputs = SharedBuffer<Scalar>(repeating: .unwritten, count: group.count * width)
    let probabilities = SharedBuffer<Scalar>(repeating: .unwritten, count: group.count * width)
    try shards.forEach(parameters: parameters, region: region) { _, samples, results in
      for (place, buffer) in [(results.plan.outputs, outputs), (results.plan.probabilities, probabilities)] {
        guard let values = results.values(place)?.baseAddress else { continue }
        (buffer.pointer + samples.lowerBound * width).update(from: values, count: samples.count * width)
      }
    }
    self.outputs = Array(outputs.elements)
    self.probabilities = Array(probabilities.elements)
  }
}
