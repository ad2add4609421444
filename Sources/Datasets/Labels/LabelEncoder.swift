import Foundations
import HDF5

/// Makes class indices of the values of targets.
struct LabelEncoder {
  /// More different values are hardly classes, but texts or identifiers.
  static let mostClasses = 1 << 20

  /// The targets.
  let rows: any StoredRows
  /// The file, for messages.
  let path: String
  /// The number that a row has in what the messages name.
  var fileRow: (Int) throws -> Int = { $0 }
  /// The classes of the model that the targets are measured with; `nil` in training.
  var modelClasses: [String]?
  /// The number of the first of the classes that the attribute `classes` names.
  var firstLabel: Int64 = 0

  /// The targets as class indices by what the config says of them.
  ///
  /// - Returns: `nil` where the names in the file count and not the config.
  /// - Throws: `TrainerError` for targets of several values a row, for a value that is not named, and for one that is missing.
  func encoded(by labels: TargetLabels) throws -> LabelRows? {
    guard try rows.elementsOfRow() == 1 else {
      throw TrainerError(
        .usage,
        "data.labels: a row of \(rows.place) in \(path) has the shape \(try rows.shape.dropFirst()), but labels are for targets "
          + "of one value a row; remove \"labels\"")
    }
    let codes: [TargetLabels.Code]? = if case .codes(let codes) = labels { codes } else { nil }
    switch try rows.values {
    case .texts:
      guard let codes else { return try sorted(of: texts, missing: { $0.isEmpty }, name: { $0 }) }
      // Another file may have the names themselves.
      let names = Set(modelClasses ?? []).subtracting(codes.map(\.value)).sorted()
      return try named(
        codes + names.map { TargetLabels.Code($0, named: $0) }, of: texts, key: { $0 },
        text: { "'\($0.onOneLine)'" })
    case .codes(let known, let areCategories):
      let names = Dictionary(known.map { ($0.value, $0.name) }, uniquingKeysWith: { first, _ in first })
      func name(_ value: Int64) -> String { names[value] ?? "\(value)" }
      func isMissing(_ value: Int64) -> Bool { value == Self.missingCode || areCategories && value < 0 }
      guard let codes else { return try sorted(of: storedCodes, missing: isMissing, name: name) }
      let values = Dictionary(known.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      return try named(
        codes, known, of: storedCodes, key: { values[$0] ?? Int64($0) }, code: { $0 },
        text: { isMissing($0) ? "no value" : "'\(name($0).onOneLine)'" })
    case .booleans:
      guard let codes else { return try encoded() ?? unreadable() }
      return try named(
        codes, Self.booleans, of: storedCodes,
        key: { ["false": 0, "true": 1][$0.lowercased()] ?? Int64($0) }, code: { $0 },
        text: { $0 == 0 ? "false" : "true" })
    case .numbers:
      let names =
        try rows.texts("classes")?.enumerated().map { StoredValues.Code(firstLabel + Int64($0), named: $1) } ?? []
      if rows.numberType?.isFloatingPoint ?? true {
        let type = FloatingLabels(rows)
        guard let codes else { return try sorted(names, of: doubles, missing: \.isNaN, name: type.text) }
        return try named(codes, names, of: doubles, key: type.value, code: { Double($0) }, text: type.text)
      }
      if rows.numberType == .uint64 {
        let read = { (range: Range<Int>) in try rows.read(UInt64.self, rows: range) }
        guard let codes else { return try sorted(names, of: read, missing: { _ in false }, name: { "\($0)" }) }
        return try named(
          codes, names, of: read, key: { UInt64($0) }, code: { UInt64(exactly: $0) }, text: { "\($0)" })
      }
      let read = { (range: Range<Int>) in try rows.read(Int64.self, rows: range) }
      guard let codes else { return try sorted(names, of: read, missing: { _ in false }, name: { "\($0)" }) }
      return try named(codes, names, of: read, key: { Int64($0) }, code: { $0 }, text: { "\($0)" })
    case .other: return try unreadable()
    }
  }

  /// The targets as class indices where the file itself says what the classes are: texts, and numbers with names.
  ///
  /// - Returns: `nil` for plain numbers, for rows of several values, and for what cannot be read.
  /// - Throws: `TrainerError` for a value without a name, and for one that is missing.
  func encoded() throws -> LabelRows? {
    let values = try rows.values
    guard values != .numbers, values != .other else { return nil }
    guard try rows.elementsOfRow() == 1 else {
      guard values == .texts else { return nil }
      throw TrainerError(
        .data,
        "\(path): a row of \(rows.place) has \(try rows.elementsOfRow()) texts, expected one, the name of a class")
    }
    switch values {
    case .texts: return try sorted(of: texts, missing: { $0.isEmpty }, name: { $0 })
    case .booleans: return try coded(Self.booleans, areCategories: false)
    case .codes(let codes, let areCategories): return try coded(codes, areCategories: areCategories)
    case .numbers, .other: return nil
    }
  }

  /// Whole numbers from `first` on as indices of these classes.
  ///
  /// - Throws: `TrainerError` for a number that is none of theirs.
  func counted(from first: Int64, _ classes: [String]) throws -> LabelRows {
    try coded(
      classes.enumerated().map { .init(first + Int64($0.offset), named: $0.element) }, areCategories: false)
  }

  private static let booleans: [StoredValues.Code] = [.init(0, named: "false"), .init(1, named: "true")]

  /// Stands for a value that the file says is missing, which no code is.
  private static let missingCode = Int64.min

  private func storedCodes(_ range: Range<Int>) throws -> [Int64] {
    // What a fill value stands for is read as not a number.
    guard rows.numberType?.isFloatingPoint ?? true else { return try rows.read(Int64.self, rows: range) }
    return try doubles(range).enumerated().map { row, value in
      if value.isNaN { return Self.missingCode }
      guard let code = Int64(exactly: value) else {
        throw TrainerError(
          .data,
          "\(path): \(rows.place) has \(JSONValue.text(of: value)) in row \(try fileRow(range.lowerBound + row)) (counted from "
            + "0), expected a whole number")
      }
      return code
    }
  }

  private func doubles(_ range: Range<Int>) throws -> [Double] { try rows.read(Double.self, rows: range) }

  /// Texts, of which one that cannot be read is told by its row.
  func texts(_ range: Range<Int>) throws -> [String] {
    do {
      return try rows.readTexts(rows: range)
    } catch  where range.count > 1 && "\(error)".contains("not UTF-8") {
      // The row is in one of the halves.
      let middle = range.lowerBound + range.count / 2
      _ = try texts(range.lowerBound..<middle)
      _ = try texts(middle..<range.upperBound)
      throw error
    } catch  where "\(error)".contains("not UTF-8") {
      throw TrainerError(
        .data,
        "\(path): \(rows.place) has a text in row \(try fileRow(range.lowerBound)) (counted from 0) that is not UTF-8; write "
          + "the texts as UTF-8 (in Python, texts in Latin-1: text.decode('latin-1').encode('utf-8'))")
    }
  }

  private func unreadable() throws -> LabelRows {
    throw TrainerError(.data, "\(path): \(rows.place) holds \(rows.typeName), expected class labels\(rows.typeAdvice)")
  }

  func missing(_ row: Int) throws -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(rows.place) has no value in row \(try fileRow(row)) (counted from 0), but each sample needs a class; leave such rows out"
    )
  }

  /// Codes by their names: the classes are all that have a name, in the order given.
  private func coded(_ codes: [StoredValues.Code], areCategories: Bool) throws -> LabelRows {
    var classes: [String] = []
    var places: [String: UInt32] = [:]
    var indices: [Int64: UInt32] = [:]
    for code in codes {
      let place = places[code.name] ?? UInt32(classes.count)
      if places.updateValue(place, forKey: code.name) == nil { classes.append(code.name) }
      indices[code.value] = place
    }
    let labels = try collect(storedCodes) { value, row in
      if let index = indices[value] { return index }
      if value == Self.missingCode || areCategories && value < 0 { throw try missing(row) }
      throw TrainerError(
        .data,
        "\(path): \(rows.place) has \(value) in row \(try fileRow(row)) (counted from 0), which has no name there: the file names "
          + listed(codes.map { "\($0.value) \($0.name)" }))
    }
    return try LabelRows(rows, classes: classes, indices: labels)
  }

  /// Each row's index.
  func collect<Value>(
    _ read: (Range<Int>) throws -> [Value], _ index: (Value, _ row: Int) throws -> UInt32
  ) throws -> [UInt32] {
    let count = try rows.shape.first ?? 0
    try MemoryLimit.require(
      Double(count) * 8, for: "\(path): the labels of \(rows.place)", code: .data, advice: "take fewer rows")
    var indices: [UInt32] = []
    indices.reserveCapacity(count)
    let step = try rows.blockRows()
    for start in stride(from: 0, to: count, by: step) {
      for (offset, value) in try read(start..<min(count, start + step)).enumerated() {
        indices.append(try index(value, start + offset))
      }
    }
    return indices
  }
}
