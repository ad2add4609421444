import Foundation
import Foundations

/// Takes the inputs of a table's rows as they are read.
protocol TableRows: Sendable {
  /// The rows that were ended.
  var rowCount: Int { get }
  /// The bytes that a row takes once all are read.
  var rowByteCount: Int { get }

  /// Whether a column's numbers are taken as such; if not, they come as text.
  func takesNumbers(at place: Int) -> Bool
  /// Takes a text of the row, or the whole field of a number.
  mutating func take(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) throws
  /// Takes a number of the row.
  ///
  /// - Returns: Whether it is taken; if not, its field comes as text.
  mutating func take(_ number: DecimalField, at place: Int) -> Bool
  /// Ends a row of which each column was taken.
  mutating func endRow(line: Int) throws

  /// Rows of the same columns without those that were read here.
  func continued() -> Self
  /// Adds the rows of others as if they had come one after the other; in front of them are so many lines.
  mutating func append(contentsOf other: Self, behind lines: Int) throws
}

/// Hands the fields of a file to what keeps its inputs, and keeps its targets.
struct CSVTableReader<Rows: TableRows>: CSVConsumer, Sendable {
  private let path: String
  private let settings: CSVImport
  private let dialect: CSVDialect
  private let fields: FieldValues
  private let like: CSVColumns?
  private let makeRows: @Sendable (CSVColumns) throws -> CSVInputs<Rows>

  /// The inputs so far; `nil` before the first record.
  private(set) var rows: Rows?
  private(set) var columns: CSVColumns?
  private(set) var target: TargetColumn
  private var first: [String] = []
  /// For each column, its place among the inputs, or one of the others.
  private var roles: [Int] = []
  /// Whether numbers of each column are taken as such.
  private var takesNumbers: [Bool] = []
  /// What is wrong with a field of this record: told unless the number of fields is wrong as well, which explains it.
  private var failure: (any Error)?
  /// Where rows may be left out for what stands behind, the fields of one that are no numbers.
  private var delayed = DelayedFields()
  private var lacksTarget = false
  /// Whether this record does, as comments do that are not set to be such.
  private var beginsWithHash = false

  private static var targetRole: Int { -1 }
  private static var droppedRole: Int { -2 }

  /// Creates a reader at the start of a file.
  ///
  /// - Parameters:
  ///   - like: The columns of the file whose columns this one has too; nil for the first.
  ///   - makeRows: Makes what keeps the inputs, once the columns are known.
  init(
    path: String, settings: CSVImport, dialect: CSVDialect, like: CSVColumns?,
    makeRows: @escaping @Sendable (CSVColumns) throws -> CSVInputs<Rows>
  ) {
    self.path = path
    self.settings = settings
    self.dialect = dialect
    self.like = like
    self.makeRows = makeRows
    fields = settings.fields
    target = TargetColumn(fields: fields)
  }

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    if column == 0 { beginsWithHash = field.first == UInt8(ascii: "#") }
    guard column < roles.count else {
      if columns == nil { first.append(String(decoding: field, as: UTF8.self)) }
      return
    }
    let role = roles[column]
    guard role != Self.droppedRole else { return }
    if settings.dropMissingTargets {
      if role == Self.targetRole { lacksTarget = fields.isMissing(field) }
      delayed.append(field, role: role, line: line)
    } else {
      keep(field, role: role, line: line)
    }
  }

  private mutating func keep(_ field: UnsafeRawBufferPointer, role: Int, line: Int) {
    guard role != Self.targetRole else { return target.append(field, line: line) }
    guard failure == nil else { return }
    do {
      try rows?.take(field, at: role, line: line)
    } catch {
      failure = error
    }
  }

  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int {
    guard column < roles.count, takesNumbers[column] else { return 0 }
    var at = start
    guard let number = DecimalField.read(&at, end, mark: fields.mark), !fields.isMissing(number.value),
      rows?.take(number, at: roles[column]) == true
    else { return 0 }
    return at - start
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    guard let columns else {
      try adopt(
        like.map { try CSVColumns(first, like: $0, of: settings.path, path: path) }
          ?? CSVColumns(first, settings: settings, dialect: dialect, path: path))
      guard !settings.hasHeader else { return }
      for (column, text) in first.enumerated() {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0), column: column, line: line) }
      }
      return try endRecord(fieldCount: fieldCount, line: line)
    }
    guard fieldCount == columns.count else {
      let found = fieldCount == 1 ? "1 field" : "\(fieldCount) fields"
      throw TrainerError(
        .data, "'\(path)', line \(line): it has \(found), and the first line has \(columns.count)",
        remedy: beginsWithHash ? dialect.commentRemedy : nil)
    }
    beginsWithHash = false
    if settings.dropMissingTargets {
      var texts = delayed
      delayed = DelayedFields()
      defer {
        texts.removeAll()
        delayed = texts
      }
      guard !lacksTarget else { return }
      texts.forEach { keep($0, role: $1, line: $2) }
    }
    if let failure { throw failure }
    try rows?.endRow(line: line)
  }

  /// A reader of later records, without those that were read here; `nil` before the columns are known.
  func continued() -> CSVTableReader? {
    guard let rows else { return nil }
    var reader = CSVTableReader(path: path, settings: settings, dialect: dialect, like: like, makeRows: makeRows)
    (reader.columns, reader.roles, reader.takesNumbers) = (columns, roles, takesNumbers)
    reader.rows = rows.continued()
    reader.target = target.continued()
    return reader
  }

  /// Adds the records of another reader.
  ///
  /// - Parameter lines: The lines in front of that reader's first.
  mutating func append(contentsOf other: CSVTableReader, behind lines: Int) throws {
    if let new = other.rows { try rows?.append(contentsOf: new, behind: lines) }
    target.append(contentsOf: other.target, behind: lines)
  }

  /// What was read, once all is.
  ///
  /// - Throws: `TrainerError` if there are no samples.
  func table() throws -> CSVTable<Rows> {
    guard let rows, let columns, target.rowCount > 0 else {
      let what = settings.dropMissingTargets && columns != nil ? "no sample with a target" : "no samples"
      throw TrainerError(.data, "'\(path)' holds \(what)\(settings.hasHeader ? " behind its header" : "")")
    }
    return CSVTable(path: path, dialect: dialect, columns: columns, rows: rows, target: target)
  }

  private mutating func adopt(_ columns: CSVColumns) throws {
    let inputs = try makeRows(columns)
    self.columns = columns
    rows = inputs.rows
    roles = [Int](repeating: Self.droppedRole, count: columns.count)
    takesNumbers = [Bool](repeating: false, count: columns.count)
    for (role, place) in inputs.places.enumerated() {
      roles[columns.inputs[place]] = role
      // A mark that divides fields too stands in numbers only in quotes.
      takesNumbers[columns.inputs[place]] =
        dialect.delimiter != settings.decimalMark.character && inputs.rows.takesNumbers(at: role)
    }
    roles[columns.target] = Self.targetRole
  }
}

/// What keeps the inputs of a table, and which of the inputs' columns it takes.
struct CSVInputs<Rows: TableRows>: Sendable {
  let rows: Rows
  /// The places among all inputs, ascending.
  let places: [Int]
}

/// The fields of a row that are kept until it is known whether the row is.
private struct DelayedFields {
  private var bytes: [UInt8] = []
  private var fields: [(end: Int, role: Int, line: Int)] = []

  mutating func append(_ field: UnsafeRawBufferPointer, role: Int, line: Int) {
    bytes.append(contentsOf: field)
    fields.append((bytes.count, role, line))
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
  }

  func forEach(_ body: (UnsafeRawBufferPointer, _ role: Int, _ line: Int) -> Void) {
    bytes.withUnsafeBytes { bytes in
      var start = 0
      for field in fields {
        body(UnsafeRawBufferPointer(rebasing: bytes[start..<field.end]), field.role, field.line)
        start = field.end
      }
    }
  }
}

/// What is wrong with a whole number that binary64 does not hold.
func roundingFault(_ text: String, _ value: Double) -> String {
  "the whole number \(text) would be rounded to \(plainText(value)), since float64 holds all of them only up to 2^53"
}
