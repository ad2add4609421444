/// The values of one column as they come, of a kind that is known.
package struct ColumnBuilder: Sendable {
  /// More categories than this are not kept.
  package static let mostCategories = 1 << 20

  /// What the values are; never to be ignored.
  package let kind: FeatureKind
  private let values: FieldValues
  /// Of a number or a date, each row's value; NaN where it is missing. Empty for other kinds.
  package private(set) var numbers: [Double] = []
  /// Of a category, the place of each row's text in ``texts``; of a boolean 0 or 1; -1 where it is missing. Empty for other
  /// kinds.
  package private(set) var codes: [Int32] = []
  /// Of a category, the different texts in the order of their first rows.
  package private(set) var texts: [String] = []
  private var places: [String: Int32] = [:]

  /// Creates a column without rows.
  package init(kind: FeatureKind, values: FieldValues) {
    self.kind = kind
    self.values = values
  }

  /// The rows.
  package var rowCount: Int { numbers.count + codes.count }

  /// Adds a row with a text; a spelling of a missing value is one.
  ///
  /// - Returns: Whether it is of the column's kind; if not, nothing is added.
  package mutating func append(_ field: UnsafeRawBufferPointer) -> Bool {
    if values.isMissing(field) {
      appendMissing()
      return true
    }
    switch kind {
    case .number:
      guard let number = values.number(field) else { return false }
      numbers.append(number)
    case .date:
      guard let date = values.date(field) else { return false }
      numbers.append(date)
    case .boolean:
      guard let truth = values.boolean(field) ?? values.number(field) else { return false }
      return append(number: truth)
    case .category:
      guard let place = place(of: String(decoding: field, as: UTF8.self)) else { return false }
      codes.append(place)
    }
    return true
  }

  /// Adds a row with a finite number. A category is its text, without a point if it is whole; a boolean is 0 or 1.
  ///
  /// - Returns: Whether it is of the column's kind; if not, nothing is added.
  package mutating func append(number: Double) -> Bool {
    switch kind {
    case .number: numbers.append(number)
    case .date: return false
    case .boolean:
      guard number == 0 || number == 1 else { return false }
      codes.append(number == 1 ? 1 : 0)
    case .category:
      guard let place = place(of: plainText(number)) else { return false }
      codes.append(place)
    }
    return true
  }

  /// Adds a row with a truth value, which is the category `true` or `false` of a column of these.
  ///
  /// - Returns: Whether it is of the column's kind; if not, nothing is added.
  package mutating func append(boolean: Bool) -> Bool {
    switch kind {
    case .number, .date: return false
    case .boolean: codes.append(boolean ? 1 : 0)
    case .category:
      guard let place = place(of: "\(boolean)") else { return false }
      codes.append(place)
    }
    return true
  }

  /// Adds a row without a value.
  package mutating func appendMissing() {
    switch kind {
    case .number, .date: numbers.append(.nan)
    case .category, .boolean: codes.append(-1)
    }
  }

  /// A column of the same kind without rows.
  package func continued() -> ColumnBuilder { ColumnBuilder(kind: kind, values: values) }

  /// Adds the rows of another column of the same kind.
  ///
  /// - Returns: Whether there are not too many categories.
  package mutating func append(contentsOf other: ColumnBuilder) -> Bool {
    numbers.append(contentsOf: other.numbers)
    guard kind == .category else {
      codes.append(contentsOf: other.codes)
      return true
    }
    var moves: [Int32] = []
    for text in other.texts {
      guard let place = place(of: text) else { return false }
      moves.append(place)
    }
    codes.append(contentsOf: other.codes.lazy.map { $0 < 0 ? -1 : moves[Int($0)] })
    return true
  }

  private mutating func place(of text: String) -> Int32? {
    if let place = places[text] { return place }
    guard texts.count < Self.mostCategories else { return nil }
    let place = Int32(texts.count)
    places[text] = place
    texts.append(text)
    return place
  }
}

/// Names in the order of their codes: that of the numbers if all are numbers, those of one number in their own; else that
/// of the texts.
func sortedNames(_ names: some Sequence<String>, number: (String) -> Double?) -> [String] {
  let sorted = names.sorted()
  let numbers = sorted.compactMap(number)
  guard numbers.count == sorted.count else { return sorted }
  return sorted.indices.sorted { one, other in
    numbers[one] == numbers[other] ? one < other : numbers[one] < numbers[other]
  }.map { sorted[$0] }
}
