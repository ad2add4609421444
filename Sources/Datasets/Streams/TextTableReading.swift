import Foundations

/// How one table of text with new rows is read: as it is set, else as the training table was, else as its first lines say.
struct TextTableReading {
  let hasHeader: Bool
  let namesMayBeNumbers: Bool
  let dialect: CSVDialect
  let decimalMark: CSVImport.DecimalMark
  /// All spellings of a missing value.
  let missing: [String]
  /// The bytes in front that name the delimiter and are no data.
  let skipped: Int
  private let thousandsMark: Character?
  private let dateOrder: CSVImport.DateOrder
  /// Which columns are inputs where they have no names, as in the training table.
  let places: TableSpelling.Places?
  /// Whether the training table had no header, and nothing is set.
  let lacksHeaderByTraining: Bool

  /// Looks at a table's first lines.
  ///
  /// - Parameters:
  ///   - start: The first lines.
  ///   - isWhole: Whether these are all.
  init(_ settings: TextTableSettings, wanted: WantedColumns, path: String, start: [UInt8], isWhole: Bool) {
    let trained = wanted.spelling ?? TableSpelling()
    hasHeader = settings.hasHeader ?? trained.hasHeader
    lacksHeaderByTraining = settings.hasHeader == nil && !trained.hasHeader
    namesMayBeNumbers = settings.namesMayBeNumbers
    missing = trained.allMissing + settings.missing
    let mark = settings.decimalMark ?? trained.decimalMark
    let separator = CSVDialect.separatorLine(start)
    skipped = separator?.byteCount ?? 0
    // What is set to divide fields begins no comment.
    let comment = settings.comment ?? (trained.comment == settings.delimiter ? nil : trained.comment)
    func guess(_ mark: CSVImport.DecimalMark) -> Character {
      CSVDialect.delimiter(ofFile: path, start, isWhole: isWhole, comment: comment, decimalMark: mark)
    }
    let delimiter: Character
    if let known = settings.delimiter ?? separator?.delimiter {
      delimiter = known
    } else if wanted.spelling == nil {
      delimiter = guess(mark)
    } else {
      // A table that is plainly written another way is read as its own lines say.
      let hasHeader = hasHeader
      func fit(_ delimiter: Character) -> Int {
        wanted.fit(CSVDialect(delimiter: delimiter, comment: comment), start, isWhole: isWhole, hasHeader: hasHeader)
      }
      let usual = trained.delimiter ?? ","
      let found = guess(settings.decimalMark ?? .point)
      delimiter = fit(found) > fit(usual) ? found : usual
    }
    dialect = CSVDialect(delimiter: delimiter, comment: comment)
    // Where the comma divides fields and did not in training, it does not stand in numbers either.
    let isInNumbers = delimiter == mark.character && delimiter != trained.delimiter ?? ","
    decimalMark = settings.decimalMark ?? (isInNumbers ? .point : mark)
    let thousands = settings.thousandsMark ?? trained.thousandsMark
    thousandsMark = thousands == decimalMark.character ? nil : thousands
    dateOrder = settings.dateOrder ?? trained.dateOrder
    places = hasHeader ? nil : trained.places
  }

  var values: FieldValues {
    FieldValues(decimalMark: decimalMark, missing: missing, thousandsMark: thousandsMark, dateOrder: dateOrder)
  }
}

extension WantedColumns {
  /// Whether columns are found by their names: those of a training table without a header have none of their own.
  func namesCount(hasHeader: Bool) -> Bool { hasHeader && areNamed && spelling?.hasHeader ?? true }

  /// How well a table's first record fits when its fields are divided so: how many of the columns it names, or, where places
  /// count, whether it has as many.
  fileprivate func fit(_ dialect: CSVDialect, _ start: [UInt8], isWhole: Bool, hasHeader: Bool) -> Int {
    var record = FirstRecord()
    var tokenizer = CSVTokenizer(dialect)
    do {
      _ = try start.withUnsafeBytes { try tokenizer.read($0, isLast: isWhole, into: &record) }
    } catch _ {
      // What is wrong with the table is said when it is read; and no more than a record is looked at.
    }
    guard namesCount(hasHeader: hasHeader) else {
      let isWhole = record.fields.count == features.count || record.fields.count == spelling?.places?.columnCount
      return isWhole ? 2 : record.fields.count > 1 ? 1 : 0
    }
    let names = Set(features.map(\.name))
    return record.fields.count { names.contains($0) }
  }
}

/// The fields of a table's first record.
private struct FirstRecord: CSVConsumer {
  private struct Enough: Error {}

  private(set) var fields: [String] = []

  mutating func take(_ field: UnsafeRawBufferPointer, column: Int, line: Int) {
    fields.append(String(decoding: field, as: UTF8.self))
  }

  mutating func endRecord(fieldCount: Int, line: Int) throws { throw Enough() }
}
