import Foundations
import HDF5

/// A table of text, read and checked: every record has the same fields, every input is a finite number.
struct CSVTable {
  /// The file.
  let path: String
  /// How it is written.
  let dialect: CSVDialect
  /// The input columns' names: from the header, or their places.
  let features: [String]
  /// The inputs.
  var inputs: NumberRows
  /// The target column as it stands in the file, without blanks around it.
  let target: TargetColumn
  /// The target column for messages, such as `column 5 ('species')`.
  let targetLabel: String

  /// The number of samples.
  var rowCount: Int { inputs.count }

  /// Reads a file from start to end; only its numbers stay in memory.
  ///
  /// - Throws: `TrainerError` with exit code `data`, with line and column where there is one.
  static func read(path: String, as settings: CSVImport) throws -> CSVTable {
    let file = try TextFile(path: path)
    defer { file.close() }
    let dialect = CSVDialect(
      delimiter: settings.delimiter ?? delimiter(of: file, settings), comment: settings.comment)
    var parser = CSVParser(dialect, CSVTableReader(path: path, settings: settings, dialect: dialect), settings.threads)
    var memory = ImportMemory(path: path)
    do {
      try file.forEachBlock(of: settings.blockSize * parser.threads) { block, isLast in
        let used = try parser.read(block, isLast: isLast)
        let fraction = file.fractionRead
        try memory.require(for: parser.reader.inputs, fraction: fraction)
        settings.progress?(ImportProgress(path: path, rowCount: parser.reader.inputs?.count ?? 0, fraction: fraction))
        return used
      }
    } catch let error as CSVSyntaxError {
      throw error.explained(path: path)
    }
    return try parser.reader.table()
  }

  private static func delimiter(of file: TextFile, _ settings: CSVImport) -> Character {
    let name = file.path.lowercased()
    let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    if stem.hasSuffix(".tsv") || stem.hasSuffix(".tab") { return "\t" }
    return CSVDialect.guessedDelimiter(
      file.start, isWhole: file.isWhole, comment: settings.comment, decimalMark: settings.decimalMark)
  }
}

extension CSVTable {
  /// An error about a sample's target.
  func targetError(_ text: TargetColumn.Text, _ what: String) -> TrainerError {
    TrainerError(.data, "'\(path)', line \(text.line), \(targetLabel): \(what)")
  }
}

extension CSVSyntaxError {
  fileprivate func explained(path: String) -> TrainerError {
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
