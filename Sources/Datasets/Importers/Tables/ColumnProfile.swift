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

    /// Adds rows with a text, which need not come behind the others.
    mutating func add(_ text: Sighting, count: Int) {
      self.count += count
      if first.map({ ($0.source, $0.line) > (text.source, text.line) }) ?? true { first = text }
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
  /// The first number that is not whole and from 0 to 255.
  private(set) var firstNoByte: Sighting?
  /// The first number that is larger than any of binary32.
  private(set) var firstBeyondFloat: Sighting?
  private(set) var ascent = Ascent()
  private(set) var earliest = Double.infinity
  private(set) var latest = -Double.infinity
  private(set) var holdsTrue = false
  private(set) var holdsFalse = false
  private(set) var holdsLongWord = false
  private var distinct = DistinctCounter()

  /// Creates the profile of a column without values.
  ///
  /// - Parameter source: The place of the file that is read among all.
  package init(values: FieldValues, source: Int = 0) { (self.values, self.source) = (values, source) }

  /// The rows.
  package var rowCount: Int { missingCount + presentCount }
  /// The different values; `nil` for more than are counted.
  package var distinctCount: Int? { distinct.count }

  var numberCount: Int { bits.count + otherNumbers.count }
  var presentCount: Int { numberCount + words.count + dates.count + texts.count }

  /// Whether all numbers are whole and from 0 to 255.
  var areBytes: Bool { firstNoByte == nil }

  // MARK: Values

  /// Adds a row with a text.
  ///
  /// - Returns: The row's cell: a number, a date's seconds, or that there is no value or none that is kept.
  @discardableResult
  package mutating func append(_ field: UnsafeRawBufferPointer, line: Int) -> UInt64 {
    if values.isMissing(field) {
      missingCount += 1
      return Cell.missing
    }
    if let number = values.decimal(field) {
      let text = number.isRoundedWholeNumber && rounded == nil ? String(decoding: field, as: UTF8.self) : nil
      append(number: number.value, line: line, roundedFrom: text)
      return number.value.bitPattern
    }
    return add(field, line: line, source: source, count: 1)
  }

  /// Adds the rows that hold a text of the column, but for what they are as numbers, which each row has added.
  mutating func append(_ entry: TextPool.Entry, of pool: TextPool) {
    guard entry.count > 0 else { return }
    guard !entry.isMissing else { return missingCount += entry.count }
    guard entry.number.isNaN else {
      guard entry.isRounded else { return }
      let text = Sighting(text: pool.text(of: entry), source: Int(entry.source), line: entry.line)
      if rounded.map({ ($0.source, $0.line) > (text.source, text.line) }) ?? true { rounded = text }
      return
    }
    pool.withText(of: entry) { _ = add($0, line: entry.line, source: Int(entry.source), count: entry.count) }
  }

  /// Adds rows with a text that is no number.
  private mutating func add(_ field: UnsafeRawBufferPointer, line: Int, source: Int, count: Int) -> UInt64 {
    distinct.insert(DistinctCounter.bits(of: field))
    func add(to sort: inout Sort) {
      guard sort.first.map({ ($0.source, $0.line) <= (source, line) }) ?? false else {
        return sort.add(
          Sighting(text: String(decoding: field, as: UTF8.self), source: source, line: line), count: count)
      }
      sort.count += count
    }
    if let truth = values.boolean(field) {
      add(to: &words)
      if truth == 1 { holdsTrue = true } else { holdsFalse = true }
      if field.count > 1 { holdsLongWord = true }
      return Cell.lost
    }
    if let date = values.date(field) {
      add(to: &dates)
      (earliest, latest) = (min(earliest, date), max(latest, date))
      return date.bitPattern
    }
    add(to: &texts)
    guard values.isNumberByOtherMark(field) else { return Cell.lost }
    add(to: &otherMarks)
    if otherMarksAreThousands { otherMarksAreThousands = values.isThousandsByOtherMark(field) }
    return Cell.lost
  }

  /// Adds so many rows without a value.
  mutating func append(missing count: Int) { missingCount += count }

  /// Adds a row with a finite number, written as it is; or, where a whole number was rounded to it, as that text.
  @inline(__always)
  package mutating func append(number: Double, line: Int, roundedFrom text: String? = nil) {
    distinct.insert((number + 0).bitPattern)
    if number == 0 || number == 1 {
      if bits.first == nil { bits.first = sighting(number, line, text) }
      bits.count += 1
    } else {
      if otherNumbers.first == nil { otherNumbers.first = sighting(number, line, text) }
      otherNumbers.count += 1
    }
    if number < smallest { smallest = number }
    if number > largest { largest = number }
    if firstNoByte == nil, UInt8(exactly: number) == nil { firstNoByte = sighting(number, line, text) }
    if firstBeyondFloat == nil, abs(number) > Self.largestFloat, !Float(number).isFinite {
      firstBeyondFloat = sighting(number, line, text)
    }
    ascent.append(number)
    if text != nil, rounded == nil { rounded = sighting(number, line, text) }
  }

  private static var largestFloat: Double { Double(Float.greatestFiniteMagnitude) }

  @inline(never)
  private func sighting(_ number: Double, _ line: Int, _ text: String?) -> Sighting {
    Sighting(text: text ?? plainText(number), source: source, line: line)
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
    if firstNoByte == nil { firstNoByte = other.firstNoByte.map { Self.moved($0, lines) } }
    if firstBeyondFloat == nil { firstBeyondFloat = other.firstBeyondFloat.map { Self.moved($0, lines) } }
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
    // A whole part that begins with 0 has no thousands.
    return parts.count == 2 && (1...3).contains(parts[0].count) && parts[0].first != UInt8(ascii: "0")
      && parts[1].count == 3
      && parts.joined().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

/// A number without the point that a whole one does not need.
func plainText(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
