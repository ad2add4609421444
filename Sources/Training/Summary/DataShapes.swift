import Datasets
import Foundations

/// The shapes of a config's data, without their elements.
struct DataShapes {
  private let settings: DataSettings
  private let file: DatasetReader

  /// Opens the data.
  ///
  /// - Throws: `TrainerError` if they cannot be read.
  init(_ settings: DataSettings) throws {
    self.settings = settings
    let file = try settings.reader(nil)
    try file.requireTrainingGroupIfNamed()
    // Samples at the file's root become groups only as they are divided.
    self.file = file.groups.contains("train") ? file : try settings.divided(file)
  }

  /// Whether there are groups to be measured beside that of training.
  var hasOtherGroups: Bool { file.groups.count > 1 || settings.split != nil }

  /// Whether the data have a dataset of that name.
  func has(_ name: String) throws -> Bool { try file.groups.contains { try file.hasDataset(name, in: $0) } }

  /// The extents of a row of inputs behind preprocessing.
  ///
  /// - Throws: `TrainerError` if there are none, or what is fitted does not fit them.
  func inputShape() throws -> [Int] {
    let isFitted = try settings.makesFeatures(of: file) || settings.preprocessing.contains(where: \.changesShape)
    let excluded = try settings.excludedColumns(of: file)
    guard isFitted || !excluded.isEmpty else { return try file.inputShape(of: settings.inputs, in: "train").rowShape }
    // What categories become is known only when they have been looked at.
    return try settings.fittedTransform(to: settings.divided(settings.reader(nil)), excluding: excluded).outputShape
  }

  /// The extents of a row of a dataset that a formula names.
  func rowShape(of name: String) throws -> [Int] {
    name == settings.inputs ? try inputShape() : try file.shape(of: name, in: "train").rowShape
  }

  /// The samples of the training group; where that is yet to be divided, all of them.
  func sampleCount() throws -> Int { try file.inputShape(of: settings.inputs, in: "train").rows }

  /// The rows of a dataset in the training group.
  func sampleCount(_ name: String) throws -> Int { try file.shape(of: name, in: "train").rows }
}

extension PreprocessingStep {
  /// Whether a row becomes longer or shorter.
  fileprivate var changesShape: Bool { if case .oneHot = self { true } else { false } }
}
