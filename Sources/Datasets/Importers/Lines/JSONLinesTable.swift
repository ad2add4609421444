import Foundations

/// Hands the records of a file of JSON lines to the reader of a table of text, as fields beneath a header of all keys.
struct JSONLinesTable {
  private let path: String

  init(path: String) { self.path = path }

  /// Reads a file twice: once for its keys, since any line can have a new one, and once for its values.
  ///
  /// - Parameters:
  ///   - first: The columns of the file whose columns this one has too; an input that no line has is a missing value in all.
  ///   - scan: Takes the rows after each block.
  ///   - note: Told then how much of the file is read, with the reader.
  /// - Returns: The columns.
  /// - Throws: `TrainerError` with exit code `data`, and what the reader, the scan and `note` throw.
  func read(
    into reader: CSVTableReader, _ scan: TableScan, besides first: CSVColumns?,
    note: (_ reader: CSVTableReader, _ rowCount: Int, _ fraction: Double) throws -> Void
  ) throws -> CSVColumns? {
    var names = ColumnNames()
    try forEachBlock(&names) { _, _ in }
    if let first {
      let found = Set(names.found)
      names.found += first.features.filter { !found.contains($0) }
    }
    guard names.found.count > 1 else {
      let found = names.found.first.map { "one key, '\($0)'" } ?? "no keys"
      throw TrainerError(.data, "'\(path)' has \(found), and a table has inputs and a target")
    }
    var records = FieldRecords(reader: reader, columnCount: names.found.count)
    for (column, name) in names.found.enumerated() {
      Array(name.utf8).withUnsafeBytes { records.reader.take($0, column: column, line: 1) }
    }
    try records.reader.endRecord(fieldCount: names.found.count, line: 1)
    try forEachBlock(&records) { records, fraction in
      if let rows = records.reader.rows {
        var pieces = [rows]
        records.reader.rows = nil
        defer { records.reader.rows = pieces[0] }
        try scan.take(&pieces, behind: [0])
      }
      try note(records.reader, scan.rowCounts.last ?? 0, fraction)
    }
    return records.reader.columns
  }

  private func forEachBlock<Consumer: JSONLinesConsumer>(
    _ consumer: inout Consumer, _ note: (inout Consumer, _ fraction: Double) throws -> Void
  ) throws {
    let file = try TextFile(path: path, isTable: false)
    var parser = JSONLinesParser()
    do {
      try file.forEachBlock(of: 1 << 20) { block, isLast in
        let used = try parser.read(block, isLast: isLast, into: &consumer)
        try note(&consumer, file.fractionRead)
        return used
      }
    } catch let error as JSONLinesError {
      throw TrainerError(.data, "'\(path)', line \(error.line): \(error.fault)")
    }
  }
}

/// The keys of a file in the order of their first lines.
private struct ColumnNames: JSONLinesConsumer {
  var found: [String] = []

  mutating func addColumn(_ name: String, line: Int) { found.append(name) }
  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {}
  mutating func endRecord(line: Int) {}
}

/// Values as fields of a table of text.
private struct FieldRecords: JSONLinesConsumer {
  var reader: CSVTableReader
  private let columnCount: Int
  /// For each column, whether the record has a value of it.
  private var isTaken: [Bool]

  init(reader: CSVTableReader, columnCount: Int) {
    (self.reader, self.columnCount) = (reader, columnCount)
    isTaken = [Bool](repeating: false, count: columnCount)
  }

  // All are known.
  mutating func addColumn(_ name: String, line: Int) {}

  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {
    guard isTaken.indices.contains(column) else { return }
    isTaken[column] = true
    switch value {
    case .missing: isTaken[column] = false
    case .boolean(let value):
      (value ? "true" : "false" as StaticString).withUTF8Buffer {
        reader.take(UnsafeRawBufferPointer($0), column: column, line: line)
      }
    case .number(let text):
      if let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self),
        reader.takeNumber(start, start + text.count, column: column) == text.count
      {
        return
      }
      reader.take(text, column: column, line: line)
    case .text(let text): reader.take(text, column: column, line: line)
    }
  }

  mutating func endRecord(line: Int) throws {
    for column in 0..<columnCount {
      if !isTaken[column] { reader.take(UnsafeRawBufferPointer(start: nil, count: 0), column: column, line: line) }
      isTaken[column] = false
    }
    try reader.endRecord(fieldCount: columnCount, line: line)
  }
}
