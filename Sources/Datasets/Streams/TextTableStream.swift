import Foundations

/// A table of text that is read once from start to end in constant memory, a block of rows at a time, as it comes.
package struct TextTableStream {
  private let input: StreamedInput
  private let settings: TextTableSettings
  private let wanted: WantedColumns
  /// The rows of a block, unless fewer have come so far.
  private let blockRows: Int

  /// Begins to read a table.
  ///
  /// - Throws: `TrainerError` with code `.usage` for settings that no table can have.
  package init(
    _ input: StreamedInput, settings: TextTableSettings, wanted: WantedColumns, blockRows: Int
  ) throws {
    try settings.check()
    self.input = input
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
    let start = try input.peek(lines: settings.hasHeader ? 2 : 1)
    try ForeignFormat.refuse(start, path: input.name)
    let separator = CSVDialect.separatorLine(start)
    let dialect = CSVDialect(
      delimiter: settings.delimiter ?? separator?.delimiter
        ?? CSVDialect.delimiter(
          ofFile: input.name, start, isWhole: input.isWhole, comment: settings.comment,
          decimalMark: settings.decimalMark),
      comment: settings.comment)
    var rows = TextTableRows(path: input.name, settings: settings, dialect: dialect, wanted: wanted)
    var tokenizer = CSVTokenizer(dialect)
    var skipped = separator?.byteCount ?? 0
    if separator != nil { tokenizer.skip(lines: 1) }
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    var (filled, firstRow, hasBegun) = (0, 0, false)
    while true {
      let got = try buffer.withUnsafeMutableBytes {
        try input.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
      }
      filled += got
      let isLast = got == 0
      if filled < skipped, !isLast { continue }
      var used = 0
      var failure: (any Error)?
      do {
        used = try buffer.withUnsafeBytes { bytes in
          let rest = UnsafeRawBufferPointer(rebasing: bytes[min(skipped, filled)..<filled])
          return try skipped + tokenizer.read(rest, isLast: isLast, into: &rows)
        }
      } catch let error as CSVSyntaxError {
        failure = error.explained(path: input.name)
      } catch {
        failure = error
      }
      skipped = 0
      if !hasBegun, let columns = rows.columns {
        try begin(columns.keptNames)
        hasBegun = true
      }
      // Rows in front of a fault are as good as if they had come alone.
      if rows.count > 0, isLast || failure != nil || rows.count >= blockRows || input.isIdle {
        let block = rows.takeRows()
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
    guard firstRow > 0 else {
      throw TrainerError(.data, "'\(input.name)' holds no samples\(settings.hasHeader ? " behind its header" : "")")
    }
  }
}
