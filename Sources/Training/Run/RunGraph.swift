import Autodiff
import DataParallel
import Foundations
import Kernels

/// What a configuration computes, for people to look at.
package struct RunGraph: Sendable {
  /// The nodes from the parameters to the loss of one sample, or to a formula's value; operands first.
  package let nodes: [TracedNode]
  /// The plan of the largest shard's losses and gradient.
  package let plan: PlanSummary
  /// The samples of that shard.
  package let samples: Int

  /// Builds what a run of the configuration would build, without running it.
  ///
  /// - Throws: `TrainerError` as a run of the configuration would.
  package init(of configuration: RunConfiguration) throws {
    self = try MemoryLimit.$budget.withValue(configuration.data?.memory) {
      switch configuration.precision {
      case .float32: try Self(configuration, as: Float.self)
      case .float64: try Self(configuration, as: Double.self)
      }
    }
  }

  private init<Scalar: TrainingScalar>(_ configuration: RunConfiguration, as type: Scalar.Type) throws {
    let (problem, data) = try RunSetup<Scalar>.problem(configuration, workers: availableCores())
    let count = try data?.train.count ?? 1
    let batch =
      switch configuration.training.batchSize {
      case .samples(let size)?: min(size, count)
      case .full?, nil: count
      }
    let sizes = BatchSchedule(samples: count, batchSize: batch)
      .shardSizes(ShardPartition(shards: configuration.training.shards))
    samples = sizes.max() ?? 1
    let graph = Graph()
    let loss = try problem.terms(in: graph, samples: 1, isTraining: true).losses.reshape([])
    nodes = try graph.trace(of: loss)
    let plans = try TrainingPlans<Scalar>(problem, sizes: sizes, kernels: .best).plans.all
    // Those of smaller shards come before.
    plan = plans[plans.count - 1].summary
  }
}
