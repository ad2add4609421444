import Datasets
import Foundations
import HDF5

/// The one place where dataset files are opened.
extension DataSettings {
  /// Opens the data that are trained on.
  ///
  /// - Parameter arrays: Those that the caller has; `nil` for those of the file at ``path``.
  /// - Throws: `TrainerError` if there is neither, or the file cannot be read.
  func reader(_ arrays: TrainingArrays?) throws -> DatasetReader {
    if let arrays { return try arrays.reader(self) }
    guard let path else {
      throw TrainerError(
        .usage, "data.path: the config names no dataset file, so the data are wanted from the program that trains")
    }
    return try reader(at: path)
  }

  /// Opens the file that the settings are for, wherever it is now.
  ///
  /// - Parameters:
  ///   - externalFiles: Whether contents in other files are read; `nil` for what the settings say.
  ///   - firstLabel: The number that a model's first class had in the data that it was trained on; `nil` where there is no
  ///     model yet.
  /// - Throws: `TrainerError` if it cannot be read.
  package func reader(
    at path: String, externalFiles: ExternalFiles? = nil, firstLabel: Int? = nil
  ) throws -> DatasetReader {
    try reader(at: path, externalFiles: externalFiles, firstLabel: firstLabel, places: places)
  }

  private func reader(
    at path: String, externalFiles: ExternalFiles?, firstLabel: Int?, places: DataPlaces
  ) throws -> DatasetReader {
    var reader = try DatasetReader(
      path: path, externalFiles: externalFiles ?? self.externalFiles, places: places, inputs: inputs,
      targets: targets, others: otherColumns)
    reader.labels = LabelReading(areClasses: areTargetsClasses, firstLabel: firstLabel)
    return reader
  }

  /// Opens other data than the settings are for: in the same places where they have them, or else in a layout of their own,
  /// with groups or without.
  ///
  /// - Parameters:
  ///   - group: The group that is wanted; `nil` for all.
  ///   - externalFiles: Whether contents in other files are read; `nil` for what the settings say.
  ///   - firstLabel: The number that the model's first class had.
  /// - Throws: `TrainerError` if the file cannot be read, or has inputs in neither way.
  func reader(
    ofOther path: String, group: String?, externalFiles: ExternalFiles? = nil, firstLabel: Int? = nil
  ) throws -> DatasetReader {
    let mapped = try reader(at: path, externalFiles: externalFiles, firstLabel: firstLabel)
    guard !places.groups.isEmpty || places.joinedInputs != nil else { return mapped }
    func has(_ group: String, _ reader: DatasetReader) throws -> Bool {
      guard try group == DatasetReader.root || reader.hasGroup(group) else { return false }
      return try reader.hasDataset(inputs, in: group) || reader.isTable(inputs, in: group)
    }
    let wanted = group.map { [$0] } ?? mapped.groups
    let present = try wanted.filter { try has($0, mapped) }
    if !present.isEmpty { return DatasetReader(mapped, keeping: present) }
    let own = try reader(
      at: path, externalFiles: externalFiles, firstLabel: firstLabel, places: DataPlaces(labels: places.labels))
    let others = try own.otherGroups(with: inputs)
    if try (group.map { [$0] } ?? own.groups + [DatasetReader.root] + others).contains(where: { try has($0, own) }) {
      return own
    }
    let named = wanted.compactMap { group in
      if case .datasets(let datasets)? = places.groups[group]?.contents {
        datasets["inputs"] ?? datasets[inputs]
      } else {
        nil
      }
    }
    throw TrainerError(
      .data,
      "\(path): it has its inputs neither where data.groups of the model's config says"
        + "\(named.isEmpty ? "" : " (\(listed(named.flatMap(\.self), atMost: 5)))") nor as '\(inputs)' "
        + (group.map { "in the group '\($0)'" } ?? "at its root or in groups") + "; \(try own.contents())")
  }
}
