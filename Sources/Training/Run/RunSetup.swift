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
  /// Whether a formula is trained, and no model.
  let isFormula: Bool
  /// Measures the training group where the parameters stand, for formulas and for steps that take the whole group; `nil`
  /// where an epoch is reported as trained.
  let trainEvaluator: Evaluator<Scalar>?
  let steps: Int
  /// Without data there are no epochs; then it is the whole run.
  let stepsPerEpoch: Int
  let samplesPerEpoch: Int

  private let configuration: RunConfiguration
  private let batchSize: Int
  private let workers: Int
  private let live: LiveProgress

  /// Runs without epochs report this often.
  private let reportPeriod: Int?

  init(_ configuration: RunConfiguration, region: Region, live: LiveProgress) throws {
    self.configuration = configuration
    self.live = live
    workers = region.workers
    (problem, data) = try Self.problem(configuration)
    if let data { try Self.requireGroups(of: configuration, in: data) }
    let samples = try data?.train ?? SampleGroup(count: 1, sources: [:])
    batchSize = try Self.batchSize(configuration, samples: samples.count, path: data?.path ?? "")
    let stepsPerPass = (samples.count + batchSize - 1) / batchSize
    steps = try Self.steps(of: configuration, inEpoch: stepsPerPass)
    samplesPerEpoch = samples.count
    stepsPerEpoch = data == nil ? steps : stepsPerPass
    reportPeriod = data == nil ? max(1, (steps + Self.mostReports - 1) / Self.mostReports) : nil
    optimizer = try Self.optimizer(
      configuration, layout: problem.layout, run: RunLength(steps: steps, stepsPerEpoch: stepsPerEpoch))
    engine = try TrainingEngine(
      problem, group: samples, optimizer: optimizer,
      settings: .init(
        batchSize: batchSize, shards: configuration.training.shards, isShuffling: configuration.training.shuffles,
        seed: configuration.seed),
      region: region, live: live)
    let (problem, data) = (problem, data)
    evaluators = try DatasetReader.groupNames.dropFirst().compactMap { name in
      try data?.groups[name].map { (name, try Evaluator(problem, group: $0)) }
    }
    isFormula = if case .formula = configuration.objective { true } else { false }
    trainEvaluator = isFormula || stepsPerPass == 1 ? try Evaluator(problem, group: samples) : nil
  }

  /// The most lines that a run without epochs writes.
  private static var mostReports: Int { 1000 }

  /// What a configuration trains, and on what.
  static func problem(
    _ configuration: RunConfiguration
  ) throws -> (problem: any Problem, data: TrainingData<Scalar>?) {
    switch configuration.objective {
    case .model(let settings):
      guard let dataSettings = configuration.data else {
        throw TrainerError(.usage, "data: a model needs a dataset to train on")
      }
      let data = try TrainingData<Scalar>(dataSettings) { inputShape in
        try parameterMemory(of: settings.model.parameters(inputShape: inputShape).layout, configuration)
      }
      let problem = try data.naming(dataSettings.targets) {
        try ModelProblem(
          model: settings.model, loss: settings.loss, inputShape: data.preprocessing?.outputShape ?? [],
          targets: data.targets
        ) { task in
          try MetricSet(settings.metrics, task: task)
        }
      }
      try data.requireTargets(dataSettings.targets, of: problem.task)
      return (problem, data)
    case .formula(let settings):
      let formula = try FormulaProblem.read(settings)
      let names = FormulaProblem.dataNames(of: formula, settings)
      var layout = ParameterLayout()
      for parameter in settings.parameters { layout.append(name: parameter.name, shape: parameter.shape) }
      let memory = try parameterMemory(of: layout, configuration)
      try MemoryLimit.require(memory, for: "the run", code: .usage, advice: "take smaller parameters")
      let data = try configuration.data.map { try TrainingData<Scalar>($0, formulaNames: names, beside: memory) }
      if data == nil, let name = names.first {
        let known = settings.parameters.map(\.name)
        let hint = suggestion(for: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
        try FormulaProblem.translating {
          throw formula.error(at: name, "'\(name)' is neither a parameter nor, without \"data\", a dataset\(hint)")
        }
      }
      return (try FormulaProblem(settings, formula: formula, rowShapes: data?.rowShapes ?? [:]), data)
    }
  }

  /// Refuses a measure of a group that the data lacks: it would never be taken, and what goes by it never happen.
  private static func requireGroups(of configuration: RunConfiguration, in data: TrainingData<Scalar>) throws {
    let references = [
      ("earlyStopping.metric", configuration.earlyStopping?.metric),
      ("checkpoints.best.metric", configuration.checkpoints.best),
      ("schedule.metric", configuration.scheduleMetric),
    ]
    for case (let key, let reference?) in references where data.groups[reference.group.rawValue] == nil {
      let groups = DatasetReader.groupNames.filter { data.groups[$0] != nil }
      let others = data.otherGroups.isEmpty ? "" : "; \(Self.isIgnored(data.otherGroups))"
      throw TrainerError(
        .usage,
        "\(key): found \"\(reference)\", but \(data.path) has no group '\(reference.group.rawValue)'; "
          + "it has \(listed(groups))\(others)")
    }
  }

  /// What to tell of groups that the run does not read.
  static func isIgnored(_ groups: [String]) -> String {
    "the \(groups.count == 1 ? "group" : "groups") \(listed(groups)) \(groups.count == 1 ? "is" : "are") not read: "
      + "expected \(listed(DatasetReader.groupNames))"
  }

  static func batchSize(_ configuration: RunConfiguration, samples: Int, path: String) throws -> Int {
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

  /// The steps of the whole run.
  private static func steps(of configuration: RunConfiguration, inEpoch stepsPerEpoch: Int) throws -> Int {
    switch configuration.training.length {
    case .steps(let steps): return steps
    case .epochs(let epochs):
      let most = ClosedRange.mostCount / stepsPerEpoch
      guard epochs <= most else {
        throw TrainerError(
          .usage,
          "training.epochs: found \(epochs), expected at most \(most): an epoch has \(stepsPerEpoch) "
            + "\(stepsPerEpoch == 1 ? "step" : "steps"), and a run at most \(ClosedRange.mostCount)")
      }
      return epochs * stepsPerEpoch
    }
  }

  private static func optimizer(
    _ configuration: RunConfiguration, layout: ParameterLayout, run: RunLength
  ) throws -> Optimizer {
    var isMaximizing = false
    var isFormula = false
    if case .formula(let formula) = configuration.objective {
      isFormula = true
      isMaximizing = formula.direction == .maximize
    }
    var penalties: [any GradientTransformation] = []
    if configuration.penalties.l1 != 0 || configuration.penalties.l2 != 0 {
      // Weights, not biases: a bias does not make the function less smooth. A formula's parameters are all weights.
      let ranges = layout.entries.filter { isFormula || $0.name.hasSuffix("/weight") }.map(\.range)
      penalties = [AddPenaltyGradient(l1: configuration.penalties.l1, l2: configuration.penalties.l2, ranges: ranges)]
    }
    return try configuration.optimizer.optimizer(
      layout: layout, schedule: configuration.schedule, run: run, penalties: penalties, isMaximizing: isMaximizing)
  }

  /// What is measured of each group, in the order of reports.
  var measureNames: [String] { ["loss"] + (problem.metrics?.metrics.map(\.name) ?? []) }

  // MARK: When

  func isEpochEnd(_ step: Int) -> Bool { data != nil && step % stepsPerEpoch == 0 }

  /// Completed epochs after this many steps.
  func epochs(after step: Int) -> Int { data == nil ? 0 : step / stepsPerEpoch }

  /// Whether the coordinator reports after this many steps.
  func isReportDue(at step: Int) -> Bool {
    isEpochEnd(step) || step == steps || reportPeriod.map { step % $0 == 0 } ?? false
  }

  /// The next number of completed steps at which the coordinator has something to do.
  func nextStop(after step: Int) -> Int {
    var stop = min(steps, (step / stepsPerEpoch + 1) * stepsPerEpoch)
    if let reportPeriod { stop = min(stop, (step / reportPeriod + 1) * reportPeriod) }
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

  /// The state of the run as a checkpoint with memory of its own, which `update` uses again.
  func checkpoint(_ progress: RunProgress) -> Checkpoint {
    Checkpoint(
      step: progress.step, epoch: epochs(after: progress.step), seed: configuration.seed,
      config: configuration.resolved.prettyText, parameters: engine.memory.parameterTensors,
      optimizer: engine.memory.stateTensors, preprocessing: data?.preprocessing?.tensors ?? [],
      history: progress.tensors, progress: progress.values, provenance: Provenance.current(data: data?.fingerprint))
  }

  /// Copies the state of the run into a checkpoint that was made by `checkpoint`.
  func update(_ checkpoint: inout Checkpoint, _ progress: RunProgress) {
    engine.memory.copy(to: &checkpoint)
    checkpoint.step = progress.step
    checkpoint.epoch = epochs(after: progress.step)
    checkpoint.history = progress.tensors
    checkpoint.progress = progress.values
    checkpoint.provenance[Provenance.timeName] = Provenance.time
  }

  /// The most checkpoints that stay at any time.
  var stayingCheckpoints: Int {
    let (settings, epochs) = (configuration.checkpoints, epochs(after: steps))
    let saves: Int? =
      switch settings.every {
      case .epochs(let period): epochs / period + 1
      case .steps(let period): steps / period + 1
      case .seconds: nil
      case nil: 1
      }
    // Of saves by the clock nobody knows the number beforehand.
    guard let last = settings.retention.last else { return saves ?? 1 }
    let ofEpochs = settings.retention.everyEpochs.map { epochs / $0 } ?? 0
    let most = max(steps, 1)
    return min(min(last, saves ?? most, most) + ofEpochs, most) + (settings.best == nil ? 0 : 1)
  }

  /// Why a run that was begun with another length cannot go on to this one; `nil` if it can.
  func objection(to lengthening: ConfigurationDifference.Lengthening) -> String? {
    // It comes from a file that anybody may have written to; the new one, which is greater, has been judged.
    let begun = max(1, lengthening.old)
    let old = lengthening.unit == "epochs" ? begun * stepsPerEpoch : begun
    let schedule = LearningRateSchedule(
      configuration.schedule, base: configuration.optimizer.learningRate,
      run: RunLength(steps: old, stepsPerEpoch: data == nil ? old : stepsPerEpoch))
    let type = type(of: configuration.schedule.schedule).type
    // Without data an epoch is the whole run, so that schedules by epochs depend on the length too. What such a schedule
    // changes stays changed, so that of a long run some steps tell, among them the last.
    let compared = stride(from: 1, to: old, by: max(1, old / 1_000_000))
    let isSame =
      !configuration.schedule.dependsOnLength
      && (Array(compared) + [old]).allSatisfy {
        schedule.learningRate(at: $0) == optimizer.schedule.learningRate(at: $0)
      }
    return isSame
      ? nil
      : "the schedule '\(type)' depends on the run's length, so the steps done so far would have had other learning rates"
  }

  func description(directory: RunDirectory, resumedStep: Int?) -> RunDescription {
    RunDescription(
      name: configuration.name, directory: directory.path, layout: problem.layout, precision: Scalar.elementType,
      samples: DatasetReader.groupNames.compactMap { name in data?.groups[name].map { (name, $0.count) } },
      steps: steps,
      stepsPerEpoch: stepsPerEpoch, batchSize: batchSize, shards: configuration.training.shards, workers: workers,
      gradientBytes: engine.gradientBytes, instructionSet: InstructionSet.best.name, resumedStep: resumedStep,
      live: live)
  }
}

extension TrainingMemory {
  /// What evaluation uses, by name, if there are at most 16 numbers.
  var fewParameters: [(name: String, shape: [Int], values: [Double])] {
    guard layout.count <= 16 else { return [] }
    return layout.entries.map { entry in
      (entry.name, entry.shape, evaluatedParameters.elements[entry.range].map { Double($0) })
    }
  }
}
