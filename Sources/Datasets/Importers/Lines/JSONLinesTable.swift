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
    try requireFields(names)
    guard names.found.count > 1 else {
      let found = names.found.first.map { "one key, '\($0)'" } ?? "no keys"
      throw TrainerError(.data, "'\(path)' has \(found), and a table has inputs and a target")
    }
    func take(_ reader: inout CSVTableReader) throws {
      guard let rows = reader.rows else { return }
      var pieces = [rows]
      reader.rows = nil
      defer { reader.rows = pieces[0] }
      try scan.take(&pieces, behind: [0])
    }
    var records = FieldRecords(reader: reader, columnCount: names.found.count, take: take)
    for (column, name) in names.found.enumerated() {
      Array(name.utf8).withUnsafeBytes { records.reader.take($0, column: column, line: 1) }
    }
    try records.reader.endRecord(fieldCount: names.found.count, line: 1)
    records.findTarget()
    try forEachBlock(&records) { records, fraction in
      try take(&records.reader)
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

  /// A file of fewer bytes as a table is read whatever it lacks.
  private static let fewBytes = 4 << 30
  /// One in so many fields, or more, is there.
  private static let rareness = 50

  /// Refuses keys that are data: as columns they would be missing in nearly all rows.
  private func requireFields(_ names: ColumnNames) throws {
    let (cells, isTooLarge) = names.found.count.multipliedReportingOverflow(by: names.recordCount)
    guard isTooLarge || cells > Self.fewBytes / 8, names.valueCount < (isTooLarge ? .max : cells / Self.rareness) else {
      return
    }
    throw TrainerError(
      .data,
      "'\(path)' has \(names.found.count) different keys in \(names.recordCount) lines, of which a line has "
        + "\(names.valueCount / max(1, names.recordCount)) on average: as a table it would take "
        + "\(isTooLarge ? "more than there is room for" : ByteText.text(8 * cells)), nearly all of it missing values; are keys data? "
        + "Write what is there as a sparse table (LIBSVM), or leave rare keys out")
  }
}

/// The keys of a file in the order of their first lines, and how much of a table they are.
private struct ColumnNames: JSONLinesConsumer {
  var found: [String] = []
  private(set) var recordCount = 0
  private(set) var valueCount = 0

  mutating func addColumn(_ name: String, line: Int) { found.append(name) }
  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) { valueCount += 1 }
  mutating func endRecord(line: Int) { recordCount += 1 }
}

/// Values as fields of a table of text. What a record lacks is not touched, so that the time goes by what is there.
private struct FieldRecords: JSONLinesConsumer {
  /// Cells of rows that are handed on at once.
  private static let mostCells = 1 << 20

  var reader: CSVTableReader
  private let columnCount: Int
  private let take: (inout CSVTableReader) throws -> Void
  /// The columns of which the record has a value.
  private var taken: [Int] = []
  private var target: Int?
  private var hasTarget = false

  init(reader: CSVTableReader, columnCount: Int, take: @escaping (inout CSVTableReader) throws -> Void) {
    (self.reader, self.columnCount, self.take) = (reader, columnCount, take)
  }

  /// Learns which column is the target, once the reader knows it.
  mutating func findTarget() { target = (0..<columnCount).first(where: reader.isTarget) }

  // All are known.
  mutating func addColumn(_ name: String, line: Int) {}

  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {
    guard column < columnCount else { return }
    if case .missing = value { return }
    if taken.isEmpty { reader.beginSparseRecord() }
    taken.append(column)
    if column == target { hasTarget = true }
    switch value {
    case .missing: break
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
    if taken.isEmpty { reader.beginSparseRecord() }
    if !hasTarget, let target {
      reader.take(UnsafeRawBufferPointer(start: nil, count: 0), column: target, line: line)
    }
    try reader.endSparseRecord(of: taken, line: line)
    taken.removeAll(keepingCapacity: true)
    hasTarget = false
    if let rows = reader.rows, rows.rowCount * rows.width > Self.mostCells { try take(&reader) }
  }
}
