import Checkpoints
import DataParallel
import Datasets
import Foundations
import Models

/// What a fold's model says of the rows that were held out.
struct HeldOutPredictions: Sendable {
  /// The loss and the metrics.
  let measurement: LossAndMetrics
  /// The model's completed steps.
  let step: Int
  /// The digest of the parameters.
  let digest: String
  /// The rows of the file's group `train`, ascending.
  let rows: [Int]
  /// The targets as they are stored, [rows, targets of a row].
  let targets: [Double]
  /// What the model says of them.
  let predictions: Predictions
  /// How outputs became predictions.
  let rule: PredictionRule
  /// The names of the classes, if the dataset has them.
  let classes: [String]?
  /// Whether the probability of the second of two classes is the sigmoid of the output.
  let isLogistic: Bool
  /// The type that the model computes in.
  let precision: ElementType

  /// Predicts the group `validation` of a checkpoint's own data, divided as its config says.
  ///
  /// - Throws: `TrainerError` if the checkpoint or the data are missing, damaged or do not fit.
  init(checkpoint path: String, options: RunOptions) throws {
    let (checkpoint, configuration) = try loadCheckpoint(path, options.registries)
    switch configuration.precision {
    case .float32: try self.init(TrainedModel<Float>(checkpoint, configuration, path: path), options)
    case .float64: try self.init(TrainedModel<Double>(checkpoint, configuration, path: path), options)
    }
  }

  private init<Scalar: TrainingScalar>(_ model: TrainedModel<Scalar>, _ options: RunOptions) throws {
    let file = try model.data.reader(
      at: model.dataPaths, externalFiles: options.externalFiles, known: model.schema)
    let reader = try model.data.divided(file)
    let group = "validation"
    let measured = try MeasuredGroup(model, on: reader, group: group, options)
    let report = try measured.report()
    let samples = measured.data.groups[group] ?? SampleGroup(count: 0, sources: [:])
    let problem = try model.problemWithoutTargets()
    guard problem.positions == 1 else {
      throw TrainerError(
        .usage,
        "the model predicts a class at each of \(problem.positions) positions of a row, for which a table of predictions has "
          + "no column; cross-validation takes one a row")
    }
    let outputs = try GroupOutputs(
      of: problem, group: samples, parameters: model.parameters,
      region: Region(workers: max(1, options.workerCount), start: options.starter))
    measurement = report.measurement
    step = model.checkpoint.step
    digest = model.checkpoint.digest.description
    rows = (0..<samples.count).map { reader.fileRow($0, in: group) }
    let source = samples.sources[ModelProblem.InputName.targets]
    targets = (0..<samples.count).flatMap { source?.row($0) ?? [] }
    rule = model.settings.loss.prediction
    isLogistic = model.settings.loss is BinaryCrossEntropy
    let width = problem.outputCount
    predictions = Predictions(
      rows: samples.count, outputs: outputs.outputs.map { Double($0) },
      probabilities: rule.hasProbabilities ? outputs.probabilities.map { Double($0) } : nil,
      classes: rule.hasProbabilities ? rule.classes(of: outputs.outputs, rows: samples.count, width: width) : nil)
    classes = measured.data.schema.classes
    precision = Scalar.elementType
  }
}
