import Foundations

/// Parts of dates, a column for each.
struct DateParts: FittedTransform {
  static let type = "parts"
  let parts: [FeatureTransform.DatePart]

  init(_ parts: [FeatureTransform.DatePart]) { self.parts = parts }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard shape.main == .date, let elements = json["parts"]?.elements else { return nil }
    let parts = elements.compactMap { $0.text.flatMap(FeatureTransform.DatePart.init) }
    guard parts.count == elements.count, !parts.isEmpty else { return nil }
    self.init(parts)
  }

  var json: JSONObject { ["parts": .array(parts.map { .string($0.rawValue) })] }

  func shape(of shape: FeatureShape) -> FeatureShape {
    var result = shape
    result.main = .numbers(parts.map { "\(shape.feature).\($0.rawValue)" })
    return result
  }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) throws {
    guard case .numbers(let columns) = values.main, let seconds = columns.first else { return }
    var results = [[Double]](repeating: [], count: parts.count)
    for (row, value) in seconds.enumerated() {
      guard !value.isNaN else {
        for index in parts.indices { results[index].append(.nan) }
        continue
      }
      guard let date = CalendarDate(seconds: value) else {
        throw place.error(row: row, "has \(JSONValue.text(of: value)) seconds since 1970, which is no date")
      }
      for (index, part) in parts.enumerated() { results[index].append(Double(date[part])) }
    }
    values.main = .numbers(results)
  }
}

/// A date of the proleptic Gregorian calendar, and the hour, in UTC. Days are counted as by Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms" (2013).
struct CalendarDate {
  static let secondsPerDay = 86_400.0
  /// Years that a date may have, on both sides of 0.
  private static let mostYears = 1_000_000

  /// Days since 1970-01-01.
  private let days: Int
  private let hour: Int

  /// The date at a number of seconds since 1970; `nil` where there is none within a million years.
  init?(seconds: Double) {
    guard abs(seconds) < Double(Self.mostYears) * 365 * Self.secondsPerDay else { return nil }
    let day = (seconds / Self.secondsPerDay).rounded(.down)
    days = Int(day)
    hour = min(23, Int((seconds - day * Self.secondsPerDay) / 3600))
  }

  /// Reads a date such as `2001-12-31`; `nil` for any other text.
  init?(_ text: String) {
    let fields = text.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.map(\.count) == [4, 2, 2], fields.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
      let year = Int(fields[0]), let month = Int(fields[1]), let day = Int(fields[2]), (1...12).contains(month),
      day >= 1
    else { return nil }
    // Years begin in March, so that a leap day is the last.
    let shifted = month <= 2 ? year - 1 : year
    let era = Self.quotient(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    hour = 0
    guard self[.day] == day, self[.month] == month else { return nil }
  }

  /// Seconds since 1970 at the begin of the day.
  var seconds: Double { Double(days) * Self.secondsPerDay }

  /// `2001-12-31`.
  var text: String { String(format: "%04d-%02d-%02d", self[.year], self[.month], self[.day]) }

  subscript(part: FeatureTransform.DatePart) -> Int {
    let shifted = days + 719_468
    let era = Self.quotient(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return switch part {
    case .year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    case .month: month
    case .day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    // The first of January 1970 was a Thursday.
    case .weekday: ((days + 3) % 7 + 7) % 7
    case .hour: hour
    }
  }

  private static func quotient(_ value: Int, _ divisor: Int) -> Int {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
  }
}
