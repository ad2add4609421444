import Foundation
import Foundations
import HDF5

/// What samples are like, as far as a proposal of a model needs to know.
package struct DataProfile: Sendable {
  /// What the inputs of a sample are.
  package enum Inputs: Sendable, Equatable {
    /// Columns of a table.
    case table([Feature])
    /// Bytes up to this one.
    case bytes(largest: Int)
    /// Numbers; whether some are missing.
    case numbers(missing: Bool)
    /// A matrix that is mostly zeros and stored without them.
    case sparse
  }

  /// What the targets of a sample are.
  package enum Targets: Sendable, Equatable {
    /// One of some classes: their names, and how many samples of the training group are of each.
    case classes(names: [String], counts: [Int])
    /// A row of so many numbers from 0 to 1 whose sum is 1, as classes are written as ones among zeros.
    case distribution(count: Int)
    /// So many answers of no (0) and yes (1).
    case answers(count: Int)
    /// Numbers to predict: how many a sample, and their mean and population deviation in the training group.
    case numbers(count: Int, mean: Double, deviation: Double)
  }

  /// What an import has found the targets to be.
  package enum Decision: Sendable, Equatable {
    /// It is to be found here.
    case open
    /// Amounts and no classes; of so many kinds, if it is known.
    case amounts(kinds: Int?)
  }

  /// The samples of each group, in the order train, validation, test.
  package let groups: [(name: String, rows: Int)]
  /// The extents of a sample's inputs; of a table the number of its columns.
  package let inputShape: [Int]
  /// What the inputs are.
  package let inputs: Inputs
  /// What the targets are.
  package let targets: Targets
  /// What the values of the targets mean as classes, where they are not 0 to K − 1; `nil` for these, and for no classes.
  package let labels: TargetLabels?
  /// What could not be told.
  package let doubts: [String]

  /// The samples of the training group.
  package var rows: Int { groups.first { $0.name == "train" }?.rows ?? 0 }

  /// More values than these are not looked at.
  private static let mostValues = 1 << 27

  /// Looks at samples.
  ///
  /// - Parameters:
  ///   - mayMissValues: Whether a value of the inputs may stand for a missing one.
  ///   - decision: What the targets have been found to be.
  ///   - called: How messages call the targets; `nil` for their place in the file.
  /// - Throws: `TrainerError` with code `.data` for what cannot be read, or trained on.
  package init(
    _ reader: DatasetReader, inputs: String, targets: String, mayMissValues: Bool,
    decision: Decision = .open, called: String? = nil
  ) throws {
    guard reader.groups.contains("train") else {
      throw TrainerError(.data, "\(reader.path): there is no group 'train', which training needs")
    }
    groups = try reader.groups.map { ($0, try reader.shape(of: targets, in: $0).rows) }
    for (group, rows) in groups {
      let inputRows = try reader.inputShape(of: inputs, in: group).rows
      guard inputRows == rows else {
        throw TrainerError(
          .data,
          "\(reader.path): \(reader.place(inputs, group)) has \(inputRows) rows, but \(reader.place(targets, group)) has "
            + "\(rows); a row of each is one sample")
      }
    }
    inputShape = try reader.inputShape(of: inputs, in: "train").rowShape
    var doubts: [String] = []
    self.inputs =
      try reader.isTable(inputs, in: "train")
      ? .table(TableReader(inputs, in: "train", of: reader).features)
      : Self.inputs(of: reader, inputs, mayMissValues: mayMissValues)
    (self.targets, labels) = try Self.targets(of: reader, targets, decision, called, &doubts)
    self.doubts = doubts
  }

  // MARK: Inputs

  private static func inputs(of reader: DatasetReader, _ name: String, mayMissValues: Bool) throws -> Inputs {
    if try reader.sparse(name, in: "train") != nil { return .sparse }
    let (rows, rowShape) = try reader.shape(of: name, in: "train")
    let columns = rowShape.reduce(1, *)
    let (size, isLarge) = rows.multipliedReportingOverflow(by: columns)
    let type = try reader.numberType(of: name, in: "train")
    let isInteger = type.map { !$0.isFloatingPoint } ?? false
    // What is too much to look at is too much for many files; a run says so itself.
    guard !isLarge, size <= mostValues else {
      return type == .uint8 ? .bytes(largest: 255) : .numbers(missing: mayMissValues)
    }
    guard type == .uint8 || mayMissValues || !isInteger else { return .numbers(missing: false) }
    var largest = 0.0
    let step = max(1, (1 << 20) / max(1, columns))
    let part = WorkProgress.begin("looking at \(name)", of: rows, "rows")
    defer { part?.end() }
    for start in stride(from: 0, to: rows, by: step) {
      defer { part?.add(min(rows, start + step) - start) }
      let block = try reader.elements(of: name, in: "train", rows: start..<min(rows, start + step), as: Double.self)
      if type == .uint8 { largest = max(largest, block.max() ?? 0) }
      if !isInteger || mayMissValues, block.contains(where: \.isNaN) { return .numbers(missing: true) }
    }
    return type == .uint8 && !mayMissValues ? .bytes(largest: Int(largest)) : .numbers(missing: false)
  }

  // MARK: Targets

  /// The values of the training group's targets, counted.
  private struct Count {
    var values: [Double: Int] = [:]
    var rows = 0
    var columns = 1
    var areWhole = true
    /// Whether each is from 0 to 1.
    var areShares = true
    /// Whether all are 0 or 1.
    var areAnswers = true
    /// Whether the sum of each row is 1.
    var sumToOne = true
    var sum = 0.0
    var squares = 0.0
    var mean: Double { sum / Double(max(1, rows * columns)) }
    var deviation: Double { max(0, squares / Double(max(1, rows * columns)) - mean * mean).squareRoot() }
  }

  private static func targets(
    of reader: DatasetReader, _ name: String, _ decision: Decision, _ called: String?, _ doubts: inout [String]
  ) throws -> (Targets, TargetLabels?) {
    let place = "\(reader.path): \(called ?? reader.place(name, "train"))"
    // Texts, enumerations, and what else the file says of its labels.
    let named = reader.reading(LabelReading(areClasses: true))
    if let names = try named.classNames(of: name, in: "train"),
      case let labels = try count(named, name), labels.columns == 1, labels.areWhole
    {
      guard labels.values.count > 1 else { throw constant(place, names.first.map { "'\($0.onOneLine)'" }) }
      if labels.values.count > 10, 2 * labels.values.count > labels.rows {
        throw TrainerError(
          .data,
          "\(place) has \(labels.values.count) different values in \(labels.rows) rows, too many for classes",
          remedy: .init("targetColumn", "name another dataset as target"))
      }
      let twins = Dictionary(grouping: names) { $0.lowercased().trimmingCharacters(in: .whitespaces) }.values
      for twins in twins.sorted(by: { $0[0] < $1[0] }) where twins.count > 1 {
        doubts.append("\(listed(twins)) are different classes; if they are one, write them alike in the data")
      }
      return (.classes(names: names, counts: names.indices.map { labels.values[Double($0)] ?? 0 }), nil)
    }
    let count = try count(reader, name)
    if count.columns > 1 {
      if count.areShares, count.sumToOne { return (.distribution(count: count.columns), nil) }
      if count.areAnswers { return (.answers(count: count.columns), nil) }
      return (.numbers(count: count.columns, mean: count.mean, deviation: count.deviation), nil)
    }
    var values = count.values.keys.sorted()
    guard count.values.count > 1 else { throw constant(place, values.first.map { JSONValue.text(of: $0) }) }
    guard count.areWhole, decision == .open, areClasses(values, rows: count.rows) else {
      if count.areWhole, count.values.count <= mostKinds {
        let kinds = if case .amounts(let kinds?) = decision { kinds } else { count.values.count }
        doubts.append(
          "the targets are whole numbers of \(kinds) kinds, which were taken for amounts and not for classes"
        )
      }
      return (.numbers(count: 1, mean: count.mean, deviation: count.deviation), nil)
    }
    for group in reader.groups where group != "train" {
      let rest = try Self.count(reader, name, in: group)
      let own = rest.values.keys.filter { count.values[$0] == nil }.sorted()
      guard rest.areWhole, !own.isEmpty else { continue }
      doubts.append(
        "the group '\(group)' has targets that training lacks, \(own.prefix(5).map { JSONValue.text(of: $0) }.joined(separator: ", "))"
          + "\(own.count > 5 ? " and \(own.count - 5) more" : ""), which no model can learn; divide the samples another way"
      )
      values = Set(values + own).sorted()
    }
    let names = values.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
    let areIndices = values[0] == 0 && values[values.count - 1] == Double(values.count - 1)
    if !areIndices { doubts.append(labelDoubt(values)) }
    return (
      .classes(names: names, counts: values.map { count.values[$0] ?? 0 }), areIndices ? nil : .sorted
    )
  }

  private static func constant(_ place: String, _ value: String?) -> TrainerError {
    TrainerError(
      .data,
      "\(place) has the same value in all rows that were looked at, \(value ?? "none"), from which nothing can be learned; was it ever "
        + "written, or is another dataset meant as target?")
  }

  /// Up to so many kinds of whole numbers are worth a word.
  private static let mostKinds = 1000

  /// Whether whole numbers are classes: those that count up from 0 or 1 with five rows each, up to ten kinds, or up to twenty
  /// with ten rows each.
  private static func areClasses(_ values: [Double], rows: Int) -> Bool {
    let kinds = values.count
    let countUp = (values[0] == 0 || values[0] == 1) && values[kinds - 1] - values[0] == Double(kinds - 1)
    return countUp && kinds <= mostKinds && rows >= 5 * kinds || kinds <= 10 || kinds <= 20 && rows >= 10 * kinds
  }

  private static func labelDoubt(_ values: [Double]) -> String {
    let text = values.prefix(10).map { JSONValue.text(of: $0) }.joined(separator: ", ")
    return
      "the labels are \(text)\(values.count > 10 ? ", …" : "") and not 0 to \(values.count - 1), so each value is a "
      + "class of its own; \"labels\" in the config can give them names"
  }

  private static func count(_ reader: DatasetReader, _ name: String, in group: String = "train") throws -> Count {
    var count = Count()
    let (rows, rowShape) = try reader.shape(of: name, in: group)
    count.columns = rowShape.reduce(1, *)
    let (size, isLarge) = rows.multipliedReportingOverflow(by: count.columns)
    // What is too much to look at whole is judged by its first rows; whether it can be trained on is found out elsewhere.
    let seen = isLarge || size > mostValues ? max(1, min(rows, mostValues / 64 / max(1, count.columns))) : rows
    let columns = count.columns
    let step = max(1, (1 << 20) / max(1, columns))
    let part = WorkProgress.begin("looking at \(group)/\(name)", of: seen, "rows")
    defer { part?.end() }
    for start in stride(from: 0, to: seen, by: step) {
      defer { part?.add(min(seen, start + step) - start) }
      let block = try reader.elements(of: name, in: group, rows: start..<min(seen, start + step), as: Double.self)
      if let index = block.firstIndex(where: { !$0.isFinite }) {
        throw TrainerError(
          .data,
          "\(reader.path): \(reader.place(name, group)) has \(block[index].isNaN ? "no number" : "an infinity") in row "
            + "\(start + index / max(1, columns)) (counted from 0), and each sample needs a target; remove or replace such rows"
        )
      }
      count.rows += block.count / max(1, columns)
      var rowSum = 0.0
      for (index, value) in block.enumerated() {
        count.sum += value
        count.squares += value * value
        if value != value.rounded() { count.areWhole = false }
        if !(0...1).contains(value) { count.areShares = false }
        if value != 0, value != 1 { count.areAnswers = false }
        if columns == 1 {
          if count.values.count <= mostKinds { count.values[value, default: 0] += 1 }
        } else {
          rowSum += value
          if index % columns == columns - 1 {
            if abs(rowSum - 1) > 1e-3 { count.sumToOne = false }
            rowSum = 0
          }
        }
      }
    }
    return count
  }
}
