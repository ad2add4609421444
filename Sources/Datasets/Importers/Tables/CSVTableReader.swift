import Foundation
import Foundations

/// Hands the fields of a file to its rows, once the columns are known.
struct CSVTableReader: CSVConsumer {
  private let path: String
  private let settings: CSVImport
  private let dialect: CSVDialect
  private let fields: FieldValues
  private let like: CSVColumns?
  private let begin: (CSVColumns) -> CellRows

  /// The rows that were read; `nil` before the first record.
  var rows: CellRows?
  private(set) var columns: CSVColumns?
  private var first: [String] = []
  private var mayTakeNumbers = false
  /// For each column, its place among the inputs, or one of the others.
  private var roles: [Int] = []
  /// The place of the target among the cells of a row.
  private var targetRole = 0
  /// Where rows may be left out for what stands behind, the fields of one that are no numbers.
  private var delayed = DelayedFields()
  private var lacksTarget = false
  /// Whether this record does, as comments do that are not set to be such.
  private var beginsWithHash = false

  private static var droppedRole: Int { -1 }

  /// Creates a reader at the start of a file.
  ///
  /// - Parameters:
  ///   - like: The columns of the file whose columns this one has too; nil for the first.
  ///   - begin: Makes the rows, once the columns are known.
  init(
    path: String, settings: CSVImport, dialect: CSVDialect, like: CSVColumns?,
    begin: @escaping (CSVColumns) -> CellRows
  ) {
    self.path = path
    self.settings = settings
    self.dialect = dialect
    self.like = like
    self.begin = begin
    fields = settings.fields
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
      if role == targetRole { lacksTarget = fields.isMissing(field) }
      delayed.append(field, role: role, line: line)
    } else {
      rows?.take(field, at: role, line: line)
    }
  }

  mutating func takeNumber(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, column: Int) -> Int {
    guard column < roles.count, case let role = roles[column], role != Self.droppedRole, mayTakeNumbers,
      rows?.takesNumbers(at: role) == true
    else { return 0 }
    var at = start
    guard let number = DecimalField.read(&at, end, mark: fields.mark), !fields.isMissing(number.value),
      rows?.take(number, at: role) == true
    else { return 0 }
    return at - start
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws {
    guard let columns else {
      adopt(
        try like.map { try CSVColumns(first, like: $0, of: settings.path, path: path) }
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
      texts.forEach { rows?.take($0, at: $1, line: $2) }
    }
    rows?.endRow(line: line)
  }

  // MARK: Records that lack fields

  /// Begins a record of which fields of inputs may be left out, once the columns are known.
  mutating func beginSparseRecord() { rows?.beginSparseRow() }

  /// Whether a column is the target, which is never left out.
  func isTarget(_ column: Int) -> Bool { column < roles.count && roles[column] == targetRole }

  /// Ends a record that has fields of these columns.
  mutating func endSparseRecord(of columns: [Int], line: Int) throws {
    let rowCount = rows?.rowCount
    try endRecord(fieldCount: roles.count, line: line)
    guard rows?.rowCount != rowCount else { return }
    for column in columns where roles[column] != Self.droppedRole && roles[column] != targetRole {
      rows?.note(present: roles[column])
    }
  }

  /// A reader of later records with rows of its own; `nil` before the columns are known.
  func continued() -> CSVTableReader? {
    guard let rows else { return nil }
    var reader = self
    reader.rows = rows.continued()
    return reader
  }

  /// Forgets what belongs to a record that was begun.
  mutating func restart() {
    if columns == nil { first = [] }
    delayed.removeAll()
    lacksTarget = false
    beginsWithHash = false
  }

  private mutating func adopt(_ columns: CSVColumns) {
    rows = begin(columns)
    self.columns = columns
    roles = [Int](repeating: Self.droppedRole, count: columns.count)
    for (role, column) in columns.inputs.enumerated() { roles[column] = role }
    targetRole = columns.inputs.count
    roles[columns.target] = targetRole
    // A mark that divides fields too stands in numbers only in quotes.
    mayTakeNumbers = dialect.delimiter != settings.decimalMark.character
  }
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
