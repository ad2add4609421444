import Datasets
import Foundations
import HDF5
import Models

extension DataSettings {
  /// Whether the inputs are a table of columns, of which each has transforms of its own.
  ///
  /// - Throws: `TrainerError` with code `.data` if the file cannot be read.
  func makesFeatures(of reader: DatasetReader) throws -> Bool {
    try features != nil || reader.groups.contains("train") && reader.isTable(inputs, in: "train")
  }

  /// What makes inputs of the data, fitted to the training group.
  ///
  /// - Parameter excluded: Columns that are no inputs, such as a sample weight.
  /// - Throws: `TrainerError` if the settings do not fit the data.
  func fittedTransform(to reader: DatasetReader, excluding excluded: Set<String> = []) throws -> any InputTransform {
    guard try makesFeatures(of: reader) else {
      // Without a step the columns of an array are inputs as they are, but for those that are none.
      if !excluded.isEmpty, preprocessing.isEmpty {
        return try FittedFeatures(
          [FeatureRule(.kind(.number), [])], reader: reader, inputs: inputs, excluding: excluded)
      }
      return try FittedPreprocessing(preprocessing, reader: reader, inputs: inputs)
    }
    guard preprocessing.isEmpty else {
      throw TrainerError(
        .usage,
        "data.preprocessing: '\(inputs)' of \(reader.path) is a table of named columns, which data.features makes numbers "
          + "of; remove \"preprocessing\", and say in \"features\" what is not to be as by default")
    }
    return try FittedFeatures(features ?? [], reader: reader, inputs: inputs, excluding: excluded)
  }
}

extension DataSchema {
  /// What the data of a run are called: in the training group, or in the first.
  init(
    of reader: DatasetReader, transform: any InputTransform, inputs: String, targets: String, groups: [String]
  ) throws {
    self.init(
      features: transform.features,
      unused: try groups.first.map { try reader.unusedColumns(of: inputs, in: $0) } ?? [],
      target: try groups.first.flatMap { try reader.targetName(of: targets, in: $0) },
      classes: try groups.first.flatMap { try reader.classNames(of: targets, in: $0) },
      firstLabel: try groups.first.flatMap { try reader.firstLabel(of: targets, in: $0) },
      transforms: transform as? FittedFeatures,
      spelling: try groups.first.flatMap { try reader.spelling(of: inputs, in: $0) })
  }

  /// The names of the target and of what was left out, which other columns of a file may have.
  var otherNames: Set<String> { Set(unused).union(target.map { [$0] } ?? []) }
}

extension DatasetReader {
  /// A group's targets, with the indices of a model's classes where both have names.
  ///
  /// - Parameter classes: The model's; `nil` if they have no names.
  /// - Throws: `TrainerError` with code `.data` for every fault of the targets, or for a class that the model does not know.
  func targets<Scalar: TrainingScalar>(
    _ name: String, in group: String, classes: [String]?
  ) throws -> (rows: RowSource<Scalar>, kind: TargetKind) {
    let rows: RowSource<Scalar> = try rows(of: name, in: group)
    let columns = try targetColumns(of: name, in: group)
    guard let classes, let found = try classNames(of: name, in: group), found != classes else {
      switch columns {
      case .values(let count): return (rows, .values(count: count))
      case .integers(let range): return (rows, .integers(range))
      }
    }
    let matching = try ClassMatching(wanted: classes, found: found, source: "\(path): \(place(name, group))")
    let matched = try matching(rows)
    switch columns {
    case .values: return (matched, .values(count: matched.columns))
    case .integers: return (matched, .integers(matching.range(of: matched)))
    }
  }
}
