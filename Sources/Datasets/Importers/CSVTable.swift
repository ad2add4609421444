import Foundations
import HDF5

/// A table of text, read and checked: every record has the same fields, and the rows are in the scan's spool.
struct CSVTable {
  /// The file.
  let path: String
  /// How it is written.
  let dialect: CSVDialect
  /// Which column is what.
  let columns: CSVColumns

  /// So many lines are read at a time, where they are long, so that threads have enough of each column.
  private static let fewestLines = 64
  private static let blockSize = 1 << 19
  private static let largestBlockSize = 1 << 22

  /// Reads a file from start to end into a scan.
  ///
  /// - Parameters:
  ///   - first: The columns of the file whose columns this one has too; nil for the first.
  ///   - check: Called once, when some rows have been read.
  /// - Throws: `TrainerError` with exit code `data`, with line and column where there is one, and what `check` throws.
  init(
    reading path: String, as settings: CSVImport, like first: CSVColumns? = nil, into scan: TableScan,
    check: (CSVColumns) throws -> Void
  ) throws {
    self.path = path
    let source = scan.segments.count
    var isChecked = false
    let part = WorkProgress.begin("reading \(fileName(of: path))", "rows")
    defer { part?.end() }
    func note(_ reader: CSVTableReader, _ rowCount: Int, _ fraction: Double) throws {
      if !isChecked, let columns = reader.columns, scan.rowCounts.last.map({ $0 > 0 }) ?? false {
        isChecked = true
        try check(columns)
      }
      part?.set(rowCount, share: fraction)
    }
    let columns: CSVColumns?
    if settings.isJSONLines {
      dialect = CSVDialect()
      let reader = CSVTableReader(path: path, settings: settings, dialect: dialect, like: first, begin: scan.begin)
      columns = try JSONLinesTable(path: path).read(into: reader, scan, besides: first, note: note)
    } else {
      let file = try TextFile(path: path)
      let separator = CSVDialect.separatorLine(file.start)
      dialect = CSVDialect(
        delimiter: settings.delimiter ?? separator?.delimiter
          ?? CSVDialect.delimiter(
            ofFile: path, file.start, isWhole: file.isWhole, comment: settings.comment,
            decimalMark: settings.decimalMark),
        comment: settings.comment)
      let reader = CSVTableReader(path: path, settings: settings, dialect: dialect, like: first, begin: scan.begin)
      var parser = CSVParser(dialect, reader, scan)
      var skipped = separator?.byteCount ?? 0
      if separator != nil { parser.skip(lines: 1) }
      do {
        try file.forEachBlock(of: (settings.blockSize ?? Self.blockSize(of: file)) * scan.threads) { block, isLast in
          guard block.count >= skipped else { return 0 }
          let used = try skipped + parser.read(UnsafeRawBufferPointer(rebasing: block[skipped...]), isLast: isLast)
          skipped = 0
          try note(parser.reader, parser.rowCount, file.fractionRead)
          return used
        }
      } catch let error as CSVSyntaxError {
        throw error.explained(path: path)
      }
      columns = parser.reader.columns
    }
    guard let columns, scan.rowCounts.count > source, scan.rowCounts[source] > 0 else {
      let what = settings.dropMissingTargets && columns != nil ? "no sample with a target" : "no samples"
      throw TrainerError(.data, "'\(path)' holds \(what)\(settings.hasHeader ? " behind its header" : "")")
    }
    self.columns = columns
  }

  /// The bytes that a thread reads at a time.
  private static func blockSize(of file: TextFile) -> Int {
    let line = file.start.firstIndex(of: UInt8(ascii: "\n")) ?? (file.isWhole ? 0 : largestBlockSize)
    return max(blockSize, min(largestBlockSize, fewestLines * line))
  }
}

extension CSVSyntaxError {
  /// The error with its place.
  func explained(path: String) -> TrainerError {
    let place = "'\(path)', line \(line), column \(column): "
    return switch fault {
    case .unclosedQuote: TrainerError(.data, place + "a quote is opened and never closed")
    case .textBehindQuote: TrainerError(.data, place + "a quoted field goes on behind its closing quote")
    case .nul: TrainerError(.data, place + "it holds a NUL, which no text does; is the file damaged?")
    case .notUTF8:
      TrainerError(
        .data,
        "'\(path)' is not text in UTF-8 (line \(line), column \(column)); convert it first, with "
          + "iconv -f WINDOWS-1252 -t UTF-8 '\(path)' > '\(ForeignFormat.stem(of: path))-utf8.csv' for example")
    }
  }
}
