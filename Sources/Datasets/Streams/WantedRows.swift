import Foundations

/// Rows of the columns that a model needs, as their values come as text.
struct WantedRows {
  /// How many rows there are.
  private(set) var count = 0

  private let wanted: WantedColumns
  private let values: FieldValues
  /// The codes of each wanted category by its name.
  private let codes: [[String: Int32]]
  /// The numbers and codes of the rows so far, [rows, wanted columns].
  private var cells: [Double] = []
  private var row: [Double]
  /// For each copied column the texts of the rows so far.
  private var kept: [[String]]
  private var keptRow: [String]
  /// For each wanted column, the categories in these rows that the model does not know.
  private var unknown: [Int: [String]] = [:]
  private var unknownCodes: [Int: [String: Int32]] = [:]
  /// The lines of the rows so far.
  private var lines: [Int] = []

  init(_ wanted: WantedColumns, values: FieldValues, keptCount: Int) {
    (self.wanted, self.values) = (wanted, values)
    codes = wanted.features.map { feature in
      Dictionary(feature.categories.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    }
    row = [Double](repeating: 0, count: wanted.features.count)
    kept = [[String]](repeating: [], count: keptCount)
    keptRow = [String](repeating: "", count: keptCount)
  }

  /// Takes what a text stands for in a wanted column of this row; false if for nothing.
  mutating func set(_ field: UnsafeRawBufferPointer, at place: Int) -> Bool {
    guard !values.isMissing(field) else { return setMissing(at: place) }
    guard let value = value(field, of: place) else { return false }
    row[place] = value
    return true
  }

  /// Takes a number of a wanted column that is one.
  @inline(__always)
  mutating func set(_ number: Double, at place: Int) { row[place] = number }

  /// Takes a missing value; false if none may be missing.
  mutating func setMissing(at place: Int) -> Bool {
    guard wanted.allowsMissing else { return false }
    row[place] = wanted.features[place].kind == .category ? -1 : .nan
    return true
  }

  /// Takes the text of a copied column.
  mutating func keep(_ text: String, at place: Int) { keptRow[place] = text }

  /// Ends a row.
  mutating func endRow(line: Int) {
    cells.append(contentsOf: row)
    for place in kept.indices { kept[place].append(keptRow[place]) }
    count += 1
    lines.append(line)
  }

  /// Takes the rows away.
  ///
  /// - Parameter labels: What messages call the wanted columns, in their order.
  mutating func take(path: String, labels: [String]) -> TextTableBlock {
    defer {
      cells.removeAll(keepingCapacity: true)
      lines.removeAll(keepingCapacity: true)
      for place in kept.indices { kept[place].removeAll(keepingCapacity: true) }
      (unknown, unknownCodes, count) = ([:], [:], 0)
    }
    return TextTableBlock(
      rowCount: count, features: wanted.features, cells: cells, unknown: unknown, kept: kept,
      places: TableBlock.TextPlaces(path: path, lines: lines, columns: labels))
  }

  private mutating func value(_ field: UnsafeRawBufferPointer, of place: Int) -> Double? {
    switch wanted.features[place].kind {
    case .number: return values.number(field)
    case .boolean: return values.boolean(field, digits: true)
    case .date: return values.date(field)
    case .category:
      let name = String(decoding: field, as: UTF8.self)
      return Double(codes[place][name] ?? unknownCode(name, of: place))
    }
  }

  private mutating func unknownCode(_ name: String, of place: Int) -> Int32 {
    if let code = unknownCodes[place]?[name] { return code }
    let code = TableBlock.unknownCode(unknown[place, default: []].count)
    unknown[place, default: []].append(name)
    unknownCodes[place, default: [:]][name] = code
    return code
  }

  /// What is wrong with a text that ``set(_:at:)`` has refused.
  ///
  /// - Parameters:
  ///   - found: What stands there, such as `the field is empty`; `nil` for the text itself.
  ///   - place: Where, such as `'new.csv', line 3, column 5 ('age')`.
  func fault(_ field: UnsafeRawBufferPointer, at index: Int, found: String? = nil, place: String) -> TrainerError {
    let text = String(decoding: field, as: UTF8.self).onOneLine
    if values.isMissing(field) {
      let what = found ?? (text.isEmpty ? "the field is empty" : "'\(text)' stands for a missing value")
      return TrainerError(
        .data, "\(place): \(what), and the model was trained without missing values; fill it in or leave the row out")
    }
    let expected =
      switch wanted.features[index].kind {
      case .number, .category: "a finite number"
      case .boolean: "yes or no"
      case .date: "a date such as 2024-02-29 or 2024-02-29T12:30:00Z"
      }
    return TrainerError(
      .data, "\(place): '\(text)' is not \(expected)",
      remedy: wanted.allowsMissing
        ? .init("missing", "if it stands for a missing value, add it to missing") : nil)
  }
}
