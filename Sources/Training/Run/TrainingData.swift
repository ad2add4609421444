import Datasets
import Foundations
import HDF5
import Kernels
import Models

/// A run's dataset in memory, with what was fitted to make inputs of it.
package struct TrainingData<Scalar: TrainingScalar>: Sendable {
  let path: String
  /// What makes inputs of the data; `nil` for a formula without preprocessing.
  package let transform: (any InputTransform)?
  package let targets: TargetKind
  /// What the data are called.
  let schema: DataSchema
  /// That of the datasets that the run reads.
  let fingerprint: Digest
  /// Groups with samples that the run does not read, for they have other names than those that have a meaning.
  let otherGroups: [String]
  let groups: [String: SampleGroup<Scalar>]
  /// What a user should know of data that can be trained on all the same.
  var warnings: [String]

  /// The order of samples where the config gives none.
  package let standardOrder: SampleOrder

  /// What the rows were read from, which knows where in the file they are.
  let origin: DatasetReader

  /// The extents of a row of each dataset that a formula names.
  let rowShapes: [String: [Int]]

  /// The training group.
  ///
  /// - Throws: `TrainerError` if the file has none.
  package var train: SampleGroup<Scalar> {
    get throws {
      guard let group = groups["train"] else {
        throw TrainerError(.data, "\(path): there is no group 'train', which training needs")
      }
      return group
    }
  }

  /// Loads the datasets that a formula names, from every group of the file.
  ///
  /// - Parameters:
  ///   - arrays: The data, if they are not those of the file.
  ///   - memory: The bytes that are needed beside the data.
  /// - Throws: `TrainerError` for every fault of the file, or if the groups' rows have different shapes.
  init(
    _ settings: DataSettings, arrays: TrainingArrays? = nil, formulaNames names: [String], beside memory: Double = 0
  ) throws {
    let file = try settings.reader(arrays)
    guard let first = names.first else {
      throw TrainerError(
        .usage, "objective: the formula names no dataset of \(file.path); remove \"data\", or use a dataset's name")
    }
    try file.requireTrainingGroupIfNamed()
    let reader = try settings.divided(file, counting: first)
    let plan = try DataPlan<Scalar>(
      for: names, before: [], copied: settings.copiedInputs, settings, of: reader, groups: reader.groups,
      beside: memory)
    path = reader.path
    let excluded = try names.contains(settings.inputs) ? settings.excludedColumns(of: reader) : []
    let isTransformed = try !excluded.isEmpty || names.contains(settings.inputs) && settings.makesFeatures(of: reader)
    transform =
      isTransformed || !settings.preprocessing.isEmpty
      ? try settings.fittedTransform(to: reader, excluding: excluded) : nil
    var groups: [String: SampleGroup<Scalar>] = [:]
    var warnings = PrecisionWarnings<Scalar>(path: reader.path)
    var shapes: [String: [Int]] = [:]
    for group in reader.groups {
      var sources: [String: GroupRows<Scalar>] = [:]
      for name in names {
        let own = name == settings.inputs ? transform : nil
        let source = try plan.rows(of: name, in: group) {
          try own?.rows(of: name, in: group, from: reader, ignoring: [], as: Scalar.self)
            ?? reader.rows(of: name, in: group)
        } map: {
          try own.map { try $0.mappedRows(of: name, in: group, from: reader, ignoring: [], as: Scalar.self) }
            ?? reader.mappedRows(of: name, in: group)
        } stream: {
          try own?.streamedRows(of: name, in: group, from: reader, ignoring: [], as: Scalar.self)
            ?? reader.streamedRows(of: name, in: group)
        }
        if let other = sources.first, other.value.count != source.count {
          throw TrainerError(
            .data,
            "\(reader.path): in the group '\(group)', '\(other.key)' has \(other.value.count) rows, but '\(name)' "
              + "has \(source.count); a row of each is one sample")
        }
        if let shape = shapes[name], shape != source.rowShape {
          throw TrainerError(
            .data,
            "\(reader.path): a row of '\(name)' has the shape \(source.rowShape) in the group '\(group)', but "
              + "\(shape) in another")
        }
        shapes[name] = source.rowShape
        sources[name] = source
        warnings.note(
          source, of: name, in: group, canPreprocess: name == settings.inputs,
          transform: transform as? FittedFeatures)
      }
      if let weights = try settings.weights(
        in: group, of: reader, samples: sources.values.first?.count, as: Scalar.self)
      {
        sources[ModelProblem.InputName.weights] = .gathered(weights)
      }
      groups[group] = try SampleGroup(sources)
    }
    self.groups = groups
    rowShapes = shapes
    self.warnings = try warnings.sentences + reader.unwrittenWarnings(of: names, in: reader.groups)
    targets = .values(count: 1)
    schema = DataSchema()
    otherGroups = try reader.otherGroups(with: first)
    fingerprint = try reader.fingerprint(of: names, andIfPresent: settings.otherColumns)
    standardOrder = try reader.standardOrder(of: names)
    origin = reader
  }

  /// Loads every group of the file.
  ///
  /// - Parameters:
  ///   - arrays: The data, if they are not those of the file.
  ///   - memory: The bytes that are needed beside the data, for inputs of a shape, so many training samples, and
  ///     whether there are other groups.
  /// - Throws: `TrainerError` for every fault of the file, if preprocessing does not fit it, or for data that do not fit
  ///   into memory.
  package init(
    _ settings: DataSettings, arrays: TrainingArrays? = nil,
    beside memory: ([Int], Int, Bool) throws -> Double = { _, _, _ in 0 }
  ) throws {
    let file = try settings.reader(arrays)
    try file.requireTrainingGroupIfNamed()
    let reader = try settings.divided(file)
    var plan: DataPlan<Scalar>?
    func need(of rowShape: [Int]) throws -> Double {
      guard let group = reader.groups.first else { return 0 }
      return try memory(rowShape, reader.inputShape(of: settings.inputs, in: group).rows, reader.groups.count > 1)
    }
    if let group = reader.groups.first {
      // What cannot be trained on is refused before its statistics are taken, which reads all of it. What a table's columns
      // become is known only when they are fitted.
      let other =
        try settings.makesFeatures(of: reader)
        ? 0 : need(of: reader.inputShape(of: settings.inputs, in: group).rowShape)
      plan = try DataPlan(
        for: settings.datasets(of: reader), before: settings.readBefore, copied: settings.copiedInputs, settings,
        of: reader, groups: reader.groups, beside: other)
    }
    let transform = try settings.fittedTransform(to: reader, excluding: settings.excludedColumns(of: reader))
    // What categories become is known only now, and may be many times what the file holds.
    if let columns = transform.expandedColumnCount {
      plan = try DataPlan(
        for: settings.datasets(of: reader), before: settings.readBefore, expanded: [settings.inputs: columns],
        settings, of: reader, groups: reader.groups, beside: need(of: transform.outputShape))
    }
    try self.init(reader, settings, transform: transform, groups: reader.groups, plan: plan)
  }

  /// Loads groups of a file with a transform that was fitted before.
  ///
  /// - Parameters:
  ///   - known: What the data of a trained model are called; `nil` where the model is yet to be trained on these.
  ///   - memory: The bytes that are needed beside the data.
  ///   - plan: Where their rows are to be, if that has been decided.
  init(
    _ reader: DatasetReader, _ settings: DataSettings, transform: any InputTransform, groups names: [String],
    known: DataSchema? = nil, beside memory: Double = 0, plan: DataPlan<Scalar>? = nil
  ) throws {
    let targetName = settings.targets ?? "targets"
    let expanded = transform.expandedColumnCount
    let plan =
      try plan
      ?? DataPlan(
        for: [settings.inputs, targetName], before: settings.readBefore,
        copied: expanded == nil ? settings.copiedInputs : [], expanded: expanded.map { [settings.inputs: $0] } ?? [:],
        settings, of: reader, groups: names, beside: memory)
    path = reader.path
    self.transform = transform
    let schema =
      try known
      ?? DataSchema(
        of: reader, transform: transform, inputs: settings.inputs, targets: targetName, groups: names)
    var kinds: [TargetKind] = []
    var groups: [String: SampleGroup<Scalar>] = [:]
    var targetColumns: (group: String, count: Int)?
    var warnings = PrecisionWarnings<Scalar>(path: reader.path)
    for name in names {
      let inputs = try plan.rows(of: settings.inputs, in: name) {
        try transform.rows(
          of: settings.inputs, in: name, from: reader, ignoring: schema.otherNames, as: Scalar.self)
      } map: {
        try transform.mappedRows(
          of: settings.inputs, in: name, from: reader, ignoring: schema.otherNames, as: Scalar.self)
      } stream: {
        try transform.streamedRows(
          of: settings.inputs, in: name, from: reader, ignoring: schema.otherNames, as: Scalar.self)
      }
      let (targets, kind): (RowSource<Scalar>, TargetKind) = try reader.targets(
        targetName, in: name, classes: schema.classes)
      guard inputs.count == targets.rows else {
        throw TrainerError(
          .data,
          "\(reader.path): in the group '\(name)', '\(settings.inputs)' has \(inputs.count) rows, but "
            + "'\(targetName)' has \(targets.rows); a row of each is one sample")
      }
      if let (first, count) = targetColumns, count != targets.columns {
        throw TrainerError(
          .data,
          "\(reader.path): '\(targetName)' has \(count) columns in the group '\(first)', but \(targets.columns) in the "
            + "group '\(name)'; all groups need the same")
      }
      targetColumns = (name, targets.columns)
      kinds.append(kind)
      var sources = [ModelProblem.InputName.inputs: inputs, ModelProblem.InputName.targets: .gathered(targets)]
      sources[ModelProblem.InputName.weights] = try settings.weights(
        in: name, of: reader, samples: inputs.count, as: Scalar.self
      ).map { .gathered($0) }
      groups[name] = try SampleGroup(sources)
      warnings.note(
        inputs, of: settings.inputs, in: name, canPreprocess: true, transform: transform as? FittedFeatures)
      warnings.note(.gathered(targets), of: targetName, in: name, canPreprocess: false)
    }
    self.targets = kinds.dropFirst().reduce(kinds.first ?? .values(count: 1), TargetKind.joined)
    self.groups = groups
    self.warnings = try warnings.sentences + reader.unwrittenWarnings(of: [settings.inputs, targetName], in: names)
    rowShapes = [:]
    self.schema = schema
    otherGroups = try reader.otherGroups(with: settings.inputs)
    fingerprint = try reader.fingerprint(of: [settings.inputs, targetName], andIfPresent: settings.otherColumns)
    standardOrder = try reader.standardOrder(of: [settings.inputs])
    origin = reader
  }
}

extension TrainingData {
  /// How the run comes by its rows.
  package var access: DataAccess {
    let texts = groups.values.reduce(into: Set<String>()) { $0.formUnion($1.accessTexts) }
    return texts.isEmpty ? .inMemory : .fromFile(texts.sorted().joined(separator: "; "))
  }
}

extension DataSettings {
  /// The inputs, where preprocessing may make a second array of them.
  fileprivate var copiedInputs: Set<String> { preprocessing.contains(where: \.copiesInputs) ? [inputs] : [] }
  /// What is read before the first step however large it is.
  fileprivate var readBefore: Set<String> { Set([targets ?? "targets"] + [weights].compactMap(\.self)) }
}

extension TargetKind {
  /// What holds for the targets of two groups: integers only if both are.
  fileprivate static func joined(_ left: TargetKind, _ right: TargetKind) -> TargetKind {
    switch (left, right) {
    case (.integers(let left), .integers(let right)):
      .integers(min(left.lowerBound, right.lowerBound)...max(left.upperBound, right.upperBound))
    case (.values, _): left
    case (_, .values): right
    }
  }
}
