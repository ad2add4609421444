import Foundations

/// A column of 0 and 1 for each category.
struct OneHot: FittedTransform {
  static let type = "oneHot"
  /// For each column of numbers, or for the one of categories, what becomes of its values.
  let codings: [Coding]
  let unknown: FeatureTransform.Handling
  let missing: FeatureTransform.Handling

  /// The columns that one column becomes.
  struct Coding: Sendable {
    /// The names of the categories that have a column of their own, in the order of the columns.
    let names: [String]
    /// The same as numbers, where the column is one of numbers.
    let values: [Double]?
    /// Those that share a column, since few training rows have them.
    let infrequent: [String]
    /// Whether missing values have a column.
    let hasMissing: Bool
    /// Whether there is a column for what shares one, and for what the training rows lack.
    let hasOther: Bool

    /// The places of the categories by name: of those that share a column, the place behind the last that does not.
    fileprivate var places: [String: Int] {
      Dictionary(
        names.enumerated().map { ($1, $0) } + infrequent.map { ($0, names.count) },
        uniquingKeysWith: { first, _ in first })
    }

    fileprivate var count: Int { names.count + (hasOther ? 1 : 0) + (hasMissing ? 1 : 0) }
  }

  init(codings: [Coding], unknown: FeatureTransform.Handling, missing: FeatureTransform.Handling) {
    self.codings = codings
    self.unknown = unknown
    self.missing = missing
  }

  func shape(of shape: FeatureShape) -> FeatureShape {
    var result = shape
    let names = shape.numbers ?? [shape.feature]
    result.main = .numbers(
      zip(names, codings).flatMap { name, coding in
        coding.names.map { "\(name)=\($0)" } + (coding.hasOther ? ["\(name) other"] : [])
          + (coding.hasMissing ? ["\(name) missing"] : [])
      })
    return result
  }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) throws {
    var columns: [[Double]] = []
    switch values.main {
    case .codes(let codes): columns = try encode(codes, place)
    case .numbers(let numbers):
      for (values, coding) in zip(numbers, codings) { columns += try encode(values, coding, place) }
    }
    values.main = .numbers(columns)
  }

  /// Where the value of a row goes that is none of the categories; `nil` for into no column.
  private func otherPlace(
    _ coding: Coding, isMissing: Bool, row: Int, _ place: FeaturePlace, value: () -> String
  ) throws -> Int? {
    let other = coding.hasOther ? coding.names.count : nil
    if isMissing {
      if coding.hasMissing { return coding.count - 1 }
      if missing == .ignore { return nil }
      if missing == .error || unknown == .error {
        throw place.error(
          row: row,
          "has no value, and no training row lacks one; fill it in, or set \"missing\" of its oneHot to \"ignore\" and train "
            + "again")
      }
    } else if unknown == .error {
      throw place.error(
        row: row,
        "has the category \(value()), which the training rows lack; set \"unknown\" of its oneHot to \"ignore\" or \"own\" "
          + "and train again")
    }
    return unknown == .own ? other : nil
  }

  private func encode(_ codes: [Int32], _ place: FeaturePlace) throws -> [[Double]] {
    guard let coding = codings.first, let table = codeTable else { return [] }
    var columns = [[Double]](repeating: Array(repeating: 0, count: codes.count), count: coding.count)
    for (row, code) in codes.enumerated() {
      let known = table.indices.contains(Int(code)) ? table[Int(code)] : nil
      let column =
        try known
        ?? otherPlace(coding, isMissing: code == -1, row: row, place) {
          let name = code >= 0 ? allNames[safe: Int(code)] : place.unknownName(code)
          return name.map { "'\($0.onOneLine)'" } ?? "of another name"
        }
      if let column { columns[column][row] = 1 }
    }
    return columns
  }

  private func encode(_ values: [Double], _ coding: Coding, _ place: FeaturePlace) throws -> [[Double]] {
    let codes = CategoryCodes(coding.values ?? [])
    let infrequent = Set(coding.infrequent)
    var columns = [[Double]](repeating: Array(repeating: 0, count: values.count), count: coding.count)
    for (row, value) in values.enumerated() {
      let column: Int? =
        if let known = value.isNaN ? nil : codes[value] {
          known
        } else if !infrequent.isEmpty, infrequent.contains(JSONValue.text(of: value)) {
          coding.names.count
        } else {
          try otherPlace(coding, isMissing: value.isNaN, row: row, place) { JSONValue.text(of: value) }
        }
      if let column { columns[column][row] = 1 }
    }
    return columns
  }

  /// All categories of the column by their codes; empty for numbers.
  private(set) var allNames: [String] = []
  /// For each code its column; `nil` where the training rows lack the category.
  private var codeTable: [Int?]?

  /// The step on a column of these categories.
  func on(_ shape: FeatureShape) -> OneHot {
    guard let names = shape.categories, let coding = codings.first else { return self }
    var step = self
    let places = coding.places
    step.allNames = names
    step.codeTable = names.map { places[$0] }
    return step
  }
}

extension OneHot {
  init?(json: JSONValue, of shape: FeatureShape) {
    let codings = (json["columns"]?.elements ?? []).compactMap(Coding.init(json:))
    guard codings.count == shape.numbers?.count ?? 1, codings.count == json["columns"]?.elements?.count,
      codings.allSatisfy({ ($0.values == nil) == (shape.categories != nil) }), shape.main != .date,
      let unknown = json["unknown"]?.text.flatMap(FeatureTransform.Handling.init),
      let missing = json["missing"]?.text.flatMap(FeatureTransform.Handling.init)
    else { return nil }
    self = OneHot(codings: codings, unknown: unknown, missing: missing).on(shape)
  }

  var json: JSONObject {
    [
      "columns": .array(codings.map { .object($0.json) }), "unknown": .string(unknown.rawValue),
      "missing": .string(missing.rawValue),
    ]
  }
}

extension OneHot.Coding {
  fileprivate init?(json: JSONValue) {
    guard let names = json["categories"]?.elements?.map(\.text), names.allSatisfy({ $0 != nil }),
      let infrequent = json["infrequent"]?.elements?.map(\.text), infrequent.allSatisfy({ $0 != nil }),
      case .boolean(let hasMissing)? = json["hasMissing"], case .boolean(let hasOther)? = json["hasOther"],
      hasOther || infrequent.isEmpty
    else { return nil }
    let values = json["values"]?.finiteNumbers(names.count)
    guard (json["values"] == nil) == (values == nil) else { return nil }
    self.init(
      names: names.compactMap(\.self), values: values, infrequent: infrequent.compactMap(\.self),
      hasMissing: hasMissing,
      hasOther: hasOther)
  }

  fileprivate var json: JSONObject {
    JSONObject([
      ("categories", .array(names.map(JSONValue.string))), ("values", values.map(JSONValue.numbers)),
      ("infrequent", .array(infrequent.map(JSONValue.string))), ("hasMissing", .boolean(hasMissing)),
      ("hasOther", .boolean(hasOther)),
    ])
  }
}

extension Array {
  /// The element at an index; `nil` if there is none.
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
