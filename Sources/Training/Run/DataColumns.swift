import Datasets
import Foundations
import Kernels

/// The parts of a dataset that the config names beside inputs and targets.
extension DataSettings {
  /// The file with its training group divided as the config says.
  ///
  /// - Parameter dataset: One that has a row for each sample; `nil` for the targets.
  /// - Throws: What `DatasetReader.divided` throws.
  func divided(_ reader: DatasetReader, counting dataset: String? = nil) throws -> DatasetReader {
    guard let split else { return reader }
    // A formula names no targets: `dataset` is one that it reads.
    let targets = dataset == nil ? targets ?? "targets" : nil
    return try reader.divided(by: split, counting: dataset ?? targets ?? "targets", targets: targets, inputs: inputs)
  }

  /// The names of what is read beside inputs and targets, be they datasets or columns of the inputs.
  var otherColumns: [String] { namedColumns.map(\.name) }

  private var namedColumns: [(key: String, name: String)] {
    var names = [weights].compactMap(\.self).map { (key: "data.weights", name: $0) }
    if case .column(let name)? = split?.method { names.append(("data.split.by.column", name)) }
    return names
  }

  /// Which columns of the inputs are none, since the config gives them another meaning.
  ///
  /// - Throws: `TrainerError` if there is no such column, or preprocessing takes the inputs as a whole.
  func excludedColumns(of reader: DatasetReader) throws -> Set<String> {
    let columns = try namedColumns.filter { key, name in
      try reader.isInputColumn(name, of: inputs, in: "train", key: key)
    }
    if let (key, name) = columns.first, !preprocessing.isEmpty, try !makesFeatures(of: reader) {
      throw TrainerError(
        .usage,
        "\(key): '\(name)' is a column of '\(inputs)' in \(reader.path), and data.preprocessing takes all of its columns "
          + "for inputs; in place of \"preprocessing\" write "
          + #""features": [{"kind": "number", "transform": ["standardize"]}], "#
          + "which leaves this one out")
    }
    return Set(columns.map(\.name))
  }

  /// The datasets that are read for training a model, for what they take in memory.
  func datasets(of reader: DatasetReader) throws -> [String] {
    let weights = try weights.flatMap { try reader.hasDataset($0, in: reader.groups.first ?? "train") ? $0 : nil }
    return [inputs, targets ?? "targets"] + [weights].compactMap(\.self)
  }

  /// The weights of a group's samples; `nil` if they have none.
  ///
  /// - Parameter samples: How many samples there are.
  /// - Throws: `TrainerError` if they are not one number for each sample, none of them negative, not all 0.
  func weights<Scalar: TrainingScalar>(
    in group: String, of reader: DatasetReader, samples: Int?, as type: Scalar.Type
  ) throws -> RowSource<Scalar>? {
    guard let weights else { return nil }
    let source: RowSource<Scalar> = try reader.weights(weights, inputs: inputs, in: group)
    guard source.rows == samples ?? source.rows else {
      throw TrainerError(
        .data,
        "\(reader.path): data.weights: '\(weights)' has \(source.rows) rows in the group '\(group)', which has "
          + "\(samples ?? 0) samples; each needs one")
    }
    return source
  }
}
