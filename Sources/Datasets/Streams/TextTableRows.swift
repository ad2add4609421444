import Foundations

/// Rows of a table of text as a model takes them, as they are read.
struct TextTableRows: CSVConsumer {
  private let path: String
  private let reading: TextTableReading
  private let wanted: WantedColumns
  private let values: FieldValues

  private var columns: TextTableColumns?
  private var first: [String] = []
  private var rows: WantedRows
  private var labels: [String] = []
  /// What is wrong with a field of this record: told unless the number of fields is wrong as well, which explains it.
  private var failure: TrainerError?
  /// Whether this record does, as comments do that are not set to be such.
  private var beginsWithHash = false
  private var isFirst = true

  init(path: String, reading: TextTableReading, wanted: WantedColumns) {
    self.path = path
    self.reading = reading
    self.wanted = wanted
    values = reading.values
    rows = WantedRows(wanted, values: values, keptCount: wanted.kept.count)
  }

  var count: Int { rows.count }
  /// The names of the copied columns, once the first record is read.
  var keptNames: [String]? { columns?.keptNames }

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    if column == 0 { beginsWithHash = field.first == UInt8(ascii: "#") }
    guard let columns else {
      first.append(String(decoding: field, as: UTF8.self))
      return
    }
    guard column < columns.inputs.count else { return }
    let place = columns.inputs[column]
    if place >= 0, !rows.set(field, at: place), failure == nil {
      failure = rows.fault(field, at: place, place: "'\(path)', line \(line), \(columns.label(column))")
    }
    for place in columns.kept[column] { rows.keep(String(decoding: field, as: UTF8.self), at: place) }
  }

  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int {
    // A mark that divides fields too stands in numbers only in quotes.
    guard reading.dialect.delimiter != reading.decimalMark.character, let columns, column < columns.inputs.count,
      columns.kept[column].isEmpty,
      case let place = columns.inputs[column], place >= 0, wanted.features[place].kind == .number
    else { return 0 }
    var at = start
    guard let number = DecimalField.read(&at, end, mark: values.mark), !values.isMissing(number.value) else { return 0 }
    rows.set(number.value, at: place)
    return at - start
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    guard let columns else {
      let found = try TextTableColumns(first, reading: reading, wanted: wanted, path: path)
      columns = found
      labels = found.wantedLabels(wanted.features.count)
      guard !reading.hasHeader else { return }
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
        remedy: beginsWithHash ? reading.dialect.commentRemedy : nil)
    }
    beginsWithHash = false
    if let failure { throw isFirst ? explained(failure) : failure }
    isFirst = false
    rows.endRow(line: line)
  }

  /// A fault of the first row, which may be names where there were none in training.
  private func explained(_ failure: TrainerError) -> TrainerError {
    guard reading.lacksHeaderByTraining else { return failure }
    return TrainerError(
      failure.code, failure.fault + ", and the table that the model was trained on had no header",
      remedy: .init("header", "if this one has one, set hasHeader"))
  }

  /// Takes the rows away.
  mutating func takeRows() -> TextTableBlock { rows.take(path: path, labels: labels) }
}

extension TextTableColumns {
  /// What messages call the wanted columns, in their order.
  fileprivate func wantedLabels(_ count: Int) -> [String] {
    var labels = [String](repeating: "", count: count)
    for (column, place) in inputs.enumerated() where place >= 0 { labels[place] = label(column) }
    return labels
  }
}
