import Foundation
import Foundations
import HDF5

extension LabelEncoder {
  /// The different values, sorted, as classes, where the names that the file has for values do not contradict them.
  ///
  /// - Parameter file: The names in the file.
  /// - Returns: `nil` where these are the names of a model's classes for other values.
  func sorted<Value: Hashable & Comparable>(
    _ file: [StoredValues.Code], of read: (Range<Int>) throws -> [Value], missing isMissing: (Value) -> Bool,
    name: (Value) -> String
  ) throws -> LabelRows? {
    let labels = try sorted(of: read, missing: isMissing, name: name)
    let given = Dictionary(labels.classes.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
    return try namesAgree(file.map { ("\($0.value)", $0.name) }, with: given) ? labels : nil
  }

  /// The different values, sorted, as classes.
  func sorted<Value: Hashable & Comparable>(
    of read: (Range<Int>) throws -> [Value], missing isMissing: (Value) -> Bool, name: (Value) -> String
  ) throws -> LabelRows {
    var places: [Value: UInt32] = [:]
    let found = try collect(read) { value, row in
      if let place = places[value] { return place }
      if isMissing(value) { throw try missing(row) }
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
  ///
  /// - Parameters:
  ///   - file: The names that the file has for values. Where a model is there, they count for what the config does not name.
  ///   - key: The value that the config means; `nil` for none of this type.
  ///   - code: The value that the file means.
  /// - Returns: `nil` where the file's are the names of a model's classes for other values.
  func named<Value: Hashable>(
    _ codes: [TargetLabels.Code], _ file: [StoredValues.Code] = [], of read: (Range<Int>) throws -> [Value],
    key: (String) -> Value?, code: (Int64) -> Value? = { _ in nil }, text: (Value) -> String
  ) throws -> LabelRows? {
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
    let own = file.compactMap { entry in code(entry.value).map { (value: $0, name: entry.name) } }
    guard try namesAgree(own, with: indices.mapValues { classes[Int($0)] }) else { return nil }
    if modelClasses != nil {
      for (value, name) in own where indices[value] == nil { indices[value] = places[name] }
    }
    let labels = try collect(read) { value, row in
      guard let index = indices[value] else {
        throw TrainerError(
          .data,
          "\(path): \(rows.place) has \(text(value)) in row \(try fileRow(row)) (counted from 0), which data.labels does not name; it has "
            + listed(codes.map(\.value)))
      }
      return index
    }
    return try LabelRows(rows, classes: classes, indices: labels)
  }

  /// Whether the file calls no value by a name that the config has for another one.
  ///
  /// Training refuses what does not agree, so that files that a model is measured on can be matched by names first, and its
  /// own file has the same classes as in training.
  private func namesAgree<Value: Hashable>(
    _ file: [(value: Value, name: String)], with given: [Value: String]
  ) throws -> Bool {
    let classes = Set(modelClasses ?? Array(given.values))
    for (value, name) in file where classes.contains(name) {
      guard let other = given[value], other != name else { continue }
      guard modelClasses == nil else { return false }
      throw TrainerError(
        .data,
        "\(path): data.labels calls the value \(value) of \(rows.place) '\(other.onOneLine)', but the file calls it "
          + "'\(name.onOneLine)', a class that data.labels has for another value; remove \"labels\", or let both agree")
    }
    return true
  }
}

/// How labels of a floating-point type are written: as the shortest number that is theirs in this type.
struct FloatingLabels {
  private let round: (Double) -> Double

  /// - Parameter rows: The labels.
  init(_ rows: any StoredRows) {
    if rows.numberType == .float32 {
      round = { Double(Float($0)) }
    } else if rows.numberType == nil, rows.typeName.hasPrefix("float16") {
      round = Self.half
    } else {
      round = { $0 }
    }
  }

  /// The label that a text means; `nil` if it is no number.
  func value(_ text: String) -> Double? { Double(text).map(round) }

  /// The shortest text.
  func text(_ value: Double) -> String {
    // One by one in so many significant digits as the type may need, 17 at most.
    for digits in 1...17 {
      if let short = Double(String(format: "%.\(digits)g", value)), round(short) == value {
        return JSONValue.text(of: short)
      }
    }
    return JSONValue.text(of: value)
  }

  /// The nearest number of IEEE 754's binary16, which not every platform has a type for; beyond its range as it is.
  private static func half(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let step = Double(sign: .plus, exponent: max(Int(value.exponent), -14) - 10, significand: 1)
    return (value / step).rounded(.toNearestOrEven) * step
  }
}
