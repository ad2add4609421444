import Foundations

/// The target column of a table, and where it stands: each different text once; of a column of more texts than classes can
/// have, what its numbers are like alone.
struct CSVTargetSource {
  /// One of the texts.
  struct Text {
    let text: String
    /// The number that it stands for; not a number if it is none.
    let number: Double
    /// The first line that holds it.
    let line: Int
    /// The rows that hold it.
    let count: Int
  }

  let path: String
  /// The column for messages, such as `column 5 ('species')`.
  let label: String
  /// What its fields stand for.
  let fields: FieldValues
  let rowCount: Int
  /// How many rows hold finite numbers.
  let numberCount: Int
  /// The first row that holds none.
  let firstOther: Text?
  /// The first row without a value.
  let firstMissing: Text?
  /// The first row that holds a whole number which would be rounded.
  let firstRounded: Text?
  /// The different texts in the order of their first rows.
  let texts: [Text]
  /// Whether there are too many texts to keep, and only the numbers are.
  let holdsNumbersAlone: Bool
  /// Whether a number is not whole.
  let holdsFractions: Bool

  /// Takes the target of a file that was read.
  init(_ table: CSVTable, source: Int, of scan: TableScan) {
    path = table.path
    label = table.columns.label(table.columns.target)
    fields = scan.fields
    rowCount = scan.rowCounts[source]
    let entries = scan.targetTexts(of: source).map { scan.pool.entries[$0] }
    func text(_ entry: TextPool.Entry) -> Text {
      Text(text: scan.pool.text(of: entry), number: entry.number, line: entry.line, count: entry.count)
    }
    func text(_ sighting: TargetProfile.Sighting) -> Text {
      Text(text: sighting.text, number: sighting.number, line: sighting.line, count: 1)
    }
    // What is kept as numbers alone comes behind.
    let rest = scan.targets[source]
    numberCount = entries.reduce(rest.numberCount) { $0 + ($1.number.isNaN ? 0 : $1.count) }
    firstMissing = entries.first(where: \.isMissing).map(text) ?? rest.firstMissing.map(text)
    firstOther = entries.first(where: \.number.isNaN).map(text) ?? rest.firstOther.map(text)
    firstRounded = entries.first(where: \.isRounded).map(text) ?? rest.firstRounded.map(text)
    holdsFractions =
      rest.holdsFractions || entries.contains { !$0.number.isNaN && $0.number != $0.number.rounded() }
    holdsNumbersAlone = scan.keepsTargetNumbersAlone[source]
    texts = holdsNumbersAlone ? [] : entries.map(text)
  }

  /// Whether a number of the other mark is written as thousands are.
  func isThousandsByOtherMark(_ text: Text) -> Bool {
    var bytes = text.text
    return bytes.withUTF8 { fields.isThousandsByOtherMark(UnsafeRawBufferPointer($0)) }
  }

  /// Whether a text would be a number if the other mark stood in front of fractions.
  func isNumberByOtherMark(_ text: Text) -> Bool {
    guard text.number.isNaN else { return false }
    var bytes = text.text
    return bytes.withUTF8 { fields.isNumberByOtherMark(UnsafeRawBufferPointer($0)) }
  }

  /// How many rows hold numbers of the other mark; of a column of too many texts, all rows that hold no number if the first
  /// of them is such.
  var otherMarkCount: Int {
    guard !holdsNumbersAlone else {
      return firstOther.map(isNumberByOtherMark) == true ? rowCount - numberCount : 0
    }
    return texts.reduce(0) { $0 + (isNumberByOtherMark($1) ? $1.count : 0) }
  }

  /// An error about a sample's target.
  func targetError(_ text: Text, _ what: String, remedy: TrainerError.Remedy? = nil) -> TrainerError {
    TrainerError(.data, "'\(path)', line \(text.line), \(label): \(what)", remedy: remedy)
  }
}
