import Datasets
import Foundations
import HDF5

/// Samples in memory to train on: what a dataset file has in its groups `train`, `validation` and `test`.
///
/// Inputs are numbers of any type, a row for each sample. Bytes stay bytes, as in a file: images of `UInt8` take a quarter
/// of the memory of `Float`. While the data are prepared, before the first step, they are in memory up to three times.
///
/// Targets are one class index for each sample, counted from 0, or a row of numbers. A formula on data calls them
/// `inputs` and `targets`, or what the config's `data.inputs` names.
public struct TrainingArrays: Sendable {
  /// The samples of one group.
  public struct Group: Sendable {
    let inputs: NumberTable
    let targets: NumberTable

    /// Samples whose targets are class indices, or whole numbers to predict.
    ///
    /// - Parameters:
    ///   - inputs: A row of numbers for each sample, all of one length.
    ///   - targets: One whole number for each sample.
    /// - Throws: `TrainerError` with code `.data` if rows have different lengths, or there are not as many targets as rows.
    public init<Input: NativeScalar>(inputs: [[Input]], targets: [Int]) throws {
      try self.init(Self.table(inputs, "inputs"), NumberTable(shape: [targets.count], values: targets))
    }

    /// Samples whose targets are rows of numbers.
    ///
    /// - Parameters:
    ///   - inputs: A row of numbers for each sample, all of one length.
    ///   - targets: A row of numbers for each sample, all of one length.
    /// - Throws: `TrainerError` with code `.data` if rows have different lengths, or there are not as many targets as rows.
    public init<Input: NativeScalar, Target: NativeScalar>(inputs: [[Input]], targets: [[Target]]) throws {
      try self.init(Self.table(inputs, "inputs"), Self.table(targets, "targets"))
    }

    /// Samples in flat arrays, one row behind the other.
    ///
    /// - Parameters:
    ///   - inputs: The inputs of all samples.
    ///   - inputShape: The extents of one sample's inputs, outermost first; empty if it is one number.
    ///   - targets: The targets of all samples.
    ///   - targetShape: The extents of one sample's targets; empty, the default, if it is one number, such as a class index.
    /// - Throws: `TrainerError` with code `.data` if an array is no whole number of rows, or there are not as many targets
    ///   as rows.
    public init<Input: NativeScalar, Target: NativeScalar>(
      inputs: [Input], inputShape: [Int], targets: [Target], targetShape: [Int] = []
    ) throws {
      try self.init(
        Self.table(inputs, shape: inputShape, "inputs"), Self.table(targets, shape: targetShape, "targets"))
    }

    private init(_ inputs: NumberTable, _ targets: NumberTable) throws {
      guard inputs.rowCount == targets.rowCount else {
        throw TrainerError(
          .data,
          "the arrays have \(inputs.rowCount) rows of inputs and \(targets.rowCount) of targets; "
            + "each sample needs one of both")
      }
      self.inputs = inputs
      self.targets = targets
    }

    private static func table<Value: NativeScalar>(_ rows: [[Value]], _ name: String) throws -> NumberTable {
      let width = rows.first?.count ?? 0
      if let row = rows.firstIndex(where: { $0.count != width }) {
        throw TrainerError(
          .data, "row \(row) of the \(name) has \(rows[row].count) numbers, but row 0 has \(width); all need the same")
      }
      return NumberTable(shape: [rows.count, width], values: Array(rows.joined()))
    }

    private static func table<Value: NativeScalar>(
      _ values: [Value], shape: [Int], _ name: String
    ) throws -> NumberTable {
      guard shape.allSatisfy({ $0 > 0 }) else {
        throw TrainerError(.data, "the shape of a row of the \(name) is \(shape), expected extents of at least 1")
      }
      let width = shape.reduce(1, *)
      guard values.count % width == 0 else {
        throw TrainerError(
          .data, "the \(name) have \(values.count) numbers, which are no whole number of rows of the shape \(shape)")
      }
      return NumberTable(shape: [values.count / width] + shape, values: values)
    }
  }

  let groups: [(name: String, group: Group)]
  let features: [String]?
  let classes: [String]?

  /// How messages call the data, where those of a file have its path.
  static let name = "the arrays"

  /// Puts groups together.
  ///
  /// - Parameters:
  ///   - train: What is trained on.
  ///   - validation: What is measured after each epoch, such as for early stopping.
  ///   - test: What is measured besides.
  ///   - features: A name for each input column.
  ///   - classes: A name for each class.
  public init(
    train: Group, validation: Group? = nil, test: Group? = nil, features: [String]? = nil, classes: [String]? = nil
  ) {
    groups = [("train", train), ("validation", validation), ("test", test)].compactMap { name, group in
      group.map { (name, $0) }
    }
    self.features = features
    self.classes = classes
  }

  /// Samples with class indices, all to train on but for those of other groups.
  ///
  /// - Throws: What `Group.init(inputs:targets:)` throws.
  public init<Input: NativeScalar>(
    inputs: [[Input]], targets: [Int], validation: Group? = nil, test: Group? = nil, features: [String]? = nil,
    classes: [String]? = nil
  ) throws {
    self.init(
      train: try Group(inputs: inputs, targets: targets), validation: validation, test: test, features: features,
      classes: classes)
  }

  /// Samples with rows of numbers to predict, all to train on but for those of other groups.
  ///
  /// - Throws: What `Group.init(inputs:targets:)` throws.
  public init<Input: NativeScalar, Target: NativeScalar>(
    inputs: [[Input]], targets: [[Target]], validation: Group? = nil, test: Group? = nil, features: [String]? = nil
  ) throws {
    self.init(
      train: try Group(inputs: inputs, targets: targets), validation: validation, test: test, features: features)
  }

  /// Samples in flat arrays, all to train on but for those of other groups.
  ///
  /// - Throws: What `Group.init(inputs:inputShape:targets:targetShape:)` throws.
  public init<Input: NativeScalar, Target: NativeScalar>(
    inputs: [Input], inputShape: [Int], targets: [Target], targetShape: [Int] = [], validation: Group? = nil,
    test: Group? = nil, features: [String]? = nil, classes: [String]? = nil
  ) throws {
    self.init(
      train: try Group(inputs: inputs, inputShape: inputShape, targets: targets, targetShape: targetShape),
      validation: validation, test: test, features: features, classes: classes)
  }

  /// Reads the arrays as a dataset file is read, so that whatever is checked, fitted and hashed there is here too.
  ///
  /// - Throws: `TrainerError` if the names do not fit the arrays, or for a lack of memory.
  func reader(_ settings: DataSettings) throws -> DatasetReader {
    let (inputs, targets) = (settings.inputs, settings.targets ?? "targets")
    for (name, group) in groups {
      if let features, features.count != group.inputs.shape.dropFirst().reduce(1, *) {
        throw TrainerError(
          .data,
          "\(Self.name): \(features.count) features are named, but a row of inputs in the group '\(name)' has "
            + "\(group.inputs.shape.dropFirst().reduce(1, *)) numbers")
      }
    }
    guard inputs != targets else {
      throw TrainerError(.usage, "data.inputs: the inputs and the targets are both called \"\(inputs)\"")
    }
    var reader = try DatasetReader(
      groups.map { DatasetWriter.Group(name: $0.name, inputs: $0.group.inputs, targets: $0.group.targets) },
      names: (inputs, targets), classes: classes, features: features, calling: Self.name)
    reader.labels.areClasses = settings.areTargetsClasses
    return reader
  }
}
