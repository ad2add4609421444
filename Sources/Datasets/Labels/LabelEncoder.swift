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

  /// The targets as class indices by what the config says of them.
  ///
  /// - Throws: `TrainerError` for targets of several values a row, for a value that is not named, and for one that is missing.
  func encoded(by labels: TargetLabels) throws -> LabelRows {
    guard try rows.elementsOfRow() == 1 else {
      throw TrainerError(
        .usage,
        "data.labels: a row of \(rows.place) in \(path) has the shape \(try rows.shape.dropFirst()), but labels are for targets "
          + "of one value a row; remove \"labels\"")
    }
    let codes: [TargetLabels.Code]? = if case .codes(let codes) = labels { codes } else { nil }
    switch try rows.values {
    case .texts:
      guard let codes else { return try sorted(of: rows.readTexts, missing: { $0.isEmpty }, name: { $0 }) }
      return try named(codes, of: rows.readTexts, key: { $0 }, text: { "'\($0.onOneLine)'" })
    case .codes(let known, let areCategories):
      let names = Dictionary(known.map { ($0.value, $0.name) }, uniquingKeysWith: { first, _ in first })
      func name(_ value: Int64) -> String { names[value] ?? "\(value)" }
      func isMissing(_ value: Int64) -> Bool { areCategories && value < 0 }
      guard let codes else {
        return try sorted(of: { try rows.read(Int64.self, rows: $0) }, missing: isMissing, name: name)
      }
      let values = Dictionary(known.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      return try named(
        codes, of: { try rows.read(Int64.self, rows: $0) }, key: { values[$0] ?? Int64($0) },
        text: { isMissing($0) ? "no value" : "'\(name($0).onOneLine)'" })
    case .booleans:
      guard let codes else { return try encoded() ?? unreadable() }
      return try named(
        codes, of: { try rows.read(Int64.self, rows: $0) },
        key: { ["false": 0, "true": 1][$0.lowercased()] ?? Int64($0) }, text: { $0 == 0 ? "false" : "true" })
    case .numbers:
      if rows.numberType?.isFloatingPoint ?? true {
        guard let codes else { return try sorted(of: doubles, missing: \.isNaN, name: { JSONValue.text(of: $0) }) }
        return try named(codes, of: doubles, key: { Double($0) }, text: { JSONValue.text(of: $0) })
      }
      if rows.numberType == .uint64 {
        let read = { (range: Range<Int>) in try rows.read(UInt64.self, rows: range) }
        guard let codes else { return try sorted(of: read, missing: { _ in false }, name: { "\($0)" }) }
        return try named(codes, of: read, key: { UInt64($0) }, text: { "\($0)" })
      }
      let read = { (range: Range<Int>) in try rows.read(Int64.self, rows: range) }
      guard let codes else { return try sorted(of: read, missing: { _ in false }, name: { "\($0)" }) }
      return try named(codes, of: read, key: { Int64($0) }, text: { "\($0)" })
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
    case .texts: return try sorted(of: rows.readTexts, missing: { $0.isEmpty }, name: { $0 })
    case .booleans: return try coded([.init(0, named: "false"), .init(1, named: "true")], areCategories: false)
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

  private func doubles(_ range: Range<Int>) throws -> [Double] { try rows.read(Double.self, rows: range) }

  private func unreadable() throws -> LabelRows {
    throw TrainerError(.data, "\(path): \(rows.place) holds \(rows.typeName), expected class labels\(rows.typeAdvice)")
  }

  private func missing(_ row: Int) -> TrainerError {
    TrainerError(
      .data,
      "\(path): \(rows.place) has no value in row \(row) (counted from 0), but each sample needs a class; leave such rows out"
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
    let labels = try collect({ try rows.read(Int64.self, rows: $0) }) { value, row in
      if let index = indices[value] { return index }
      if areCategories, value < 0 { throw missing(row) }
      throw TrainerError(
        .data,
        "\(path): \(rows.place) has \(value) in row \(row) (counted from 0), which has no name there: the file names "
          + listed(codes.map { "\($0.value) \($0.name)" }))
    }
    return try LabelRows(rows, classes: classes, indices: labels)
  }

  /// The different values, sorted, as classes.
  private func sorted<Value: Hashable & Comparable>(
    of read: (Range<Int>) throws -> [Value], missing isMissing: (Value) -> Bool, name: (Value) -> String
  ) throws -> LabelRows {
    var places: [Value: UInt32] = [:]
    let found = try collect(read) { value, row in
      if let place = places[value] { return place }
      if isMissing(value) { throw missing(row) }
      guard places.count < Self.mostClasses else {
        throw TrainerError(
          .data,
          "\(path): \(rows.place) has more than \(Self.mostClasses) different values, too many for classes; is another dataset "
            + "meant?")
      }
      places[value] = UInt32(places.count)
      return UInt32(places.count - 1)
    }
    let values = places.keys.sorted()
    var ranks = [UInt32](repeating: 0, count: values.count)
    for (rank, value) in values.enumerated() { ranks[Int(places[value] ?? 0)] = UInt32(rank) }
    return try LabelRows(rows, classes: values.map(name), indices: found.map { ranks[Int($0)] })
  }

  /// The values that the config names as classes, in its order; several may have one name.
  private func named<Value: Hashable>(
    _ codes: [TargetLabels.Code], of read: (Range<Int>) throws -> [Value], key: (String) -> Value?,
    text: (Value) -> String
  ) throws -> LabelRows {
    var classes: [String] = []
    var places: [String: UInt32] = [:]
    var indices: [Value: UInt32] = [:]
    for code in codes {
      guard let value = key(code.value) else {
        throw TrainerError(
          .usage,
          "data.labels: found \(JSONValue.string(code.value).compactText), but \(rows.place) in \(path) holds \(rows.typeName); "
            + "write its values as they are there")
      }
      let place = places[code.name] ?? UInt32(classes.count)
      if places.updateValue(place, forKey: code.name) == nil { classes.append(code.name) }
      indices[value] = place
    }
    let labels = try collect(read) { value, row in
      guard let index = indices[value] else {
        throw TrainerError(
          .data,
          "\(path): \(rows.place) has \(text(value)) in row \(row) (counted from 0), which data.labels does not name; it has "
            + listed(codes.map(\.value)))
      }
      return index
    }
    return try LabelRows(rows, classes: classes, indices: labels)
  }

  /// Each row's index.
  private func collect<Value>(
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
