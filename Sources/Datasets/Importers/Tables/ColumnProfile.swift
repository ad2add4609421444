import Foundations

/// What the values of a column are like: how many are numbers, truth values, points in time and other text, and what the
/// column is for that. Nothing is kept of them but counts and the first of each sort.
package struct ColumnProfile: Sendable {
  /// A value and where it stands.
  package struct Sighting: Sendable {
    package let text: String
    /// The place of its file among those that are read.
    package let source: Int
    package let line: Int
  }

  /// The values of one sort.
  struct Sort: Sendable {
    var count = 0
    var first: Sighting?

    mutating func add(_ other: Sort, behind lines: Int) {
      count += other.count
      if first == nil { first = other.first.map { ColumnProfile.moved($0, lines) } }
    }
  }

  private let values: FieldValues
  /// The place of the file that is read among all.
  package var source = 0
  package private(set) var missingCount = 0
  /// 0 and 1, which are truth values where a column is set to hold such.
  private(set) var bits = Sort()
  private(set) var otherNumbers = Sort()
  private(set) var words = Sort()
  private(set) var dates = Sort()
  private(set) var texts = Sort()
  /// Texts that are numbers with the other decimal mark.
  private(set) var otherMarks = Sort()
  /// Whether all of these have one to three digits in front of their mark and three behind it, as thousands are written.
  private(set) var otherMarksAreThousands = true
  /// The first whole number that would be rounded.
  private(set) var rounded: Sighting?
  private(set) var smallest = Double.infinity
  private(set) var largest = -Double.infinity
  /// Whether all numbers are whole and from 0 to 255.
  private(set) var areBytes = true
  private(set) var ascent = Ascent()
  private(set) var earliest = Double.infinity
  private(set) var latest = -Double.infinity
  private(set) var holdsTrue = false
  private(set) var holdsFalse = false
  private(set) var holdsLongWord = false
  private var distinct = DistinctCounter()

  /// Creates the profile of a column without values.
  package init(values: FieldValues) { self.values = values }

  /// The rows.
  package var rowCount: Int { missingCount + presentCount }
  /// The different values; `nil` for more than are counted.
  package var distinctCount: Int? { distinct.count }

  var numberCount: Int { bits.count + otherNumbers.count }
  var presentCount: Int { numberCount + words.count + dates.count + texts.count }

  // MARK: Values

  /// Adds a row with a text.
  package mutating func append(_ field: UnsafeRawBufferPointer, line: Int) {
    if values.isMissing(field) { return appendMissing() }
    if let number = values.decimal(field) {
      let text = number.isRoundedWholeNumber && rounded == nil ? String(decoding: field, as: UTF8.self) : nil
      return append(number: number.value, line: line, roundedFrom: text)
    }
    distinct.insert(DistinctCounter.bits(of: field))
    func sighting() -> Sighting { Sighting(text: String(decoding: field, as: UTF8.self), source: source, line: line) }
    if let truth = values.boolean(field) {
      if words.first == nil { words.first = sighting() }
      words.count += 1
      if truth == 1 { holdsTrue = true } else { holdsFalse = true }
      if field.count > 1 { holdsLongWord = true }
    } else if let date = values.date(field) {
      if dates.first == nil { dates.first = sighting() }
      dates.count += 1
      (earliest, latest) = (min(earliest, date), max(latest, date))
    } else {
      if texts.first == nil { texts.first = sighting() }
      texts.count += 1
      guard values.isNumberByOtherMark(field) else { return }
      if otherMarks.first == nil { otherMarks.first = sighting() }
      otherMarks.count += 1
      if otherMarksAreThousands { otherMarksAreThousands = values.isThousandsByOtherMark(field) }
    }
  }

  /// Adds a row with a finite number, written as it is; or, where a whole number was rounded to it, as that text.
  package mutating func append(number: Double, line: Int, roundedFrom text: String? = nil) {
    distinct.insert((number + 0).bitPattern)
    func sighting() -> Sighting { Sighting(text: text ?? plainText(number), source: source, line: line) }
    if number == 0 || number == 1 {
      if bits.first == nil { bits.first = sighting() }
      bits.count += 1
    } else {
      if otherNumbers.first == nil { otherNumbers.first = sighting() }
      otherNumbers.count += 1
    }
    if number < smallest { smallest = number }
    if number > largest { largest = number }
    if areBytes, UInt8(exactly: number) == nil { areBytes = false }
    ascent.append(number)
    if text != nil, rounded == nil { rounded = sighting() }
  }

  /// Adds a row with a truth value.
  package mutating func append(boolean: Bool, line: Int) {
    distinct.insert(boolean ? 1 : 2)
    if words.first == nil { words.first = Sighting(text: "\(boolean)", source: source, line: line) }
    words.count += 1
    if boolean { holdsTrue = true } else { holdsFalse = true }
    holdsLongWord = true
  }

  /// Adds a row without a value.
  package mutating func appendMissing() { missingCount += 1 }

  /// A profile without rows that counts on in the same file.
  package func continued() -> ColumnProfile {
    var profile = ColumnProfile(values: values)
    profile.source = source
    profile.distinct = distinct.continued()
    return profile
  }

  /// Adds the rows of another, as if they had been added one after the other.
  ///
  /// - Parameter lines: The lines in front of that profile's first.
  package mutating func append(contentsOf other: ColumnProfile, behind lines: Int) {
    missingCount += other.missingCount
    bits.add(other.bits, behind: lines)
    otherNumbers.add(other.otherNumbers, behind: lines)
    words.add(other.words, behind: lines)
    dates.add(other.dates, behind: lines)
    texts.add(other.texts, behind: lines)
    otherMarks.add(other.otherMarks, behind: lines)
    otherMarksAreThousands = otherMarksAreThousands && other.otherMarksAreThousands
    if rounded == nil { rounded = other.rounded.map { Self.moved($0, lines) } }
    (smallest, largest) = (min(smallest, other.smallest), max(largest, other.largest))
    (earliest, latest) = (min(earliest, other.earliest), max(latest, other.latest))
    areBytes = areBytes && other.areBytes
    ascent.append(contentsOf: other.ascent)
    holdsTrue = holdsTrue || other.holdsTrue
    holdsFalse = holdsFalse || other.holdsFalse
    holdsLongWord = holdsLongWord || other.holdsLongWord
    distinct.insert(contentsOf: other.distinct)
  }

  private static func moved(_ sighting: Sighting, _ lines: Int) -> Sighting {
    Sighting(text: sighting.text, source: sighting.source, line: sighting.line + lines)
  }
}

extension FieldValues {
  /// Whether a number of the other mark has one to three digits in front of it and three behind it, as thousands are written.
  func isThousandsByOtherMark(_ field: UnsafeRawBufferPointer) -> Bool {
    let other: CSVImport.DecimalMark = decimalMark == .point ? .comma : .point
    let digits = field.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    let parts = digits.split(separator: other.byte, omittingEmptySubsequences: false)
    return parts.count == 2 && (1...3).contains(parts[0].count) && parts[1].count == 3
      && parts.joined().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

/// A number without the point that a whole one does not need.
func plainText(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
