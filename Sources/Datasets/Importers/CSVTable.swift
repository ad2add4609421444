import Foundations
import HDF5

/// A table of text, read and checked: every record has the same fields.
struct CSVTable<Rows: TableRows> {
  /// The file.
  let path: String
  /// How it is written.
  let dialect: CSVDialect
  /// Which column is what.
  let columns: CSVColumns
  /// The inputs.
  var rows: Rows
  /// The target column as it stands in the file, without blanks around it.
  let target: TargetColumn

  /// The number of samples.
  var rowCount: Int { target.rowCount }
  /// The target column for what reads it.
  var targetSource: CSVTargetSource {
    CSVTargetSource(path: path, target: target, label: columns.label(columns.target), fields: columns.fields)
  }

  /// Reads a file from start to end; only what `makeRows` keeps stays in memory.
  ///
  /// - Parameters:
  ///   - first: The columns of the file whose columns this one has too; nil for the first.
  ///   - part: Which part of the whole import the reading is, for its progress.
  ///   - makeRows: Makes what keeps the inputs, once the columns are known.
  /// - Throws: `TrainerError` with exit code `data`, with line and column where there is one, and what the rows throw.
  static func read(
    path: String, as settings: CSVImport, like first: CSVColumns? = nil, part: ClosedRange<Double> = 0...1,
    makeRows: @escaping @Sendable (CSVColumns) throws -> CSVInputs<Rows>
  ) throws -> CSVTable {
    if settings.isJSONLines {
      return try readJSONLines(path: path, as: settings, like: first, part: part, makeRows: makeRows)
    }
    let file = try TextFile(path: path)
    let separator = CSVDialect.separatorLine(file.start)
    let dialect = CSVDialect(
      delimiter: settings.delimiter ?? separator?.delimiter
        ?? CSVDialect.delimiter(
          ofFile: path, file.start, isWhole: file.isWhole, comment: settings.comment, decimalMark: settings.decimalMark),
      comment: settings.comment)
    let reader = CSVTableReader(path: path, settings: settings, dialect: dialect, like: first, makeRows: makeRows)
    var parser = CSVParser(dialect, reader, settings.threads)
    var memory = ImportMemory(path: path)
    var skipped = separator?.byteCount ?? 0
    if separator != nil { parser.skip(lines: 1) }
    do {
      try file.forEachBlock(of: settings.blockSize * parser.threads) { block, isLast in
        guard block.count >= skipped else { return 0 }
        let used = try skipped + parser.read(UnsafeRawBufferPointer(rebasing: block[skipped...]), isLast: isLast)
        skipped = 0
        try note(parser.reader, file.fractionRead, &memory, settings, part)
        return used
      }
    } catch let error as CSVSyntaxError {
      throw error.explained(path: path)
    }
    return try parser.reader.table()
  }

  private static func readJSONLines(
    path: String, as settings: CSVImport, like first: CSVColumns?, part: ClosedRange<Double>,
    makeRows: @escaping @Sendable (CSVColumns) throws -> CSVInputs<Rows>
  ) throws -> CSVTable {
    let reader = CSVTableReader(path: path, settings: settings, dialect: CSVDialect(), like: first, makeRows: makeRows)
    var memory = ImportMemory(path: path)
    return try JSONLinesTable(path: path).read(into: reader, besides: first) { reader, fraction in
      try note(reader, fraction, &memory, settings, part)
    }.table()
  }

  /// Holds what was read against the memory, and tells how far it is.
  private static func note(
    _ reader: CSVTableReader<Rows>, _ fraction: Double, _ memory: inout ImportMemory, _ settings: CSVImport,
    _ part: ClosedRange<Double>
  ) throws {
    let rowCount = reader.rows?.rowCount ?? 0
    try memory.require(rowCount: rowCount, rowByteCount: reader.rows?.rowByteCount ?? 0, fraction: fraction)
    settings.progress?(
      ImportProgress(
        path: memory.path, rowCount: rowCount,
        fraction: fraction == 1 ? part.upperBound : part.lowerBound + fraction * (part.upperBound - part.lowerBound)))
  }
}

/// The target column of a table, and where it stands.
struct CSVTargetSource {
  let path: String
  let target: TargetColumn
  /// The column for messages, such as `column 5 ('species')`.
  let label: String
  /// What its fields stand for.
  let fields: FieldValues

  /// Whether a number of the other mark is written as thousands are.
  func isThousandsByOtherMark(_ text: TargetColumn.Text) -> Bool {
    var bytes = text.text
    return bytes.withUTF8 { fields.isThousandsByOtherMark(UnsafeRawBufferPointer($0)) }
  }

  /// Whether a text would be a number if the other mark stood in front of fractions.
  func isNumberByOtherMark(_ text: TargetColumn.Text) -> Bool {
    guard text.number == nil else { return false }
    var bytes = text.text
    return bytes.withUTF8 { fields.isNumberByOtherMark(UnsafeRawBufferPointer($0)) }
  }

  /// How many rows hold numbers of the other mark; of a column of too many texts, all rows that hold no number if the first
  /// of them is such.
  var otherMarkCount: Int {
    guard !target.holdsNumbersAlone else {
      return target.firstOther.map(isNumberByOtherMark) == true ? target.rowCount - target.numberCount : 0
    }
    let areSuch = target.texts.map(isNumberByOtherMark)
    return areSuch.contains(true) ? target.rows.count { areSuch[Int($0)] } : 0
  }

  /// An error about a sample's target.
  func targetError(_ text: TargetColumn.Text, _ what: String, remedy: TrainerError.Remedy? = nil) -> TrainerError {
    TrainerError(.data, "'\(path)', line \(text.line), \(label): \(what)", remedy: remedy)
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
        "'\(path)' is not text in UTF-8 (line \(line), column \(column)); convert it first, with iconv -f LATIN1 -t UTF-8 "
          + "for example")
    }
  }
}
