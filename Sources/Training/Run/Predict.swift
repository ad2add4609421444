import DataParallel
import Datasets
import Foundations
import HDF5
import Kernels
import Models

/// What `predict` wrote.
public struct PredictionReport: Sendable {
  /// The file with `/predictions` and, for classes, `/probabilities`.
  public let output: String
  /// The number of samples.
  public let samples: Int
  /// The shape of `/predictions`.
  public let predictionShape: [Int]
  /// The shape of `/probabilities`; `nil` for numbers.
  public let probabilityShape: [Int]?
}

/// Writes a checkpoint's predictions for the inputs of a file.
///
/// - Parameters:
///   - path: The checkpoint's path.
///   - input: An HDF5 file whose inputs, named as in the checkpoint's config, are at its root or in a group.
///   - output: The file to write; it is complete or absent.
///   - overwriting: Whether a file that is there already is replaced; otherwise its presence is an error.
///   - group: The group of a dataset file; `nil` for the root's inputs or, if it has none, `test`.
///   - options: Workers, and the components that the config can choose from.
/// - Throws: `TrainerError` if the checkpoint or the inputs are missing, damaged or do not fit, or the output cannot be
///   written.
public func predict(
  checkpoint path: String, input: String, output: String, overwriting: Bool = false, group: String? = nil,
  options: RunOptions = RunOptions()
) throws -> PredictionReport {
  let output = OutputFile(output, mayReplace: overwriting, inputs: [path, input])
  try OutputFile.explaining { try output.check() }
  let (checkpoint, configuration) = try loadCheckpoint(path, options.registries)
  switch configuration.precision {
  case .float32:
    return try predict(TrainedModel<Float>(checkpoint, configuration, path: path), input, output, group, options)
  case .float64:
    return try predict(TrainedModel<Double>(checkpoint, configuration, path: path), input, output, group, options)
  }
}

private func predict<Scalar: TrainingScalar>(
  _ model: TrainedModel<Scalar>, _ input: String, _ output: OutputFile, _ group: String?, _ options: RunOptions
) throws -> PredictionReport {
  let reader = try DatasetReader(path: input, externalFiles: options.externalFiles ?? model.data.externalFiles)
  let place = try group ?? (reader.hasRootDataset(model.data.inputs) ? DatasetReader.root : "test")
  let problem = try model.problemWithoutTargets()
  let width = problem.outputCount
  // The outputs and the probabilities, both once more as arrays, and the file's image of them.
  let rowCount = Double(try reader.shape(of: model.data.inputs, in: place).rows)
  try reader.requireMemory(
    for: [model.data.inputs],
    expanded: model.preprocessing.expandedColumns(of: model.data.inputs), in: [place], as: Scalar.self,
    beside: 6 * rowCount * Double(width * MemoryLayout<Scalar>.stride))
  let rows: RowSource<Scalar> = try model.preprocessing.rows(of: model.data.inputs, in: place, from: reader)
  let samples = SampleGroup(
    count: rows.rows,
    sources: [ModelProblem.InputName.inputs: rows])
  let results = try GroupOutputs(
    of: problem, group: samples, parameters: model.parameters,
    region: Region(workers: max(1, options.workerCount), start: options.starter))
  return try PredictionFile(
    rule: model.settings.loss.prediction, rows: rows.rows, width: width, outputs: results.outputs,
    probabilities: results.probabilities
  ).write(to: output)
}

/// The predictions of a model as an HDF5 file.
private struct PredictionFile<Scalar: TrainingScalar> {
  let rule: PredictionRule
  let rows: Int
  let width: Int
  let outputs: [Scalar]
  let probabilities: [Scalar]

  func write(to output: OutputFile) throws -> PredictionReport {
    do {
      let file = try HDF5.File.inMemory()
      // One number a sample is a vector, as in the dataset files.
      let classes = rule.classes(of: outputs, rows: rows, width: width)
      let shape = width == 1 || classes.count == rows ? [rows] : [rows, width]
      switch rule {
      case .largest: try add(file, "predictions", classes.map(Int64.init), shape)
      case .positive: try add(file, "predictions", classes.map(UInt8.init), shape)
      case .value: try add(file, "predictions", outputs, shape)
      }
      let probabilityShape = width == 1 ? [rows] : [rows, width]
      if rule.hasProbabilities { try add(file, "probabilities", probabilities, probabilityShape) }
      let image = try file.image()
      try file.close()
      try OutputFile.explaining { try output.write(image) }
      return PredictionReport(
        output: output.path, samples: rows, predictionShape: shape,
        probabilityShape: rule.hasProbabilities ? probabilityShape : nil)
    } catch let error as HDF5Error {
      throw TrainerError(.usage, "\(output.path): the predictions cannot be written: \(error.message)")
    }
  }

  private func add<Value: NativeScalar>(_ file: HDF5.File, _ name: String, _ values: [Value], _ shape: [Int]) throws {
    try file.root.createDataset(name, shape: shape, values: values).close()
  }
}
