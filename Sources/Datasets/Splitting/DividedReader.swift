import Foundations
import HDF5

extension DatasetReader {
  /// The file with its group `train` divided: groups that stand for rows of it come in the place of what the file lacks.
  /// Everything that reads a group reads its rows alone; the fingerprint stays that of the file.
  ///
  /// - Parameters:
  ///   - split: How the rows are divided.
  ///   - dataset: One that has a row for each sample, to count them.
  ///   - targets: The dataset whose rows are the classes; `nil` where there are none.
  ///   - inputs: The dataset or table of the inputs, of which a column may say what stays together.
  /// - Throws: `TrainerError` if the file has a group of such a name, a part would be empty, or the column is none.
  package func divided(
    by split: DataSplit, counting dataset: String, targets: String?, inputs: String
  ) throws -> DatasetReader {
    let isFolds = if case .folds = split.parts { true } else { false }
    let wanted = Self.parts(of: split)
    for part in wanted where groups.contains(part) {
      throw TrainerError(
        .usage,
        "data.split\(isFolds ? "" : ".\(part)"): \(path) has a group '\(part)' already; "
          + (isFolds ? "take a file without it" : "leave it out of the split, or take a file without that group"))
    }
    guard groups.contains("train") else {
      throw TrainerError(.data, "\(path): there is no group 'train', whose rows data.split divides")
    }
    let count = try shape(of: dataset, in: "train").rows
    try MemoryLimit.require(
      40 * Double(count), for: "\(path): dividing its \(count) rows", code: .data, advice: "take fewer rows")
    if case .folds(let folds, _) = split.parts, folds > count {
      throw TrainerError(.data, "\(path): data.split.folds: \(folds) folds of \(count) rows leave some without a row")
    }
    var rows = SplitRows(count: count)
    if split.isStratified == true { rows.classes = try classes(of: targets, count) }
    if case .column(let column) = split.method { rows.groups = try rowGroups(of: column, inputs: inputs, count) }
    if case .folds(let folds, _) = split.parts, case .column(let column) = split.method {
      let found = (rows.groups?.max() ?? -1) + 1
      guard found >= folds else {
        throw TrainerError(
          .data, "\(path): '\(column)' has \(found) different values, too few for \(folds) folds; take fewer folds")
      }
    }
    return try divided(into: rows.parts(of: split), wanted, count)
  }

  /// The names of the groups that a split makes beside `train`.
  private static func parts(of split: DataSplit) -> [String] {
    switch split.parts {
    case .fractions(let validation, let test):
      [("validation", validation), ("test", test)].filter { $0.1 > 0 }.map(\.0)
    case .folds: ["validation"]
    }
  }

  private func divided(into parts: [SplitRows.Part], _ wanted: [String], _ count: Int) throws -> DatasetReader {
    var selections: [String: RowSelection] = [:]
    for (part, name) in zip(SplitRows.Part.allCases, Self.groupNames) where name == "train" || wanted.contains(name) {
      let rows = parts.indices.filter { parts[$0] == part }
      selections[name] = RowSelection(source: "train", sourceRows: count, rows: rows)
    }
    if let empty = (["train"] + wanted).first(where: { selections[$0]?.rows.isEmpty ?? false }) {
      let counts = (["train"] + wanted).map { "\($0) \(selections[$0]?.rows.count ?? 0)" }
      throw TrainerError(
        .data,
        "\(path): data.split leaves no row for '\(empty)': of \(count) rows \(counts.joined(separator: ", "))",
        remedy: .init("split", "take other fractions, fewer folds, or more rows"))
    }
    return DatasetReader(self, selecting: selections)
  }

  /// Each row's class, numbered by first appearance: whole numbers, or rows of them.
  private func classes(of targets: String?, _ count: Int) throws -> [Int] {
    let refusal = "so that the split cannot be stratified; set data.split.stratify to false"
    guard let targets else {
      throw TrainerError(.usage, "data.split.stratify: a formula has no classes, \(refusal)")
    }
    let (rows, rowShape) = try shape(of: targets, in: "train")
    try requireRows(rows, of: targets, count)
    let columns = rowShape.reduce(1, *)
    var numbering = Numbering<[Double]>()
    var classes: [Int] = []
    classes.reserveCapacity(count)
    try forEachBlock(of: targets, in: "train") { block, firstRow in
      for start in stride(from: 0, to: block.count, by: columns) {
        let row = Array(block[start..<start + columns])
        if let value = row.first(where: { $0 != $0.rounded() }) {
          throw TrainerError(
            .data,
            "\(path): \(place(targets, "train")) has \(value) in row \(firstRow + start / columns) (counted from 0), which is "
              + "no class, \(refusal)")
        }
        classes.append(numbering[row])
      }
    }
    return classes
  }

  /// Each row's group, numbered by first appearance: the values of a dataset of the group, or of a column of its inputs.
  private func rowGroups(of column: String, inputs: String, _ count: Int) throws -> [Int] {
    switch try place(ofColumn: column, inputs: inputs, in: "train", key: "data.split.by.column") {
    case .dataset:
      let (rows, rowShape) = try shape(of: column, in: "train")
      try requireRows(rows, of: column, count)
      guard rowShape.reduce(1, *) == 1 else {
        throw TrainerError(
          .data,
          "\(path): data.split.by.column: a row of \(place(column, "train")) has the shape \(rowShape), expected one "
            + "number or text")
      }
      if let names = try namedRowGroups(of: column) { return names }
      // Identifiers may be beyond what double precision tells apart.
      if let type = try numberType(of: column, in: "train"), !type.isFloatingPoint {
        var numbering = Numbering<UInt64>()
        let isSigned = [.int8, .int16, .int32, .int64].contains(type)
        return isSigned
          ? try read(Int64.self, of: column, in: "train").map { numbering[UInt64(bitPattern: $0)] }
          : try read(UInt64.self, of: column, in: "train").map { numbering[$0] }
      }
      var numbering = Numbering<Double>()
      var groups: [Int] = []
      try forEachBlock(of: column, in: "train") { block, _ in groups += block.map { numbering[$0] } }
      return groups
    case .feature(let table, let index):
      try requireRows(table.rowCount, of: inputs, count)
      var numbering = Numbering<Double>()
      var groups: [Int] = []
      try table.forEachBlock { block, firstRow in
        for (offset, value) in block.columns[index].values.enumerated() {
          guard !value.isNaN else {
            throw noValue(in: column, row: firstRow + offset)
          }
          groups.append(numbering[value])
        }
      }
      return groups
    }
  }

  /// Each row's group where the column holds texts or categories; `nil` for numbers.
  private func namedRowGroups(of column: String) throws -> [Int]? {
    try Self.translating(path) {
      let stored = try plainRows(column, in: "train")
      let count = try stored.shape.first ?? 0
      let blocks = RowStretches(0..<count, of: try stored.blockRows())
      switch try stored.values {
      case .texts:
        var numbering = Numbering<String>()
        return try blocks.flatMap { rows in try stored.readTexts(rows: rows).map { numbering[$0] } }
      case .codes(_, areCategories: true):
        var numbering = Numbering<Int64>()
        return try blocks.flatMap { rows in
          try stored.read(Int64.self, rows: rows).enumerated().map { offset, code in
            guard code >= 0 else {
              throw noValue(in: column, row: try datasetRow(rows.lowerBound + offset, of: column, in: "train"))
            }
            return numbering[code]
          }
        }
      case .numbers, .booleans, .codes, .other: return nil
      }
    }
  }

  private func noValue(in column: String, row: Int) -> TrainerError {
    TrainerError(
      .data,
      "\(path): data.split.by.column: '\(column)' has no value in row \(row) of the group 'train' (counted from 0), so that "
        + "the row belongs to no group; fill it in")
  }

  func requireRows(_ rows: Int, of name: String, _ count: Int) throws {
    guard rows == count else {
      throw TrainerError(
        .data,
        "\(path): \(place(name, "train")) has \(rows) rows, but the group has \(count) samples; a row of each is one sample"
      )
    }
  }
}

/// Numbers values by first appearance.
private struct Numbering<Value: Hashable> {
  private var numbers: [Value: Int] = [:]

  subscript(value: Value) -> Int {
    mutating get {
      if let number = numbers[value] { return number }
      let number = numbers.count
      numbers[value] = number
      return number
    }
  }
}
