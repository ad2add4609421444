import Foundations
import HDF5

/// The rows of several files one after another, as the rows of one dataset.
struct ConcatenatedRows: StoredRows {
  /// The rows of one file, and what makes them those of the whole.
  struct Part: Sendable {
    /// The file.
    let path: String
    let rows: any StoredRows
    let mapping: PartMapping

    init(_ rows: any StoredRows, path: String, mapping: PartMapping = PartMapping()) {
      (self.rows, self.path, self.mapping) = (rows, path, mapping)
    }
  }

  let parts: [Part]
  let shape: [Int]
  let numberType: NumberType?
  /// Names that are those of the whole rather than of the first file.
  private let names: [String: [String]]
  /// What the elements stand for.
  let values: StoredValues
  /// The first row of each part, and the end of the last.
  private let starts: [Int]

  /// Joins rows one after another.
  ///
  /// - Parameters:
  ///   - parts: In order; at least one.
  ///   - names: Texts such as `classes` where they are not those of the first part.
  ///   - values: What the elements stand for, behind each part's mapping.
  ///   - codes: What numbers come of the mappings, where they need a type that holds them all.
  ///   - promotes: Whether numbers of different types become those of one that holds all; otherwise they are refused.
  /// - Throws: `TrainerError` with code `.data` that names two files that do not fit together; `HDF5Error`.
  init(
    _ parts: [Part], names: [String: [String]] = [:], values: StoredValues, holding codes: StoredValues? = nil,
    promotes: Bool = false
  ) throws {
    let shapes = try parts.map { part in try DatasetReader.translating(part.path) { try part.rows.shape } }
    let (first, rowShape) = (parts[0], shapes[0].dropFirst())
    func difference(_ index: Int, _ one: String, _ other: String) -> TrainerError {
      TrainerError(
        .data,
        "\(parts[index].path): \(parts[index].rows.place) \(other), but in '\(first.path)' \(one); several files are one "
          + "dataset only where these agree")
    }
    for index in parts.indices {
      guard !shapes[index].isEmpty else {
        throw TrainerError(
          .data, "\(parts[index].path): \(parts[index].rows.place) is a single value, expected rows of samples")
      }
      guard shapes[index].dropFirst() == rowShape else {
        throw difference(
          index, "it is \(Self.text(Array(rowShape)))", "has rows of \(Self.text(Array(shapes[index].dropFirst())))")
      }
      let (type, own) = (first.rows.typeIdentity, parts[index].rows.typeIdentity)
      let areNumbers = first.rows.isNumeric && parts[index].rows.isNumeric
      guard own == type || (promotes && areNumbers) || (!areNumbers && values.areNames) else {
        throw difference(index, "it is \(first.rows.typeName)", "holds \(parts[index].rows.typeName)")
      }
    }
    self.parts = parts
    self.names = names
    self.values = values
    numberType = Self.type(holding: codes ?? values, NumberType.promoted(parts.map(\.rows.numberType)))
    var starts = [0]
    for shape in shapes { starts.append(starts[starts.count - 1] + shape[0]) }
    self.starts = starts
    shape = [starts[starts.count - 1]] + rowShape
  }

  private static func text(_ rowShape: [Int]) -> String {
    rowShape.isEmpty ? "one element" : rowShape.map(String.init).joined(separator: " x ")
  }

  /// A type that holds all codes: one that suits each file may be too narrow for all.
  private static func type(holding values: StoredValues, _ type: NumberType?) -> NumberType? {
    guard case .codes(let codes, _) = values, let type, let most = codes.map(\.value).max() else { return type }
    let greatest: Int64? =
      switch type {
      case .int8: Int64(Int8.max)
      case .uint8: Int64(UInt8.max)
      case .int16: Int64(Int16.max)
      case .uint16: Int64(UInt16.max)
      default: nil
      }
    return greatest.map { most > $0 ? .int32 : type } ?? type
  }

  var place: String { parts[0].rows.place }
  var isNumeric: Bool { parts[0].rows.isNumeric }
  var typeName: String { parts[0].rows.typeName }
  var typeIdentity: String { numberType?.rawValue ?? parts[0].rows.typeIdentity }
  var typeAdvice: String { parts[0].rows.typeAdvice }
  var rowsOfChunk: Int { get throws { try parts.map { try $0.rows.rowsOfChunk }.max() ?? 1 } }
  var byteCount: Double { get throws { try parts.reduce(0) { try $0 + $1.rows.byteCount } } }

  /// In which parts some rows lie, and which of theirs they are, in order.
  func stretches(_ rows: Range<Int>) -> [(part: Int, rows: Range<Int>)] {
    guard !rows.isEmpty else { return [] }
    // The last part that begins at or before the first row.
    var (low, high) = (0, parts.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= rows.lowerBound { low = middle } else { high = middle - 1 }
    }
    var found: [(part: Int, rows: Range<Int>)] = []
    var (part, first) = (low, rows.lowerBound)
    while first < rows.upperBound, part < parts.count {
      let end = min(rows.upperBound, starts[part + 1])
      if end > first { found.append((part, first - starts[part]..<end - starts[part])) }
      first = max(first, end)
      part += 1
    }
    return found
  }

  /// Rows of one part.
  struct Section {
    let part: Int
    /// Those of the part's rows that are taken; `nil` for all.
    let rows: [Int]?
    let count: Int
  }

  /// In which parts all rows lie, or some, in order; parts without any are left out.
  ///
  /// - Parameter rows: Rows of the whole; `nil` for all.
  /// - Returns: `nil` where a row of a part comes behind one of a later part.
  func sections(_ rows: [Int]?) -> [Section]? {
    guard let rows else {
      return parts.indices.map { Section(part: $0, rows: nil, count: starts[$0 + 1] - starts[$0]) }
        .filter { $0.count > 0 }
    }
    var sections: [Section] = []
    var (part, first) = (0, 0)
    while first < rows.count {
      while part < parts.count, rows[first] >= starts[part + 1] { part += 1 }
      guard part < parts.count else { return nil }
      let own = starts[part]..<starts[part + 1]
      let end = rows[first...].firstIndex { !own.contains($0) } ?? rows.count
      guard end > first else { return nil }
      sections.append(Section(part: part, rows: rows[first..<end].map { $0 - own.lowerBound }, count: end - first))
      first = end
    }
    return sections
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    let stretches = stretches(rows)
    if stretches.count == 1 { return try read(type, stretches[0]) }
    var values: [Value] = []
    values.reserveCapacity(rows.count * shape.dropFirst().reduce(1, *))
    for stretch in stretches { values += try read(type, stretch) }
    return values
  }

  private func read<Value: NativeScalar>(_ type: Value.Type, _ stretch: (part: Int, rows: Range<Int>)) throws -> [Value]
  {
    let part = parts[stretch.part]
    func stored<Stored: NativeScalar>(_ type: Stored.Type) throws -> [Stored] {
      part.mapping.reordered(
        try DatasetReader.translating(part.path) { try part.rows.read(type, rows: stretch.rows) })
    }
    guard part.mapping.hasCodes else { return try stored(type) }
    return try part.mapping.recoded(stored(Int64.self)) { row in
      "\(part.path): \(part.rows.place), row \(stretch.rows.lowerBound + row)"
    }
  }

  func readTexts(rows: Range<Int>) throws -> [String] {
    try stretches(rows).flatMap { stretch in
      let part = parts[stretch.part]
      return try DatasetReader.translating(part.path) { try part.rows.readTexts(rows: stretch.rows) }
    }
  }

  func texts(_ name: String) throws -> [String]? {
    if let names = names[name] { return names }
    return try DatasetReader.translating(parts[0].path) { try parts[0].rows.texts(name) }
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    if values == .texts { return try hashTexts(rows: rows, into: &stream) }
    try hashElements(rows: rows, into: &stream)
  }

  var unwritten: UnwrittenRows? {
    get throws {
      for (index, part) in parts.enumerated() {
        switch try DatasetReader.translating(part.path, { try part.rows.unwritten }) {
        case nil: continue
        case .all: return parts.count == 1 ? .all : .rows(starts[index]..<starts[index + 1])
        case .rows(let rows): return .rows(starts[index] + rows.lowerBound..<starts[index] + rows.upperBound)
        case .part: return .part
        }
      }
      return nil
    }
  }
}

/// What makes rows of one file those of a dataset of several: columns in another order, codes that stand for other names.
struct PartMapping: Sendable, Equatable {
  /// For each column of the whole, which of the file's it is; `nil` where they are the same.
  var columns: [Int]?
  /// For each column of the whole what the file's codes become, from 0; `nil` where they stay. One for all columns where it
  /// is one alone.
  var codes: [[Int]?] = []

  var hasCodes: Bool { codes.contains { $0 != nil } }

  /// Elements of rows with the columns as the whole has them.
  func reordered<Value: NativeScalar>(_ values: [Value]) -> [Value] {
    guard let columns else { return values }
    var ordered = values
    for start in stride(from: 0, to: values.count, by: columns.count) {
      for (place, column) in columns.enumerated() { ordered[start + place] = values[start + column] }
    }
    return ordered
  }

  /// Codes as the whole has them, of columns that are in its order already. What is missing, which is negative, stays so.
  ///
  /// - Parameter place: Names a row, counted from those given, for messages.
  /// - Throws: `TrainerError` with code `.data` for a code that has no name.
  func recoded<Value: NativeScalar>(_ values: [Int64], _ place: (Int) -> String) throws -> [Value] {
    try values.enumerated().map { index, value in
      var code = value
      if let codes = codes[index % codes.count], value >= 0 {
        guard value < codes.count else { throw Self.fault("\(value)", place(index / self.codes.count)) }
        code = Int64(codes[Int(value)])
      }
      guard let mapped = Value(exactly: code) else { throw Self.fault("\(value)", place(index / self.codes.count)) }
      return mapped
    }
  }

  private static func fault(_ value: String, _ place: String) -> TrainerError {
    TrainerError(
      .data, "\(place) (counted from 0) has the code \(value), which stands for no name; mend it, or name it")
  }
}
