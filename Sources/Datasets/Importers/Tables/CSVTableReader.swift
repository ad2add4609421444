import Foundations

/// Makes a table of the fields of a file.
struct CSVTableReader: CSVConsumer {
  private let path: String
  private let settings: CSVImport
  private let dialect: CSVDialect
  private let mark: UInt8
  private let allowsRounding: Bool

  /// The inputs so far; `nil` before the first record.
  private(set) var inputs: NumberRows?
  private var target: TargetColumn
  private var first: [String] = []
  private var columns: CSVColumns?
  /// For each column, its place among the inputs, or one of the others.
  private var roles: [Int] = []
  private var row: [Double] = []
  /// What is wrong with a field of this record: told unless the number of fields is wrong as well, which explains it.
  private var failure: TrainerError?

  private static let targetRole = -1
  private static let droppedRole = -2

  init(path: String, settings: CSVImport, dialect: CSVDialect) {
    self.path = path
    self.settings = settings
    self.dialect = dialect
    mark = settings.decimalMark.byte
    allowsRounding = settings.inputType == .float32 || settings.inputType == .float64
    target = TargetColumn(mark: mark)
  }

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    guard column < roles.count else {
      if columns == nil { first.append(String(decoding: field, as: UTF8.self)) }
      return
    }
    let role = roles[column]
    if role >= 0 {
      if let number = DecimalField(field, mark: mark), allowsRounding || !number.isRoundedWholeNumber {
        row[role] = number.value
      } else if failure == nil {
        failure = inputError(field, column: column, line: line)
      }
    } else if role == Self.targetRole {
      target.append(field, line: line)
    }
  }

  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int {
    guard column < roles.count, case let role = roles[column], role >= 0 else { return 0 }
    var at = start
    guard let number = DecimalField.read(&at, end, mark: mark), allowsRounding || !number.isRoundedWholeNumber else {
      return 0
    }
    row[role] = number.value
    return at - start
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    guard let columns else {
      try adopt(
        CSVColumns(
          first, hasHeader: settings.hasHeader, target: settings.target, drop: settings.drop, dialect: dialect,
          path: path))
      guard !settings.hasHeader else { return }
      for (column, text) in first.enumerated() {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0), column: column, line: line) }
      }
      return try endRecord(fieldCount: fieldCount, line: line)
    }
    guard fieldCount == columns.count else {
      let found = fieldCount == 1 ? "1 field" : "\(fieldCount) fields"
      throw TrainerError(.data, "'\(path)', line \(line): it has \(found), and the first line has \(columns.count)")
    }
    if let failure { throw failure }
    if let place = inputs?.append(row) {
      let what =
        settings.inputType == .uint8
        ? "is no whole number from 0 to 255" : "is larger than any number of float32; store float64"
      throw TrainerError(
        .data, "'\(path)', line \(line), \(columns.label(columns.inputs[place])): '\(row[place])' \(what)")
    }
  }

  /// A reader of later records, without those that were read here; `nil` before the columns are known.
  func continued() -> CSVTableReader? {
    guard let inputs else { return nil }
    var reader = CSVTableReader(path: path, settings: settings, dialect: dialect)
    (reader.columns, reader.roles, reader.row) = (columns, roles, row)
    reader.inputs = NumberRows(width: inputs.width, type: settings.inputType)
    reader.target = target.continued()
    return reader
  }

  /// Adds the records of another reader.
  ///
  /// - Parameter lines: The lines in front of that reader's first.
  mutating func append(contentsOf other: CSVTableReader, behind lines: Int) {
    if let rows = other.inputs { inputs?.append(contentsOf: rows) }
    target.append(contentsOf: other.target, behind: lines)
  }

  /// The table, once all is read.
  ///
  /// - Throws: `TrainerError` if it has no samples.
  func table() throws -> CSVTable {
    guard let inputs, let columns, inputs.count > 0 else {
      throw TrainerError(.data, "'\(path)' holds no samples\(settings.hasHeader ? " behind its header" : "")")
    }
    return CSVTable(
      path: path, dialect: dialect, features: columns.features, inputs: inputs, target: target,
      targetLabel: columns.label(columns.target))
  }

  private mutating func adopt(_ columns: CSVColumns) {
    self.columns = columns
    roles = [Int](repeating: Self.droppedRole, count: columns.count)
    for (place, column) in columns.inputs.enumerated() { roles[column] = place }
    roles[columns.target] = Self.targetRole
    row = [Double](repeating: 0, count: columns.inputs.count)
    inputs = NumberRows(width: columns.inputs.count, type: settings.inputType)
  }

  private func inputError(_ field: UnsafeRawBufferPointer, column: Int, line: Int) -> TrainerError? {
    let text = String(decoding: field, as: UTF8.self)
    let place = "'\(path)', line \(line), \(columns?.label(column) ?? ""): "
    if let number = DecimalField(field, mark: mark) {
      return TrainerError(
        .data, "\(place)\(roundingFault(text, number.value))",
        remedy: .init("type", "drop the column if it holds names of things, or set the type float64 to round it"))
    }
    let what = text.isEmpty ? "the field is empty" : "'\(text)' is not a finite number"
    return TrainerError(
      .data, place + what, remedy: .init("drop", "inputs are numbers, other columns can be dropped"))
  }
}

/// What is wrong with a whole number that binary64 does not hold.
func roundingFault(_ text: String, _ value: Double) -> String {
  "the whole number \(text) would be rounded to \(Int(exactly: value).map(String.init) ?? "\(value)"), since float64 holds "
    + "all of them only up to 2^53"
}
