import Datasets
import Foundation
import Foundations
import Models

extension TrainingData {
  /// Runs `body` and lets an error about the data name the file and the dataset of the targets.
  func naming<Result>(_ targets: String?, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as TrainerError where error.code == .data {
      throw TrainerError(.data, "\(path): '\(targets ?? "targets")': \(error.message)")
    }
  }

  /// Refuses targets that the loss gives no meaning.
  ///
  /// - Parameters:
  ///   - name: The dataset with the targets.
  ///   - loss: The loss.
  ///   - isTrained: Whether the model is there, whose units can no longer be changed.
  /// - Throws: `TrainerError` with code `.data` that names the first such target.
  func requireTargets(_ name: String?, of task: LearningTask, loss: any Loss, isTrained: Bool = false) throws {
    if !isTrained, let classes = schema.classes, case .integers(let range) = targets {
      try requireUnits(name, classes, range, task)
    }
    try requireRule(name, loss.rule(of: task, for: targets), width: task.targetCount)
    guard let classes = schema.classes, case .integers(let range) = targets, range.upperBound >= classes.count else {
      return
    }
    switch task {
    case .multiclass, .binary:
      throw TrainerError(
        .data,
        "\(path): '\(name ?? "targets")' has labels up to \(range.upperBound), but its attribute 'classes' names only the "
          + "classes 0 to \(classes.count - 1), \(listed(classes)); name each class")
    case .regression: return
    }
  }

  /// Refuses more classes with names than the model tells apart, and a single one. A unit more is a class without a name.
  private func requireUnits(
    _ name: String?, _ classes: [String], _ range: ClosedRange<Int>, _ task: LearningTask
  ) throws {
    let remedy: String
    let count: Int
    switch task {
    case .multiclass(let units, oneHotTargets: false):
      (count, remedy) = (units, "give the last layer \(classes.count) units")
    case .binary(outputs: 1):
      (count, remedy) = (2, "take the loss softmaxCrossEntropy and \(classes.count) units in the last layer")
    case .multiclass, .binary, .regression: return
    }
    // Labels without a name are told of by their row.
    guard classes.count > count || classes.count == 1, range.lowerBound >= 0, range.upperBound < classes.count else {
      return
    }
    guard classes.count > 1 else {
      throw TrainerError(
        .data,
        "\(path): '\(name ?? "targets")' has only the class \(listed(classes)), so there is nothing to tell apart; training "
          + "needs two classes or more")
    }
    throw TrainerError(
      .data,
      "\(path): '\(name ?? "targets")' has \(classes.count) classes, \(listed(classes)), but the model tells \(count) apart; "
        + remedy)
  }

  /// - Parameter width: The targets of one position of a sample.
  private func requireRule(_ name: String?, _ rule: TargetRule, width: Int) throws {
    guard rule != .any else { return }
    let sources = DatasetReader.groupNames.compactMap { group in
      groups[group]?.sources[ModelProblem.InputName.targets].map { (group, $0) }
    }
    let ranges = sources.map(\.1.range)
    for ((group, source), range) in zip(sources, ranges) where !rule.isKept(by: range, areWhole: targets.areIntegers) {
      guard let (row, fault) = Self.firstFault(of: rule, in: source, width: width) else { continue }
      let least = ranges.map(\.lowerBound).min() ?? 0
      let greatest = ranges.map(\.upperBound).max() ?? 0
      let fileRow = origin.fileRow(row, in: group)
      let place =
        fault.column.flatMap { source.columns == 1 ? nil : "row \(fileRow), column \($0) (both counted from 0)" }
        ?? "row \(fileRow) (counted from 0)"
      throw TrainerError(
        .data,
        "\(path): \(origin.place(name ?? "targets", group)) has \(fault.found) in \(place); "
          + rule.remedy(least: least, greatest: greatest, values: Self.fewValues(of: sources.map(\.1))))
    }
  }

  /// Refuses names of classes that are not as many as the model's classes, which have none to match them with.
  ///
  /// - Throws: `TrainerError` with code `.data`.
  func requireClassCount(_ names: [String], of task: LearningTask) throws {
    let count: Int? =
      switch task {
      case .multiclass(let classes, _): classes
      case .binary(outputs: 1): 2
      case .binary, .regression: nil
      }
    guard let count, names.count != count else { return }
    throw TrainerError(
      .data,
      "\(path): its targets name \(names.count) classes, \(listed(names)), but the model has \(count) and was trained "
        + "without their names, so places count; give as many names in the order of the model's classes")
  }

  /// What to tell of class labels that keep the rule and yet seem to be counted from 1: a unit more than there are classes
  /// hides it.
  ///
  /// - Parameter name: The dataset with the targets.
  func labelWarning(_ name: String?, of task: LearningTask) -> String? {
    guard case .multiclass(let classes, oneHotTargets: false) = task, case .integers(let range) = targets,
      classes > 2, range == 1...classes - 1
    else { return nil }
    return
      "\(path): the class labels of '\(name ?? "targets")' go from 1 to \(classes - 1), so no sample is of class 0, but the "
      + "model has \(classes) outputs; if they are counted from 1, add \"labels\": \"sorted\" to data and give the "
      + "last layer \(classes - 1) units"
  }

  /// All different targets, ascending, if a sample has one and they are few; otherwise none.
  private static func fewValues(of sources: [RowSource<Scalar>]) -> [Double] {
    var values: Set<Double> = []
    for source in sources {
      guard source.columns == 1 else { return [] }
      for row in 0..<source.rows {
        values.insert(source.row(row)[0])
        guard values.count <= 1000 else { return [] }
      }
    }
    return values.sorted()
  }

  private static func firstFault(
    of rule: TargetRule, in source: RowSource<Scalar>, width: Int
  ) -> (row: Int, fault: TargetRule.Fault)? {
    for row in 0..<source.rows {
      let values = source.row(row)
      for first in stride(from: 0, to: values.count, by: max(1, width)) {
        guard let fault = rule.fault(in: values[first..<min(values.count, first + width)]) else { continue }
        // A place in a row of probabilities is told from the row's beginning.
        return (row, TargetRule.Fault(column: fault.column.map { first + $0 }, found: fault.found))
      }
    }
    return nil
  }
}

/// Warnings of columns that the run's type cannot tell the numbers of, one for each dataset.
struct PrecisionWarnings<Scalar: TrainingScalar> {
  let path: String
  private(set) var sentences: [String] = []
  private var names: Set<String> = []

  init(path: String) { self.path = path }

  /// Takes note of a dataset.
  ///
  /// - Parameters:
  ///   - canPreprocess: Whether the config's preprocessing acts on it.
  ///   - transform: What makes the inputs, where each column has transforms of its own.
  mutating func note(
    _ rows: GroupRows<Scalar>?, of name: String, in group: String, canPreprocess: Bool,
    transform: FittedFeatures? = nil
  ) {
    guard let rows, let loss = rows.lostPrecision, names.insert(name).inserted else { return }
    let type = Scalar.elementType
    let own = canPreprocess ? transform : nil
    let column =
      own.map { "'\($0.outputNames[loss.column].onOneLine)' of " }
      ?? (rows.rowShape.reduce(1, *) == 1 ? "" : "column \(loss.column) of ")
    let key = own == nil ? "data.preprocessing" : "its transform in data.features"
    var remedies = [canPreprocess ? "add \"standardize\" to \(key)" : "subtract their mean in the file"]
    if type == .float32 { remedies.append("set \"precision\" to \"float64\"") }
    sentences.append(
      String(
        format: "%@: %@/%@/%@ has numbers near %.4g that differ by about %.3g, but there %@ has steps of %.3g, so that "
          + "little is left of what they say; %@",
        path, column, group, name, loss.largest, loss.deviation, type.rawValue, loss.spacing,
        remedies.joined(separator: ", or ")))
  }
}

extension TargetKind {
  fileprivate var areIntegers: Bool { if case .integers = self { true } else { false } }
}
