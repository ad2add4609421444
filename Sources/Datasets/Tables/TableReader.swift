import Foundations
import HDF5

/// The inputs of one group of a dataset file as a table of named columns: a stored table, or an array, of which each column
/// is a feature of numbers.
package struct TableReader: Sendable {
  /// The columns in order. Those of an array that has no names are called by their places, `column 1` and so on.
  package let features: [Feature]
  /// Whether the names are the file's.
  package let areNamed: Bool
  /// The number of rows.
  package let rowCount: Int
  private let reader: DatasetReader
  private let name: String
  private let group: String
  /// For each column, the kind of its block and its place in there.
  private let places: [(kind: FeatureKind, column: Int)]
  private let isStoredTable: Bool
  /// The columns of a table that is no stored one; `nil` for all else.
  private let columns: TableColumns?

  /// Looks at the inputs of a group.
  ///
  /// - Throws: `TrainerError` with code `.data` for what is no such table.
  package init(_ name: String, in group: String, of reader: DatasetReader) throws {
    (self.reader, self.name, self.group) = (reader, name, group)
    columns = try DatasetReader.translating(reader.path) { try reader.tableColumns(of: name, in: group) }
    if let columns {
      (features, areNamed, isStoredTable, places) = (columns.features, true, false, [])
      rowCount = try reader.rowCount(columns.rowCount, of: name, in: group)
      return
    }
    isStoredTable = try reader.isStoredTable(name, in: group)
    if isStoredTable {
      (features, areNamed) = (try reader.features(of: name, in: group), true)
      var counts: [FeatureKind: Int] = [:]
      places = features.map { feature in
        defer { counts[feature.kind, default: 0] += 1 }
        return (feature.kind, counts[feature.kind, default: 0])
      }
      var rowCount: Int?
      for kind in FeatureKind.allCases {
        guard let count = counts[kind] else { continue }
        let block = "\(name)/\(kind.datasetName)"
        let (rows, rowShape) = try reader.shape(of: block, in: group)
        guard rowShape == [count], rows == rowCount ?? rows else {
          throw TrainerError(
            .data,
            "\(reader.path): \(reader.place(block, group)) has the shape \([rows] + rowShape), expected "
              + "\(rowCount.map(String.init) ?? "all") rows of \(count) columns, as its schema says")
        }
        rowCount = rows
      }
      self.rowCount = rowCount ?? 0
    } else {
      let (rows, rowShape) = try reader.shape(of: name, in: group)
      rowCount = rows
      let named = try reader.arrayFeatures(of: name, in: group)
      areNamed = named != nil
      features = named ?? Self.unnamedFeatures(rowShape.reduce(1, *))
      places = features.indices.map { (.number, $0) }
    }
  }

  /// The columns of an array without names.
  package static func unnamedFeatures(_ count: Int) -> [Feature] {
    (0..<count).map { Feature(name: "column \($0 + 1)", kind: .number) }
  }

  /// Rows as they are stored, with missing values. An infinity in a file is one here.
  ///
  /// - Throws: `TrainerError` with code `.data` for values that are none of the column's kind.
  package func block(_ rows: Range<Int>) throws -> TableBlock {
    if let columns { return try block(rows, of: columns) }
    var columns = [TableBlock.Column](repeating: .numbers([]), count: features.count)
    for kind in FeatureKind.allCases {
      let own = places.indices.filter { places[$0].kind == kind }
      guard !own.isEmpty else { continue }
      let dataset = isStoredTable ? "\(name)/\(kind.datasetName)" : name
      if kind == .category {
        let codes = try reader.elements(of: dataset, in: group, rows: rows, as: Int32.self)
        for (column, place) in own.enumerated() {
          let values = rows.indices.map { codes[($0 - rows.lowerBound) * own.count + column] }
          let count = features[place].categories.count
          if let row = values.firstIndex(where: { $0 < -1 || Int($0) >= count }) {
            throw fault(dataset, values[row], row: rows.lowerBound + row, column, "is the code of no category")
          }
          columns[place] = .codes(values)
        }
        continue
      }
      let numbers = try reader.elements(of: dataset, in: group, rows: rows, as: Double.self)
      for (column, place) in own.enumerated() {
        var values = rows.indices.map { numbers[($0 - rows.lowerBound) * own.count + column] }
        if kind == .boolean {
          if let row = values.firstIndex(where: { $0 != 0 && $0 != 1 && $0 != -1 }) {
            throw fault(dataset, values[row], row: rows.lowerBound + row, column, "is neither 0, 1, nor -1 for missing")
          }
          values = values.map { $0 < 0 ? .nan : $0 }
        }
        columns[place] = .numbers(values)
      }
    }
    return TableBlock(rowCount: rows.count, columns: columns)
  }

  private func block(_ rows: Range<Int>, of table: TableColumns) throws -> TableBlock {
    // Several columns may be parts of the same rows.
    var last: (place: String, numbers: [Double])?
    let values = try table.columns.map { column in
      try column.values { stored in
        let isLabels = stored is LabelRows
        if !isLabels, let last, last.place == stored.place { return last.numbers }
        let numbers = try DatasetReader.translating(reader.path) {
          try reader.read(Double.self, from: stored, in: group, rows: rows)
        }
        if !isLabels { last = (stored.place, numbers) }
        return numbers
      } fault: { value, row in
        TrainerError(
          .data,
          "\(reader.path): \(column.rows.place) has in row \(reader.fileRow(rows.lowerBound + row, in: group)) (counted from 0) "
            + value)
      }
    }
    return TableBlock(rowCount: rows.count, columns: values)
  }

  /// Rows that are best read at once.
  var rowsOfBlock: Int { max(1, (1 << 18) / max(1, features.count)) }

  /// Hands on rows in blocks, in order.
  ///
  /// - Parameter rows: Those that are wanted; `nil` for all.
  /// - Throws: What `body` throws, and what ``block(_:)`` does.
  package func forEachBlock(
    of rows: Range<Int>? = nil, _ body: (_ block: TableBlock, _ firstRow: Int) throws -> Void
  ) throws {
    let all = rows ?? 0..<rowCount
    let part = WorkProgress.begin("reading \(group)/\(name)", of: all.count, "rows")
    defer { part?.end() }
    for stretch in RowStretches(all, of: rowsOfBlock) {
      try body(block(stretch), stretch.lowerBound)
      part?.add(stretch.count)
    }
  }

  private func fault(
    _ dataset: String, _ value: some Numeric, row: Int, _ column: Int, _ what: String
  ) -> TrainerError {
    TrainerError(
      .data,
      "\(reader.path): \(reader.place(dataset, group)) has \(value) in row \(reader.fileRow(row, in: group)), column \(column) (both counted "
        + "from 0), which \(what)")
  }
}

extension DatasetReader {
  /// Whether a group of samples has such inputs as a table: stored as one, or as columns of several kinds.
  package func isTable(_ name: String, in group: String) throws -> Bool {
    try isStoredTable(name, in: group) || Self.translating(path) { try tableColumns(of: name, in: group) != nil }
  }

  /// Whether a group of samples has such inputs as a stored table.
  func isStoredTable(_ name: String, in group: String) throws -> Bool {
    try Self.translating(path) { try tableGroup(name, in: group) != nil }
  }

  /// The number of rows of inputs, and the extents of one: of a stored table the number of its columns.
  ///
  /// - Throws: `TrainerError` with code `.data` for what are no inputs.
  package func inputShape(of name: String, in group: String) throws -> (rows: Int, rowShape: [Int]) {
    guard try isTable(name, in: group) else { return try shape(of: name, in: group) }
    let table = try TableReader(name, in: group, of: self)
    return (table.rowCount, [table.features.count])
  }

  /// The rows of a group, of so many in the file.
  ///
  /// - Throws: `TrainerError` if these are not as many as the split divides.
  func rowCount(_ rows: Int, of name: String, in group: String) throws -> Int {
    guard rows > 0 else {
      throw TrainerError(.data, "\(path): \(place(name, group)) is empty; a group needs at least one sample")
    }
    guard let selection = selections[group] else { return rows }
    guard rows == selection.sourceRows else {
      throw TrainerError(
        .data,
        "\(path): \(place(name, group)) has \(rows) rows, but data.split divides \(selection.sourceRows) samples; a row of "
          + "each is one sample")
    }
    return selection.rows.count
  }

  /// The datasets that hold the columns of a stored table.
  func blockNames(of name: String, in group: String) throws -> [String] {
    let kinds = Set(try features(of: name, in: group).map(\.kind))
    return FeatureKind.allCases.filter(kinds.contains).map { "\(name)/\($0.datasetName)" }
  }

  /// The features of a stored table.
  ///
  /// - Throws: `TrainerError` with code `.data` if its schema is none.
  func features(of name: String, in group: String) throws -> [Feature] {
    if !files.isEmpty { return try joinedFeatures(of: name, in: selections[group]?.source ?? group) }
    let place = place("\(name)/\(StoredTable.schemaName)", group)
    let texts = try Self.translating(path) {
      try tableGroup(name, in: group)?.dataset(StoredTable.schemaName).readStrings() ?? []
    }
    func fault(_ what: String) -> TrainerError {
      TrainerError(.data, "\(path): \(place) \(what); import the table again")
    }
    guard let text = texts.first, texts.count == 1 else { throw fault("holds \(texts.count) texts, expected one") }
    let value = try JSONDocument(text: text, source: "\(path): \(place)", code: .data).root
    let features = (value.elements ?? []).map(Feature.init(json:))
    guard !features.isEmpty, features.allSatisfy({ $0 != nil }),
      Set(features.compactMap { $0?.name }).count == features.count
    else { throw fault("is no list of features with names of their own and kinds") }
    return features.compactMap(\.self)
  }

  /// The columns of an array by the names in its attribute `features`; `nil` if it has none.
  ///
  /// - Throws: `TrainerError` with code `.data` if the names are not one for each column.
  package func arrayFeatures(of name: String, in group: String) throws -> [Feature]? {
    let count = try shape(of: name, in: group).rowShape.reduce(1, *)
    let names = try Self.translating(path) { try stored(name, in: group).texts("features") }
    guard let names else { return nil }
    guard names.count == count, Set(names).count == count else {
      throw TrainerError(
        .data,
        "\(path): \(place(name, group)) has \(count) columns and \(Set(names).count) different names in its attribute "
          + "'features'; give each column a name of its own, or remove the attribute")
    }
    return names.map { Feature(name: $0, kind: .number) }
  }

  /// The columns that the inputs' source had and that are neither inputs nor the target, in the attribute `unused`.
  package func unusedColumns(of name: String, in group: String) throws -> [String] {
    try Self.translating(path) {
      guard let table = try tableGroup(name, in: group) else {
        guard try tableColumns(of: name, in: group) == nil else { return [] }
        return try stored(name, in: group).texts(DatasetWriter.unusedName) ?? []
      }
      return try table.texts(DatasetWriter.unusedName) ?? []
    }
  }

  /// The name that the target had where it was imported from, in the attribute `name`; `nil` if there is none.
  package func targetName(of name: String, in group: String) throws -> String? {
    try Self.translating(path) { try stored(name, in: group).texts("name")?.first }
  }

  /// Elements of some rows, converted; what is not finite stays.
  ///
  /// - Throws: `TrainerError` with code `.data` if they are no numbers, or do not fit the type.
  package func elements<Value: NativeScalar>(
    of name: String, in group: String, rows: Range<Int>, as type: Value.Type
  ) throws -> [Value] {
    _ = try numberType(of: name, in: group)
    return try Self.translating(path) {
      try read(Value.self, of: name, in: group, rows: rows)
    }
  }
}
