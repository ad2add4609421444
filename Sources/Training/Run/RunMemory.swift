import DataParallel
import Foundations
import Kernels
import Models
import Optimizers

/// What a run takes in memory beside its data, known before they are read.
extension RunSetup {
  /// The bytes of the parameters of a layout, with all that has their size: the optimizer's state, the weights in the
  /// kernels' order, and a checkpoint with its file's image.
  ///
  /// - Throws: `TrainerError` with code `.usage` if they alone do not fit into memory, or the optimizer does not fit the
  ///   layout.
  static func parameterMemory(of layout: ParameterLayout, _ configuration: RunConfiguration) throws -> Double {
    let count = Double(layout.count)
    // How long the run is changes no state.
    let optimizer = try configuration.optimizer.optimizer(
      layout: layout, schedule: configuration.schedule, run: RunLength(steps: 1, stepsPerEpoch: 1))
    let vectors = Double(1 + optimizer.stateNames.count)
    // Their first values are numbers of double precision; they are gone when the first checkpoint is made.
    let starting = 2 * count * Double(MemoryLayout<Double>.stride)
    // The copy that is saved, the image that the HDF5 library makes of it and grows by copying, the image that is taken
    // from it, the library's copy of that, and what it reads back as.
    let saving = 6 * vectors * count * Double(MemoryLayout<Scalar>.stride)
    // What observers of parameters copy: before a step and after it.
    let copies = configuration.observers.contains { $0.makeObserver().interests.parameters != nil } ? 2.0 : 0
    // Beside the vectors, a gradient and weights in a second order.
    let bytes = (vectors + copies + 2) * count * Double(MemoryLayout<Scalar>.stride) + max(starting, saving)
    try MemoryLimit.require(
      bytes, for: "training \(layout.count) parameters", code: .usage, advice: "make the model smaller")
    return bytes
  }

  /// The bytes of what steps and evaluations compute in: the shards' gradients and operands, the workers' rooms for plans and
  /// rows.
  ///
  /// The targets are not read yet; how they are given changes little, so any kind that the loss takes will do.
  ///
  /// - Parameters:
  ///   - inputShape: The extents of a sample behind preprocessing.
  ///   - samples: Those of the training group.
  ///   - evaluates: Whether there are groups to be measured beside it.
  /// - Throws: `TrainerError` with code `.usage` if they alone, with those beside, do not fit into memory, or if the model
  ///   does not fit the inputs.
  static func stepMemory(
    of settings: ModelSettings, inputShape: [Int], samples: Int, evaluates: Bool, workers: Int, beside other: Double,
    _ configuration: RunConfiguration
  ) throws -> Double {
    // If no kind of targets does, the real ones will tell why.
    guard let problem = try problem(of: settings, inputShape: inputShape) else { return 0 }
    let columns = inputShape.reduce(1, *) + problem.targetCount
    let step = try StepForecast<Scalar>(
      of: problem, samples: samples, columns: columns, workers: workers, configuration.training)
    let evaluated = min(EvaluationShards<Scalar>.size, samples)
    // A step that takes all samples is reported by measuring them anew.
    var evaluation = 0.0
    if evaluates || step.batchSize == samples {
      let plan = try problem.evaluationPlan(samples: evaluated, kernels: Kernels<Scalar>.best)
      evaluation = EvaluationShards<Scalar>.memoryNeed(
        workers: workers, samples: samples, plan: plan, columns: columns)
      // How many samples the other groups have is known only when they are read; they are rarely more.
      evaluation += GatheredSamples<Scalar>.memoryNeed(
        samples: samples, metrics: settings.metrics, task: problem.task, positions: problem.positions,
        isWeighted: configuration.data?.weights != nil)
    }
    let shards = configuration.training.shards
    try MemoryLimit.require(
      step.byteCount + evaluation + other,
      for: "training in \(shards) shards with \(workers) \(workers == 1 ? "worker" : "workers")", code: .usage,
      advice: "take smaller batches, fewer shards, fewer workers or a smaller model")
    return step.byteCount + evaluation
  }

  /// A model with its loss, on targets of any kind that the loss takes: what the real ones are is not known yet. `nil` if it
  /// takes none of these.
  static func problem(of settings: ModelSettings, inputShape: [Int]) throws -> ModelProblem? {
    let outputs = try settings.model.parameters(inputShape: inputShape).outputShape.reduce(1, *)
    let kinds: [TargetKind] = [.integers(0...max(1, outputs - 1)), .values(count: outputs), .values(count: 1)]
    for kind in kinds {
      do {
        return try ModelProblem(
          model: settings.model, loss: settings.loss, inputShape: inputShape, targets: kind
        ) { try MetricSet([], task: $0) }
      } catch _ as TrainerError {
        // Another kind may do.
        continue
      }
    }
    return nil
  }
}

/// What the steps of a run compute and compute in, by its largest shard: known from shapes alone.
struct StepForecast<Scalar: TrainingScalar> {
  /// The samples of a batch.
  let batchSize: Int
  /// Those of the largest shard.
  let shardSamples: Int
  /// The bytes of the shards' gradients and operands, and of the workers' rooms for plans and rows.
  let byteCount: Double
  /// Bytes of what the largest shard computes and keeps for its gradient.
  let shardByteCount: Int
  /// Floating-point operations of the largest shard's loss and gradient, a multiply-add counting as two.
  let operations: Int

  /// Compiles the plan of the largest shard.
  ///
  /// - Parameters:
  ///   - samples: Those of the training group.
  ///   - columns: The elements of a sample in all that a plan reads.
  /// - Throws: `TrainerError` if the problem does not fit its inputs, or one plan's buffers do not fit into memory.
  init(
    of problem: any Problem, samples: Int, columns: Int, workers: Int, _ settings: TrainingSettings
  ) throws {
    switch settings.batchSize {
    case .samples(let size)?: batchSize = min(size, samples)
    case .full?, nil: batchSize = samples
    }
    let sizes = BatchSchedule(samples: samples, batchSize: batchSize)
      .shardSizes(ShardPartition(shards: settings.shards))
    shardSamples = sizes.max() ?? 1
    let training = try TrainingPlans<Scalar>(problem, sizes: [shardSamples], kernels: .best)
    let blocks = BlockPartition(count: problem.layout.count, matrices: training.matrices, samples: batchSize)
    byteCount = TrainingEngine<Scalar>.memoryNeed(
      shards: settings.shards, workers: workers, samples: batchSize, blocks: blocks, plans: training.plans,
      columns: columns)
    let plan = training.plans.all[0]
    shardByteCount = (plan.bufferCount + plan.keptCount) * MemoryLayout<Scalar>.stride
    operations =
      plan.floatingPointOperations + plan.products.reduce(0) { $0 + $1.floatingPointOperations }
  }
}

extension TrainedModel {
  /// The bytes of what an evaluation computes in, beside the data.
  ///
  /// - Throws: `TrainerError` if one worker's plan does not fit into memory.
  func evaluationMemory(samples: Int, workers: Int) throws -> Double {
    let shard = min(EvaluationShards<Scalar>.size, max(1, samples))
    let problem = try problemWithoutTargets()
    let plan = try problem.predictionPlan(samples: shard, kernels: Kernels<Scalar>.best)
    return EvaluationShards<Scalar>.memoryNeed(
      workers: workers, samples: samples, plan: plan, columns: transform.outputShape.reduce(1, *))
      + GatheredSamples<Scalar>.memoryNeed(
        samples: samples, metrics: settings.metrics, task: problem.task, positions: problem.positions,
        isWeighted: data.weights != nil)
  }
}
