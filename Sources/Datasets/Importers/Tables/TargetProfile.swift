import Foundation

/// What the rows of a target column are like of which the texts are not kept, since there are more than classes can have.
struct TargetProfile {
  /// A text and where it stands.
  struct Sighting {
    let text: String
    /// The number that it stands for; not a number if it is none.
    let number: Double
    let line: Int
  }

  private let fields: FieldValues
  private(set) var rowCount = 0
  /// How many rows hold finite numbers.
  private(set) var numberCount = 0
  private(set) var holdsFractions = false
  /// The first row that holds no number.
  private(set) var firstOther: Sighting?
  /// The first row without a value.
  private(set) var firstMissing: Sighting?
  /// The first row that holds a whole number which would be rounded.
  private(set) var firstRounded: Sighting?

  /// Creates the profile of no rows.
  init(fields: FieldValues) { self.fields = fields }

  /// Adds a row.
  ///
  /// - Returns: The row's cell.
  mutating func append(_ field: UnsafeRawBufferPointer, line: Int) -> UInt64 {
    rowCount += 1
    let number = fields.decimal(field)
    func sighting() -> Sighting {
      Sighting(text: String(decoding: field, as: UTF8.self), number: number?.value ?? .nan, line: line)
    }
    if firstMissing == nil, fields.isMissing(field) { firstMissing = sighting() }
    guard let number else {
      if firstOther == nil { firstOther = sighting() }
      return Cell.missing
    }
    numberCount += 1
    if number.isRoundedWholeNumber, firstRounded == nil { firstRounded = sighting() }
    if number.value != number.value.rounded() { holdsFractions = true }
    return number.value.bitPattern
  }

  /// Adds the rows of another behind these.
  ///
  /// - Parameter lines: The lines in front of that profile's first.
  mutating func append(contentsOf other: TargetProfile, behind lines: Int) {
    func moved(_ sighting: Sighting) -> Sighting {
      Sighting(text: sighting.text, number: sighting.number, line: sighting.line + lines)
    }
    rowCount += other.rowCount
    numberCount += other.numberCount
    holdsFractions = holdsFractions || other.holdsFractions
    if firstOther == nil { firstOther = other.firstOther.map(moved) }
    if firstMissing == nil { firstMissing = other.firstMissing.map(moved) }
    if firstRounded == nil { firstRounded = other.firstRounded.map(moved) }
  }
}
