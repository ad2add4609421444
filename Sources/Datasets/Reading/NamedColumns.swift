import Foundations
import HDF5
import Kernels

/// Columns that the config names and that are no inputs: sample weights, and what says which rows stay together.
extension DatasetReader {
  /// Where such a column is.
  enum NamedColumn {
    /// A dataset of the group.
    case dataset
    /// A column of the table of inputs.
    case feature(table: TableReader, index: Int)
  }

  /// Finds a column: a dataset of the group of that name, or else a column of the inputs.
  ///
  /// - Parameter key: The setting that names it, for messages.
  /// - Throws: `TrainerError` with code `.data` if there is none.
  func place(ofColumn name: String, inputs: String, in group: String, key: String) throws -> NamedColumn {
    if try hasDataset(name, in: group) { return .dataset }
    guard try hasDataset(inputs, in: group) || isTable(inputs, in: group) else {
      // Its absence is what is to be told of.
      _ = try Self.translating(path) { try stored(inputs, in: group) }
      return .dataset
    }
    let table = try TableReader(inputs, in: group, of: self)
    if table.areNamed, let index = table.features.firstIndex(where: { $0.name == name }) {
      return .feature(table: table, index: index)
    }
    let names = (table.areNamed ? table.features.map(\.name) : []) + (try datasetNames(in: group))
    let hint = suggestion(for: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    throw TrainerError(
      .data,
      "\(path): \(key): found \"\(name)\", but the group '\(group)' has no such dataset, and its inputs no such column\(hint)"
    )
  }

  /// Whether such a column is one of the inputs, and no dataset of the group.
  ///
  /// - Parameter key: The setting that names it, for messages.
  /// - Throws: `TrainerError` with code `.data` if it is neither.
  package func isInputColumn(_ name: String, of inputs: String, in group: String, key: String) throws -> Bool {
    if case .feature = try place(ofColumn: name, inputs: inputs, in: group, key: key) { true } else { false }
  }

  /// Whether a group has such a column: a dataset, or one of the inputs by name.
  package func hasColumn(_ name: String, of inputs: String, in group: String) throws -> Bool {
    if try hasDataset(name, in: group) { return true }
    guard try hasDataset(inputs, in: group) || isTable(inputs, in: group) else { return false }
    let table = try TableReader(inputs, in: group, of: self)
    return table.areNamed && table.features.contains { $0.name == name }
  }

  /// The weights of a group's samples: one number for each, of a dataset of the group or a column of its inputs.
  ///
  /// - Throws: `TrainerError` with code `.data` that names the first weight that is none, or if all are 0.
  package func weights<Scalar: KernelElement & NativeScalar>(
    _ name: String, inputs: String, in group: String, as type: Scalar.Type = Scalar.self
  ) throws -> RowSource<Scalar> {
    let key = "data.weights"
    func fault(_ row: Int, _ found: String) -> TrainerError {
      TrainerError(
        .data,
        "\(path): \(key): '\(name)' has \(found) in row \(fileRow(row, in: group)) of the group "
          + "'\(selections[group]?.source ?? group)' (counted from 0), expected a number that is not negative")
    }
    func check(_ value: Double, _ row: Int) throws {
      if !value.isFinite { throw fault(row, value.isNaN ? "no number" : "an infinity") }
      if value < 0 { throw fault(row, "\(value)") }
      guard Scalar(value).isFinite else {
        throw fault(row, "\(value), which \(Scalar.elementType.rawValue) cannot hold,")
      }
    }
    var values: [Scalar] = []
    switch try place(ofColumn: name, inputs: inputs, in: group, key: key) {
    case .dataset:
      let rowShape = try shape(of: name, in: group).rowShape
      guard rowShape.reduce(1, *) == 1 else {
        throw TrainerError(
          .data, "\(path): \(key): a row of \(place(name, group)) has the shape \(rowShape), expected one number")
      }
      _ = try numberType(of: name, in: group)
      for (row, value) in try Self.translating(path, { try read(Double.self, of: name, in: group) }).enumerated() {
        try check(value, row)
        values.append(Scalar(value))
      }
    case .feature(let table, let index):
      guard table.features[index].kind == .number || table.features[index].kind == .boolean else {
        throw TrainerError(
          .data,
          "\(path): \(key): the column '\(name)' is of the kind \(table.features[index].kind.rawValue), expected numbers"
        )
      }
      try table.forEachBlock { block, firstRow in
        for (offset, value) in block.columns[index].values.enumerated() {
          try check(value, firstRow + offset)
          values.append(Scalar(value))
        }
      }
    }
    guard values.contains(where: { $0 > 0 }) else {
      throw TrainerError(
        .data, "\(path): \(key): all of '\(name)' in the group '\(group)' are 0, so that its samples count for nothing")
    }
    return RowSource(rows: values.count, rowShape: [], storage: .scalars(values))
  }
}

extension TableBlock.Column {
  /// The values as numbers, codes too; NaN where one is missing.
  var values: [Double] {
    switch self {
    case .numbers(let numbers): numbers
    case .codes(let codes): codes.map { $0 < 0 ? .nan : Double($0) }
    }
  }
}
