import Foundations

/// The place of a category among those of the training rows.
struct Ordinal: FittedTransform {
  static let type = "ordinal"
  let names: [String]
  let unknown: FeatureTransform.Handling
  /// For each code of the column its place; `nil` where the training rows lack the category.
  private let places: [Int?]
  private let allNames: [String]

  init(names: [String], among all: [String], unknown: FeatureTransform.Handling) {
    self.names = names
    self.unknown = unknown
    allNames = all
    let indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    places = all.map { indices[$0] }
  }

  init?(json: JSONValue, of shape: FeatureShape) {
    guard let all = shape.categories, let elements = json["categories"]?.elements,
      let unknown = json["unknown"]?.text.flatMap(FeatureTransform.Handling.init)
    else { return nil }
    let names = elements.compactMap(\.text)
    guard names.count == elements.count else { return nil }
    self.init(names: names, among: all, unknown: unknown)
  }

  var json: JSONObject {
    ["categories": .array(names.map(JSONValue.string)), "unknown": .string(unknown.rawValue)]
  }

  func shape(of shape: FeatureShape) -> FeatureShape {
    var result = shape
    result.main = .numbers([shape.feature])
    return result
  }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) throws {
    guard case .codes(let codes) = values.main else { return }
    let numbers = try codes.enumerated().map { row, code -> Double in
      if code == -1 { return .nan }
      if code >= 0, let known = places[safe: Int(code)], let known { return Double(known) }
      guard unknown == .error else { return -1 }
      let name = code >= 0 ? allNames[safe: Int(code)] : place.unknownName(code)
      throw place.error(
        row: row,
        "has the category \(name.map { "'\($0.onOneLine)'" } ?? "of another name"), which the training rows lack; set "
          + "\"unknown\" of its ordinal to \"own\" and train again")
    }
    values.main = .numbers([numbers])
  }
}

/// Finds the categories of the training rows.
struct OrdinalFit: TransformFit {
  private let names: [String]
  private let unknown: FeatureTransform.Handling
  private var isSeen: [Bool]

  init(_ names: [String], unknown: FeatureTransform.Handling) {
    self.names = names
    self.unknown = unknown
    isSeen = Array(repeating: false, count: names.count)
  }

  mutating func note(_ values: FeatureValues, at place: FeaturePlace) {
    guard case .codes(let codes) = values.main else { return }
    for code in codes where isSeen.indices.contains(Int(code)) { isSeen[Int(code)] = true }
  }

  func fitted() -> any FittedTransform {
    Ordinal(names: zip(names, isSeen).filter(\.1).map(\.0), among: names, unknown: unknown)
  }
}
