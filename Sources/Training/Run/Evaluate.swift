import Checkpoints
import DataParallel
import Datasets
import Foundations
import Models

/// What `evaluate` measured.
public struct EvaluationReport: Sendable {
  /// The checkpoint.
  public let checkpoint: String
  /// Its completed steps.
  public let step: Int
  /// The dataset file, or `the arrays`.
  public let data: String
  /// The group.
  public let group: String
  /// The group's samples.
  public let samples: Int
  /// The loss and the metrics: those of the config and, for classes, the confusion matrix.
  public let measurement: LossAndMetrics
  /// The names of the classes, if the dataset has them.
  public let classNames: [String]?
  /// What a user should know of data that can be measured all the same.
  public let warnings: [String]
}

/// Measures a checkpoint's model on a group of a dataset file.
///
/// - Parameters:
///   - path: The checkpoint's path.
///   - data: The dataset file, with its groups as they are; `nil` for that of the checkpoint's config, divided as it was for
///     training. A file with samples at its root in place of groups is taken for the group `test`.
///   - group: `train`, `validation` or `test`, or another that the config names.
///   - options: Workers, and the components that the config can choose from.
/// - Throws: `TrainerError` if the checkpoint or the data is missing, damaged or does not fit.
public func evaluate(
  checkpoint path: String, data: String? = nil, group: String = "test", options: RunOptions = RunOptions()
) throws -> EvaluationReport {
  try evaluate(path, group, options, opening(data, group, options))
}

/// How a group of a dataset file is opened.
func opening(_ data: String?, _ group: String, _ options: RunOptions) -> OpenData {
  { settings, standardPaths, known, _ in
    // Other data have groups of their own.
    if let data {
      return try settings.reader(
        ofOther: data, group: group, orRoot: group == "test", externalFiles: options.externalFiles,
        known: known)
    }
    return try settings.divided(
      settings.reader(at: standardPaths(), externalFiles: options.externalFiles, known: known))
  }
}

/// Measures a checkpoint's model on arrays in memory.
///
/// - Parameters:
///   - path: The checkpoint's path.
///   - data: The samples. Those that the model was trained on are divided as they were for training; others have groups of
///     their own.
///   - group: `train`, `validation` or `test`.
///   - options: Workers, and the components that the config can choose from.
/// - Throws: `TrainerError` if the checkpoint is missing or damaged, or the data do not fit.
public func evaluate(
  checkpoint path: String, on data: TrainingArrays, group: String = "test", options: RunOptions = RunOptions()
) throws -> EvaluationReport {
  try evaluate(path, group, options) { settings, _, known, fingerprint in
    var reader = try data.reader(settings)
    reader.labels.firstLabel = known.firstLabel
    reader.labels.modelClasses = known.classes
    guard settings.split != nil,
      try reader.fingerprint(of: [settings.inputs, settings.targets ?? "targets"]).description == fingerprint
    else { return reader }
    return try settings.divided(reader)
  }
}

/// Opens the data to measure on; the other arguments are of those that the model was trained on: the place, what
/// they are called, and the fingerprint.
typealias OpenData = (
  _ settings: DataSettings, _ standardPaths: () throws -> [String], _ known: DataSchema, _ fingerprint: String?
) throws -> DatasetReader

private func evaluate(
  _ path: String, _ group: String, _ options: RunOptions, _ open: OpenData
) throws -> EvaluationReport {
  let ranks = options.communicator
  try ranks.requireSameProgram()
  let (checkpoint, configuration) = try ranks.loadCheckpoint(path, options.registries)
  switch configuration.precision {
  case .float32: return try evaluate(Float.self, checkpoint, configuration, path, group, options, open)
  case .float64: return try evaluate(Double.self, checkpoint, configuration, path, group, options, open)
  }
}

private func evaluate<Scalar: TrainingScalar>(
  _ type: Scalar.Type, _ checkpoint: Checkpoint, _ configuration: RunConfiguration, _ path: String, _ group: String,
  _ options: RunOptions, _ open: OpenData
) throws -> EvaluationReport {
  let ranks = options.communicator
  let measured = try ranks.together {
    try MeasuredGroup<Scalar>(checkpoint, configuration, path, group, options, open)
  }
  try ranks.requireSameData(measured.data.fingerprint)
  return try measured.report(by: ranks)
}

/// A group of a file that is open, ready to be measured with a model.
struct MeasuredGroup<Scalar: TrainingScalar> {
  /// The data that the group is of.
  let data: TrainingData<Scalar>
  let model: TrainedModel<Scalar>
  private let path: String
  let group: String
  let reader: DatasetReader
  let samples: SampleGroup<Scalar>
  let problem: ModelProblem
  private let evaluator: Evaluator<Scalar>
  let region: Region
  let classNames: [String]?
  private let warnings: [String]

  /// Opens a dataset for a checkpoint's model, and reads the group.
  ///
  /// - Throws: `TrainerError` if the data are missing or do not fit.
  init(
    _ checkpoint: Checkpoint, _ configuration: RunConfiguration, _ path: String, _ group: String, _ options: RunOptions,
    _ open: OpenData
  ) throws {
    let model = try TrainedModel<Scalar>(checkpoint, configuration, path: path)
    let reader = try open(
      model.data, { try model.dataPaths }, model.schema, checkpoint.provenance[Provenance.dataName])
    try self.init(model, on: reader, group: group, options)
  }

  /// Reads the group.
  ///
  /// - Throws: `TrainerError` if the data do not fit.
  init(_ model: TrainedModel<Scalar>, on reader: DatasetReader, group: String, _ options: RunOptions) throws {
    try reader.requireGroupIfNamed(group)
    var settings = model.data
    var warnings: [String] = []
    // Other data may say nothing of weights, which only training needs.
    if let weights = settings.weights, reader.groups.contains(group),
      try !reader.hasColumn(weights, of: settings.inputs, in: group)
    {
      settings.weights = nil
      warnings.append(
        "\(reader.path): the group '\(group)' has no '\(weights)', the weights that the model was trained with (data.weights); "
          + "all samples count alike")
    }
    let isWeighted = settings.weights != nil
    region = Region(workers: max(1, options.workerCount), start: options.starter)
    let data = try TrainingData<Scalar>(
      reader, settings, transform: model.transform, groups: [group], known: model.schema,
      beside: model.evaluationMemory(
        samples: reader.inputShape(of: settings.inputs, in: group).rows, workers: region.workers))
    let problem = try data.naming(model.data.targets) {
      try model.problem(targets: data.targets, isWeighted: isWeighted) { task in
        let isSmall =
          if case .multiclass(let classes, _) = task { classes <= ObserverInterests.mostConfusionClasses } else { true }
        return try MetricSet(
          model.settings.metrics, task: task, wantsConfusion: isSmall, isWeighted: isWeighted)
      }
    }
    try data.requireTargets(model.data.targets, of: problem.task, loss: problem.loss, isTrained: true)
    let found = try reader.classNames(of: model.data.targets ?? "targets", in: group)
    if model.schema.classes == nil, let found { try data.requireClassCount(found, of: problem.task) }
    guard let samples = data.groups[group] else {
      throw TrainerError(.data, "\(reader.path): there is no group '\(group)'")
    }
    self.data = data
    self.model = model
    self.group = group
    self.reader = reader
    self.problem = problem
    self.samples = samples
    path = reader.path
    evaluator = try Evaluator(problem, group: samples, workers: region.workers)
    classNames = model.schema.classes ?? found
    self.warnings = warnings + data.warnings
  }

  /// Measures it, on all ranks.
  ///
  /// - Throws: `RankFailure`.
  func report(by ranks: any Communicator = SingleProcess()) throws -> EvaluationReport {
    EvaluationReport(
      checkpoint: model.path, step: model.checkpoint.step, data: path, group: group, samples: samples.count,
      measurement: try evaluator.measure(parameters: model.parameters, region: region, ranks: ranks),
      classNames: classNames, warnings: warnings)
  }
}
