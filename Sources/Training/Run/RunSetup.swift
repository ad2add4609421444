import Checkpoints
import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers

/// Everything that a run computes with, made from its configuration before the first step: data, problem, engine,
/// evaluators, and the steps at which the coordinator has something to do.
struct RunSetup<Scalar: TrainingScalar> {
  let problem: any Problem
  let data: TrainingData<Scalar>?
  let engine: TrainingEngine<Scalar>
  let optimizer: Optimizer
  /// The groups beside `train`, in the order of reports.
  let evaluators: [(group: String, evaluator: Evaluator<Scalar>)]
  let steps: Int
  let stepsPerEpoch: Int
  let samplesPerEpoch: Int

  private let configuration: RunConfiguration
  private let batchSize: Int
  private let workers: Int
  private let live: LiveProgress

  /// Step-wise runs report this often.
  private let reportPeriod: Int?

  init(_ configuration: RunConfiguration, region: Region, live: LiveProgress) throws {
    guard case .model(let model) = configuration.objective, let settings = configuration.data else {
      throw TrainerError(.usage, "a formula cannot be trained yet")
    }
    let data = try TrainingData<Scalar>(settings)
    guard data.groups["train"] != nil else {
      throw TrainerError(.data, "\(settings.path): there is no group 'train', which training needs")
    }
    let problem = try ModelProblem(
      model: model.model, loss: model.loss, inputShape: data.preprocessing.outputShape, targets: data.targets
    ) { task in
      try MetricSet(model.metrics, task: task)
    }
    try Self.requireGroups(of: configuration, in: data)
    self.configuration = configuration
    self.data = data
    self.problem = problem
    self.live = live
    workers = region.workers
    samplesPerEpoch = data.train.count
    batchSize = try Self.batchSize(configuration, samples: samplesPerEpoch, path: settings.path)
    stepsPerEpoch = (samplesPerEpoch + batchSize - 1) / batchSize
    steps =
      switch configuration.training.length {
      case .epochs(let epochs): epochs * stepsPerEpoch
      case .steps(let steps): steps
      }
    reportPeriod = nil
    optimizer = Self.optimizer(
      configuration, layout: problem.layout, run: RunLength(steps: steps, stepsPerEpoch: stepsPerEpoch))
    engine = try TrainingEngine(
      problem, group: data.train, optimizer: optimizer,
      settings: .init(
        batchSize: batchSize, shards: configuration.training.shards, isShuffling: configuration.training.shuffles,
        seed: configuration.seed),
      region: region, live: live)
    evaluators = try DatasetReader.groupNames.dropFirst().compactMap { name in
      try data.groups[name].map { (name, try Evaluator(problem, group: $0)) }
    }
  }

  /// Refuses a measure of a group that the data lacks: it would never be taken, and what goes by it never happen.
  private static func requireGroups(of configuration: RunConfiguration, in data: TrainingData<Scalar>) throws {
    let references = [
      ("earlyStopping.metric", configuration.earlyStopping?.metric),
      ("checkpoints.best.metric", configuration.checkpoints.best),
    ]
    for case (let key, let reference?) in references where data.groups[reference.group.rawValue] == nil {
      let groups = DatasetReader.groupNames.filter { data.groups[$0] != nil }.map { "'\($0)'" }
      throw TrainerError(
        .usage,
        "\(key): found \"\(reference)\", but \(data.path) has no group '\(reference.group.rawValue)'; "
          + "it has \(groups.joined(separator: ", "))")
    }
  }

  private static func batchSize(_ configuration: RunConfiguration, samples: Int, path: String) throws -> Int {
    switch configuration.training.batchSize {
    case .full, nil: return samples
    case .samples(let count):
      guard count <= samples else {
        throw TrainerError(
          .usage,
          "training.batchSize: found \(count), but the group 'train' of \(path) has only \(samples) samples; "
            + "choose at most that, or \"full\"")
      }
      return count
    }
  }

  private static func optimizer(
    _ configuration: RunConfiguration, layout: ParameterLayout, run: RunLength
  ) -> Optimizer {
    let settings = configuration.optimizer
    var transformations = settings.transformations
    let penalties = configuration.penalties
    if penalties.l1 != 0 || penalties.l2 != 0 {
      // Weights, not biases: a bias does not make the function less smooth.
      let ranges = layout.entries.filter { $0.name.hasSuffix("/weight") }.map(\.range)
      transformations.insert(AddPenaltyGradient(l1: penalties.l1, l2: penalties.l2, ranges: ranges), at: 0)
    }
    return Optimizer(
      transformations,
      schedule: LearningRateSchedule(configuration.schedule, base: settings.learningRate, run: run))
  }

  // MARK: When

  func isEpochEnd(_ step: Int) -> Bool { step % stepsPerEpoch == 0 }

  /// Whether the coordinator reports after this many steps.
  func isReportDue(at step: Int) -> Bool { isEpochEnd(step) || step == steps }

  /// The next number of completed steps at which the coordinator has something to do.
  func nextStop(after step: Int) -> Int {
    var stop = min(steps, (step / stepsPerEpoch + 1) * stepsPerEpoch)
    if case .steps(let period)? = configuration.checkpoints.every { stop = min(stop, (step / period + 1) * period) }
    return stop
  }

  /// Whether a checkpoint is due after this many steps.
  func isSaveDue(at step: Int, secondsSinceLast: Double) -> Bool {
    switch configuration.checkpoints.every {
    case .epochs(let period): isEpochEnd(step) && step / stepsPerEpoch % period == 0
    case .steps(let period): step % period == 0
    case .seconds(let period): secondsSinceLast >= period
    case nil: false
    }
  }

  // MARK: What

  func checkpoint(_ progress: RunProgress, _ configuration: RunConfiguration) -> Checkpoint {
    Checkpoint(
      step: progress.step, epoch: progress.step / stepsPerEpoch, seed: configuration.seed,
      config: configuration.resolved.prettyText, parameters: engine.memory.parameterTensors,
      optimizer: engine.memory.stateTensors, preprocessing: data?.preprocessing.tensors ?? [],
      history: progress.tensors, progress: progress.values, provenance: Provenance.current(data: data?.fingerprint))
  }

  func description(directory: RunDirectory, resumedStep: Int?) -> RunDescription {
    RunDescription(
      name: configuration.name, directory: directory.path, layout: problem.layout, precision: Scalar.elementType,
      samples: DatasetReader.groupNames.compactMap { name in data?.groups[name].map { (name, $0.count) } },
      steps: steps,
      stepsPerEpoch: stepsPerEpoch, batchSize: batchSize, shards: configuration.training.shards, workers: workers,
      slotBytes: engine.slotBytes, instructionSet: InstructionSet.best.name, resumedStep: resumedStep, live: live)
  }
}

extension TrainingMemory {
  /// The parameters by name, if there are at most 16 numbers.
  var fewParameters: [(name: String, shape: [Int], values: [Double])] {
    guard layout.count <= 16 else { return [] }
    return layout.entries.map { entry in (entry.name, entry.shape, parameters.elements[entry.range].map { Double($0) })
    }
  }
}
