import Foundations

/// The target column of a table as it is read: each different text once, and for each row which it was; of a column of
/// more texts than classes can have, the numbers alone.
struct TargetColumn {
  /// More than there can be classes; numbers to predict come in any count.
  private static let mostTexts = 1 << 12

  /// One of the texts.
  struct Text {
    let text: String
    /// The number that it stands for.
    let number: DecimalField?
    /// The first line that holds it.
    let line: Int
  }

  private(set) var rowCount = 0
  /// How many rows hold finite numbers.
  private(set) var numberCount = 0
  /// The first row that holds none.
  private(set) var firstOther: Text?
  /// The first row without a value.
  private(set) var firstMissing: Text?
  /// The first row that holds a whole number which would be rounded.
  private(set) var firstRounded: Text?
  /// The different texts in the order of their first rows.
  private(set) var texts: [Text] = []
  /// Whether there are too many texts to keep, and only the numbers are.
  private(set) var holdsNumbersAlone = false
  /// For each row, the place of its text; empty if only numbers are kept.
  private(set) var rows: [UInt32] = []

  private let fields: FieldValues
  private var places: [String: UInt32] = [:]
  private var values: [Double] = []

  init(fields: FieldValues) { self.fields = fields }

  /// Adds a row.
  mutating func append(_ field: UnsafeRawBufferPointer, line: Int) {
    rowCount += 1
    guard !holdsNumbersAlone else {
      let number = fields.decimal(field)
      if firstMissing == nil, fields.isMissing(field) {
        firstMissing = Text(text: String(decoding: field, as: UTF8.self), number: number, line: line)
      }
      if number == nil || number?.isRoundedWholeNumber == true {
        note(Text(text: String(decoding: field, as: UTF8.self), number: number, line: line))
      }
      if number != nil { numberCount += 1 }
      values.append(number?.value ?? .nan)
      return
    }
    let text = String(decoding: field, as: UTF8.self)
    if let place = places[text] {
      rows.append(place)
      if texts[Int(place)].number != nil { numberCount += 1 }
      return
    }
    let new = Text(text: text, number: fields.decimal(field), line: line)
    note(new)
    if firstMissing == nil, fields.isMissing(field) { firstMissing = new }
    if new.number != nil { numberCount += 1 }
    rows.append(place(of: new))
    if texts.count == Self.mostTexts { keepNumbersAlone() }
  }

  /// A column without rows that keeps what this one keeps.
  func continued() -> TargetColumn {
    var column = TargetColumn(fields: fields)
    column.holdsNumbersAlone = holdsNumbersAlone
    return column
  }

  /// Adds the rows of another column, as if they had been added one after the other.
  ///
  /// - Parameter lines: The lines in front of that column's first.
  mutating func append(contentsOf other: TargetColumn, behind lines: Int) {
    func moved(_ text: Text) -> Text { Text(text: text.text, number: text.number, line: text.line + lines) }
    if firstOther == nil { firstOther = other.firstOther.map(moved) }
    if firstMissing == nil { firstMissing = other.firstMissing.map(moved) }
    if firstRounded == nil { firstRounded = other.firstRounded.map(moved) }
    rowCount += other.rowCount
    numberCount += other.numberCount
    if other.holdsNumbersAlone, !holdsNumbersAlone { keepNumbersAlone() }
    guard !holdsNumbersAlone else {
      values += other.numbers
      return
    }
    let moves = other.texts.map { place(of: moved($0)) }
    rows += other.rows.map { moves[Int($0)] }
    if texts.count >= Self.mostTexts { keepNumbersAlone() }
  }

  /// The place of a text, which is new or not.
  private mutating func place(of text: Text) -> UInt32 {
    if let place = places[text.text] { return place }
    let place = UInt32(texts.count)
    places[text.text] = place
    texts.append(text)
    return place
  }

  /// Each row's number; not a number where it holds none.
  var numbers: [Double] {
    if holdsNumbersAlone { return values }
    return rows.map { texts[Int($0)].number?.value ?? .nan }
  }

  private mutating func note(_ text: Text) {
    if text.number == nil, firstOther == nil { firstOther = text }
    if text.number?.isRoundedWholeNumber == true, firstRounded == nil { firstRounded = text }
  }

  private mutating func keepNumbersAlone() {
    values = numbers
    holdsNumbersAlone = true
    (texts, rows, places) = ([], [], [:])
  }
}
