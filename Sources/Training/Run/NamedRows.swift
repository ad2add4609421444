import Datasets
import Foundations

/// A value of a column, for rows that name their columns.
public enum FeatureValue: Sendable, Equatable {
  /// A number.
  case number(Double)
  /// A category by its name.
  case category(String)
  /// No or yes.
  case boolean(Bool)
  /// A point in time, in seconds since 1970-01-01T00:00:00Z.
  case date(seconds: Double)
  /// No value.
  case missing

  /// What the value is; `nil` for none.
  fileprivate var kind: FeatureKind? {
    switch self {
    case .number: .number
    case .category: .category
    case .boolean: .boolean
    case .date: .date
    case .missing: nil
    }
  }
}

extension FeatureValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// Creates a number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Creates a number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// Creates a category.
  public init(stringLiteral value: String) { self = .category(value) }
  /// Creates a boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// Creates a missing value.
  public init(nilLiteral: ()) { self = .missing }
}

extension Predictor {
  /// Predicts rows whose values are given by the names of their columns, raw as in the table that the model was trained
  /// on: its transforms are applied here.
  ///
  /// ```swift
  /// let predictions = try predictor.predict(rows: [["Sex": "female", "Age": 29, "Fare": nil]])
  /// ```
  ///
  /// - Parameter rows: The rows. Each has a value for each of ``features``, which may be missing, and no other. An array
  ///   without names has the columns `column 1` and so on.
  /// - Throws: `TrainerError` with code `.data` for a column that is absent or additional, a value of another kind, or one
  ///   that the model's transforms refuse.
  public func predict(rows: [[String: FeatureValue]]) throws -> Predictions {
    guard let features = model.takenFeatures else {
      throw TrainerError(
        .data, "the model was trained on columns without names; give each row as \(inputCount) numbers in their order")
    }
    return try predict(TableBlock(rows, features: features))
  }

  private func predict(_ block: TableBlock) throws -> Predictions {
    let count = block.rowCount
    var outputs = [Double](repeating: 0, count: count * outputCount)
    var probabilities = [Double](repeating: 0, count: hasProbabilities ? count * outputCount : 0)
    var classes = [Int](repeating: 0, count: count * classCount)
    try outputs.withUnsafeMutableBufferPointer { outputs in
      try probabilities.withUnsafeMutableBufferPointer { probabilities in
        try classes.withUnsafeMutableBufferPointer { classes in
          try model.predict(
            block, first: 0,
            into: PredictionPlaces(
              type: .float64, outputs: UnsafeMutableRawPointer(outputs.baseAddress),
              probabilities: UnsafeMutableRawPointer(probabilities.baseAddress), classes: classes.baseAddress))
        }
      }
    }
    return Predictions(
      rows: count, outputs: outputs, probabilities: hasProbabilities ? probabilities : nil,
      classes: classCount > 0 ? classes : nil)
  }
}

extension TableBlock {
  /// Rows of named values as columns.
  fileprivate init(_ rows: [[String: FeatureValue]], features: [Feature]) throws {
    let known = Set(features.map(\.name))
    for (row, values) in rows.enumerated() {
      if let name = values.keys.filter({ !known.contains($0) }).min() {
        let near = suggestion(for: name, among: features.map(\.name)).map { "; did you mean '\($0.onOneLine)'?" } ?? ""
        throw TrainerError(
          .data, "row \(row) has the column '\(name.onOneLine)', which the model was not trained with\(near)")
      }
    }
    var unknown: [Int: [String]] = [:]
    let columns = try features.enumerated().map { column, feature -> Column in
      let codes = Dictionary(
        feature.categories.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
      var names: [String] = []
      func value(_ row: Int) throws -> FeatureValue {
        guard let value = rows[row][feature.name] else {
          throw TrainerError(
            .data,
            "row \(row) lacks the column '\(feature.name.onOneLine)', which the model was trained with; give its value, or "
              + "say that it is missing")
        }
        guard let kind = value.kind, kind != feature.kind else { return value }
        throw TrainerError(
          .data,
          "row \(row) has a \(kind.rawValue) in the column '\(feature.name.onOneLine)', which is a \(feature.kind.rawValue)"
        )
      }
      guard feature.kind == .category else { return .numbers(try rows.indices.map { try value($0).number }) }
      let places = try rows.indices.map { row -> Int32 in
        guard case .category(let name) = try value(row) else { return -1 }
        if let code = codes[name] { return code }
        names.append(name)
        return TableBlock.unknownCode(names.count - 1)
      }
      if !names.isEmpty { unknown[column] = names }
      return .codes(places)
    }
    self.init(rowCount: rows.count, columns: columns, unknown: unknown)
  }
}

extension FeatureValue {
  /// The value as a column of numbers has it.
  fileprivate var number: Double {
    switch self {
    case .number(let value), .date(let value): value
    case .boolean(let value): value ? 1 : 0
    case .category, .missing: .nan
    }
  }
}
