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
    guard path != nil else {
      throw TrainerError(
        .usage, "data.path: the config names no dataset file, so the data are wanted from the program that trains")
    }
    return try reader(at: paths)
  }

  /// Opens the files that the settings are for, wherever they are now, as one dataset.
  ///
  /// - Throws: `TrainerError` if one cannot be read.
  func reader(
    at paths: [String], externalFiles: ExternalFiles? = nil, known: DataSchema? = nil
  ) throws -> DatasetReader {
    try reader(at: paths, externalFiles: externalFiles, known: known, places: places)
  }

  /// Opens the file that the settings are for, wherever it is now.
  ///
  /// - Parameters:
  ///   - path: The file, or a pattern of several; see ``DatasetFiles``.
  ///   - externalFiles: Whether contents in other files are read; `nil` for what the settings say.
  ///   - known: What the data of a trained model are called; `nil` where there is no model yet.
  /// - Throws: `TrainerError` if it cannot be read.
  package func reader(
    at path: String, externalFiles: ExternalFiles? = nil, known: DataSchema? = nil
  ) throws -> DatasetReader {
    try reader(at: path, externalFiles: externalFiles, known: known, places: places)
  }

  private func reader(
    at path: String, externalFiles: ExternalFiles?, known: DataSchema?, places: DataPlaces
  ) throws -> DatasetReader {
    try reader(
      at: DatasetFiles(expanding: [path]).paths, externalFiles: externalFiles, known: known, places: places)
  }

  private func reader(
    at paths: [String], externalFiles: ExternalFiles?, known: DataSchema?, places: DataPlaces
  ) throws -> DatasetReader {
    var reader = try DatasetReader(
      paths: paths, externalFiles: externalFiles ?? self.externalFiles, places: places, inputs: inputs,
      targets: targets, others: otherColumns)
    reader.labels = LabelReading(
      areClasses: areTargetsClasses, firstLabel: known?.firstLabel, modelClasses: known?.classes)
    return reader
  }

  /// Opens other data than the settings are for: in the same places where they have them, or else in a layout of their own,
  /// with groups or without.
  ///
  /// - Parameters:
  ///   - group: The group that is wanted; `nil` for all.
  ///   - orRoot: Whether samples at the file's root are the group that is wanted, where there are none of that group.
  ///   - externalFiles: Whether contents in other files are read; `nil` for what the settings say.
  ///   - known: What the data of the trained model are called.
  /// - Throws: `TrainerError` if the file cannot be read, or has inputs in neither way.
  func reader(
    ofOther path: String, group: String?, orRoot: Bool = false, externalFiles: ExternalFiles? = nil,
    known: DataSchema? = nil
  ) throws -> DatasetReader {
    let mapped = try reader(at: path, externalFiles: externalFiles, known: known)
    /// The file with its root as the group that is wanted; `nil` if that is not wanted, or not to be had.
    func root(_ places: DataPlaces) throws -> DatasetReader? {
      guard orRoot, let group else { return nil }
      var places = places
      places.groups = [group: DataPlaces.Group(.group(DatasetReader.root))]
      let reader = try reader(at: path, externalFiles: externalFiles, known: known, places: places)
      return try has(group, reader) ? reader : nil
    }
    guard !places.groups.isEmpty || places.joinedInputs != nil else {
      guard let group, try !mapped.hasGroup(group) else { return mapped }
      return try root(places) ?? mapped
    }
    func has(_ group: String, _ reader: DatasetReader) throws -> Bool {
      guard try group == DatasetReader.root || reader.hasGroup(group) else { return false }
      return try reader.hasDataset(inputs, in: group) || reader.isTable(inputs, in: group)
    }
    let wanted = group.map { [$0] } ?? mapped.groups
    let present = try wanted.filter { try has($0, mapped) }
    if !present.isEmpty { return DatasetReader(mapped, keeping: present) }
    let own = try reader(
      at: path, externalFiles: externalFiles, known: known, places: DataPlaces(labels: places.labels))
    let others = try own.otherGroups(with: inputs)
    if try (group.map { [$0] } ?? own.groups + [DatasetReader.root] + others).contains(where: { try has($0, own) }) {
      return own
    }
    if let reader = try root(DataPlaces(labels: places.labels)) { return reader }
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
