import DataParallel
import Datasets
import Foundations
import Kernels
import Models
import Optimizers

/// Everything that a run computes with, made from its configuration before the first step: data, problem, engine,
/// evaluators, and the steps at which the coordinator has something to do.
struct RunSetup<Scalar: TrainingScalar> {
  /// What is trained, with what only the data decide.
  let configuration: RunConfiguration
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
  /// When the coordinator has something to do.
  let timetable: RunTimetable
  /// Makes checkpoints of the state.
  var checkpoints: RunCheckpoints<Scalar>
  /// Whether the run may be one that was begun with another length.
  let lengthening: RunLengthening
  let samplesPerEpoch: Int
  let batchSize: Int

  /// Makes what a run needs.
  ///
  /// - Parameters:
  ///   - given: What is to be trained.
  ///   - arrays: The data; `nil` for those of the file that the configuration names, if it names one.
  ///   - loaded: Data that may be shared with other runs.
  ///   - ranks: Who trains together.
  ///   - interests: What observers want to be told.
  /// - Throws: `TrainerError` for whatever is wrong with the configuration or the data.
  init(
    _ given: RunConfiguration, arrays: TrainingArrays? = nil, sharing loaded: LoadedData<Scalar>? = nil,
    region: Region, live: LiveProgress, ranks: any Communicator = SingleProcess(),
    interests: RunInterests = RunInterests()
  ) throws {
    (problem, data) = try Self.problem(
      given, arrays: arrays, sharing: loaded ?? LoadedData(), workers: region.workers)
    let configuration = data.map { given.shuffling(by: $0.standardOrder) } ?? given
    self.configuration = configuration
    let samples = try data?.train ?? SampleGroup(count: 1, sources: [:])
    samplesPerEpoch = samples.count
    batchSize = try Self.batchSize(configuration, samples: samples.count, path: data?.path ?? "")
    let stepsPerPass = (samples.count + batchSize - 1) / batchSize
    if let data { try Self.requireMeasures(of: configuration, in: data, measuresTrain: stepsPerPass == 1) }
    timetable = try RunTimetable(
      configuration, stepsPerPass: stepsPerPass, hasEpochs: data != nil, observed: interests.parameters)
    optimizer = try Self.optimizer(
      configuration, layout: problem.layout,
      run: RunLength(steps: timetable.steps, stepsPerEpoch: timetable.stepsPerEpoch))
    lengthening = RunLengthening(configuration, optimizer, timetable)
    engine = try TrainingEngine(
      problem, group: samples, optimizer: optimizer,
      settings: .init(
        batchSize: batchSize, shards: configuration.training.shards,
        order: configuration.data?.shuffle ?? .none, seed: configuration.seed, steps: timetable.steps),
      region: region, live: live, communicator: ranks)
    checkpoints = RunCheckpoints(configuration, timetable, memory: engine.memory, data: data)
    let (problem, data) = (problem, data)
    evaluators = try DatasetReader.groupNames.dropFirst().compactMap { name in
      try data?.groups[name].map { group in
        (
          name,
          try Evaluator(
            problem, group: group, workers: region.workers, wantsConfusion: interests.confusion)
        )
      }
    }
    isFormula = if case .formula = configuration.objective { true } else { false }
    trainEvaluator =
      isFormula || stepsPerPass == 1 ? try Evaluator(problem, group: samples, workers: region.workers) : nil
  }

  /// What a configuration trains, and on what.
  ///
  /// - Parameters:
  ///   - arrays: The data; `nil` for those of the file that the configuration names, if it names one.
  ///   - loaded: Data that may be shared with other runs.
  ///   - workers: How many workers there will be, for the memory that they take.
  static func problem(
    _ configuration: RunConfiguration, arrays: TrainingArrays? = nil,
    sharing loaded: LoadedData<Scalar> = LoadedData(), workers: Int = 1
  ) throws -> (problem: any Problem, data: TrainingData<Scalar>?) {
    if arrays != nil, configuration.data == nil {
      throw TrainerError(
        .usage, "data: the config is of a formula without data, but arrays to train on are given; add \"data\": {}")
    }
    switch configuration.objective {
    case .model(let settings):
      guard let dataSettings = configuration.data else {
        throw TrainerError(.usage, "data: a model needs a dataset to train on")
      }
      func memory(_ inputShape: [Int], _ samples: Int, _ evaluates: Bool) throws -> Double {
        let parameters = try parameterMemory(
          of: settings.model.parameters(inputShape: inputShape).layout, configuration)
        return try parameters
          + stepMemory(
            of: settings, inputShape: inputShape, samples: samples, evaluates: evaluates, workers: workers,
            beside: parameters,
            configuration)
      }
      var isShared = true
      var data = try loaded.data(dataSettings) {
        isShared = false
        return try TrainingData(dataSettings, arrays: arrays, beside: memory)
      }
      // Otherwise done before they were read.
      if isShared { _ = try memory(data.transform?.outputShape ?? [], data.train.count, data.groups.count > 1) }
      let problem = try data.naming(dataSettings.targets) {
        try ModelProblem(
          model: settings.model, loss: settings.loss, inputShape: data.transform?.outputShape ?? [],
          targets: data.targets, isWeighted: dataSettings.weights != nil, initial: configuration.initial
        ) { task in
          try MetricSet(settings.metrics, task: task, isWeighted: dataSettings.weights != nil)
        }
      }
      try configuration.initial?.check(problem.layout)
      try data.requireTargets(dataSettings.targets, of: problem.task, loss: settings.loss)
      if let warning = data.labelWarning(dataSettings.targets, of: problem.task) { data.warnings.append(warning) }
      return (problem, data)
    case .formula(let settings):
      let formula = try FormulaProblem.read(settings)
      let names = try FormulaProblem.dataNames(of: formula, settings) { name in
        guard let dataSettings = configuration.data else { return false }
        let reader = try dataSettings.reader(arrays)
        let groups = reader.groups.isEmpty ? [DatasetReader.root] : reader.groups
        return try groups.contains { try reader.hasDataset(name, in: $0) }
      }
      var layout = ParameterLayout()
      for parameter in settings.parameters { layout.append(name: parameter.name, shape: parameter.shape) }
      let memory = try parameterMemory(of: layout, configuration)
      try MemoryLimit.require(memory, for: "the run", code: .usage, advice: "take smaller parameters")
      let data = try configuration.data.map { settings in
        try loaded.data(settings, names: names) {
          try TrainingData(settings, arrays: arrays, formulaNames: names, beside: memory)
        }
      }
      if data == nil, let name = names.first {
        let known = settings.parameters.map(\.name)
        let hint = suggestion(for: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
        try FormulaProblem.translating {
          throw formula.error(at: name, "'\(name)' is neither a parameter nor, without \"data\", a dataset\(hint)")
        }
      }
      try configuration.initial?.check(layout)
      return (
        try FormulaProblem(
          settings, formula: formula, rowShapes: data?.rowShapes ?? [:], isWeighted: configuration.data?.weights != nil,
          initial: configuration.initial),
        data
      )
    }
  }

  /// Refuses a measure that would never be taken, so that what goes by it would never happen: one of a group that the data
  /// lacks, and one of the whole training group where this is not measured at one point.
  private static func requireMeasures(
    of configuration: RunConfiguration, in data: TrainingData<Scalar>, measuresTrain: Bool
  ) throws {
    for (key, reference) in configuration.measures {
      try require(
        reference, key, of: configuration, groups: DatasetReader.groupNames.filter { data.groups[$0] != nil },
        otherGroups: data.otherGroups, path: data.path, measuresTrain: measuresTrain)
    }
  }

  /// Refuses one such measure.
  static func require(
    _ reference: MetricReference, _ key: String, of configuration: RunConfiguration, groups: [String],
    otherGroups: [String], path: String, measuresTrain: Bool
  ) throws {
    guard groups.contains(reference.group.rawValue) else {
      let others = otherGroups.isEmpty ? "" : "; \(Self.isIgnored(otherGroups))"
      throw TrainerError(
        .usage,
        "\(key): found \"\(reference)\", but \(path) has no group '\(reference.group.rawValue)'; "
          + "it has \(listed(groups))\(others)")
    }
    if !measuresTrain, let fault = configuration.fault(of: reference) {
      throw TrainerError(.usage, "\(key): \(fault)")
    }
  }

  /// What to tell of groups that the run does not read.
  static func isIgnored(_ groups: [String]) -> String {
    "the \(groups.count == 1 ? "group" : "groups") \(listed(groups)) \(groups.count == 1 ? "is" : "are") not read: "
      + "expected \(listed(DatasetReader.groupNames)); name others in data.groups"
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
      layout: layout, schedule: configuration.schedule, run: run, penalties: penalties, isMaximizing: isMaximizing,
      frozen: Set(layout.trained.map(\.name).filter { configuration.initial?.freezes($0) ?? false }))
  }

  /// What is measured of each group, in the order of reports.
  var measureNames: [String] { ["loss"] + (problem.metrics?.metrics.map(\.name) ?? []) }
}

extension RunConfiguration {
  /// The measures that something goes by, with their keys.
  var measures: [(key: String, measure: MetricReference)] {
    [
      ("earlyStopping.metric", earlyStopping?.metric), ("checkpoints.best.metric", checkpoints.best),
      ("schedule.metric", scheduleMetric),
    ].compactMap { key, measure in measure.map { (key, $0) } }
  }
}
