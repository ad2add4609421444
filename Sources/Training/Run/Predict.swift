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
///   - checkpoint: The checkpoint's path.
///   - input: An HDF5 file whose inputs, named as in the checkpoint's config, are at its root or in a group.
///   - output: The file to write; it is complete or absent.
///   - overwriting: Whether a file that is there already is replaced; otherwise its presence is an error.
///   - group: The group of a dataset file; `nil` for the root's inputs or, if it has none, `test`.
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
  let width = problem.parameters.outputShape.reduce(1, *)
  // The outputs and the probabilities, both once more as arrays, and the file's image of them.
  let rowCount = Double(try reader.shape(of: model.data.inputs, in: place).rows)
  try reader.requireMemory(
    for: [model.data.inputs], in: [place], as: Scalar.self,
    beside: 6 * rowCount * Double(width * MemoryLayout<Scalar>.stride))
  let rows: RowSource<Scalar> = try model.preprocessing.rows(of: model.data.inputs, in: place, from: reader)
  let samples = SampleGroup(
    count: rows.rows,
    sources: [ModelProblem.InputName.inputs: rows])
  let evaluator = try Evaluator(problem, group: samples, isPredicting: true)
  let outputs = SharedBuffer<Scalar>(repeating: .unwritten, count: rows.rows * width)
  let probabilities = SharedBuffer<Scalar>(repeating: .unwritten, count: rows.rows * width)
  let region = Region(workers: max(1, options.workerCount), start: options.starter)
  evaluator.forEachShard(parameters: model.parameters, region: region) { _, range, results in
    for (place, buffer) in [(results.plan.outputs, outputs), (results.plan.probabilities, probabilities)] {
      guard let values = results.values(place) else { continue }
      for (index, value) in values.enumerated() { buffer.pointer[range.lowerBound * width + index] = value }
    }
  }
  return try PredictionFile(
    rule: model.settings.loss.prediction, rows: rows.rows, width: width, outputs: Array(outputs.elements),
    probabilities: Array(probabilities.elements)
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
      let shape = width == 1 || rule.isIndex ? [rows] : [rows, width]
      switch rule {
      case .largest: try add(file, "predictions", outputs.largestIndices(width: width), shape)
      case .positive: try add(file, "predictions", outputs.map { $0 > 0 ? UInt8(1) : 0 }, shape)
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

extension PredictionRule {
  fileprivate var isIndex: Bool { if case .largest = self { true } else { false } }
  fileprivate var hasProbabilities: Bool { if case .value = self { false } else { true } }
}

extension Array where Element: TrainingScalar {
  /// The index of the first largest element of each row.
  fileprivate func largestIndices(width: Int) -> [Int64] {
    stride(from: 0, to: count, by: width).map { start in
      Int64((1..<width).reduce(0) { self[start + $1] > self[start + $0] ? $1 : $0 })
    }
  }
}
