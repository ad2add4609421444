import Foundations
import HDF5

/// A table of which an input turned out to be no number, or to be missing: it must be read again as one of mixed columns.
struct HoldsOtherThanNumbers: Error {}

/// The inputs of a table of numbers without gaps.
struct NumberTableRows: TableRows {
  private let path: String
  private let columns: CSVColumns
  private let places: [Int]
  private let inputType: CSVImport.InputType
  private(set) var numbers: NumberRows
  private var row: [Double]

  /// Creates the rows.
  ///
  /// - Parameter places: The inputs that they are of.
  init(path: String, columns: CSVColumns, places: [Int], inputType: CSVImport.InputType) {
    (self.path, self.columns, self.places, self.inputType) = (path, columns, places, inputType)
    numbers = NumberRows(width: places.count, type: inputType)
    row = [Double](repeating: 0, count: places.count)
  }

  var rowCount: Int { numbers.count }
  var rowByteCount: Int { numbers.rowByteCount }

  func takesNumbers(at place: Int) -> Bool { true }

  mutating func take(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) throws {
    // Numbers come here in quotes, or behind blanks.
    guard let number = columns.fields.decimal(field), !columns.fields.isMissing(field), take(number, at: place) else {
      throw HoldsOtherThanNumbers()
    }
  }

  @inline(__always)
  mutating func take(_ number: DecimalField, at place: Int) -> Bool {
    guard !number.isRoundedWholeNumber || inputType.allowsRounding else { return false }
    row[place] = number.value
    return true
  }

  mutating func endRow(line: Int) throws {
    guard let place = numbers.append(row) else { return }
    let what =
      inputType == .uint8 ? "is no whole number from 0 to 255" : "is larger than any number of float32; store float64"
    throw TrainerError(
      .data, "'\(path)', line \(line), \(columns.label(columns.inputs[places[place]])): '\(row[place])' \(what)")
  }

  func continued() -> NumberTableRows {
    NumberTableRows(path: path, columns: columns, places: places, inputType: inputType)
  }

  mutating func append(contentsOf other: NumberTableRows, behind lines: Int) {
    numbers.append(contentsOf: other.numbers)
  }

  /// Divides the rows into tables, which takes them away from here.
  mutating func divide(into groups: [[Int]]) -> [NumberTable] { numbers.divide(into: groups) }

  /// Stores everything in a wider type.
  mutating func convert(to type: NumberType) { numbers.convert(to: type) }
}

/// What the inputs of a table are like.
struct ProfileRows: TableRows {
  private(set) var profiles: [ColumnProfile]
  private(set) var rowCount = 0
  private var row: [DecimalField?]

  /// Creates profiles that go on in a new file.
  init(_ profiles: [ColumnProfile], source: Int) {
    self.profiles = profiles
    for place in profiles.indices { self.profiles[place].source = source }
    row = [DecimalField?](repeating: nil, count: profiles.count)
  }

  var rowByteCount: Int { 0 }

  func takesNumbers(at place: Int) -> Bool { true }

  mutating func take(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) {
    row[place] = nil
    profiles[place].append(field, line: line)
  }

  @inline(__always)
  mutating func take(_ number: DecimalField, at place: Int) -> Bool {
    // What is rounded is named as it stands there.
    guard !number.isRoundedWholeNumber else { return false }
    row[place] = number
    return true
  }

  mutating func endRow(line: Int) {
    for place in row.indices {
      guard let number = row[place] else { continue }
      profiles[place].append(number: number.value, line: line)
    }
    rowCount += 1
  }

  func continued() -> ProfileRows {
    var rows = self
    rows.profiles = profiles.map { $0.continued() }
    rows.rowCount = 0
    return rows
  }

  mutating func append(contentsOf other: ProfileRows, behind lines: Int) {
    for place in profiles.indices { profiles[place].append(contentsOf: other.profiles[place], behind: lines) }
    rowCount += other.rowCount
  }
}

/// The inputs of a table of mixed columns, whose kinds are known.
struct MixedRows: TableRows {
  private let path: String
  private let columns: CSVColumns
  private let places: [Int]
  private(set) var builders: [ColumnBuilder]
  private(set) var rowCount = 0
  private var row: [Double?]

  /// Creates the rows.
  ///
  /// - Parameters:
  ///   - places: The inputs that they are of.
  ///   - kinds: Their kinds.
  init(path: String, columns: CSVColumns, places: [Int], kinds: [FeatureKind]) {
    (self.path, self.columns, self.places) = (path, columns, places)
    builders = kinds.map { ColumnBuilder(kind: $0, values: columns.fields) }
    row = [Double?](repeating: nil, count: kinds.count)
  }

  // Twice, since a group's columns stand beside each other in the end.
  var rowByteCount: Int { builders.reduce(0) { $0 + ($1.kind == .number || $1.kind == .date ? 16 : 8) } }

  // 01 and 1 are two categories.
  func takesNumbers(at place: Int) -> Bool { builders[place].kind == .number }

  mutating func take(_ field: UnsafeRawBufferPointer, at place: Int, line: Int) throws {
    row[place] = nil
    guard builders[place].append(field) else { throw fault(String(decoding: field, as: UTF8.self), place, line: line) }
  }

  @inline(__always)
  mutating func take(_ number: DecimalField, at place: Int) -> Bool {
    row[place] = number.value
    return true
  }

  mutating func endRow(line: Int) throws {
    for place in row.indices {
      guard let number = row[place] else { continue }
      guard builders[place].append(number: number) else { throw fault(plainText(number), place, line: line) }
    }
    rowCount += 1
  }

  func continued() -> MixedRows {
    var rows = self
    rows.builders = builders.map { $0.continued() }
    rows.rowCount = 0
    return rows
  }

  mutating func append(contentsOf other: MixedRows, behind lines: Int) throws {
    for place in builders.indices where !builders[place].append(contentsOf: other.builders[place]) {
      throw tooManyCategories(place)
    }
    rowCount += other.rowCount
  }

  /// What a value is that a look at the whole column did not find.
  private func fault(_ text: String, _ place: Int, line: Int) -> TrainerError {
    if builders[place].kind == .category { return tooManyCategories(place) }
    return TrainerError(
      .data,
      "'\(path)', line \(line), \(columns.label(columns.inputs[places[place]])): '\(text)' is no "
        + "\(builders[place].kind.rawValue), which the column held before; the file changes while it is read")
  }

  private func tooManyCategories(_ place: Int) -> TrainerError {
    TrainerError(
      .data,
      "\(columns.label(columns.inputs[places[place]])) of '\(path)' holds more than \(ColumnBuilder.mostCategories) "
        + "categories", remedy: .init("drop", "ignore the column, or drop it"))
  }
}
