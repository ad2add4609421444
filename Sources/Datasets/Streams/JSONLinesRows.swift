import Foundations

/// Rows of JSON lines as a model takes them, as they are read. A key that a line lacks is a missing value; one that no line
/// has is an error at the end, since any line can bring it.
struct JSONLinesRows: TextRowReader {
  private let path: String
  private var parser = JSONLinesParser()
  private var records: Records

  init(path: String, missing: [String], wanted: WantedColumns) {
    self.path = path
    records = Records(path: path, missing: missing, wanted: wanted)
  }

  var count: Int { records.rows.count }
  var keptNames: [String]? { records.hasBegun ? records.keptNames : nil }

  mutating func read(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
    do {
      return try parser.read(text, isLast: isLast, into: &records)
    } catch let error as JSONLinesError {
      throw TrainerError(.data, "'\(path)', line \(error.line): \(error.fault)")
    }
  }

  mutating func takeRows() -> TextTableBlock { records.rows.take(path: path, labels: records.labels) }

  func finish() throws { try records.requireAllKeys() }
}

/// The objects of the lines as rows.
private struct Records: JSONLinesConsumer {
  var rows: WantedRows
  /// What messages call the wanted columns.
  private(set) var labels: [String]
  /// Whether a record has ended.
  private(set) var hasBegun = false

  private let path: String
  private let wanted: WantedColumns
  private let places: [String: Int]
  private let keptPlaces: [String: [Int]]
  private let others: Set<String>
  /// For each key in the order of their first lines: its name, the place of the wanted column, or -1, and those of copies.
  private var keys: [(name: String, place: Int, kept: [Int])] = []
  /// Which wanted columns have a value in this record, and which have had a key in any.
  private var isSet: [Bool]
  private var isFound: [Bool]
  /// The places of copies that this record has not filled are emptied.
  private var isKept: [Bool]
  /// Keys of this record that no column is for.
  private var additional: [String] = []
  private var failure: TrainerError?
  /// The column that the next new key is of, where places count.
  private var next = 0

  init(path: String, missing: [String], wanted: WantedColumns) {
    (self.path, self.wanted) = (path, wanted)
    rows = WantedRows(wanted, values: FieldValues(missing: [""] + missing), keptCount: wanted.kept.count)
    places = Dictionary(
      wanted.features.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    keptPlaces = Dictionary(grouping: wanted.kept.indices) { wanted.kept[$0].name ?? "" }
    others = wanted.besides.union(wanted.kept.compactMap(\.name))
    labels = wanted.features.map { Self.label($0.name) }
    isSet = [Bool](repeating: false, count: wanted.features.count)
    isFound = isSet
    isKept = [Bool](repeating: false, count: wanted.kept.count)
  }

  var keptNames: [String] { wanted.kept.map { $0.name ?? "" } }

  private static func label(_ key: String) -> String { "the key '\(key.onOneLine)'" }

  mutating func addColumn(_ name: String, line: Int) {
    var place = -1
    if wanted.ignored.contains(where: { $0.name == name }) {
      // It is no input, whatever the model calls its own.
    } else if wanted.areNamed {
      if let known = places[name] {
        place = known
      } else if !others.contains(name) {
        additional.append(name)
      }
    } else if !others.contains(name) {
      if hasBegun || next == wanted.features.count { additional.append(name) } else { (place, next) = (next, next + 1) }
      if place >= 0 { labels[place] = Self.label(name) }
    }
    if place >= 0 { isFound[place] = true }
    keys.append((name, place, keptPlaces[name] ?? []))
  }

  mutating func take(_ value: JSONLinesValue, column: Int, line: Int) {
    switch value {
    case .missing: take(UnsafeRawBufferPointer(start: nil, count: 0), found: "it is null", column, line)
    case .boolean(let value):
      (value ? "true" : "false" as StaticString).withUTF8Buffer {
        take(UnsafeRawBufferPointer($0), column, line)
      }
    case .number(let text): take(text, column, line)
    case .text(let text): take(text, found: text.isEmpty ? "it is an empty text" : nil, column, line)
    }
  }

  private mutating func take(_ field: UnsafeRawBufferPointer, found: String? = nil, _ column: Int, _ line: Int) {
    let key = keys[column]
    if key.place >= 0 {
      isSet[key.place] = true
      if !rows.set(field, at: key.place), failure == nil {
        failure = rows.fault(
          field, at: key.place, found: found, place: "'\(path)', line \(line), \(Self.label(key.name))")
      }
    }
    for place in key.kept {
      isKept[place] = true
      rows.keep(String(decoding: field, as: UTF8.self), at: place)
    }
  }

  mutating func endRecord(line: Int) throws {
    if !additional.isEmpty || (!wanted.areNamed && next < wanted.features.count) { throw keysFault(line) }
    if let failure { throw failure }
    for place in isSet.indices {
      guard isSet[place] || rows.setMissing(at: place) else {
        throw TrainerError(
          .data,
          "'\(path)', line \(line): \(labels[place]) is not there, and the model was trained without missing values; fill "
            + "it in or leave the line out")
      }
      isSet[place] = false
    }
    for place in isKept.indices {
      if !isKept[place] { rows.keep("", at: place) }
      isKept[place] = false
    }
    rows.endRow(line: line)
    hasBegun = true
  }

  /// What is wrong with the keys of a line.
  private func keysFault(_ line: Int) -> TrainerError {
    let source = "'\(path)', line \(line)"
    guard !wanted.areNamed else {
      return TextTableColumns.withRemedy(
        ColumnMatching.additional(additional, names: Set(places.keys), source, .model))
    }
    guard !hasBegun else {
      return TextTableColumns.withRemedy(
        TrainerError(
          .data,
          "\(source): the key '\(additional[0].onOneLine)' is in no line before, and keys go by their places, since the "
            + "model knows no names", remedy: .init(ColumnMatching.additionalColumns, "remove it")))
    }
    let count = next + additional.count
    return TrainerError(
      .data,
      "\(source): it has \(count) \(count == 1 ? "key" : "keys") that can be inputs, but the model was made for "
        + "\(wanted.features.count), which go by their places, since the model knows no names",
      remedy: count > wanted.features.count
        ? .init("ignored", "ignore the keys that are no inputs, or give as many in the same order") : nil)
  }

  /// Finds that no key was in none of the lines.
  func requireAllKeys() throws {
    let names = keys.map(\.name)
    if let place = isFound.firstIndex(of: false) {
      throw TrainerError(
        .data,
        "'\(path)': no line has the key '\(wanted.features[place].name.onOneLine)', which the model was trained with; it "
          + "has \(listed(names, atMost: 10)); give it that name if it is one of these, or null where it is missing")
    }
    if let name = (wanted.kept + wanted.ignored).compactMap(\.name).first(where: { !names.contains($0) }) {
      throw TrainerError(.usage, "'\(path)' has no key '\(name.onOneLine)'; it has \(listed(names, atMost: 10))")
    }
  }
}

extension CSVImport.Column {
  /// The name; `nil` for a place.
  package var name: String? { if case .name(let name) = self { name } else { nil } }
}
