import Foundations
import HDF5

/// The samples of one group, from arrays of inputs and of targets.
struct ArraySamples {
  /// `train`, `validation` or `test`.
  let group: String
  let inputs: NumberTable
  let inputsName: String
  let targets: TargetArrays.Source

  /// Takes two arrays.
  ///
  /// - Throws: `TrainerError` with exit code `data` if they are no samples.
  init(group: String, inputs: NPYValues, named inputsName: String, targets: TargetArrays.Source) throws {
    guard case .numbers(let table) = inputs else {
      throw TrainerError(.data, "\(inputsName) holds texts, and inputs are numbers; are inputs and targets exchanged?")
    }
    // A vector is a column.
    self.inputs =
      table.shape.count == 1 ? NumberTable(shape: table.shape + [1], type: table.type, bytes: table.bytes) : table
    (self.group, self.inputsName, self.targets) = (group, inputsName, targets)
    let rowCount = targets.values.shape.first ?? 0
    guard table.rowCount == rowCount else {
      throw TrainerError(.data, "\(inputsName) has \(table.rowCount) rows and \(targets.name) \(rowCount)")
    }
    guard rowCount > 0 else { throw TrainerError(.data, "\(inputsName) holds no samples") }
    guard table.rowByteCount > 0 else {
      throw TrainerError(.data, "\(inputsName) holds samples without elements: its shape is \(table.shape)")
    }
  }

  /// The inputs of a two-dimensional array one of whose columns is the target.
  ///
  /// - Throws: `TrainerError` with exit code `data` if the array has no such column.
  init(
    group: String, table values: NPYValues, named name: String, target: CSVImport.Column, areBooleans: Bool
  ) throws {
    guard case .numbers(let table) = values, table.shape.count == 2 else {
      throw TrainerError(
        .data, "\(name) \(values.isNumbers ? "has the shape \(values.shape)" : "holds texts")",
        remedy: .init("targets", "name the file of its targets; only an array of rows and columns has them as a column")
      )
    }
    let width = table.shape[1]
    guard width > 1 else {
      throw TrainerError(
        .data, "\(name) has \(width) columns, and one is the target",
        remedy: .init("targets", "name the file of its targets"))
    }
    guard case .number(let number) = target, number != 0, number.magnitude <= width else {
      throw TrainerError(
        .data, "\(name) has no \(target); its columns have no names, but places from 1 to \(width), or from -1 back")
    }
    let place = number > 0 ? number - 1 : width + number
    let size = table.type.byteCount
    var (inputs, targets): ([UInt8], [UInt8]) = ([], [])
    inputs.reserveCapacity(table.rowCount * (width - 1) * size)
    for row in stride(from: 0, to: table.bytes.count, by: width * size) {
      let column = row + place * size..<row + (place + 1) * size
      inputs += table.bytes[row..<column.lowerBound]
      targets += table.bytes[column]
      inputs += table.bytes[column.upperBound..<row + width * size]
    }
    try self.init(
      group: group, inputs: .numbers(NumberTable(shape: [table.rowCount, width - 1], type: table.type, bytes: inputs)),
      named: name,
      targets: .init(
        name: "column \(place + 1) of \(name)",
        values: .numbers(NumberTable(shape: [table.rowCount], type: table.type, bytes: targets)),
        areBooleans: areBooleans))
  }

  /// Makes an import of the groups; one that stands alone is divided.
  ///
  /// - Throws: `TrainerError` with exit code `data` if they do not fit each other.
  static func imported(
    _ groups: [ArraySamples], task: CSVImport.LearningTask, split: Split
  ) throws -> ImportedSamples {
    let first = groups[0]
    for other in groups.dropFirst() {
      guard other.inputs.shape.dropFirst() == first.inputs.shape.dropFirst(), other.inputs.type == first.inputs.type
      else {
        throw TrainerError(
          .data, "\(other.inputsName) holds samples of \(other.sample), and \(first.inputsName) of \(first.sample)")
      }
      guard other.targets.values.shape.dropFirst() == first.targets.values.shape.dropFirst() else {
        throw TrainerError(
          .data,
          "\(other.targets.name) has the shape \(other.targets.values.shape), and \(first.targets.name) "
            + "\(first.targets.values.shape)")
      }
    }
    let targets = try TargetArrays(groups.map(\.targets), task: task)
    guard groups.count == 1 else {
      return ImportedSamples(
        groups: zip(groups, targets.tables).map { .init(name: $0.group, inputs: $0.inputs, targets: $1) },
        classes: targets.classes)
    }
    let indices = split.indices(count: first.inputs.rowCount, labels: targets.labels)
    // What is not divided is not copied.
    guard !indices.test.isEmpty else {
      return ImportedSamples(
        groups: [.init(name: "train", inputs: first.inputs, targets: targets.tables[0])], classes: targets.classes)
    }
    return ImportedSamples(
      groups: [("train", indices.train), ("test", indices.test)].map { name, rows in
        .init(name: name, inputs: first.inputs.selecting(rows: rows), targets: targets.tables[0].selecting(rows: rows))
      }, classes: targets.classes)
  }

  /// `3 elements of float32`.
  private var sample: String { "\(NPYHeader.text(Array(inputs.shape.dropFirst()))) elements of \(inputs.type)" }
}

extension NPYValues {
  fileprivate var isNumbers: Bool { if case .numbers = self { true } else { false } }
}
