import Foundations

/// A text of rows that is read once from start to end in constant memory, a block of rows at a time, as it comes.
package struct TextTableStream {
  private let input: StreamedInput
  private let format: TextRowFormat
  private let settings: TextTableSettings
  private let wanted: WantedColumns
  /// The rows of a block, unless fewer have come so far.
  private let blockRows: Int

  /// Begins to read a text.
  ///
  /// - Throws: `TrainerError` with code `.usage` for settings that no table can have.
  package init(
    _ input: StreamedInput, as format: TextRowFormat = .table, settings: TextTableSettings, wanted: WantedColumns,
    blockRows: Int
  ) throws {
    try settings.check()
    self.input = input
    self.format = format
    self.settings = settings
    self.wanted = wanted
    self.blockRows = blockRows
  }

  /// Hands on all rows in order. Where rows come slowly, those that there are are handed on and not held back.
  ///
  /// - Parameters:
  ///   - begin: Takes the names of the copied columns, before the first block.
  ///   - body: Takes a block and the number of its first row, from 0.
  /// - Throws: `TrainerError` with code `.data` that names line and column; what `begin` and `body` throw.
  package func forEachBlock(
    begin: (_ keptNames: [String]) throws -> Void, _ body: (TextTableBlock, _ firstRow: Int) throws -> Void
  ) throws {
    switch format {
    case .table:
      let reader = try TableTextReader(input, settings: settings, wanted: wanted)
      try forEachBlock(reader, nothing: reader.hasHeader ? " behind its header" : "", begin: begin, body)
    case .jsonLines:
      try forEachBlock(
        JSONLinesRows(
          path: input.name, missing: (wanted.spelling?.missing ?? []) + settings.missing, wanted: wanted), begin: begin,
        body)
    case .sparse(let columns):
      try forEachBlock(SparseTextRows(path: input.name, columns: columns, wanted: wanted), begin: begin, body)
    }
  }

  private func forEachBlock(
    _ reader: some TextRowReader, nothing: String = "", begin: (_ keptNames: [String]) throws -> Void,
    _ body: (TextTableBlock, _ firstRow: Int) throws -> Void
  ) throws {
    var reader = reader
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    var (filled, firstRow, hasBegun) = (0, 0, false)
    while true {
      let got = try buffer.withUnsafeMutableBytes {
        try input.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
      }
      filled += got
      let isLast = got == 0
      var used = 0
      var failure: (any Error)?
      do {
        used = try buffer.withUnsafeBytes {
          try reader.read(UnsafeRawBufferPointer(rebasing: $0[..<filled]), isLast: isLast)
        }
      } catch {
        failure = error
      }
      if !hasBegun, let names = reader.keptNames {
        try begin(names)
        hasBegun = true
      }
      // Rows in front of a fault are as good as if they had come alone.
      if reader.count > 0, isLast || failure != nil || reader.count >= blockRows || input.isIdle {
        let block = reader.takeRows()
        try body(block, firstRow)
        firstRow += block.rowCount
      }
      if let failure { throw failure }
      if isLast { break }
      filled -= used
      if filled == buffer.count {
        // A field does not fit.
        try input.requireField(beyond: filled)
        buffer.append(contentsOf: repeatElement(0, count: buffer.count))
      } else if used > 0, filled > 0 {
        buffer.withUnsafeMutableBytes { bytes in
          bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[used..<used + filled]))
        }
      }
    }
    guard firstRow > 0 else { throw TrainerError(.data, "'\(input.name)' holds no samples\(nothing)") }
    try reader.finish()
  }
}

/// How rows stand in a text.
package enum TextRowFormat: Sendable, Equatable {
  /// Fields between delimiters.
  case table
  /// A JSON object on each line.
  case jsonLines
  /// Those numbers that are not zero, as `index:value`, in the format of SVMlight and LIBSVM.
  case sparse(SparseColumns)
}

/// Makes rows of a text as it comes.
protocol TextRowReader {
  /// How many rows there are that nobody has taken.
  var count: Int { get }
  /// The names of the copied columns, once they are known.
  var keptNames: [String]? { get }
  /// Reads the records that are whole; returns how many bytes they have.
  ///
  /// - Parameter isLast: Whether the text ends with these bytes.
  /// - Throws: `TrainerError` that names line and column.
  mutating func read(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int
  /// Takes the rows away.
  mutating func takeRows() -> TextTableBlock
  /// Finds at the end that the text as a whole was what it should be.
  ///
  /// - Throws: `TrainerError`.
  func finish() throws
}

/// Reads fields between delimiters.
private struct TableTextReader: TextRowReader {
  private let path: String
  private var rows: TextTableRows
  private var tokenizer: CSVTokenizer
  /// The bytes in front that name the delimiter and have not been skipped.
  private var skipped: Int
  let hasHeader: Bool

  init(_ input: StreamedInput, settings: TextTableSettings, wanted: WantedColumns) throws {
    path = input.name
    let start = try input.peek(lines: settings.hasHeader ?? wanted.spelling?.hasHeader ?? true ? 2 : 1)
    try ForeignFormat.refuse(start, path: path)
    let reading = TextTableReading(settings, wanted: wanted, path: path, start: start, isWhole: input.isWhole)
    rows = TextTableRows(path: path, reading: reading, wanted: wanted)
    tokenizer = CSVTokenizer(reading.dialect)
    skipped = reading.skipped
    if skipped > 0 { tokenizer.skip(lines: 1) }
    hasHeader = reading.hasHeader
  }

  var count: Int { rows.count }
  var keptNames: [String]? { rows.keptNames }

  mutating func read(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    guard isLast || text.count >= skipped else { return 0 }
    let first = min(skipped, text.count)
    skipped = 0
    do {
      return try first + tokenizer.read(UnsafeRawBufferPointer(rebasing: text[first...]), isLast: isLast, into: &rows)
    } catch let error as CSVSyntaxError {
      throw error.explained(path: path)
    }
  }

  mutating func takeRows() -> TextTableBlock { rows.takeRows() }
  func finish() {}
}
