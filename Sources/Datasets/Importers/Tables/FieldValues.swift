import Foundation
import Foundations

/// What a field of a table of text stands for: a number, a truth value, a point in time, or nothing.
///
/// Fields come without quotes and blanks around them, and are read where they lie.
package struct FieldValues: Sendable {
  /// How a missing value is spelt where nothing else is said: the spellings of pandas' `read_csv`, and an empty field.
  package static let usualMissing = [
    "", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "n/a", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN",
    "-NaN",
    "-nan", "1.#IND", "1.#QNAN", "<NA>",
  ]

  /// What stands between the whole part of a number and its fraction.
  package let decimalMark: CSVImport.DecimalMark
  /// The spellings of a missing value by their length.
  private let missing: [[[UInt8]]]
  /// The numbers among them, which stand for a missing value however they are written.
  private let missingNumbers: [Double]
  /// What may stand between thousands; `nil` for nothing.
  private let thousandsMark: UInt8?
  /// How dates are written beside ISO 8601.
  private let dateOrder: CSVImport.DateOrder
  /// The byte of ``decimalMark``.
  let mark: UInt8

  /// Creates the rules.
  ///
  /// - Parameters:
  ///   - decimalMark: What stands between the whole part of a number and its fraction.
  ///   - missing: The spellings of a missing value, without blanks around them. One that is a number, such as -999, also
  ///     stands for the other ways to write that number.
  ///   - thousandsMark: What may stand between thousands; `nil` for nothing.
  ///   - dateOrder: How dates are written beside ISO 8601.
  package init(
    decimalMark: CSVImport.DecimalMark = .point, missing: some Sequence<String> = FieldValues.usualMissing,
    thousandsMark: Character? = nil, dateOrder: CSVImport.DateOrder = .yearFirst
  ) {
    self.decimalMark = decimalMark
    self.thousandsMark = thousandsMark?.asciiValue
    self.dateOrder = dateOrder
    mark = decimalMark.byte
    var lengths: [[[UInt8]]] = []
    // Fields come without the blanks around them, so spellings lose theirs.
    let missing = missing.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \t")) }
    for text in missing {
      let bytes = Array(text.utf8)
      while lengths.count <= bytes.count { lengths.append([]) }
      lengths[bytes.count].append(bytes)
    }
    self.missing = lengths
    let mark = mark
    missingNumbers = missing.compactMap { DecimalField($0, mark: mark)?.value }
  }

  /// Whether a field says that there is no value.
  package func isMissing(_ field: UnsafeRawBufferPointer) -> Bool {
    if field.count < missing.count, missing[field.count].contains(where: { field.elementsEqual($0) }) { return true }
    return !missingNumbers.isEmpty && number(field).map(isMissing) == true
  }

  /// Whether a number is one that stands for a missing value.
  @inline(__always)
  func isMissing(_ number: Double) -> Bool { !missingNumbers.isEmpty && missingNumbers.contains(number) }

  /// The nearest binary64 number to the finite one that a field holds; `nil` if it holds none.
  package func number(_ field: UnsafeRawBufferPointer) -> Double? { decimal(field)?.value }

  /// The same, with whether it is a whole number that was rounded.
  package func decimal(_ field: UnsafeRawBufferPointer) -> DecimalField? {
    DecimalField(field, mark: mark) ?? thousandsMark.flatMap { grouped(field, by: $0) }
  }

  /// A number whose digits are in groups of three in front of the fraction: `-1,234,567.5`.
  private func grouped(_ field: UnsafeRawBufferPointer, by separator: UInt8) -> DecimalField? {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    guard field.count < 64, field.contains(separator) else { return nil }
    let unsigned = field.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    let whole = unsigned.prefix { isDigit($0) || $0 == separator }
    let groups = whole.split(separator: separator, omittingEmptySubsequences: false)
    guard groups.count > 1, (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
      !unsigned[whole.endIndex...].contains(separator)
    else { return nil }
    return field.filter { $0 != separator }.withUnsafeBytes { DecimalField($0, mark: mark) }
  }

  /// Whether a field would be a number if the other mark stood in front of fractions.
  func isNumberByOtherMark(_ field: UnsafeRawBufferPointer) -> Bool {
    let other: CSVImport.DecimalMark = decimalMark == .point ? .comma : .point
    return DecimalField(field, mark: other.byte) != nil
  }

  /// 1 for `true`, `yes`, `t` and `y`, 0 for `false`, `no`, `f` and `n`, in letters of any case; `nil` for other fields.
  ///
  /// - Parameter digits: Whether 1 and 0 are such words, too.
  package func boolean(_ field: UnsafeRawBufferPointer, digits: Bool = false) -> Double? {
    guard (1...5).contains(field.count) else { return nil }
    // Only a letter becomes a small letter by this bit, and digits have it.
    let word = field.reduce(UInt64(0)) { $0 << 8 | UInt64($1 | 0x20) }
    switch word {
    case Self.word("true"), Self.word("yes"), Self.word("t"), Self.word("y"): return 1
    case Self.word("false"), Self.word("no"), Self.word("f"), Self.word("n"): return 0
    case Self.word("1") where digits && field[0] == UInt8(ascii: "1"): return 1
    case Self.word("0") where digits && field[0] == UInt8(ascii: "0"): return 0
    default: return nil
    }
  }

  @inline(__always)
  private static func word(_ text: StaticString) -> UInt64 {
    text.withUTF8Buffer { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
  }

  /// The seconds from 1970-01-01T00:00:00Z to a point in time; `nil` if the field holds none that there is.
  ///
  /// ISO 8601: `YYYY-MM-DD`, alone or followed by `T` or a blank and `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff` with any number
  /// of places, of which nine count, and then `Z`, `±hh:mm`, `±hhmm` or `±hh`; without one of these it is UTC. Days are
  /// those of the Gregorian calendar in any year, also of those before it was in use. There are no leap seconds. In front may
  /// also stand a day as ``CSVImport/DateOrder`` has it, where one is set.
  package func date(_ field: UnsafeRawBufferPointer) -> Double? {
    var text = DateText(rest: field)
    guard let (year, month, day) = text.day() ?? text.day(dateOrder),
      let days = Self.days(year: year, month: month, day: day)
    else { return nil }
    guard !text.rest.isEmpty else { return Double(days * 86_400) }
    guard text.take("T") || text.take("t") || text.take(" "), let hour = text.digits(2), hour < 24, text.take(":"),
      let minute = text.digits(2), minute < 60
    else { return nil }
    var seconds = days * 86_400 + hour * 3600 + minute * 60
    var fraction = 0.0
    if text.take(":") {
      guard let second = text.digits(2), second < 60 else { return nil }
      seconds += second
      if text.take(".") {
        guard let places = text.fraction() else { return nil }
        fraction = places
      }
    }
    guard let offset = text.offset(), text.rest.isEmpty else { return nil }
    return Double(seconds - offset) + fraction
  }

  /// A point in time for people, in UTC: `2024-02-29`, with `12:34:56` if it is no midnight.
  static func dateText(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.down))
    let days = Int((Double(whole) / 86_400).rounded(.down))
    let time = whole - days * 86_400
    // The year whose first day is at or before that day: the estimate is off by one at most.
    var year = 1970 + Int((Double(days) / 365.2425).rounded(.down))
    while let first = Self.days(year: year + 1, month: 1, day: 1), first <= days { year += 1 }
    while let first = Self.days(year: year, month: 1, day: 1), first > days { year -= 1 }
    var month = 12
    while month > 1, let first = Self.days(year: year, month: month, day: 1), first > days { month -= 1 }
    let day = days - (Self.days(year: year, month: month, day: 1) ?? days) + 1
    let text = String(format: "%04d-%02d-%02d", year, month, day)
    return time == 0
      ? text : text + String(format: " %02d:%02d:%02d", time / 3600, time / 60 % 60, time % 60)
  }

  /// The days from 1970-01-01 in the proleptic Gregorian calendar; `nil` for a day that there is not.
  private static func days(year: Int, month: Int, day: Int) -> Int? {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
    let before = lengths[..<(month - 1)].reduce(0, +)
    // Leap days in the years before this one, counted from year 0, which has one.
    let leaps = year == 0 ? 0 : 1 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400
    return 365 * year + leaps + before + day - 1 - 719_528
  }
}

/// The rest of a text that is read as a point in time.
private struct DateText {
  var rest: UnsafeRawBufferPointer

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
    return true
  }

  /// A day as ISO 8601 has it; nothing is taken if there is none.
  mutating func day() -> (year: Int, month: Int, day: Int)? {
    var text = self
    guard let year = text.digits(4), text.take("-"), let month = text.digits(2), text.take("-"),
      let day = text.digits(2)
    else { return nil }
    self = text
    return (year, month, day)
  }

  /// A day whose year comes last: `3.12.2024`, `12/03/2024`, `03-12-2024`.
  mutating func day(_ order: CSVImport.DateOrder) -> (year: Int, month: Int, day: Int)? {
    guard order != .yearFirst, let first = digits(2) ?? digits(1), let mark = rest.first,
      [UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-")].contains(mark), take(Unicode.Scalar(mark)),
      let second = digits(2) ?? digits(1), take(Unicode.Scalar(mark)), let year = digits(4)
    else { return nil }
    return order == .dayFirst ? (year, second, first) : (year, first, second)
  }

  /// A number of that many digits.
  mutating func digits(_ count: Int) -> Int? {
    guard rest.count >= count else { return nil }
    var value = 0
    for byte in rest.prefix(count) {
      guard case let digit = byte &- UInt8(ascii: "0"), digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    return value
  }

  /// Places behind a point.
  mutating func fraction() -> Double? {
    var (digits, scale, count) = (0, 1, 0)
    while let digit = self.digits(1) {
      if count < 9 { (digits, scale) = (digits * 10 + digit, scale * 10) }
      count += 1
    }
    return count > 0 ? Double(digits) / Double(scale) : nil
  }

  /// The seconds that local time is ahead of UTC; 0 if nothing is said.
  mutating func offset() -> Int? {
    if rest.isEmpty || take("Z") || take("z") { return 0 }
    let isNegative = take("-")
    guard isNegative || take("+"), let hours = digits(2), hours < 24 else { return nil }
    var minutes = 0
    if !rest.isEmpty {
      _ = take(":")
      guard let count = digits(2), count < 60 else { return nil }
      minutes = count
    }
    return (hours * 3600 + minutes * 60) * (isNegative ? -1 : 1)
  }
}
