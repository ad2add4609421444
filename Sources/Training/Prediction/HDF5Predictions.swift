import Foundations
import HDF5

/// Predictions as an HDF5 file: `/predictions`, and for classes `/probabilities` [rows, classes], both with the attribute
/// `classes`. The datasets grow with the blocks.
struct HDF5Predictions: PredictionSink {
  /// Bytes of a chunk, about.
  private static let chunkSize = 1 << 16
  /// Of more classes the names would not go into an attribute; they are a dataset `/classes` then.
  private static let mostNamesOfAttribute = 2000

  private let names: PredictionNames
  private let precision: ElementType
  private let file: HDF5.File
  private var predictions: HDF5.Dataset?
  private var probabilities: HDF5.Dataset?
  private var count = 0

  /// Creates the file.
  ///
  /// - Throws: `HDF5Error`.
  init(names: PredictionNames, precision: ElementType, at path: String) throws {
    self.names = names
    self.precision = precision
    file = try HDF5.File.create(at: path)
  }

  mutating func begin(keptNames: [String]) throws {
    guard keptNames.isEmpty else {
      throw TrainerError(
        .usage, "columns are kept beside predictions in tables of text and JSON lines, and not in HDF5 files",
        remedy: .init("kept", "keep none, or choose another format"))
    }
    switch names.kind {
    case .classes(let classes):
      // A class at each of several positions is a row of them.
      let positions = names.positions == 1 ? [] : [names.positions]
      predictions = try dataset("predictions", .int64, extents: positions)
      probabilities = try dataset("probabilities", number, extents: positions + [classes.count])
    case .labels(let labels):
      predictions = try dataset("predictions", .uint8, extents: [labels.count])
      probabilities = try dataset("probabilities", number, extents: [labels.count])
    case .numbers(let targets):
      // One number a row is a vector, as in the dataset files.
      predictions = try dataset("predictions", number, extents: targets.count == 1 ? [] : [targets.count])
    }
    guard let classes = names.classes else { return }
    guard classes.count <= Self.mostNamesOfAttribute else {
      let dataset = try file.root.createDataset("classes", shape: [classes.count], type: .variableLengthString())
      return try dataset.writeStrings(classes)
    }
    for dataset in [predictions, probabilities] { try dataset?.setAttribute("classes", to: classes) }
  }

  mutating func write(_ block: PredictedBlock, kept: [[String]]) throws {
    switch names.kind {
    case .classes: try append(block.predictions.map { Int64($0) }, to: predictions, rows: block.rows)
    case .labels: try append(block.predictions.map { UInt8($0) }, to: predictions, rows: block.rows)
    case .numbers: try appendNumbers(block.predictions, to: predictions, rows: block.rows)
    }
    try appendNumbers(block.probabilities, to: probabilities, rows: block.rows)
    count += block.rows
  }

  mutating func finish() throws { try file.close() }

  private var number: NumberType { precision == .float32 ? .float32 : .float64 }

  private func dataset(_ name: String, _ type: NumberType, extents rest: [Int]) throws -> HDF5.Dataset {
    let rows = max(1, Self.chunkSize / (type.byteCount * rest.reduce(1, *)))
    return try file.root.createDataset(
      name, shape: [0] + rest, type: .number(type), maximumShape: [nil] + rest,
      properties: .datasetCreation(chunk: [rows] + rest))
  }

  private func appendNumbers(_ values: [Double], to dataset: HDF5.Dataset?, rows: Int) throws {
    if precision == .float32 {
      try append(values.map { Float($0) }, to: dataset, rows: rows)
    } else {
      try append(values, to: dataset, rows: rows)
    }
  }

  private func append<Value: NativeScalar>(_ values: [Value], to dataset: HDF5.Dataset?, rows: Int) throws {
    guard let dataset, rows > 0 else { return }
    try dataset.resize(to: [count + rows] + dataset.shape.dropFirst())
    try dataset.write(values, selecting: .range(count..<count + rows))
  }
}
