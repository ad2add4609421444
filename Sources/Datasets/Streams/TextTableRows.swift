import Foundations

/// Rows of a table of text as a model takes them, as they are read.
struct TextTableRows: CSVConsumer {
  private let path: String
  private let settings: TextTableSettings
  private let dialect: CSVDialect
  private let wanted: WantedColumns
  private let values: FieldValues
  /// The codes of each wanted category by its name.
  private let codes: [[String: Int32]]

  private(set) var columns: TextTableColumns?
  private var first: [String] = []
  /// The numbers and codes of the rows so far, [rows, wanted columns].
  private var cells: [Double] = []
  private var row: [Double]
  /// For each copied column the texts of the rows so far.
  private var kept: [[String]] = []
  private var keptRow: [String] = []
  /// For each wanted column, the categories in these rows that the model does not know.
  private var unknown: [Int: [String]] = [:]
  private var unknownCodes: [Int: [String: Int32]] = [:]
  private(set) var count = 0
  /// The lines of the rows so far.
  private var lines: [Int] = []
  /// What is wrong with a field of this record: told unless the number of fields is wrong as well, which explains it.
  private var failure: TrainerError?
  /// Whether this record does, as comments do that are not set to be such.
  private var beginsWithHash = false

  init(path: String, settings: TextTableSettings, dialect: CSVDialect, wanted: WantedColumns) {
    self.path = path
    self.dialect = dialect
    self.settings = settings
    self.wanted = wanted
    values = FieldValues(decimalMark: settings.decimalMark, missing: FieldValues.usualMissing + settings.missing)
    codes = wanted.features.map { feature in
      Dictionary(feature.categories.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    }
    row = [Double](repeating: 0, count: wanted.features.count)
  }

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    if column == 0 { beginsWithHash = field.first == UInt8(ascii: "#") }
    guard let columns else {
      first.append(String(decoding: field, as: UTF8.self))
      return
    }
    guard column < columns.inputs.count else { return }
    let place = columns.inputs[column]
    if place >= 0 {
      if let value = value(field, of: place) {
        row[place] = value
      } else if failure == nil {
        failure = fault(field, column: column, place: place, line: line)
      }
    }
    for place in columns.kept[column] { keptRow[place] = String(decoding: field, as: UTF8.self) }
  }

  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int {
    // A mark that divides fields too stands in numbers only in quotes.
    guard dialect.delimiter != settings.decimalMark.character, let columns, column < columns.inputs.count,
      columns.kept[column].isEmpty,
      case let place = columns.inputs[column], place >= 0, wanted.features[place].kind == .number
    else { return 0 }
    var at = start
    guard let number = DecimalField.read(&at, end, mark: values.mark), !values.isMissing(number.value) else { return 0 }
    row[place] = number.value
    return at - start
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    guard let columns else {
      let found = try TextTableColumns(first, settings: settings, wanted: wanted, path: path)
      columns = found
      kept = [[String]](repeating: [], count: found.keptNames.count)
      keptRow = [String](repeating: "", count: found.keptNames.count)
      guard !settings.hasHeader else { return }
      for (column, text) in first.enumerated() {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0), column: column, line: line) }
      }
      return try endRecord(fieldCount: fieldCount, line: line)
    }
    guard fieldCount == columns.inputs.count else {
      let found = fieldCount == 1 ? "1 field" : "\(fieldCount) fields"
      throw TrainerError(
        .data, "'\(path)', line \(line): it has \(found), and the first line has \(columns.inputs.count)",
        remedy: beginsWithHash ? dialect.commentRemedy : nil)
    }
    beginsWithHash = false
    if let failure { throw failure }
    cells.append(contentsOf: row)
    for place in kept.indices { kept[place].append(keptRow[place]) }
    count += 1
    lines.append(line)
  }

  /// Takes the rows away.
  mutating func takeRows() -> TextTableBlock {
    defer {
      cells.removeAll(keepingCapacity: true)
      lines.removeAll(keepingCapacity: true)
      for place in kept.indices { kept[place].removeAll(keepingCapacity: true) }
      (unknown, unknownCodes, count) = ([:], [:], 0)
    }
    return TextTableBlock(
      rowCount: count, features: wanted.features, cells: cells, unknown: unknown, kept: kept,
      places: TableBlock.TextPlaces(
        path: path, lines: lines, columns: columns?.wantedLabels(wanted.features.count) ?? []))
  }

  /// What a field stands for in a wanted column; `nil` if for nothing.
  private mutating func value(_ field: UnsafeRawBufferPointer, of place: Int) -> Double? {
    if values.isMissing(field) {
      guard wanted.allowsMissing else { return nil }
      return wanted.features[place].kind == .category ? -1 : .nan
    }
    switch wanted.features[place].kind {
    case .number: return values.number(field)
    case .boolean: return values.boolean(field, digits: true)
    case .date: return values.date(field)
    case .category:
      let name = String(decoding: field, as: UTF8.self)
      return Double(codes[place][name] ?? unknownCode(name, of: place))
    }
  }

  private mutating func unknownCode(_ name: String, of place: Int) -> Int32 {
    if let code = unknownCodes[place]?[name] { return code }
    let code = TableBlock.unknownCode(unknown[place, default: []].count)
    unknown[place, default: []].append(name)
    unknownCodes[place, default: [:]][name] = code
    return code
  }

  private func fault(
    _ field: UnsafeRawBufferPointer, column: Int, place: Int, line: Int
  ) -> TrainerError {
    let text = String(decoding: field, as: UTF8.self).onOneLine
    let start = "'\(path)', line \(line), \(columns?.label(column) ?? ""): "
    if values.isMissing(field) {
      let what = text.isEmpty ? "the field is empty" : "'\(text)' stands for a missing value"
      return TrainerError(
        .data, "\(start)\(what), and the model was trained without missing values; fill it in or leave the row out")
    }
    let expected =
      switch wanted.features[place].kind {
      case .number, .category: "a finite number"
      case .boolean: "yes or no"
      case .date: "a date such as 2024-02-29 or 2024-02-29T12:30:00Z"
      }
    return TrainerError(
      .data, "\(start)'\(text)' is not \(expected)",
      remedy: wanted.allowsMissing
        ? .init("missing", "if it stands for a missing value, add it to missing") : nil)
  }
}

extension TextTableColumns {
  /// What messages call the wanted columns, in their order.
  fileprivate func wantedLabels(_ count: Int) -> [String] {
    var labels = [String](repeating: "", count: count)
    for (column, place) in inputs.enumerated() where place >= 0 { labels[place] = label(column) }
    return labels
  }
}

/// Some rows of a table of text.
package struct TextTableBlock: Sendable {
  /// The number of rows.
  package let rowCount: Int
  private let features: [Feature]
  /// Numbers and codes, [rows, wanted columns].
  package let cells: [Double]
  private let unknown: [Int: [String]]
  /// For each copied column the texts as they stand in the table.
  package let kept: [[String]]
  private let places: TableBlock.TextPlaces

  init(
    rowCount: Int, features: [Feature], cells: [Double], unknown: [Int: [String]], kept: [[String]],
    places: TableBlock.TextPlaces
  ) {
    (self.rowCount, self.features, self.cells, self.unknown, self.kept) = (rowCount, features, cells, unknown, kept)
    self.places = places
  }

  /// The rows as transforms take them.
  package var table: TableBlock {
    let width = features.count
    let columns = features.enumerated().map { place, feature -> TableBlock.Column in
      feature.kind == .category
        ? .codes((0..<rowCount).map { Int32(cells[$0 * width + place]) })
        : .numbers((0..<rowCount).map { cells[$0 * width + place] })
    }
    return TableBlock(rowCount: rowCount, columns: columns, unknown: unknown, textPlaces: places)
  }
}
